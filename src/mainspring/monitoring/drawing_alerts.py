"""Alerts as charts, tables and pages."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from mainspring.charts import Axis, Column, Html, LineChart, Series, Table, draw_chart, draw_page, draw_table, el
from mainspring.charts.numbers import count, moment, number
from mainspring.tracking import Alert, Change

__all__ = ["alert_charts", "delivery", "draw_alert", "examples_table", "findings_table", "told"]

_CHARTS = 6


def alert_charts(alert: Alert) -> list[LineChart]:
    """Return the figures of an alert over its last windows and their band: a chart for each of six columns at most."""
    record = msgspec.json.decode(alert.record, type=dict[str, Any]).get("chart") or {}
    starts = [datetime.fromtimestamp(start, UTC).isoformat() for start in record.get("starts", ())]
    charts = []
    for one in record.get("series", ())[:_CHARTS]:
        points = [place for place, value in enumerate(one["values"]) if value is not None]
        if not points:
            continue
        title = one["name"] if "unit" in one else f"{alert.check} of {one['name']}" if one["name"] else alert.check
        x = [starts[place] for place in points]
        each = record.get("each", "window")
        drawn = [Series(each, x, [one["values"][place] for place in points])]
        if len(one["high"]) == len(one["values"]):
            low, high = ([one[end][place] or 0.0 for place in points] for end in ("low", "high"))
            drawn.insert(0, Series("usual up to", x, high, low, high, quiet=True))
        unit = one.get("unit", record["what"])
        charts.append(LineChart(title, Axis(each, scale="time"), Axis(unit, zero=True), drawn))
    return charts


def draw_alert(alert: Alert, changes: Sequence[Change], bundle: str | None = None) -> Html:
    """Return an alert as a page: what it says, its charts, the rows that show it, and what has come of it.

    Args:
        alert: The alert.
        changes: Its changes, the earliest first.
        bundle: The script that draws charts; without it their numbers are shown.
    """
    record = msgspec.json.decode(alert.record, type=dict[str, Any])
    drawn = [(el("h2", chart.title), draw_chart(chart, drawn=bundle is not None)) for chart in alert_charts(alert)]
    by = f"; {alert.who} looks after it: {alert.note}" if alert.who else ""
    history = Table(
        [Column("when"), Column("what"), Column("delivered")],
        [(moment(one.at), one.kind, delivery(one)) for one in changes],
    )
    examples = examples_table(record.get("examples") or [])
    title = f"{alert.model}: {alert.check} {alert.state}"
    state = {"firing": "failed", "acknowledged": "skipped"}.get(alert.state, "ran")
    return draw_page(
        title,
        el("h1", title),
        el("p", alert.says),
        el("p", f"Since {moment(alert.began)}, last seen {moment(alert.last)}{by}"),
        draw_table(findings_table(record.get("findings") or [])),
        drawn,
        [el("h2", "Rows that show it"), draw_table(examples)] if examples.rows else [],
        el("h2", "What came of it"),
        draw_table(history),
        state=state,
        bundle=bundle,
    )


def findings_table(findings: Sequence[dict[str, Any]]) -> Table:
    """Return a row for each finding: the column, the figure, what is usual, the size and its p-value.

    Where figures have units of their own, they stand beside them.
    """
    names = ["column", "value", "expected", "size", "threshold", "adjusted"]
    heads = ["column", "value", "usual", "size", "remarkable from", "p"]
    if any(one.get("unit") for one in findings):
        names.insert(1, "unit")
        heads.insert(1, "unit")
    return Table([Column(head) for head in heads], [tuple(_cell(one.get(name)) for name in names) for one in findings])


def examples_table(examples: Sequence[dict[str, Any]]) -> Table:
    """Return a row for each row of the log that shows the alert."""
    columns = list(dict.fromkeys(name for one in examples for name in one["values"]))
    rows = [
        (one["id"], one["row"], one["column"], *(_cell(one["values"].get(name)) for name in columns))
        for one in examples
    ]
    return Table([Column(name) for name in ("id", "row", "shows", *columns)], rows)


def told(value: object) -> str:
    """Return a value of a record as people read it."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        return number(value)
    return "-" if value is None or value == "" else str(value)


def _cell(value: Any) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, str | int | float) else str(value)


def delivery(change: Change) -> str:
    """Return when a receiver took a change, or why it waits."""
    if change.delivered is not None:
        return moment(change.delivered)
    if change.next is None:
        return "no receiver"
    return f"waits; tried {count(change.attempts, 'time')}: {change.error}" if change.attempts else "waits"
