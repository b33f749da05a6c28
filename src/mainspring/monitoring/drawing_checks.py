"""What every check says now, and what was found before, as tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from mainspring.charts import Html, Part, cut, el, glyph, join
from mainspring.charts.numbers import count
from mainspring.charts.times import clock_of
from mainspring.monitoring.figures import CHECKS, scale_of
from mainspring.monitoring.layouts import OUTPUT
from mainspring.monitoring.tracks import Episode, State, Stretch, Track

__all__ = ["STATES", "checks", "draw_checks", "draw_episodes", "said", "worst_state"]

STATES: Final[Mapping[State, str]] = {"found": "failed", "remarkable": "running", "usual": "hit", "unknown": "skipped"}
"""The status whose sign and colour a state has."""

_OF_COLUMNS: Final = ("drift", "nulls", "new_category", "range", "correlation")
_NOTHING: Final = "\N{EN DASH}"
_MOST_COLUMNS: Final = 200
_MOST_EPISODES: Final = 100
_MOST_VALUES: Final = 8
_SURE: Final = 1e-30
_UNITS: Final = (
    "Drift of a number is Wasserstein\N{RIGHT SINGLE QUOTATION MARK}s distance in standard deviations (sd) of the "
    "reference, that of a category Jensen and Shannon\N{RIGHT SINGLE QUOTATION MARK}s (JS). Correlations: the root "
    "mean square of their changes (Fisher\N{RIGHT SINGLE QUOTATION MARK}s z)."
)
_KINDS: Final = {"new_category": "category", "range": "number", "correlation": "number"}
_ORDER: Final[tuple[State, ...]] = ("found", "remarkable", "usual", "unknown")


def said(state: State, word: str = "") -> Html:
    """Return a state as sign, word and colour."""
    return el("span", glyph(STATES[state]), word or state, class_=f"status {STATES[state]}")


def worst_state(states: Iterable[State]) -> State:
    """Return the state that stands for several."""
    every = set(states)
    return next((state for state in _ORDER if state in every), "unknown")


def draw_checks(stretch: Stretch) -> Html:
    """Return what every check says of the latest window: a row for each column, then the window as a whole."""
    tracks = stretch.followed.by_name()
    level = stretch.rules.level
    rows: list[tuple[State, Html]] = []
    for name in stretch.layout.names:
        mine = {
            check: tracks[check, name]
            for check in _OF_COLUMNS
            if (check, name) in tracks and checks(check, name, stretch)
        }
        state = worst_state(one.state(-1, level) for one in mine.values())
        season = stretch.seasons.get(name, "none")
        under = el("span", f"compared by {season}" if season != "none" else "compared with all", class_="under")
        cells = [_cell(mine.get(check), stretch) for check in _OF_COLUMNS]
        rows.append((state, el("tr", el("th", _named(name), under, scope="row"), el("td", said(state)), cells)))
    rows.sort(key=lambda one: _ORDER.index(one[0]))
    head = [el("th", name, scope="col") for name in ("Column", "State")]
    head += [el("th", CHECKS[check].capitalize(), class_="number", scope="col") for check in _OF_COLUMNS]
    left = len(rows) - _MOST_COLUMNS
    return join(
        _table(head, [row for _, row in rows[:_MOST_COLUMNS]], "steps"),
        el("p", f"{count(left, 'more column')} not shown.", class_="note") if left > 0 else None,
        el("p", _UNITS, class_="note small"),
        el("h3", "The window as a whole"),
        _whole(stretch),
    )


def _named(name: str) -> Html:
    return join("predicted ", name.removeprefix(OUTPUT)) if name.startswith(OUTPUT) else join(name)


def _cell(track: Track | None, stretch: Stretch) -> Html:
    """One figure, which says on its own when it is remarkable; what it is compared with is in its title."""
    if track is None:
        return el("td", _NOTHING, class_="number empty", title="not checked of such a column")
    state = track.state(-1, stretch.rules.level)
    if state == "unknown":
        return el("td", _NOTHING, class_="number empty", title="no rows")
    scale = scale_of(track.check, track.column, stretch.layout)
    value = float(track.size[-1] if track.check == "drift" else track.value[-1])
    text = scale.text(value)
    shown = text if state == "usual" else el("span", glyph(STATES[state]), text, class_=f"status {STATES[state]}")
    return el("td", shown, class_="number", title=_compared(track, stretch))


def checks(check: str, column: str, stretch: Stretch) -> bool:
    """Return whether a check has anything to say of a column of its kind."""
    kinds = {axis.name: axis.kind for axis in stretch.layout.axes}
    kind = kinds.get(column)
    return kind != "counted" if check == "drift" else kind == _KINDS.get(check, kind)


def _sure(p: float) -> str:
    return f"below {_SURE:g}" if p < _SURE else f"{p:.2g}"


def _compared(track: Track, stretch: Stretch) -> str:
    scale = scale_of(track.check, track.column, stretch.layout)
    distance = track.distance(-1)
    parts = [f"usual {scale.text(float(track.expected[-1]))}"] if track.check not in ("drift", "correlation") else []
    parts.append(f"remarkable from {_limit(track, stretch)}")
    parts.append(f"p {_sure(track.p[-1])}, {_sure(track.adjusted[-1])} adjusted")
    return "; ".join([*parts, *([f"by {distance.replace('_', ' ')}"] if distance else [])])


def _limit(track: Track, stretch: Stretch) -> str:
    """The figure from which on it is remarkable."""
    scale = scale_of(track.check, track.column, stretch.layout)
    away = float(track.threshold[-1])
    usual = 0.0 if track.check in ("drift", "correlation") else float(track.expected[-1])
    if track.check == "volume":
        return f"{scale.text(usual + away)}, or down to {scale.text(usual - away)}"
    return scale.text(usual + away)


def _whole(stretch: Stretch) -> Html:
    rows = []
    for track in stretch.followed.tracks:
        if track.column in stretch.layout.names:
            continue
        scale = scale_of(track.check)
        state = track.state(-1, stretch.rules.level)
        name = f"latency {track.column}" if track.check == "latency" else CHECKS[track.check]
        known = state != "unknown"
        figures = (
            [scale.text(float(track.value[-1])), scale.text(float(track.expected[-1])), _limit(track, stretch)]
            if known
            else [_NOTHING] * 3
        )
        cells = [el("td", text, class_="number") for text in figures]
        rows.append(el("tr", el("th", name.capitalize(), scope="row"), el("td", said(state)), cells))
    head = [el("th", name, scope="col") for name in ("Check", "State")]
    head += [el("th", name, class_="number", scope="col") for name in ("Now", "Usual", "Remarkable from")]
    return _table(head, rows, "steps")


def _table(head: Sequence[Html], rows: Sequence[Html], kind: str = "") -> Html:
    table = el("table", el("thead", el("tr", head)), el("tbody", rows))
    return el("div", table, class_=f"box {kind}".strip(), tabindex="0")


def draw_episodes(found: Sequence[tuple[str, Episode, Sequence[str]]]) -> Html:
    """Return what was found, the newest first: since when, in how many windows, and why.

    Args:
        found: Each with the name of the version whose windows they are, and the new values of a category.
    """
    rows = []
    for version, one, values in found[:_MOST_EPISODES]:
        state: State = "found" if one.lasts else "usual"
        named = ", ".join(cut(value, 40) for value in values[:_MOST_VALUES])
        more = el("span", f"new: {named}", class_="under") if named else None
        peak = el("span", f"at its largest, {clock_of(one.peak.start)}; p {_sure(one.adjusted)}", class_="under")
        windows = count(len(one.windows), "window")
        cells = (
            el("td", said(state, "lasts" if one.lasts else "over")),
            el(
                "td",
                clock_of(one.windows[0].start),
                el("span", f"to {clock_of(one.windows[-1].end)}", class_="under"),
                class_="whole",
            ),
            el("td", windows, el("span", version, class_="under"), class_="whole"),
            el("td", one.says, more, peak, class_="wrap"),
        )
        name = _named(one.column) if one.column else "the window"
        check = el("span", CHECKS[one.check], class_="under")
        rows.append(el("tr", el("th", name, check, scope="row"), cells))
    left = len(found) - _MOST_EPISODES
    head = [el("th", name, scope="col") for name in ("Column", "State", "Found", "Windows", "Why")]
    parts: list[Part] = [_table(head, rows)]
    if left > 0:
        parts.append(el("p", f"{count(left, 'earlier finding')} not shown.", class_="note"))
    return join(*parts)
