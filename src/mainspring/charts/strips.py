"""Strips and lanes: low charts over one span of time below each other, drawn without a script.

The drawing is stretched to the width of its place; texts stand beside it, so that they keep their size. However many
points there are, of each small stretch of time the least and the greatest are drawn.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

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
_MOST_SAID: Final = 400
_TICKS: Final = 3
_PADDING: Final = 0.06

Points = list[tuple[float, ...]]
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
        *(_dot(dot, span, down) for dot in _told_apart(strip.dots, span, _STRETCHES)),
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
    for bar in lane.bars:
        until = span.until if bar.until is None else bar.until
        if bar.since <= span.until and until >= span.since:
            left, right = (min(max(span.share(at), 0.0), 1.0) for at in (bar.since, until))
            style = f"left:{100 * left:.4g}%;width:{100 * (right - left):.4g}%"
            made.append(
                el("span", class_=f"bar {bar.state}", style=style, title=bar.says, role="img", aria_label=bar.says)
            )
    return made


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


def _told_apart(dots: Sequence[Dot], span: Span, stretches: int) -> list[Dot]:
    """Dots of which no stretch has more than one: the one furthest out."""
    if len(dots) <= stretches:
        return [dot for dot in dots if span.holds(dot.at)]
    kept: dict[int, Dot] = {}
    for dot in dots:
        place = int(span.share(dot.at) * stretches)
        if span.holds(dot.at) and (place not in kept or abs(kept[place].y) < abs(dot.y)):
            kept[place] = dot
    return list(kept.values())


def _ends(strip: Strip) -> tuple[float, float]:
    values = [float(y) for one in strip.series for side in (one.y, one.low, one.high) for y in side if math.isfinite(y)]
    values += [dot.y for dot in strip.dots if math.isfinite(dot.y)]
    if strip.y.zero:
        values.append(0.0)
    low, high = min(values, default=0.0), max(values, default=1.0)
    if high - low <= 1e-9 * max(abs(low), abs(high), 1e-300):
        around = abs(low) * 0.1 or 1.0
        low, high = low if strip.y.zero and low == 0 else low - around, high + around
    room = _PADDING * (high - low)
    return low if strip.y.zero and low == 0 else low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers inside of two ends: two to four of them."""
    raw = (high - low) / _TICKS
    unit = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * unit for factor in (1, 2, 2.5, 5, 10) if factor * unit >= raw)
    first = math.ceil(low / step - 1e-9)
    found = [round(place * step, 12) for place in range(first, math.floor(high / step + 1e-9) + 1)]
    return found or [low]


def _pieces(points: Points, step: float) -> Iterator[Points]:
    """Points that belong together: no gap of time, and no value that is missing."""
    piece: Points = []
    for point in points:
        if not all(map(math.isfinite, point)):
            yield piece
            piece = []
            continue
        if piece and point[0] - piece[-1][0] > 1.5 * step:
            yield piece
            piece = []
        piece.append(point)
    yield piece


def _thinned(points: Points, span: Span, *, band: bool) -> Points:
    """Of each stretch of time the least and the greatest, in their order; of a band both at once."""
    if len(points) <= 2 * _STRETCHES:
        return points
    stretches: dict[int, Points] = {}
    for point in points:
        stretches.setdefault(int(span.share(point[0]) * _STRETCHES), []).append(point)
    kept: Points = []
    for same in stretches.values():
        if band:
            middle = (same[0][0] + same[-1][0]) / 2
            kept.append((middle, min(one[1] for one in same), max(one[2] for one in same)))
        else:
            kept += sorted({min(same, key=lambda one: one[1]), max(same, key=lambda one: one[1])})
    return kept


def _within(points: Iterable[tuple[float, ...]], span: Span) -> Points:
    return [point for point in points if span.holds(point[0])]


def _line(series: Series, span: Span, step: float, down: Down) -> Html | None:
    points = _within(((float(x), float(y)) for x, y in zip(series.x, series.y, strict=True)), span)
    paths = []
    for piece in _pieces(points, step):
        thin = _thinned(piece, span, band=False)
        if thin:
            paths.append(_path(((x, y) for x, y in thin), span, down) + ("h0" if len(thin) == 1 else ""))
    kind = "quiet" if series.quiet else "line"
    return el("path", d="".join(paths), class_=kind) if paths else None


def _band(series: Series, span: Span, step: float, down: Down) -> Html | None:
    rows = zip(series.x, series.low, series.high, strict=True)
    points = _within(((float(x), float(low), float(high)) for x, low, high in rows), span)
    paths = []
    for piece in _pieces(points, step):
        thin = _thinned(piece, span, band=True)
        if len(thin) > 1:
            there = _path(((x, high) for x, _, high in thin), span, down)
            back = _path(((x, low) for x, low, _ in reversed(thin)), span, down)
            paths.append(f"{there}L{back[1:]}Z")
    return el("path", d="".join(paths), class_="band") if paths else None


def _path(points: Iterable[tuple[float, float]], span: Span, down: Down) -> str:
    return "M" + "L".join(f"{_WIDE * span.share(x):.1f} {down(y):.1f}" for x, y in points)


def _dot(dot: Dot, span: Span, down: Down) -> Html:
    place = _path([(dot.at, dot.y)], span, down)
    return el("path", el("title", dot.says), d=f"{place}h0", class_=f"dot {dot.state}")


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
        finite = [(x, y) for x, y in zip(one.x, one.y, strict=True) if math.isfinite(y)]
        if finite:
            values = [y for _, y in finite]
            at = clock_of(float(finite[-1][0]))
            between = f"between {number(min(values))} and {number(max(values))}{unit}"
            parts.append(f"{one.name or strip.y.label}: {between}, {number(values[-1])}{unit} at {at}")
    if strip.dots:
        parts.append(f"{count(len(strip.dots), 'moment')} pointed out")
    return f"{strip.title or strip.y.label}. {'; '.join(parts) or 'No values'}"
