"""What checks said, and what people said."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the two tables of evidence, which are empty."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    real: sa.Double[float] = sa.Double()
    op.create_table(
        "evidence",
        sa.Column("id", identity, sa.Identity(always=False), primary_key=True, nullable=False),
        *(sa.Column(name, text, nullable=False) for name in ("run", "step", "key", "test", "name", "record")),
        sa.Column("time", real, nullable=False),
        sa.Column("digest", text, nullable=False),
    )
    op.create_index("evidence_by_step", "evidence", ["run", "step"])
    op.create_table(
        "attestations",
        sa.Column("id", identity, sa.Identity(always=False), primary_key=True, nullable=False),
        *(sa.Column(name, text, nullable=False) for name in ("pipeline", "test", "who", "note")),
        sa.Column("time", real, nullable=False),
        sa.Column("withdrawn", real),
    )
    op.create_index("attestations_by_pipeline", "attestations", ["pipeline", "test"])
