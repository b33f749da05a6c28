"""Each column over time, beside the band of its reference; and what a service did, in the same way."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.charts import Axis, Bar, Dot, Html, Series, Span, Strip, draw_strip, draw_times, el, join
from mainspring.charts.numbers import count, number
from mainspring.charts.times import clock_of
from mainspring.monitoring.bands import LATENCY, ROWS, Level
from mainspring.monitoring.drawing_checks import checks, said, worst_state
from mainspring.monitoring.figures import CHECKS, Scale, scale_of
from mainspring.monitoring.layouts import OUTPUT
from mainspring.monitoring.tracks import Stretch, Track

__all__ = ["Scene", "draw_features", "draw_service"]

_MOST_FEATURES: Final = 60
_NUMBERS: Final = 8
_MOST_SAID: Final = 60
_NOTHING: Final = "\N{EN DASH}"
_PLAINLY: Final = ("nulls", "new_category")  # of these what is large enough to matter is shown, found or not
_EXTRA: Final = ("nulls", "new_category", "range", "correlation")
_PLAIN: Final = Scale("")

Columns = Sequence[tuple[str, Sequence[str]]]


class Scene:
    """What all drawings of a page have in common.

    Args:
        stretches: Windows by version, the one with the newest window last.
        span: What time axes span.
        lines: Moments at which the champion moved.
        units: Units of columns, by name.
    """

    def __init__(
        self,
        stretches: Sequence[Stretch],
        span: Span,
        lines: Sequence[Dot] = (),
        units: Mapping[str, str] | None = None,
    ) -> None:
        self.stretches = tuple(stretches)
        self.span = span
        self.lines = tuple(lines)
        self.units = dict(units or {})
        self.step = float(max((one.seconds for each in stretches for one in each.followed.windows[:1]), default=0))

    @property
    def latest(self) -> Stretch:
        """The version with the newest window."""
        return self.stretches[-1]

    def shades(self) -> list[Bar]:
        """The reference of the newest version, as far as it is in sight."""
        one = self.latest
        first = one.followed.windows[0].start if one.followed.windows else one.until
        return [Bar(first, one.until, f"reference of {one.name}")] if one.followed.begun else []

    def strip(self, title: str, y: Axis, series: Sequence[Series], dots: Sequence[Dot] = ()) -> Html:
        """Return a strip of this page."""
        return draw_strip(Strip(title, y, series, dots, self.step, self.lines, self.shades()), self.span)


def draw_features(scene: Scene) -> Html:
    """Return a figure for each column: its level beside the band, drift beside what is remarkable, and what else shows.

    Where there are very many, those with findings come first, then those that are nearest to one.
    """
    names = scene.latest.layout.names
    ranked = sorted(names, key=lambda name: -_rank(scene.latest, name))
    shown = set(ranked[:_MOST_FEATURES])
    figures = [_feature(scene, name) for name in names if name in shown]
    left = len(names) - len(figures)
    return join(
        el("div", figures, class_="figures"),
        el("p", f"{count(left, 'more column')} that are further from any finding are not drawn.", class_="note")
        if left > 0
        else None,
    )


def _rank(stretch: Stretch, name: str) -> float:
    ratios = [0.0]
    for track in stretch.followed.tracks:
        if track.column == name and track.size.size:
            with np.errstate(invalid="ignore"):
                ratios.append(float(np.nanmax(np.append(track.size / track.threshold, 0.0))))
            ratios.append(1e6 * float(track.found.sum()))
    return max(ratios)


def _feature(scene: Scene, name: str) -> Html:
    latest = scene.latest
    tracks = [(stretch, stretch.followed.by_name()) for stretch in scene.stretches]
    levels = [(stretch, one) for stretch in scene.stretches for one in stretch.followed.levels if one.name == name]
    mine = [one for (check, column), one in tracks[-1][1].items() if column == name and checks(check, name, latest)]
    now = [one for one in mine if one.size.size]
    state = worst_state(one.state(-1, latest.rules.level) for one in now)
    predicted = name.startswith(OUTPUT)
    strips = [_level(scene, name, levels), _course(scene, "drift", name, tracks)]
    strips += [_course(scene, check, name, tracks) for check in _EXTRA if _tells(check, name, tracks)]
    drawn = [strip for strip in strips if strip is not None]
    title = join(name.removeprefix(OUTPUT), el("span", " predicted", class_="soft") if predicted else None)
    body = (
        [*drawn, draw_times(scene.span), _numbers(scene, levels, tracks[-1][1].get(("drift", name)))]
        if drawn
        else el("p", "Only what is missing is counted of this column, and nothing is.", class_="note")
    )
    return el("figure", el("figcaption", el("span", title), said(state) if now else None), body)


def _level(scene: Scene, name: str, levels: Sequence[tuple[Stretch, Level]]) -> Html | None:
    if not any(np.isfinite(one.value).any() for _, one in levels):
        return None
    label = levels[-1][1].label
    factor = 1.0 if label is None else 100.0
    title = (
        "mean of a window"
        if label is None
        else f"share of \N{LEFT DOUBLE QUOTATION MARK}{label}\N{RIGHT DOUBLE QUOTATION MARK}"
    )
    unit = scene.units.get(name, "") if label is None else "%"
    series, dots = [], []
    for stretch, one in levels:
        if one.label != label:  # another value was the most frequent one of that version's reference
            continue
        series.append(_series(stretch, scene, one.value * factor, one.low * factor, one.high * factor))
        dots += _found(stretch, stretch.followed.by_name().get(("drift", name)), one.value * factor)
    return scene.strip(title, Axis(title, unit), series, dots)


def _series(
    stretch: Stretch, scene: Scene, value: Any, low: Any = (), high: Any = (), *, judged: bool = False
) -> Series:
    windows = stretch.followed.judged if judged else stretch.followed.windows
    at = [one.start + one.seconds / 2 for one in windows]
    return Series(stretch.name, at, value, low, high, quiet=stretch is not scene.latest)


def _found(stretch: Stretch, track: Track | None, values: npt.NDArray[Any]) -> list[Dot]:
    """The windows in which something was found, at values of all windows."""
    if track is None:
        return []
    scale = scale_of(track.check, track.column, stretch.layout)
    begun, windows = stretch.followed.begun, stretch.followed.judged
    dots = []
    for place in np.flatnonzero(track.found).tolist():
        value = float(values[begun + place])
        if math.isfinite(value):
            says = f"{clock_of(windows[place].start)}: {CHECKS[track.check]} {scale.text(float(track.size[place]))}"
            dots.append(Dot(windows[place].start + windows[place].seconds / 2, says, "failed", value))
    return dots


def _tells(check: str, name: str, tracks: Iterable[tuple[Stretch, Mapping[tuple[str, str], Track]]]) -> bool:
    """Whether a check has something to show: it was found, or is as large as what matters."""
    for stretch, by_name in tracks:
        track = by_name.get((check, name))
        if track is None or not track.size.size:
            continue
        values = track.value[np.isfinite(track.value)]
        largest = float(values.max()) if values.size else 0.0
        if track.found.any() or (check in _PLAINLY and largest >= stretch.rules.floor(check)):
            return True
    return False


def _course(
    scene: Scene, check: str, name: str, tracks: Sequence[tuple[Stretch, Mapping[tuple[str, str], Track]]]
) -> Html | None:
    """A check over time; the band is where it is not remarkable."""
    series, dots = [], []
    scale = scale_of(check, name, scene.latest.layout)
    for stretch, by_name in tracks:
        track = by_name.get((check, name))
        if track is None or not np.isfinite(track.size).any():
            continue
        sized = check in ("drift", "correlation")
        value = scale(1.0) * (track.size if sized else track.value)
        high = scale(1.0) * (track.threshold if sized else track.expected + track.threshold)
        series.append(_series(stretch, scene, value, high * 0, high, judged=True))
        whole = np.concatenate([np.full(stretch.followed.begun, np.nan), value])
        dots += _found(stretch, track, whole)
    if not series:
        return None
    return scene.strip(CHECKS[check], Axis(CHECKS[check], scale.unit, zero=True), series, dots)


def _numbers(scene: Scene, levels: Sequence[tuple[Stretch, Level]], drift: Track | None) -> Html | None:
    """The latest windows as a table to open."""
    if not levels:
        return None
    stretch, level = levels[-1]
    if stretch is not scene.latest:
        return None
    factor = 1.0 if level.label is None else 100.0
    scale = scale_of("drift", level.name, stretch.layout)
    rows = []
    for place in range(len(stretch.followed.windows) - 1, max(-1, len(stretch.followed.windows) - 1 - _NUMBERS), -1):
        sides = [factor * float(side[place]) for side in (level.value, level.low, level.high)]
        shown = [number(one) if math.isfinite(one) else _NOTHING for one in sides]
        at = place - stretch.followed.begun
        judged = drift is not None and at >= 0
        parts = (
            [scale.text(float(side[at])) if judged else _NOTHING for side in (drift.size, drift.threshold)]
            if drift
            else []
        )
        cells = [shown[0], f"{shown[1]} to {shown[2]}", *parts]
        when = el("th", clock_of(stretch.followed.windows[place].start), scope="row")
        rows.append(el("tr", when, [el("td", one, class_="number") for one in cells]))
    names = ("Window", "Level", "Band", *(("Drift", "Remarkable from") if drift else ()))
    head = [el("th", one, class_="number" if place else None, scope="col") for place, one in enumerate(names)]
    table = el("table", el("thead", el("tr", head)), el("tbody", rows))
    box = el("div", el("div", table, class_="box", tabindex="0"), class_="logged")
    return el("details", el("summary", "Numbers of the latest windows"), box)


def draw_service(scene: Scene) -> Html:
    """Return rows, latency, and what was marked or answered by a fallback, window by window."""
    named: dict[str, list[tuple[Stretch, Level]]] = {}
    for stretch in scene.stretches:
        for one in stretch.followed.levels:
            if one.name in (ROWS, *LATENCY):
                named.setdefault(one.name, []).append((stretch, one))
    figures = []
    for name, axis in (
        (ROWS, Axis("rows", "rows", zero=True)),
        *((one, Axis(one, "ms", zero=True)) for one in LATENCY),
    ):
        levels = named.get(name, [])
        if not any(np.isfinite(one.value).any() for _, one in levels):
            continue
        check = ("volume", "") if name == ROWS else ("latency", name.removeprefix("latency "))
        series, dots = [], []
        for stretch, one in levels:
            series.append(_series(stretch, scene, one.value, one.low, one.high))
            dots += _found(stretch, stretch.followed.by_name().get(check), one.value)
        title = "rows in a window" if name == ROWS else name
        figures.append(
            _service_figure(scene, title, [scene.strip("", axis, series, dots)], levels[-1][1].value, axis.unit)
        )
    figures += _shares(scene)
    return el("div", figures, class_="figures")


def _service_figure(scene: Scene, title: str, strips: Sequence[Html], values: Any, unit: str) -> Html:
    known = values[np.isfinite(values)]
    last = (
        f"{number(float(f'{float(known[-1]):.3g}') if unit != 'rows' else round(float(known[-1])))} {unit} now"
        if known.size
        else ""
    )
    caption = el("figcaption", title, el("span", last, class_="soft"))
    return el("figure", caption, strips, draw_times(scene.span))


def _shares(scene: Scene) -> list[Html]:
    figures = []
    for check in ("contract", "fallback"):
        parts = [(stretch, 100 * stretch.followed.shares[check]) for stretch in scene.stretches]
        if any(float(values.max(initial=0.0)) > 0 for _, values in parts):
            series = [_series(stretch, scene, values) for stretch, values in parts]
            dots = [
                dot
                for stretch, values in parts
                for dot in _found(stretch, stretch.followed.by_name().get((check, "")), values)
            ]
            strip = scene.strip("", Axis(CHECKS[check], "%", zero=True), series, dots)
            figures.append(_service_figure(scene, CHECKS[check], [strip], parts[-1][1], "%"))
    return figures
