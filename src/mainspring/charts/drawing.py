"""Tables, charts, pictures and sparklines as HTML."""

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from mainspring.charts.data import (
    BarChart,
    Cell,
    Chart,
    Column,
    ForestChart,
    Heatmap,
    HistogramChart,
    Image,
    LineChart,
    ScatterChart,
    Series,
    Table,
    VegaSpec,
)
from mainspring.charts.html import Html, el, join
from mainspring.charts.numbers import MINUS, count, number
from mainspring.charts.tables import table_from
from mainspring.charts.vega import to_vega_lite

__all__ = ["data_of", "draw_chart", "draw_image", "draw_table", "sparkline", "spec_of", "thinned"]

_NOTHING: Final = "\N{EN DASH}"
_MOST_ROWS: Final = 50
_MOST_COLUMNS: Final = 40
_LEAST: Final = 1e-3
_MOST: Final = 1e6
_MOST_DECIMALS: Final = 4
_MOST_DIGITS: Final = 6
_MOST_POINTS: Final = 2000
_SPARK_POINTS: Final = 120
_SPARK_WIDTH: Final = 132.0
_SPARK_HEIGHT: Final = 30.0
_COMPOSED: Final = ("hconcat", "vconcat", "concat", "repeat", "spec", "facet")
_FACETS: Final = ("row", "column", "facet")

C = TypeVar("C", LineChart, BarChart, ScatterChart)


def draw_table(table: Table, *, rows: int = _MOST_ROWS, columns: int = _MOST_COLUMNS) -> Html:
    """Return a table with at most that many rows and columns, and a line about what is left out."""
    shown = table.columns[:columns]
    places = range(len(shown))
    right = [_is_numeric([row[place] for row in table.rows[:rows]]) for place in range(len(shown))]
    head = [_heading(column, numeric) for column, numeric in zip(shown, right, strict=True)]
    forms = [
        column.format or (_common_format([row[place] for row in table.rows[:rows]]) if numeric else "")
        for place, (column, numeric) in enumerate(zip(shown, right, strict=True))
    ]
    body = [
        el(
            "tr",
            [_cell(row[place], _fitting(row[place], shown[place], forms[place]), right[place]) for place in places],
        )
        for row in table.rows[:rows]
    ]
    drawn = el("div", el("table", el("thead", el("tr", head)), el("tbody", body)), class_="box", tabindex="0")
    return join(drawn, _left_out(table, min(rows, len(table.rows)), len(shown)))


def _heading(column: Column, numeric: bool) -> Html:
    unit = el("span", f" ({column.unit})", class_="unit") if column.unit else None
    return el("th", column.name, unit, class_="number" if numeric else None, scope="col", title=column.type or None)


def _is_numeric(cells: Sequence[Cell]) -> bool:
    present = [cell for cell in cells if cell is not None]
    return bool(present) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in present)


def _common_format(cells: Sequence[Cell]) -> str:
    """Return the format that gives all numbers of a column as many decimals; none where they are too different."""
    values = [cell for cell in cells if isinstance(cell, float) and math.isfinite(cell) and cell]
    if not values or not all(_LEAST <= abs(value) < _MOST for value in values):
        return ""
    decimals = max(len(number(value).partition(".")[2]) for value in values)
    if min(decimals, _MOST_DECIMALS) + math.floor(math.log10(max(map(abs, values)))) >= _MOST_DIGITS:
        return ""
    return f",.{min(decimals, _MOST_DECIMALS)}f"


def _fitting(cell: Cell, column: Column, form: str) -> str:
    """Return the format of a cell: whole numbers among others have no decimals, unless the column says so."""
    return "" if isinstance(cell, int) and not column.format else form


def _cell(cell: Cell, form: str, numeric: bool) -> Html:
    if cell is None:
        return el("td", _NOTHING, class_="number empty" if numeric else "empty")
    if isinstance(cell, bool | str):
        text = str(cell)
        return el("td", text, title=text if len(text) > 40 else None)
    return el("td", _formatted(cell, form), class_="number")


def _formatted(value: float, form: str) -> str:
    try:
        return format(value, form).replace("-", MINUS) if form and math.isfinite(value) else number(value)
    except ValueError:
        return number(value)


def _left_out(table: Table, rows: int, columns: int) -> Html | None:
    said = []
    if table.total is None:
        said.append(f"the first {count(rows, 'row')}")
    elif table.total > rows:
        said.append(f"{rows:,} of {count(table.total, 'row')}")
    if len(table.columns) > columns:
        said.append(f"{columns} of {count(len(table.columns), 'column')}")
    if not table.rows:
        said.append("no rows")
    text = ", ".join(said)
    return el("p", f"{text[0].upper()}{text[1:]}.", class_="note small") if text else None


def draw_image(image: Image, title: str) -> Html:
    """Return a picture, inside the page."""
    data = base64.b64encode(image.data).decode("ascii")
    return el("img", src=f"data:{image.mime};base64,{data}", alt=title, loading="lazy")


def draw_chart(chart: Chart | VegaSpec, *, drawn: bool) -> Html:
    """Return the place where a script draws a chart, with its numbers as a table to open.

    Args:
        chart: The chart.
        drawn: Whether the page has the script; otherwise the numbers are shown at once.
    """
    table = data_of(chart)
    numbers = draw_table(table) if table is not None else el("p", "Its data is not in tabular form.", class_="note")
    if not drawn:
        return el("div", numbers, class_="logged")
    spec = json.dumps(spec_of(chart), separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    return join(
        el("script", Html(spec), type="application/json"),
        el("div", class_="plot own" if isinstance(chart, VegaSpec) else "plot"),
        el("noscript", el("p", "This chart is drawn by a script; its numbers are below.", class_="note")),
        el("details", el("summary", "Numbers"), numbers, class_="logged"),
    )


def spec_of(chart: Chart | VegaSpec) -> dict[str, Any]:
    """Return the specification that a page draws: as wide as its element, and untitled, as the page has the title."""
    if not isinstance(chart, VegaSpec):
        spec = to_vega_lite(thinned(chart))
        del spec["title"]
        return spec
    own: dict[str, Any] = json.loads(chart.spec, parse_constant=lambda _: None)
    encoding = own.get("encoding", {})
    if "width" not in own and not any(key in own for key in _COMPOSED) and not any(key in encoding for key in _FACETS):
        own["width"] = "container"
    return own


def thinned(chart: Chart, most: int = _MOST_POINTS) -> Chart:
    """Return a chart whose lines have at most about `most` points each: of each stretch the least and the greatest.

    Points of a scatter chart are thinned evenly.
    """
    if isinstance(chart, LineChart):
        return _with(chart, [_extremes(series, most) for series in chart.series])
    if isinstance(chart, ScatterChart):
        return _with(
            chart, [_taken(series, range(0, len(series.y), -(-len(series.y) // most))) for series in chart.series]
        )
    return chart


def _with(chart: C, series: list[Series]) -> C:
    return replace(chart, series=series)


def _extremes(series: Series, most: int) -> Series:
    if len(series.y) <= most:
        return series
    return _taken(series, _places(series.y, most))


def _places(values: Sequence[float], most: int) -> list[int]:
    length = -(-2 * len(values) // most)
    places: set[int] = {0, len(values) - 1}
    for start in range(0, len(values), length):
        stretch = [place for place in range(start, min(start + length, len(values))) if math.isfinite(values[place])]
        if stretch:
            places |= {min(stretch, key=values.__getitem__), max(stretch, key=values.__getitem__)}
    return sorted(places)


def _taken(series: Series, places: Sequence[int]) -> Series:
    if len(places) == len(series.y):
        return series

    def pick(values: Sequence[Any]) -> list[Any]:
        return [values[place] for place in places] if values else []

    return replace(series, x=pick(series.x), y=pick(series.y), low=pick(series.low), high=pick(series.high))


def data_of(chart: Chart | VegaSpec) -> Table | None:
    """Return the numbers of a chart as a table, or None for a specification that has no rows inside."""
    if isinstance(chart, VegaSpec):
        return _rows_of(json.loads(chart.spec, parse_constant=lambda _: None))
    if isinstance(chart, Heatmap):
        columns = [Column(chart.y.title), *(Column(name, unit=chart.value.unit) for name in chart.columns)]
        return Table(columns, [(name, *values) for name, values in zip(chart.rows, chart.values, strict=True)])
    if isinstance(chart, ForestChart):
        columns = [Column(""), *(Column(name, unit=chart.x.unit) for name in (chart.x.label, "low", "high", "limit"))]
        return Table(columns, list(zip(chart.names, chart.values, chart.low, chart.high, chart.limits, strict=True)))
    if isinstance(chart, HistogramChart):
        edges = list(zip(chart.edges, chart.edges[1:], strict=False))
        columns = [Column("from", unit=chart.x.unit), Column("to", unit=chart.x.unit)]
        columns += [Column(name or chart.y.label, unit=chart.y.unit) for name, _ in chart.counts]
        counts = zip(*(values for _, values in chart.counts), strict=True)
        return Table(columns, [(*ends, *values) for ends, values in zip(edges, counts, strict=True)])
    named = len(chart.series) > 1
    columns = [Column(chart.x.label, unit=chart.x.unit), Column(chart.y.label, unit=chart.y.unit)]
    rows = [
        (series.name, x, y) if named else (x, y)
        for series in chart.series
        for x, y in zip(series.x, series.y, strict=True)
    ]
    return Table([Column("series"), *columns] if named else columns, rows)


def _rows_of(spec: dict[str, Any]) -> Table | None:
    data = spec.get("data") or {}
    rows = data.get("values") or (spec.get("datasets") or {}).get(data.get("name"))
    if not rows:
        rows = next(iter((spec.get("datasets") or {}).values()), None)
    if not isinstance(rows, list) or not rows:
        return None
    return table_from(rows)


def sparkline(values: Sequence[float], name: str) -> Html:
    """Return a small line of a metric's course, with its numbers in words for those who do not see it."""
    finite = [value for value in values if math.isfinite(value)]
    if len(finite) < 2:
        return Html("")
    low, high = min(finite), max(finite)
    places = range(len(values)) if len(values) <= _SPARK_POINTS else _places(values, _SPARK_POINTS)
    points = []
    for place in places:
        if math.isfinite(values[place]):
            share = (values[place] - low) / (high - low) if high > low else 0.5
            x = 2 + (_SPARK_WIDTH - 4) * place / (len(values) - 1)
            points.append(f"{x:.1f} {_SPARK_HEIGHT - 3 - (_SPARK_HEIGHT - 6) * share:.1f}")
    said = f"{name}: {count(len(values), 'value')} from {number(finite[0])} to {number(finite[-1])}, "
    said += f"between {number(low)} and {number(high)}"
    across, _, down = points[-1].partition(" ")
    drawing = el("path", d=f"M{'L'.join(points)}"), el("circle", cx=across, cy=down, r="2.4")
    size = f"0 0 {_SPARK_WIDTH:g} {_SPARK_HEIGHT:g}"
    return el("svg", el("title", said), drawing, class_="spark", viewBox=size, role="img", aria_label=said)
