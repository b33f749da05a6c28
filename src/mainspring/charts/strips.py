"""Strips and lanes: low charts over one span of time below each other, drawn without a script.

The drawing is stretched to the width of its place; texts stand beside it, so that they keep their size. However many
points there are, of each small stretch of time the least and the greatest are drawn.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.charts.data import Axis, Series
from mainspring.charts.glyphs import glyph, worst
from mainspring.charts.html import Html, cut, el
from mainspring.charts.numbers import count, number
from mainspring.charts.times import clock_of, time_ticks
from mainspring.digest.plain import Plain

__all__ = ["Bar", "Dot", "Lane", "Span", "Strip", "draw_lanes", "draw_strip", "draw_times"]

_WIDE: Final = 1000.0
_HIGH: Final = 100.0
_STRETCHES: Final = 150
_PLACES: Final = 60
_APART: Final = 300
_MOST_SAID: Final = 400
_SAID: Final = 40
_ON_TOP: Final = ("skipped", "hit", "ran", "running", "failed")
_TICKS: Final = 3
_PADDING: Final = 0.06

Floats = npt.NDArray[np.float64]
Down = Callable[[float], float]


class Span(Plain):
    """What a time axis spans, in seconds since 1970 UTC."""

    since: float
    until: float

    def share(self, at: float) -> float:
        """Return where a moment lies, from 0 at the beginning to 1 at the end."""
        return (at - self.since) / (self.until - self.since) if self.until > self.since else 0.5

    def holds(self, at: float) -> bool:
        """Return whether a moment is in it."""
        return self.since <= at <= self.until


class Dot(Plain):
    """One moment that is pointed out.

    Attributes:
        at: When.
        says: What there is to say of it, where one points at it.
        state: A status, whose sign and colour it has.
        y: The value at which it stands in a strip.
    """

    at: float
    says: str
    state: str = "failed"
    y: float = 0.0


class Bar(Plain):
    """Something that lasts.

    Attributes:
        since: Its first moment.
        until: Its last moment; None while it lasts.
        says: What there is to say of it.
        state: A status, whose colour it has.
    """

    since: float
    until: float | None
    says: str
    state: str = "failed"


class Strip(Plain):
    """A low chart over time.

    Attributes:
        title: What stands above it; empty where a caption says it.
        y: The axis of values.
        series: Lines, with seconds since 1970 UTC as `x`; a band is drawn between `low` and `high`.
        dots: What is pointed out.
        step: Seconds between points that follow each other; the line is broken where there are more.
        lines: Moments at which a line goes down.
        shades: Stretches of time with another ground.
    """

    title: str
    y: Axis
    series: Sequence[Series]
    dots: Sequence[Dot] = ()
    step: float = math.inf
    lines: Sequence[Dot] = ()
    shades: Sequence[Bar] = ()


class Lane(Plain):
    """Moments, and what lasts, of one kind."""

    name: str
    dots: Sequence[Dot] = ()
    bars: Sequence[Bar] = ()


def draw_strip(strip: Strip, span: Span) -> Html:
    """Return a strip, with its least, greatest and last value in words for those who do not see it."""
    ends = _ends(strip)
    ticks = _ticks(*ends)
    low, high = min(ends[0], ticks[0]), max(ends[1], ticks[-1])

    def down(value: float) -> float:
        return _HIGH * (1 - (value - low) / (high - low))

    said = _said(strip)
    drawn = [
        *(el("path", d=f"M0 {down(tick):.4g}H{_WIDE:g}", class_="grid") for tick in ticks),
        *(_line_down(line, span) for line in strip.lines if span.holds(line.at)),
        *(_band(one, span, strip.step, down) for one in strip.series if one.low),
        *(_line(one, span, strip.step, down) for one in strip.series),
        *_dots([dot for dot in strip.dots if span.holds(dot.at)], span, down),
    ]
    labels = [el("i", number(tick), style=f"top:{down(tick):.4g}%") for tick in ticks]
    svg = el(
        "svg",
        *(_shade(one, span) for one in strip.shades),
        drawn,
        viewBox=f"0 0 {_WIDE:g} {_HIGH:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=said,
    )
    unit = el("span", f" ({strip.y.unit})", class_="unit") if strip.y.unit else None
    title = el("p", strip.title, unit) if strip.title else None
    return el("div", title, el("div", labels, svg, class_="plane"), class_="strip")


def draw_times(span: Span) -> Html:
    """Return the axis that stands below strips and lanes."""
    ticks = [(span.share(at), said) for at, said in time_ticks(span.since, span.until)]
    labels = [el("span", said, style=f"left:{100 * at:.4g}%") for at, said in ticks if 0.02 <= at <= 0.98]
    return el("div", labels, class_="times", aria_hidden="true")


def draw_lanes(lanes: Iterable[Lane], span: Span, lines: Sequence[Dot] = ()) -> Html:
    """Return lanes below each other, with the axis.

    Args:
        lanes: From top to bottom.
        span: What the axis spans.
        lines: Moments at which a line goes down through all lanes.
    """
    drawn = [
        el("div", el("p", lane.name), el("div", _bars(lane, span), _signs(lane, span), class_="plane"), class_="lane")
        for lane in lanes
    ]
    through = [el("b", style=f"left:{100 * span.share(one.at):.4g}%") for one in lines if span.holds(one.at)]
    ground = el("div", through, class_="through", aria_hidden="true") if through else None
    return el("div", ground, drawn, draw_times(span), class_="lanes")


def _bars(lane: Lane, span: Span) -> list[Html]:
    made = []
    for since, until, bars in _together(lane, span):
        left, right = span.share(since), span.share(until)
        says = cut("\n".join(bar.says for bar in bars), _MOST_SAID)
        says = says if len(bars) == 1 else f"{len(bars):,} together\n{says}"
        style = f"left:{100 * left:.4g}%;width:{100 * (right - left):.4g}%"
        kind = f"bar {bars[0].state}"
        made.append(el("span", class_=kind, style=style, title=says, role="img", aria_label=says))
    return made


def _together(lane: Lane, span: Span) -> list[tuple[float, float, list[Bar]]]:
    """Bars inside of the span, what matters most on top; of one state those that all but touch each other are one."""
    near = (span.until - span.since) / _APART
    found: list[tuple[float, float, list[Bar]]] = []
    for bar in sorted(lane.bars, key=lambda one: (_rank(one.state), one.since)):
        until = span.until if bar.until is None else min(bar.until, span.until)
        since = max(bar.since, span.since)
        if since > until:
            continue
        if found and found[-1][2][0].state == bar.state and since <= found[-1][1] + near:
            first, last, bars = found[-1]
            found[-1] = first, max(last, until), [*bars, bar]
        else:
            found.append((since, until, [bar]))
    return found


def _rank(state: str) -> int:
    return _ON_TOP.index(state) if state in _ON_TOP else -1


def _signs(lane: Lane, span: Span) -> list[Html]:
    """Signs of a lane; those that would cover each other are one, which tells of all."""
    places: dict[int, list[Dot]] = {}
    for dot in lane.dots:
        if span.holds(dot.at):
            places.setdefault(round(span.share(dot.at) * _PLACES), []).append(dot)
    made = []
    for dots in places.values():
        state = worst(dot.state for dot in dots)
        mean = sum(span.share(dot.at) for dot in dots) / len(dots)
        says = cut("\n".join(dot.says for dot in dots), _MOST_SAID)
        says = says if len(dots) == 1 else f"{count(len(dots), 'event')}\n{says}"
        many = el("small", str(len(dots))) if len(dots) > 1 else None
        sign = glyph(state), many
        style = f"left:{100 * mean:.4g}%"
        made.append(el("span", sign, class_=f"status {state}", style=style, title=says, role="img", aria_label=says))
    return made


def _ends(strip: Strip) -> tuple[float, float]:
    sides = [np.asarray(side, dtype=np.float64) for one in strip.series for side in (one.y, one.low, one.high)]
    values = np.concatenate([*sides, [dot.y for dot in strip.dots], [0.0] if strip.y.zero else []])
    values = values[np.isfinite(values)]
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-300):
        around = abs(low) * 0.1 or 1.0
        low, high = low if strip.y.zero and low == 0 else low - around, high + around
    room = _PADDING * (high - low)
    return low if strip.y.zero and low == 0 else low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers inside of two ends: two to four of them."""
    unit = 10.0 ** math.floor(math.log10((high - low) / _TICKS))
    found: list[float] = []
    for factor in (10, 5, 2.5, 2, 1):
        step = factor * unit
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        found = [round(place * step, 12 - math.floor(math.log10(step))) for place in range(first, last + 1)]
        if len(found) > 1:
            break
    return found or [low]


def _pieces(series: Series, sides: Sequence[Sequence[float]], span: Span, step: float) -> list[Floats]:
    """Points inside of the span, as columns, in pieces without a gap of time; of very many only those that tell."""
    table = np.array([series.x, *sides], dtype=np.float64)
    table = table[:, np.isfinite(table).all(0) & (table[0] >= span.since) & (table[0] <= span.until)]
    thin = table.shape[1] > 2 * _STRETCHES
    apart = max(step, (span.until - span.since) / _STRETCHES) if thin else step
    breaks = np.flatnonzero(np.diff(table[0]) > 1.5 * apart) + 1
    if thin:
        places = ((table[0] - span.since) / (span.until - span.since) * _STRETCHES).astype(np.int64)
        breaks = np.union1d(breaks, np.flatnonzero(np.diff(places)) + 1)
        gaps = np.flatnonzero(np.diff(table[0]) > 1.5 * apart) + 1
        stretches = [_told(one) for one in np.split(table, breaks, axis=1)]
        begins = np.searchsorted(breaks, gaps) + 1
        ends = [0, *begins.tolist(), len(stretches)]
        return [np.concatenate(stretches[first:last], axis=1) for first, last in pairwise(ends)]
    return np.split(table, breaks, axis=1)


def _told(stretch: Floats) -> Floats:
    """Of a line the least and the greatest, in their order; of a band both ends at once."""
    if len(stretch) == 2:
        return stretch[:, sorted({int(stretch[1].argmin()), int(stretch[1].argmax())})]
    return np.array([[stretch[0].mean()], [stretch[1].min()], [stretch[2].max()]])


def _line(series: Series, span: Span, step: float, down: Down) -> Html | None:
    pieces = [piece for piece in _pieces(series, [series.y], span, step) if piece.size]
    paths = [
        _path(zip(*piece.tolist(), strict=True), span, down) + ("h0" if piece.shape[1] == 1 else "") for piece in pieces
    ]
    return el("path", d="".join(paths), class_="quiet" if series.quiet else "line") if paths else None


def _band(series: Series, span: Span, step: float, down: Down) -> Html | None:
    paths = []
    for piece in _pieces(series, [series.low, series.high], span, step):
        if piece.shape[1] > 1:
            at, low, high = piece.tolist()
            there = _path(zip(at, high, strict=True), span, down)
            back = _path(zip(reversed(at), reversed(low), strict=True), span, down)
            paths.append(f"{there}L{back[1:]}Z")
    return el("path", d="".join(paths), class_="band") if paths else None


def _path(points: Iterable[tuple[float, float]], span: Span, down: Down) -> str:
    return "M" + "L".join(f"{_WIDE * span.share(x):.1f} {down(y):.1f}" for x, y in points)


def _dots(dots: Sequence[Dot], span: Span, down: Down) -> list[Html]:
    """Dots, each of which says what it is; where there are very many, those of one state are one drawing."""
    if len(dots) <= _SAID:
        return [el("path", el("title", dot.says), d=_place(dot, span, down), class_=f"dot {dot.state}") for dot in dots]
    drawn: dict[str, list[str]] = {}
    for dot in dots:
        drawn.setdefault(dot.state, []).append(_place(dot, span, down))
    return [el("path", d="".join(places), class_=f"dot {state}") for state, places in drawn.items()]


def _place(dot: Dot, span: Span, down: Down) -> str:
    return _path([(dot.at, dot.y)], span, down) + "h0"


def _line_down(line: Dot, span: Span) -> Html:
    path = f"M{_WIDE * span.share(line.at):.1f} 0V{_HIGH:g}"
    return el("path", el("title", line.says), d=path, class_=f"mark {line.state}")


def _shade(bar: Bar, span: Span) -> Html | None:
    until = span.until if bar.until is None else bar.until
    left, right = (min(max(span.share(at), 0.0), 1.0) for at in (bar.since, until))
    if right <= left:
        return None
    size = {"x": f"{_WIDE * left:.1f}", "width": f"{_WIDE * (right - left):.1f}", "height": f"{_HIGH:g}"}
    return el("rect", el("title", bar.says), class_="shade", **size)


def _said(strip: Strip) -> str:
    unit = f" {strip.y.unit}" if strip.y.unit else ""
    parts = []
    for one in strip.series:
        values = np.asarray(one.y, dtype=np.float64)
        known = np.flatnonzero(np.isfinite(values))
        if known.size:
            at, last = clock_of(float(one.x[known[-1]])), number(float(values[known[-1]]))
            between = f"between {number(float(values[known].min()))} and {number(float(values[known].max()))}{unit}"
            parts.append(f"{one.name or strip.y.label}: {between}, {last}{unit} at {at}")
    if strip.dots:
        parts.append(f"{count(len(strip.dots), 'moment')} pointed out")
    return f"{strip.title or strip.y.label}. {'; '.join(parts) or 'No values'}"
