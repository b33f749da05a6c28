"""What triggers decided, what the watch did, and who watches."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables, which are empty."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    real: sa.Double[float] = sa.Double()

    def column(name: str, kind: sa.types.TypeEngine[Any], *, nullable: bool = False) -> sa.Column[Any]:
        return sa.Column(name, kind, nullable=nullable)

    def key() -> sa.Column[int]:
        return sa.Column("id", identity, sa.Identity(always=False), primary_key=True, nullable=False)

    op.create_table(
        "trigger_decisions",
        key(),
        *(column(name, text) for name in ("model", "kind", "evidence")),
        sa.Column("answer", text, sa.CheckConstraint("answer IN ('fires', 'held')"), nullable=False),
        *(column(name, text) for name in ("says", "record")),
        column("made", real),
        column("closed", real, nullable=True),
    )
    op.create_index("trigger_decisions_by_evidence", "trigger_decisions", ["model", "kind", "evidence"], unique=True)
    still = sa.text("answer = 'fires' AND closed IS NULL")
    op.create_index(
        "trigger_decisions_open",
        "trigger_decisions",
        ["model"],
        unique=True,
        sqlite_where=still,
        postgresql_where=still,
    )
    states = sa.CheckConstraint("state IN ('begun', 'done', 'refused', 'failed')")
    op.create_table(
        "loop_actions",
        key(),
        column("decision", sa.BigInteger()),
        *(column(name, text) for name in ("model", "kind")),
        sa.Column("state", text, states, nullable=False),
        *(column(name, text) for name in ("says", "record")),
        column("began", real),
        column("ended", real, nullable=True),
    )
    op.create_index("loop_actions_by_decision", "loop_actions", ["decision", "kind"], unique=True)
    op.create_table(
        "loop_events",
        key(),
        *(column(name, text) for name in ("model", "key", "kind", "says", "links")),
        column("at", real),
    )
    op.create_index("loop_events_by_key", "loop_events", ["model", "key"], unique=True)
    op.create_index("loop_events_by_time", "loop_events", ["at", "id"])
    op.create_table(
        "loop_marks",
        *(sa.Column(name, text, primary_key=True, nullable=False) for name in ("model", "name")),
        column("value", text),
    )
    op.create_table(
        "watches",
        sa.Column("name", text, primary_key=True, nullable=False),
        column("owner", text),
        column("generation", sa.BigInteger()),
        column("expires", real),
    )
