"""The first schema. New databases are created from `schema.sql`, at the newest revision, so nothing is done here."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Do nothing: no database is older than this."""
