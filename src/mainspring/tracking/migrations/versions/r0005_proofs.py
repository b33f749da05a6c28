"""What was found when runs were run again."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the table, which is empty."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    real: sa.Double[float] = sa.Double()
    op.create_table(
        "proofs",
        sa.Column("id", identity, sa.Identity(always=False), primary_key=True, nullable=False),
        sa.Column("run", text, nullable=False),
        sa.Column("verdict", text, nullable=False),
        sa.Column("record", text, nullable=False),
        sa.Column("made", real, nullable=False),
    )
    op.create_index("proofs_by_run", "proofs", ["run", "id"])
