"""`mainspring alerts`: what is found and still holds, what it rests on, and who looks after it."""

import getpass
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import typer

from mainspring import clock
from mainspring.charts import Table
from mainspring.charts.numbers import count, moment, number, short
from mainspring.charts.vl_convert import vega_bundle
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import coloured, mark, put, put_json, put_pairs, put_table, stamp
from mainspring.config.homes import home_and_settings
from mainspring.errors import NotFoundError, nearest
from mainspring.monitoring.drawing_alerts import delivery, draw_alert, examples_table, findings_table, told
from mainspring.registry import open_registry
from mainspring.tracking import Alert, Alerts, Change
from mainspring.workspace.opening import open_existing

__all__ = ["COMMANDS"]

_ID = 8
_BARS = 24
_WIDTH = 40
_COLUMNS = 3
_NUMBERS = ("value", "usual", "size", "remarkable from", "p", "row")
_MARKS = {"firing": ("✗", "red"), "acknowledged": ("▸", "yellow"), "resolved": ("✓", "green")}
Name = Annotated[str, typer.Argument(metavar="ALERT", help="The id of an alert, or the beginning of it.")]


def list_alerts(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help="Only of this model.")] = None,
    *,
    state: Annotated[
        Literal["firing", "acknowledged", "resolved"] | None, typer.Option("--state", help="Only of this state.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """List alerts, the newest first: those that fire, and those that somebody looks after.

    Below them stands what could not be delivered yet.
    """
    with open_existing(home) as opened:
        alerts = opened.facts.alerts
        found = alerts.list(state, model) if every or state else alerts.open(model)
        waiting = alerts.undelivered(None if model is None else (model,))
        if model is not None and not (found or waiting or alerts.list(model=model, limit=1)):
            _check_model(model, {one.model for one in alerts.list()}, home)
    if as_json:
        put_json({"alerts": [_record(one) for one in found], "undelivered": [_change(one) for one in waiting]})
        return
    if found:
        put_table(("", "alert", "since", "model", "check", "columns", "windows", "what"), [_row(one) for one in found])
    else:
        put(f"{mark('ok')} no alerts{'' if every or state else ' that are open'}")
    if waiting:
        put()
        put(_undelivered(waiting))


def _check_model(model: str, alerted: set[str], home: Path | None) -> None:
    """See that there is such a model: no alerts of one that is not there would be good news of nothing."""
    with open_registry(home) as registry:
        known = sorted({one.name for one in registry.models()} | alerted)
    if model not in known:
        near = nearest(model, known)
        fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(known) or 'none'}."
        raise NotFoundError(f"There is no model '{model}', and no alert of one", None, fix)


def show_alert(
    alert: Name,
    *,
    page: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write the alert as a page with its charts.")
    ] = None,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Show an alert: its figures over the last windows, rows of the log that show it, and what came of it."""
    with open_existing(home) as opened:
        found = opened.facts.alerts.get(alert)
        changes = opened.facts.alerts.changes(found.id)
    if page is not None:
        drawn = draw_alert(found, changes, vega_bundle(home_and_settings(home)[0] / "cache"))
        page.write_text(str(drawn), encoding="utf-8")
    record = msgspec.json.decode(found.record, type=dict[str, Any])
    if as_json:
        put_json({**_record(found), **record, "changes": [_change(one) for one in changes]})
        return
    _put_alert(found)
    _put_rows(findings_table(record.get("findings") or []))
    _put_charts(record.get("chart") or {})
    _put_rows(examples_table(record.get("examples") or []))
    put()
    rows = [(moment(one.at), one.kind, delivery(one)) for one in changes]
    put_table(("when", "what", "delivered"), rows)


def acknowledge(
    alert: Name,
    *,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What is done about it; it stays on record.")],
    by: Annotated[str | None, typer.Option("--by", metavar="WHO", help="Who looks after it; by default you.")] = None,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Look after an alert: it is told again only when it spreads to another column."""
    with open_existing(home) as opened:
        alerts: Alerts = opened.facts.alerts
        found = alerts.acknowledge(alert, who=by or getpass.getuser(), note=note, now=clock.now())
    if as_json:
        put_json(_record(found))
        return
    put(f"{found.who} looks after {found.id[:_ID]}, {found.check} of {found.model}: {found.note}")


def _row(one: Alert) -> tuple[str, ...]:
    of = f" of {one.segment}" if one.segment else ""
    return (
        coloured(*_MARKS[one.state]),
        one.id[:_ID],
        moment(one.began),
        one.model,
        one.check,
        _columns(one.columns),
        f"{len(one.windows):,}",
        f"{one.says}{of}" if of not in one.says else one.says,
    )


def _columns(columns: Sequence[str]) -> str:
    more = f" +{len(columns) - _COLUMNS:,}" if len(columns) > _COLUMNS else ""
    return f"{', '.join(columns[:_COLUMNS])}{more}" or "-"


def _undelivered(waiting: Sequence[Change]) -> str:
    first = waiting[0]
    said = (
        f"{mark('warn')} {count(len(waiting), 'change waits', 'changes wait')} for a receiver since {moment(first.at)}"
    )
    if first.attempts:
        due = "" if first.next is None else f"; next at {moment(first.next)}"
        said += f", tried {count(first.attempts, 'time')}: {first.error}{due}"
    return said


def _put_alert(found: Alert) -> None:
    state = f"{coloured(*_MARKS[found.state])} {found.state}"
    said = f" by {found.who}: {found.note}" if found.who else ""
    ended = [("resolved", moment(found.resolved))] if found.resolved is not None else []
    put_pairs(
        [
            ("alert", found.id),
            ("state", f"{state}{said if found.state == 'acknowledged' else ''}"),
            ("found", found.says),
            ("model", f"{found.model}, package {short(found.version)}" if found.version else found.model),
            ("check", f"{found.check} of {', '.join(found.columns) or 'the window'}"),
            *([("segment", found.segment)] if found.segment else []),
            ("size", number(found.size)),
            ("windows", f"{len(found.windows):,}, the latest of {moment(found.windows[-1])}"),
            ("since", moment(found.began)),
            *ended,
        ]
    )


def _put_rows(table: Table) -> None:
    if table.rows:
        names = [column.name for column in table.columns]
        right = [name for name in names if name in _NUMBERS]
        put()
        put_table(names, [[told(cell) for cell in row] for row in table.rows], right=right)


def _put_charts(chart: Mapping[str, Any]) -> None:
    for one in chart.get("series", ())[:_COLUMNS]:
        values = one["values"][-_BARS:]
        starts = chart["starts"][-_BARS:]
        high = one["high"][-_BARS:] or [None] * len(values)
        put()
        top = max((abs(value) for value in (*values, *high) if value is not None), default=0.0)
        drawn = [_bar(*row, top) for row in zip(values, high, strict=True)]
        rows = [(moment(start), told(value), bar) for start, value, bar in zip(starts, values, drawn, strict=True)]
        unit = one.get("unit", chart["what"])
        heads = (chart.get("each", "window"), unit, f"{one['name'] or 'the window'}; ┃ usual up to")
        put_table(heads, rows, right=(unit,))


def _bar(value: float | None, high: float | None, top: float) -> str:
    """A figure as a bar, with a line where it becomes unusual."""

    def place(figure: float) -> int:
        return min(_WIDTH - 1, round(abs(figure) / top * (_WIDTH - 1))) if top else 0

    line = [" "] * _WIDTH
    if value is not None:
        line[: place(value) + 1] = "█" * (place(value) + 1)
    if high is not None:
        line[place(high)] = "┃"
    return "".join(line)


def _record(one: Alert) -> dict[str, Any]:
    names = ("id", "model", "version", "check", "columns", "segment", "source", "state", "who", "note", "size", "says")
    times = {name: stamp(getattr(one, name)) for name in ("began", "last", "resolved")}
    said = {name: getattr(one, name) for name in names}
    return {**said, "columns": list(one.columns), **times, "windows": [stamp(start) for start in one.windows]}


def _change(one: Change) -> dict[str, Any]:
    times = {name: stamp(getattr(one, name)) for name in ("at", "delivered", "next")}
    return {"id": one.id, "alert": one.alert, "kind": one.kind, **times, "attempts": one.attempts, "error": one.error}


COMMANDS = {"list": list_alerts, "show": show_alert, "ack": acknowledge}
