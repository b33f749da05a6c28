"""What versions were trained on, what gates said of them, and the decisions that moved the champion."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the five tables of gates and promotion, which are empty."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    whole = sa.BigInteger()
    real: sa.Double[float] = sa.Double()
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

    def key(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
        return sa.Column(name, kind, primary_key=True, nullable=False, autoincrement=False)

    def row() -> sa.Column[Any]:
        return sa.Column("id", identity, sa.Identity(always=False), primary_key=True, nullable=False)

    def needed(**kinds: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
        return [sa.Column(name, kind, nullable=False) for name, kind in kinds.items()]

    op.create_table("training", key("name", text), key("number", whole), *needed(until=text, refit=whole, record=text))
    op.create_table(
        "gate_reports",
        key("digest", text),
        *needed(name=text, number=whole, package=text),
        sa.Column("against", whole),
        *needed(passed=whole, made=real, record=text),
    )
    op.create_index("gate_reports_by_version", "gate_reports", ["name", "number", "made"])
    op.create_table(
        "gate_answers",
        key("report", text),
        key("position", whole),
        *needed(gate=text, answer=text, says=text),
        sa.CheckConstraint("answer IN ('pass', 'fail', 'inconclusive')"),
    )
    op.create_table(
        "decisions",
        row(),
        *needed(name=text, generation=whole, kind=text),
        sa.Column("source", whole),
        *needed(target=whole, report=text, who=text, why=text, made=real),
        sa.CheckConstraint("kind IN ('promotion', 'rollback')"),
    )
    op.create_index("decisions_by_generation", "decisions", ["name", "generation"], unique=True)
    op.create_table("sign_offs", row(), *needed(name=text, number=whole, who=text, note=text, made=real))
    op.create_index("sign_offs_by_version", "sign_offs", ["name", "number"])
