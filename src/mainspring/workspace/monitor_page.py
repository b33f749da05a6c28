"""The monitoring report: one page that stands alone, about one model, rendered from windows and facts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from mainspring.charts import (
    Bar,
    Dot,
    Html,
    Lane,
    Part,
    Span,
    cut,
    draw_lanes,
    draw_page,
    draw_table,
    el,
    glyph,
    join,
)
from mainspring.charts.numbers import count, duration, moment, number, short
from mainspring.charts.times import clock_of, day_of
from mainspring.monitoring import OUTPUT, Stretch
from mainspring.monitoring.drawing_alerts import delivery, examples_table
from mainspring.monitoring.drawing_checks import draw_checks, draw_episodes
from mainspring.monitoring.drawing_features import Scene, draw_features, draw_service
from mainspring.monitoring.figures import CHECKS
from mainspring.tracking import Alert, Change
from mainspring.workspace.monitor_events import KINDS, Event
from mainspring.workspace.monitor_facts import Account, Asked, account_of
from mainspring.workspace.page_files import write_page

__all__ = ["monitor_report_path", "render_monitor_report", "write_monitor_report"]

_MOST_ALARMS: Final = 3
_MOST_EVENTS: Final = 100
_MOST_ALERTS: Final = 50
_MOST_EXAMPLES: Final = 5
_MOST_COLUMNS: Final = 60
_BLANK: Final = "\N{NO-BREAK SPACE}"
_DAY: Final = 86_400
_ALERT_STATES: Final = {"firing": "failed", "acknowledged": "running", "resolved": "hit"}
_SECTIONS: Final = (
    ("timeline", "Time line"),
    ("checks", "Checks now"),
    ("features", "Features over time"),
    ("found", "What was found, and why"),
    ("alerts", "Alerts"),
    ("service", "Service"),
    ("happened", "What happened"),
)


def render_monitor_report(account: Account) -> Html:
    """Return the report as an HTML document; what it is drawn from alone decides what it is."""
    drawn = [
        _timeline(account),
        _section("checks", _checks(account)),
        _section("features", _features(account)),
        _section("found", _found(account)),
        _section("alerts", _alerts(account)),
        _section("service", _service(account)),
        _section("happened", _happened(account)),
    ]
    nav = el(
        "nav",
        [el("a", name, href=f"#{place}") for place, name in _SECTIONS],
        class_="contents",
        aria_label="Sections",
    )
    foot = el("footer", "Rendered by Mainspring from windows of the prediction log and from facts.")
    state, word = _state(account)
    title = f"{account.model or 'Monitoring'}: {word} ({clock_of(account.now)})"
    return draw_page(title, join(_head(account), nav, el("main", _alarms(account), drawn), foot), state=state)


def monitor_report_path(home: Path, model: str) -> Path:
    """Return where the report on a model is written by default."""
    return home / "reports" / (f"monitor-{model}.html" if model else "monitor.html")


def write_monitor_report(
    asked: Asked, home: Path | None = None, *, now: float, out: Path | None = None
) -> tuple[Path, Account]:
    """Write the report on a model; return its path and what it shows.

    Args:
        asked: What it is about.
        home: The home; by default that of the project around the working directory.
        now: In seconds since 1970 UTC.
        out: Where; by default `reports/monitor-MODEL.html` of the home.

    Raises:
        NotFoundError: There is no home, or neither windows nor versions of that model; several models have windows.
        StorageFullError: The disk is full; an earlier report is left as it was.
        ReadOnlyError: The folder cannot be written to.
    """
    account = account_of(asked, home, now=now)
    path = out if out is not None else monitor_report_path(account.home, account.model)
    return write_page(render_monitor_report(account), path, account.home), account


def _section(place: str, *content: Part) -> Html:
    return join(el("h2", dict(_SECTIONS)[place], id=place), *content)


def _note(*said: Part) -> Html:
    return el("p", *said, class_="note")


def _none_yet() -> Html:
    return _note(
        "There are no windows yet. They are made of the prediction log by ",
        el("code", "mainspring monitor backfill"),
        ".",
    )


def _state(account: Account) -> tuple[str, str]:
    """The status whose sign the page has, and how it is said."""
    latest = account.latest
    if account.late is not None:
        return "failed", "no rows come"
    if account.story.firing:
        return "failed", f"{count(len(account.story.firing), 'alert')} firing"
    if account.lasting:
        return "failed", count(len(account.lasting), "finding")
    if latest is None:
        return "skipped", "no windows yet"
    if not account.judged:
        return "skipped", "reference not complete"
    return ("running", "cold start") if latest.cold else ("hit", "nothing found")


def _head(account: Account) -> Html:
    latest = account.latest
    state, word = _state(account)
    pill = el("span", glyph(state), word, class_=f"status {state} pill")
    facts: list[Part] = [el("span", "Made ", moment(account.now))]
    if latest is not None:
        facts.append(el("span", latest.name[0].upper(), latest.name[1:], " ", el("code", short(latest.version))))
        facts.append(el("span", "Windows of ", _length(account.asked.part.seconds)))
    if account.asked.part.segment:
        facts.append(el("span", "Rows with ", el("code", account.asked.part.segment)))
    return el(
        "header",
        el("p", "Monitoring report", class_="kicker"),
        el("div", el("h1", account.model or "No model yet"), pill, class_="head"),
        el("p", facts, class_="facts"),
        el("dl", _tiles(account), class_="tiles"),
    )


def _length(seconds: int) -> str:
    """A length of windows, without what is zero."""
    return duration(seconds).replace(" 0 min", "").replace(" 0 h", "").replace(" 0 s", "")


def _tiles(account: Account) -> list[Html]:
    latest = account.latest
    tiles: list[tuple[str, str]] = []
    if latest is not None:
        followed = latest.followed
        newest = followed.windows[-1]
        day = np.array([one.start >= newest.end - _DAY for one in followed.windows])
        shown = sum(len(one.followed.judged) for one in account.stretches)
        tiles = [
            ("Latest window", f"{day_of(newest.start)}, {clock_of(newest.start)[-5:]}".replace(" ", _BLANK)),
            ("Rows in it", number(int(followed.rows[-1]))),
            ("Rows of the last day", number(int(followed.rows[day].sum()))),
            ("Windows checked", f"{shown:,}"),
            ("Findings", f"{len(account.lasting):,}{_BLANK}now · {len(account.found):,}{_BLANK}in{_BLANK}all"),
            ("Reference", f"{latest.reference:,} windows"),
        ]
    if account.story.champion is not None:
        tiles.append(("Champion", f"version {account.story.champion}"))
    return [el("div", el("dt", name), el("dd", value)) for name, value in tiles]


def _alarms(account: Account) -> Html | None:
    boxes: list[Html] = []
    if account.late is not None:
        boxes.append(_alarm("No rows come", account.late.says))
    firing = account.story.firing
    for alert in firing[:_MOST_ALARMS]:
        boxes.append(_alarm(_alert_title(alert), f"{alert.says}.", f"Firing since {clock_of(alert.began)}."))
    if len(firing) > _MOST_ALARMS:
        more = count(len(firing) - _MOST_ALARMS, "more alert")
        boxes.append(_note(f"{more} firing: see ", el("a", "alerts", href="#alerts"), "."))
    lasting = () if firing else account.lasting
    for one in lasting[:_MOST_ALARMS]:
        since = f"Found in {count(len(one.windows), 'window')} since {clock_of(one.windows[0].start)}."
        what = one.column.removeprefix(OUTPUT) or "The window"
        boxes.append(_alarm(f"{what}: {CHECKS[one.check]}", f"{one.latest}.", since))
    left = len(lasting) - _MOST_ALARMS
    if left > 0:
        boxes.append(
            _note(
                f"{count(left, 'more finding')} in the latest window: see ",
                el("a", "what was found", href="#found"),
                ".",
            )
        )
    return join(*boxes) if boxes else None


def _alarm(title: str, *said: str) -> Html:
    return el("section", el("h2", title), [el("p", one) for one in said], class_="alarm")


def _span(account: Account) -> Span:
    return Span(account.since, account.until)


def _moves(account: Account) -> list[Dot]:
    """When the champion moved."""
    moves = [one for one in account.story.events if one.kind in ("promotion", "rollback")]
    return [Dot(one.at, one.says, one.state) for one in moves]


def _scene(account: Account) -> Scene:
    return Scene(account.stretches, _span(account), _moves(account), account.units)


def _timeline(account: Account) -> Html:
    span = _span(account)
    lanes = [Lane("Findings", bars=_finding_bars(account)), Lane("Alerts", bars=_alert_bars(account))]
    grouped: dict[str, list[Dot]] = {lane: [] for lane in KINDS.values()}
    for one in account.story.events:
        grouped[KINDS[one.kind]].append(Dot(one.at, f"{clock_of(one.at)}: {one.says}", one.state))
    lanes += [Lane(name, dots) for name, dots in grouped.items()]
    lanes.append(Lane("Served", bars=_served_bars(account.stretches)))
    said = f"{clock_of(span.since)} to {clock_of(span.until)}."
    nothing = not account.stretches and not account.story.events
    return _section(
        "timeline",
        _note(said, " What stands here is told in full under ", el("a", "what happened", href="#happened"), "."),
        _note("Nothing has happened in this time.") if nothing else None,
        el("div", draw_lanes(lanes, span, _moves(account)), class_="box"),
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
        says = f"{_alert_title(one)}, {one.state}: {one.says}"
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


def _checks(account: Account) -> Html:
    latest = account.latest
    if latest is None:
        return _none_yet()
    if not account.judged:
        return _note(
            f"Nothing is checked yet: the reference of {latest.name} is its first {account.asked.part.days} days, "
            f"until {clock_of(latest.until)}."
        )
    window = latest.followed.judged[-1]
    cold = (
        f" Cold start: with {count(latest.reference, 'reference window')} of {latest.rules.reference}, only changes of "
        "at least three times the least that matters are found."
        if latest.cold
        else ""
    )
    said = (
        f"The window of {clock_of(window.start)}, beside windows of the same season in the reference. Remarkable is "
        f"what one of {round(1 / latest.rules.level)} such windows shows; found, what shows in {latest.rules.least} of "
        f"{latest.rules.of} windows and stands among all that was looked at."
    )
    return join(_note(said, cold), draw_checks(latest))


def _key(kind: str, says: str) -> Html:
    return el("span", el("span", class_=f"key {kind}"), " ", says)


def _features(account: Account) -> Html:
    latest = account.latest
    if latest is None:
        return _none_yet()
    keys = [
        _key("band", "where 99% of reference windows were; of checks, where they are not remarkable"),
        _key("dot", "found"),
    ]
    if latest.followed.begun:
        keys.append(_key("shade", f"the reference, until {day_of(latest.until)}"))
    if len(account.stretches) > 1:
        keys.append(_key("quiet", "versions before"))
    if _moves(account):
        keys.append(_key("mark", "the champion moved"))
    return join(
        el("p", keys, class_="legend"),
        el("div", draw_features(_scene(account)), class_="over-time"),
    )


def _found(account: Account) -> Html:
    if not account.stretches:
        return _none_yet()
    windows = {window for _, one, _ in account.found for window in one.windows}
    total = sum(len(one.followed.judged) for one in account.stretches)
    said = f"{count(len(windows), 'window')} of {total:,} checked {'has' if len(windows) == 1 else 'have'} findings."
    if not account.found:
        return _note(said)
    rows = "Rows of the log that show one: ", el("code", "mainspring monitor explain NUMBER"), "."
    return join(_note(said, " ", rows), draw_episodes(account.found))


def _alerts(account: Account) -> Html:
    story = account.story
    if not story.alerts:
        return _note("No alert is open, and none was in this time.")
    rows = [_alert(*pair) for pair in list(zip(story.alerts, story.changes, strict=True))[:_MOST_ALERTS]]
    head = [el("th", name, scope="col") for name in ("Alert", "State", "From", "What", "Told")]
    left = len(story.alerts) - len(rows)
    table = el("table", el("thead", el("tr", head)), el("tbody", rows))
    return join(
        el("div", table, class_="box", tabindex="0"),
        _note(f"{count(left, 'older alert')} not shown.") if left > 0 else None,
    )


def _alert_title(one: Alert) -> str:
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
    return el("tr", el("th", _alert_title(one), el("span", one.id, class_="under mono"), scope="row"), cells)


def _service(account: Account) -> Html:
    return draw_service(_scene(account)) if account.stretches else _none_yet()


def _happened(account: Account) -> Html:
    events = account.story.events
    outside = account.story.elsewhere
    rest = f"{count(outside, 'event')} at other times {'is' if outside == 1 else 'are'} not shown." if outside else ""
    if not events:
        return _note("No run, no gate and no move of the champion in this time. ", rest)
    rows = [_event(one) for one in reversed(events[-_MOST_EVENTS:])]
    head = [el("th", name, scope="col") for name in ("When", "What", "")]
    left = len(events) - len(rows)
    more = f"{count(left, 'earlier event')} not shown. " if left > 0 else ""
    table = el("table", el("thead", el("tr", head)), el("tbody", rows))
    return join(el("div", table, class_="box", tabindex="0"), _note(more, rest) if more or rest else None)


def _event(one: Event) -> Html:
    kind = el("span", glyph(one.state), one.kind, class_=f"status {one.state}")
    when = el("th", clock_of(one.at), scope="row", class_="whole")
    return el("tr", when, el("td", kind), el("td", one.says, class_="wrap"))
