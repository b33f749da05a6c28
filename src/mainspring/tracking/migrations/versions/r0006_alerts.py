"""Alerts, and the outbox of what changes in them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the three tables, which are empty."""
    text = sa.Text(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.Text()
    whole = sa.BigInteger()
    real: sa.Double[float] = sa.Double()
    identity = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

    def key(name: str) -> sa.Column[Any]:
        return sa.Column(name, text, primary_key=True, nullable=False, autoincrement=False)

    def needed(**kinds: sa.types.TypeEngine[Any]) -> list[sa.Column[Any]]:
        return [sa.Column(name, kind, nullable=False) for name, kind in kinds.items()]

    def only(condition: str) -> dict[str, Any]:
        return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}

    op.create_table(
        "alerts",
        key("id"),
        *needed(model=text, version=text, source=text, rule=text, segment=text, columns=text, state=text),
        *needed(began=real, last=real),
        sa.Column("resolved", real),
        *needed(who=text, note=text, windows=text, size=real, says=text, record=text),
        *needed(silent=whole, heard=whole, told=real, changes=whole),
        sa.CheckConstraint("state IN ('firing', 'acknowledged', 'resolved')"),
    )
    op.create_index("alerts_by_time", "alerts", ["began", "id"])
    still = ["model", "version", "source", "rule", "segment"]
    op.create_index("alerts_open", "alerts", still, unique=True, **only("state <> 'resolved'"))
    op.create_table(
        "alert_changes",
        sa.Column("number", identity, sa.Identity(always=False), primary_key=True, nullable=False),
        *needed(id=text, alert=text, model=text, kind=text, at=real, body=text),
        sa.Column("delivered", real),
        *needed(attempts=whole),
        sa.Column("next", real),
        *needed(error=text),
        sa.CheckConstraint("kind IN ('firing', 'again', 'acknowledged', 'resolved')"),
    )
    op.create_index("alert_changes_by_id", "alert_changes", ["id"], unique=True)
    op.create_index("alert_changes_by_alert", "alert_changes", ["alert", "number"])
    op.create_index(
        "alert_changes_waiting", "alert_changes", ["number"], **only("delivered IS NULL AND next IS NOT NULL")
    )
    op.create_table("alert_windows", key("model"), key("version"), key("source"), *needed(at=whole))
