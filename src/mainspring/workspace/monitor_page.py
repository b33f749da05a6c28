"""The monitoring report: one page that stands alone, about one model, rendered from windows and facts."""

from pathlib import Path
from typing import Final

import numpy as np

from mainspring.charts import (
    Html,
    Part,
    draw_page,
    el,
    glyph,
    join,
)
from mainspring.charts.numbers import count, duration, moment, number, short
from mainspring.charts.times import clock_of, day_of
from mainspring.monitoring import OUTPUT
from mainspring.monitoring.drawing_checks import draw_checks, draw_episodes
from mainspring.monitoring.drawing_features import Scene, draw_features, draw_service
from mainspring.monitoring.figures import CHECKS
from mainspring.workspace.monitor_facts import Account, Asked, account_of
from mainspring.workspace.monitor_figures import ALSO, draw_figures, draw_training, moved_of
from mainspring.workspace.monitor_labels import draw_labels
from mainspring.workspace.monitor_sections import (
    alert_title,
    draw_alerts,
    draw_happened,
    draw_timeline,
    moves_of,
    note,
    span_of,
)
from mainspring.workspace.page_files import write_page
from mainspring.workspace.references import say_days

__all__ = ["monitor_report_path", "render_monitor_report", "write_monitor_report"]

_MOST_ALARMS: Final = 3
_BLANK: Final = "\N{NO-BREAK SPACE}"
_DAY: Final = 86_400
_SECTIONS: Final = (
    ("timeline", "Time line"),
    ("checks", "Checks now"),
    ("features", "Features over time"),
    ("found", "What was found, and why"),
    ("alerts", "Alerts"),
    ("labels", "Labels and quality"),
    ("service", "Service"),
    ("training", "Training"),
    ("happened", "What happened"),
)


def render_monitor_report(account: Account) -> Html:
    """Return the report as an HTML document; what it is drawn from alone decides what it is."""
    drawn = [
        _section("timeline", draw_timeline(account)),
        _section("checks", _checks(account)),
        _section("features", _features(account)),
        _section("found", _found(account)),
        _section("alerts", draw_alerts(account)),
        _section("labels", _labels(account)),
        _section("service", _service(account)),
        _section("training", _training(account)),
        _section("happened", draw_happened(account)),
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


def _none_yet() -> Html:
    return note(
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
        digest = el("code", short(latest.version)) if latest.name.startswith("version ") else None
        facts.append(el("span", latest.name[0].upper(), latest.name[1:], " ", digest))
        facts.append(el("span", "Windows of ", _length(account.asked.part.seconds)))
    if account.asked.part.segment:
        facts.append(el("span", "Rows with ", el("code", account.asked.part.segment)))
    tiles = _tiles(account)
    return el(
        "header",
        el("p", "Monitoring report", class_="kicker"),
        el("div", el("h1", account.model or "No model yet"), pill, class_="head"),
        el("p", facts, class_="facts"),
        el("dl", tiles, class_="tiles") if tiles else None,
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
            ("Rows of the last day", number(int(followed.rows[day].sum()))),
            ("Windows checked", f"{shown:,}"),
            ("Findings now", f"{len(account.lasting):,}"),
            ("Reference windows", f"{latest.reference:,}"),
        ]
    if account.labelled and account.labelled[-1].windows:
        newest_labels = account.labelled[-1].windows
        known, total = (sum(getattr(one, name) for one in newest_labels) for name in ("labelled", "predictions"))
        tiles.append(("Labelled", f"{known / total:.1%}" if total else "none"))
    if account.story.champion is not None:
        tiles.append(("Champion", f"version {account.story.champion}"))
    return [el("div", el("dt", name), el("dd", value)) for name, value in tiles]


def _alarms(account: Account) -> Html | None:
    boxes: list[Html] = []
    if account.late is not None:
        boxes.append(_alarm("No rows come", account.late.says))
    firing = account.story.firing
    boxes += [
        _alarm(alert_title(one), f"{one.says}.", f"Firing since {clock_of(one.began)}.")
        for one in firing[:_MOST_ALARMS]
    ]
    if len(firing) > _MOST_ALARMS:
        more = count(len(firing) - _MOST_ALARMS, "more alert")
        boxes.append(note(f"{more} firing: see ", el("a", "alerts", href="#alerts"), "."))
    lasting = () if firing else account.lasting
    for one in lasting[:_MOST_ALARMS]:
        since = f"Found in {count(len(one.windows), 'window')} since {clock_of(one.windows[0].start)}."
        what = one.column.removeprefix(OUTPUT) or "The window"
        boxes.append(_alarm(f"{what}: {CHECKS[one.check]}", f"{one.latest}.", since))
    left = len(lasting) - _MOST_ALARMS
    if left > 0:
        boxes.append(
            note(
                f"{count(left, 'more finding')} in the latest window: see ",
                el("a", "what was found", href="#found"),
                ".",
            )
        )
    return join(*boxes) if boxes else None


def _alarm(title: str, *said: str) -> Html:
    return el("section", el("h2", title), [el("p", one) for one in said], class_="alarm")


def _scene(account: Account) -> Scene:
    return Scene(account.stretches, span_of(account), moves_of(account), account.units)


def _checks(account: Account) -> Html:
    latest = account.latest
    if latest is None:
        return _none_yet()
    days = say_days(latest.before, latest.days, latest.name)
    if not account.judged:
        return note(f"Nothing is checked yet: the reference is {days}, until {clock_of(latest.until)}.")
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
    young = (
        f" The reference is {days}: nothing is said of what it predicts, until it has as many days of its own."
        if latest.before
        else ""
    )
    return join(note(said, cold, young), draw_checks(latest))


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
    if moves_of(account):
        keys.append(_key("mark", "the champion moved"))
    return join(el("p", keys, class_="legend"), draw_features(_scene(account)))


def _found(account: Account) -> Html:
    if not account.stretches:
        return _none_yet()
    windows = {window for _, one, _ in account.found for window in one.windows}
    total = sum(len(one.followed.judged) for one in account.stretches)
    said = f"{count(len(windows), 'window')} of {total:,} checked {'has' if len(windows) == 1 else 'have'} findings."
    if not account.found:
        return note(said)
    rows = "Rows of the log that show a finding: ", el("code", "mainspring monitor explain"), "."
    return join(note(said, " ", rows), draw_episodes(account.found))


def _labels(account: Account) -> Html:
    if not account.labelled:
        return note("No label has come of what was predicted in this time.")
    return draw_labels(account.labelled, _scene(account), account.asked.monitor.loss)


def _service(account: Account) -> Html:
    if not account.stretches:
        return _none_yet()
    scene = _scene(account)
    moved = moved_of(account.service)
    said = [note(f"{name[0].upper()}{name[1:]} {says}.") for name, says in moved.items() if name not in ALSO]
    return join(said, draw_service(scene, draw_figures(account.service, scene)))


def _training(account: Account) -> Html:
    if not account.training:
        return note("No run has succeeded whose steps were not all stored already.")
    return draw_training(account.training)
