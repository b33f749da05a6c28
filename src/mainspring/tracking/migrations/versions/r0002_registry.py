"""Models, their versions and aliases, and how aliases moved."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the four tables of the registry, which are empty."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    whole = sa.BigInteger()
    real: sa.Double[float] = sa.Double()
    op.create_table(
        "models",
        sa.Column("name", text, primary_key=True, nullable=False),
        sa.Column("versions", whole, nullable=False),
        sa.Column("created", real, nullable=False),
    )
    op.create_table(
        "versions",
        sa.Column("name", text, primary_key=True, nullable=False),
        sa.Column("number", whole, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("digest", text, nullable=False),
        sa.Column("run", text),
        sa.Column("created", real, nullable=False),
        sa.Column("note", text, nullable=False),
        sa.Column("trusted", text, nullable=False),
    )
    op.create_index("versions_by_digest", "versions", ["name", "digest"], unique=True)
    op.create_table(
        "aliases",
        sa.Column("name", text, primary_key=True, nullable=False),
        sa.Column("alias", text, primary_key=True, nullable=False),
        sa.Column("number", whole, nullable=False),
        sa.Column("generation", whole, nullable=False),
    )
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "alias_moves",
        sa.Column("id", identity, sa.Identity(always=False), primary_key=True, nullable=False),
        sa.Column("name", text, nullable=False),
        sa.Column("alias", text, nullable=False),
        sa.Column("generation", whole, nullable=False),
        sa.Column("source", whole),
        sa.Column("target", whole, nullable=False),
        sa.Column("who", text, nullable=False),
        sa.Column("moved", real, nullable=False),
        sa.Column("why", text, nullable=False),
        sa.Column("evidence", text),
    )
    op.create_index("alias_moves_by_generation", "alias_moves", ["name", "alias", "generation"], unique=True)
