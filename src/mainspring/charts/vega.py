"""Charts as Vega-Lite specifications. Pure: colours and width come from whoever draws them."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

from mainspring.charts.data import (
    Axis,
    BarChart,
    Chart,
    ForestChart,
    Heatmap,
    HistogramChart,
    LineChart,
    ScatterChart,
    Series,
)
from mainspring.charts.numbers import number

__all__ = ["SCHEMA", "to_vega_lite"]

Spec = dict[str, Any]
Width = int | Literal["container"]

SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"
_HEIGHT: Final = 240
_FEW_POINTS: Final = 40
_LABELLED_BARS: Final = 16
_FLAT_LABELS: Final = 56
_LEAST_TEXT_CELL: Final = 26
_DIGIT: Final = 7


def to_vega_lite(chart: Chart, width: Width = "container") -> Spec:
    """Return a chart as a Vega-Lite specification with its data inside.

    Args:
        chart: What to draw.
        width: Width of the plot in pixels, or `container` for that of the element that holds it.

    >>> to_vega_lite(LineChart("Loss", Axis("epoch"), Axis("loss", "nats"), [Series("", [1, 2], [0.5, 0.4])]))["title"]
    'Loss'
    """
    spec: Spec = {"$schema": SCHEMA, "title": chart.title, "description": _described(chart)}
    if isinstance(chart, Heatmap):
        return spec | _heatmap(chart)
    if isinstance(chart, ForestChart):
        return spec | {"width": width} | _forest(chart)
    spec |= {"width": width, "height": _HEIGHT}
    if isinstance(chart, LineChart):
        return spec | _lines(chart)
    if isinstance(chart, BarChart):
        return spec | _bars(chart)
    if isinstance(chart, ScatterChart):
        return spec | _points(chart)
    return spec | _histogram(chart)


def _described(chart: Chart) -> str:
    if isinstance(chart, ForestChart):
        return f"{chart.title}: intervals of {chart.x.title} against their limits"
    kind = {LineChart: "lines", BarChart: "bars", ScatterChart: "points", HistogramChart: "a histogram"}
    return f"{chart.title}: {kind.get(type(chart), 'a heatmap')} of {chart.y.title} by {chart.x.title}"


def _rows(series: Iterable[Series]) -> list[Spec]:
    rows = []
    for one in series:
        ends = zip(one.low, one.high, strict=True) if one.low else ((None, None) for _ in one.y)
        for x, y, (low, high) in zip(one.x, one.y, ends, strict=True):
            row: Spec = {"x": _finite(x), "y": _finite(y), "series": one.name}
            if low is not None and high is not None:
                row |= {"low": _finite(low), "high": _finite(high)}
            rows.append(row)
    return rows


def _finite(value: Any) -> Any:
    return value if isinstance(value, str) or math.isfinite(value) else None


def _type(axis: Axis, values: Iterable[float | str]) -> str:
    if axis.scale == "time":
        return "temporal"
    return "ordinal" if any(isinstance(value, str) for value in values) else "quantitative"


def _channel(field: str, axis: Axis, kind: str) -> Spec:
    channel: Spec = {"field": field, "type": kind, "title": axis.title}
    if kind == "ordinal":
        channel["sort"] = None
    elif kind == "quantitative":
        channel["scale"] = {"type": "log"} if axis.scale == "log" else {"zero": axis.zero, "nice": True}
    return channel


def _colour(names: Sequence[str]) -> Spec:
    """Return the channels that tell series apart, in their order; none for a single series."""
    if len(names) < 2:
        return {}
    return {
        "color": {"field": "series", "type": "nominal", "title": None, "sort": None, "scale": {"domain": list(names)}}
    }


def _tooltip(x: Axis, y: Axis, kind: str, many: bool) -> list[Spec]:
    shown = [{"field": "x", "type": kind, "title": x.title}, {"field": "y", "type": "quantitative", "title": y.title}]
    return [{"field": "series", "type": "nominal", "title": "series"}, *shown] if many else shown


def _lines(chart: LineChart) -> Spec:
    kind = _type(chart.x, (x for series in chart.series for x in series.x))
    names = [series.name for series in chart.series]
    x = _channel("x", chart.x, kind)
    if kind == "quantitative":
        whole = all(isinstance(value, int) for series in chart.series for value in series.x)
        x["scale"] |= {"nice": False}
        x["axis"] = {"tickMinStep": 1} if whole else {}
    encoding = {"x": x, "y": _channel("y", chart.y, "quantitative"), **_colour(names)}
    encoding["tooltip"] = _tooltip(chart.x, chart.y, kind, len(names) > 1)
    quiet = [series.name for series in chart.series if series.quiet]
    if quiet:
        test = {"field": "series", "oneOf": quiet}
        encoding["strokeDash"] = {"condition": {"test": test, "value": [5, 4]}, "value": [1, 0]}
        encoding["opacity"] = {"condition": {"test": test, "value": 0.65}, "value": 1}
    few = max(len(series.y) for series in chart.series) <= _FEW_POINTS
    mark: Spec = {"type": "line", "interpolate": "linear"}
    if few:
        mark["point"] = {"filled": True, "size": 28}
    layers: list[Spec] = [{"mark": mark, "encoding": encoding}]
    if any(series.low for series in chart.series):
        band = {"x": x, "y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}, **_colour(names)}
        layers.insert(0, {"mark": {"type": "area", "opacity": 0.18}, "encoding": band})
    return {"data": {"values": _rows(chart.series)}, "layer": layers}


def _bars(chart: BarChart) -> Spec:
    names = [series.name for series in chart.series]
    categories = list(dict.fromkeys(str(x) for series in chart.series for x in series.x))
    along, across, offset, end = ("y", "x", "yOffset", "x2") if chart.horizontal else ("x", "y", "xOffset", "y2")
    scale: Spec = {"field": "x", "type": "nominal", "title": chart.x.title, "sort": None}
    if not chart.horizontal:
        flat = sum(len(name) + 2 for name in categories) <= _FLAT_LABELS
        scale["axis"] = {"labelAngle": 0 if flat else -40}
    value = _channel("y", chart.y, "quantitative")
    value["scale"] = {"type": "log"} if chart.y.scale == "log" else {"zero": True}
    encoding: Spec = {along: scale, across: value, **_colour(names)}
    if len(names) > 1:
        encoding[offset] = {"field": "series", "type": "nominal", "sort": None, "scale": {"domain": names}}
    tooltip = _tooltip(chart.x, chart.y, "nominal", len(names) > 1)
    ranged = any(series.low for series in chart.series)
    bar = {"type": "bar", "cornerRadiusEnd": 2, "opacity": 0.75 if ranged else 1}
    layers: list[Spec] = [{"mark": bar, "encoding": {**encoding, "tooltip": tooltip}}]
    if ranged:
        whisker = {**encoding, across: {**value, "field": "low"}, end: {"field": "high"}}
        whisker.pop("color", None)
        layers.append({"mark": {"type": "rule", "strokeWidth": 1.5}, "encoding": whisker})
    elif len(names) == 1 and len(categories) <= _LABELLED_BARS:
        layers.append(_bar_labels(chart, encoding))
    rows = _rows(chart.series)
    for row in rows:
        row["text"] = "" if row["y"] is None else number(row["y"])
    spec: Spec = {"data": {"values": rows}, "layer": layers}
    if not chart.horizontal:
        return spec
    if not ranged and len(names) == 1 and len(categories) <= _LABELLED_BARS:
        # Numbers stand beyond the ends of bars, where a narrow page has no room for them otherwise.
        most = max(len(row["text"]) for row in rows)
        spec["padding"] = {"left": 5, "top": 5, "bottom": 5, "right": 5 + _DIGIT * most}
    return spec | {"height": {"step": 13 if len(names) > 1 else 24}}


def _bar_labels(chart: BarChart, encoding: Spec) -> Spec:
    near: Spec = (
        {"align": "left", "baseline": "middle", "dx": 4} if chart.horizontal else {"baseline": "bottom", "dy": -3}
    )
    return {"mark": {"type": "text", **near}, "encoding": {**encoding, "text": {"field": "text", "type": "nominal"}}}


def _points(chart: ScatterChart) -> Spec:
    kind = _type(chart.x, (x for series in chart.series for x in series.x))
    names = [series.name for series in chart.series]
    encoding = {
        "x": _channel("x", chart.x, kind),
        "y": _channel("y", chart.y, "quantitative"),
        **_colour(names),
        "tooltip": _tooltip(chart.x, chart.y, kind, len(names) > 1),
    }
    if len(names) > 1:
        encoding["shape"] = {"field": "series", "type": "nominal", "title": None, "scale": {"domain": names}}
    rows = _rows(chart.series)
    many = len(rows) > 500
    mark = {"type": "point", "filled": True, "size": 16 if many else 36, "opacity": 0.45 if many else 0.75}
    layers: list[Spec] = [{"mark": mark, "encoding": encoding}]
    ends = [row[key] for row in rows for key in ("x", "y") if isinstance(row[key], int | float)]
    if chart.diagonal and ends and kind == "quantitative":
        line = [{"x": end, "y": end} for end in (min(ends), max(ends))]
        places = {name: {"field": name, "type": "quantitative"} for name in ("x", "y")}
        dashed = {"type": "line", "strokeDash": [4, 4], "strokeWidth": 1, "opacity": 0.6}
        layers.insert(0, {"data": {"values": line}, "mark": dashed, "encoding": places})
    return {"data": {"values": rows}, "layer": layers}


def _histogram(chart: HistogramChart) -> Spec:
    names = [name for name, _ in chart.counts]
    rows = [
        {"low": low, "high": high, "y": _finite(value), "series": name}
        for name, values in chart.counts
        for low, high, value in zip(chart.edges, chart.edges[1:], values, strict=False)
    ]
    scale = {"type": "log"} if chart.x.scale == "log" else {"zero": chart.x.zero, "nice": False}
    encoding = {
        "x": {"field": "low", "type": "quantitative", "bin": "binned", "title": chart.x.title, "scale": scale},
        "x2": {"field": "high"},
        "y": {**_channel("y", chart.y, "quantitative"), "stack": None, "scale": {"zero": True}},
        **_colour(names),
        "tooltip": [
            *([{"field": "series", "type": "nominal", "title": "series"}] if len(names) > 1 else []),
            {"field": "low", "type": "quantitative", "title": "from"},
            {"field": "high", "type": "quantitative", "title": "to"},
            {"field": "y", "type": "quantitative", "title": chart.y.title},
        ],
    }
    mark = {"type": "bar", "binSpacing": 1 if len(chart.edges) < 80 else 0, "opacity": 0.55 if len(names) > 1 else 0.9}
    return {"data": {"values": rows}, "mark": mark, "encoding": encoding}


def _heatmap(chart: Heatmap) -> Spec:
    flat = [value for row in chart.values for value in row if math.isfinite(value)]
    low, high = min(flat, default=0.0), max(flat, default=0.0)
    strong = 0.55 * max(abs(low), abs(high))
    rows = [
        {
            "x": x,
            "y": y,
            "value": _finite(value),
            "text": number(value) if math.isfinite(value) else "",
            "strong": abs(value) > strong,
        }
        for y, values in zip(chart.rows, chart.values, strict=True)
        for x, value in zip(chart.columns, values, strict=True)
    ]
    step = max(14, min(48, 460 // len(chart.columns)))
    places: dict[str, Spec] = {
        "x": {"field": "x", "type": "nominal", "title": chart.x.title, "sort": list(chart.columns)},
        "y": {"field": "y", "type": "nominal", "title": chart.y.title, "sort": list(chart.rows)},
    }
    longest = max(len(name) for name in chart.columns)
    places["x"]["axis"] = {"labelAngle": 0 if longest * 6 <= step else -40}
    # Below and above zero the same distance is the same strength of colour.
    most = max(abs(low), abs(high)) or 1
    scale = {"domain": [-most, most], "domainMid": 0} if low < 0 else {"domain": [0, most]}
    colour: Spec = {"field": "value", "type": "quantitative", "title": chart.value.title, "scale": scale}
    written = step >= _LEAST_TEXT_CELL and max(len(row["text"]) for row in rows) * 6.5 <= step
    if written:
        colour["legend"] = None
    else:
        for place in places.values():
            place["axis"] = {**place.get("axis", {}), "labelOverlap": True}
    tooltip = [
        {"field": name, "type": "nominal", "title": axis.title} for name, axis in (("y", chart.y), ("x", chart.x))
    ]
    tooltip.append({"field": "value", "type": "quantitative", "title": chart.value.title})
    layers: list[Spec] = [{"mark": "rect", "encoding": {**places, "color": colour, "tooltip": tooltip}}]
    for style, wanted in (("on-weak", False), ("on-strong", True)) if written else ():
        layers.append(
            {
                "transform": [{"filter": {"field": "strong", "equal": wanted}}],
                "mark": {"type": "text", "style": style},
                "encoding": {**places, "text": {"field": "text", "type": "nominal"}},
            }
        )
    size = {"width": {"step": step}, "height": {"step": min(step, 36)}}
    return {"data": {"values": rows}, **size, "layer": layers}


def _forest(chart: ForestChart) -> Spec:
    """Points with whiskers, a tick at each limit, and a line at zero; what reaches its limit is no circle."""
    columns = (chart.names, chart.values, chart.low, chart.high, chart.limits)
    rows = [
        {
            "name": name,
            "x": _finite(x),
            "low": _finite(low),
            "high": _finite(high),
            "limit": limit,
            "below": high < limit,
        }
        for name, x, low, high, limit in zip(*columns, strict=True)
    ]
    place: Spec = {"field": "name", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 220}}
    value = {"type": "quantitative", "title": chart.x.title, "scale": {"zero": True, "nice": True}}
    tooltip = [{"field": "name", "type": "nominal", "title": "of"}]
    named = (("x", chart.x.label), ("low", "from"), ("high", "to"), ("limit", "limit"))
    tooltip += [{"field": field, "type": "quantitative", "title": title} for field, title in named]
    shape = {"condition": {"test": {"field": "below", "equal": False}, "value": "diamond"}, "value": "circle"}
    layers: list[Spec] = [
        {"mark": {"type": "rule", "strokeDash": [4, 4], "opacity": 0.6}, "encoding": {"x": {"datum": 0, **value}}},
        {
            "mark": {"type": "rule", "strokeWidth": 1.5},
            "encoding": {"y": place, "x": {"field": "low", **value}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "tick", "thickness": 2.5, "size": 16},
            "encoding": {"y": place, "x": {"field": "limit", **value}, "tooltip": tooltip},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
            "encoding": {"y": place, "x": {"field": "x", **value}, "shape": shape, "tooltip": tooltip},
        },
    ]
    return {"data": {"values": rows}, "height": {"step": 24}, "layer": layers}
