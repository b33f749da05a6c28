"""What happened beside windows, drawn: the time line, alerts, and a list of events."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np

from mainspring.charts import Bar, Dot, Html, Lane, Part, Span, cut, draw_lanes, draw_table, el, glyph, join
from mainspring.charts.numbers import count
from mainspring.charts.times import clock_of
from mainspring.monitoring import OUTPUT, Stretch
from mainspring.monitoring.drawing_alerts import delivery, examples_table
from mainspring.monitoring.figures import CHECKS
from mainspring.tracking import Alert, Change
from mainspring.workspace.monitor_events import KINDS, Event
from mainspring.workspace.monitor_facts import Account

__all__ = ["alert_title", "draw_alerts", "draw_happened", "draw_timeline", "moves_of", "note", "span_of"]

_MOST_EVENTS: Final = 100
_MOST_ALERTS: Final = 50
_MOST_EXAMPLES: Final = 5
_MOST_COLUMNS: Final = 60
_ALERT_STATES: Final = {"firing": "failed", "acknowledged": "running", "resolved": "hit"}


def note(*said: Part) -> Html:
    """Return a remark."""
    return el("p", *said, class_="note")


def span_of(account: Account) -> Span:
    """Return what all time axes span."""
    return Span(account.since, account.until)


def moves_of(account: Account) -> list[Dot]:
    """Return when the champion moved."""
    moves = [one for one in account.story.events if one.kind in ("promotion", "rollback")]
    return [Dot(one.at, one.says, one.state) for one in moves]


def draw_timeline(account: Account) -> Html:
    """Return findings, alerts, triggers, runs, gates, the champion's moves and what was served, on one time line."""
    span = span_of(account)
    lanes = [Lane("Findings", bars=_finding_bars(account)), Lane("Alerts", bars=_alert_bars(account))]
    grouped: dict[str, list[Dot]] = {lane: [] for lane in KINDS.values()}
    for one in account.story.events:
        grouped[KINDS[one.kind]].append(Dot(one.at, f"{clock_of(one.at)}: {one.says}", one.state))
    lanes += [Lane(name, dots) for name, dots in grouped.items()]
    lanes.append(Lane("Served", bars=_served_bars(account.stretches)))
    said = f"{clock_of(span.since)} to {clock_of(span.until)}."
    nothing = not account.stretches and not account.story.events
    return join(
        note(said, " What stands here is told in full under ", el("a", "what happened", href="#happened"), "."),
        note("Nothing has happened in this time.") if nothing else None,
        el("div", draw_lanes(lanes, span, moves_of(account)), class_="box"),
    )


def _finding_bars(account: Account) -> list[Bar]:
    bars = []
    for _, one, _ in reversed(account.found):
        says = f"{clock_of(one.windows[0].start)} to {clock_of(one.windows[-1].end)}: {one.says}"
        bars.append(Bar(one.windows[0].start, one.windows[-1].end, says))
    return bars


def _alert_bars(account: Account) -> list[Bar]:
    bars = []
    for one in reversed(account.story.alerts):
        says = f"{alert_title(one)}, {one.state}: {one.says}"
        bars.append(Bar(one.began, one.resolved, says, _ALERT_STATES[one.state]))
    return bars


def _served_bars(stretches: Sequence[Stretch]) -> list[Bar]:
    """When each version had rows, as far as its windows follow each other."""
    bars = []
    for stretch in stretches:
        windows = stretch.followed.windows
        starts = np.array([one.start for one in windows])
        broken = np.flatnonzero(np.diff(starts) > 1.5 * windows[0].seconds) + 1
        for part in np.split(np.arange(len(windows)), broken):
            first, last = windows[int(part[0])], windows[int(part[-1])]
            says = f"{stretch.name}: {clock_of(first.start)} to {clock_of(last.end)}"
            bars.append(Bar(first.start, last.end, says, "ran" if stretch is stretches[-1] else "skipped"))
    return bars


def draw_alerts(account: Account) -> Html:
    """Return alerts that are open, or held in this time: since when, why, whether anybody was told."""
    story = account.story
    if not story.alerts:
        return note("No alert is open, and none was in this time.")
    rows = [_alert(*pair) for pair in list(zip(story.alerts, story.changes, strict=True))[:_MOST_ALERTS]]
    head = [el("th", name, scope="col") for name in ("Alert", "State", "From", "What", "Told")]
    left = len(story.alerts) - len(rows)
    table = el("table", el("thead", el("tr", head)), el("tbody", rows))
    return join(
        el("div", table, class_="box", tabindex="0"),
        note(f"{count(left, 'older alert')} not shown.") if left > 0 else None,
    )


def alert_title(one: Alert) -> str:
    """Return the columns and the check of an alert."""
    columns = ", ".join(name.removeprefix(OUTPUT) for name in one.columns) or "the window"
    segment = f", {one.segment}" if one.segment else ""
    return f"{cut(columns, _MOST_COLUMNS)}: {CHECKS.get(one.check, one.check)}{segment}"


def _alert(one: Alert, changes: Sequence[Change]) -> Html:
    state = _ALERT_STATES[one.state]
    until = f"to {clock_of(one.resolved)}" if one.resolved is not None else f"last {clock_of(one.last)}"
    noted = el("span", f"{one.who}: {one.note}", class_="under") if one.who else None
    told = delivery(changes[-1]) if changes else ""
    found = msgspec.json.decode(one.record or "{}", type=dict[str, Any]).get("examples") or []
    rows = examples_table(found[:_MOST_EXAMPLES])
    shown = (
        el("details", el("summary", f"Rows that show it ({len(rows.rows)})"), draw_table(rows), class_="logged")
        if rows.rows
        else None
    )
    cells = (
        el("td", el("span", glyph(state), one.state, class_=f"status {state}"), noted),
        el("td", clock_of(one.began), el("span", until, class_="under"), class_="whole"),
        el("td", one.says, shown, class_="wrap"),
        el("td", told, class_="soft"),
    )
    return el("tr", el("th", alert_title(one), el("span", one.id, class_="under mono"), scope="row"), cells)


def draw_happened(account: Account) -> Html:
    """Return what happened, the newest first."""
    events = account.story.events
    outside = account.story.elsewhere
    rest = f"{count(outside, 'event')} at other times {'is' if outside == 1 else 'are'} not shown." if outside else ""
    if not events:
        return note("No run, no gate and no move of the champion in this time. ", rest)
    rows = [_event(one) for one in reversed(events[-_MOST_EVENTS:])]
    head = [el("th", name, scope="col") for name in ("When", "What", "")]
    left = len(events) - len(rows)
    more = f"{count(left, 'earlier event')} not shown. " if left > 0 else ""
    table = el("table", el("thead", el("tr", head)), el("tbody", rows))
    return join(el("div", table, class_="box", tabindex="0"), note(more, rest) if more or rest else None)


def _event(one: Event) -> Html:
    kind = el("span", glyph(one.state), one.kind, class_=f"status {one.state}")
    when = el("th", clock_of(one.at), scope="row", class_="whole")
    return el("tr", when, el("td", kind), el("td", one.says, class_="wrap"))
