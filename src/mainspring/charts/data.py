"""Charts, tables and images as frozen data: what steps log, what facts keep, what pages draw.

Numbers may be given as lists or NumPy arrays; they are kept as tuples, so that charts can be compared and stored.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final, Literal

from mainspring.digest.plain import Plain
from mainspring.errors import DefinitionError

__all__ = [
    "MIMES",
    "Axis",
    "BarChart",
    "Chart",
    "Column",
    "Figure",
    "ForestChart",
    "Heatmap",
    "HistogramChart",
    "Image",
    "LineChart",
    "ScatterChart",
    "Series",
    "Table",
    "VegaSpec",
]

Cell = str | int | float | bool | None
Scale = Literal["linear", "log", "time"]
MIMES: Final = ("image/png", "image/svg+xml", "image/jpeg")


class Axis(Plain):
    """One axis: what it measures and in which unit.

    Attributes:
        label: What is measured, in the reader's words.
        unit: Its unit, such as `s` or `€`; empty for counts, shares and categories.
        scale: `linear`, `log`, or `time` for ISO 8601 texts.
        zero: Whether a numeric axis has to include zero; bars always do.

    >>> Axis("duration", "s").title
    'duration (s)'
    """

    label: str
    unit: str = ""
    scale: Scale = "linear"
    zero: bool = False

    @property
    def title(self) -> str:
        """Label and unit, as an axis shows them."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


class Series(Plain):
    """One named sequence of points, in the order in which they are drawn.

    Attributes:
        name: What the legend says; a chart of one series needs none.
        x: Positions: numbers, ISO 8601 texts on a time axis, or categories.
        y: Values; NaN and infinities are left out of the drawing.
        low: Lower end of an interval around each value; empty for none.
        high: Upper end, as many as `low`.
        quiet: Drawn in the background, such as what the series is compared with.
    """

    name: str
    x: Sequence[float | str]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    quiet: bool = False

    def __post_init__(self) -> None:
        _keep(self, x=_plain(self.x), y=_plain(self.y), low=_plain(self.low), high=_plain(self.high))
        size, where = len(self.y), f"series {self.name!r}"
        _demand(len(self.x) == size, f"There are {len(self.x)} x for {size} y", where, "Give one x for each y.")
        ends = (len(self.low), len(self.high))
        fix = "Give both for each y, or neither."
        _demand(ends in ((0, 0), (size, size)), f"There are {ends[0]} low and {ends[1]} high for {size} y", where, fix)


class LineChart(Plain):
    """Lines over a continuous axis, such as a loss over epochs; intervals are drawn as bands."""

    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]

    def __post_init__(self) -> None:
        _keep(self, series=_some(self.series, self.title))


class BarChart(Plain):
    """Bars over categories, one group of bars a category; intervals are drawn as whiskers.

    Attributes:
        title: What the chart shows.
        x: The axis of categories.
        y: The axis of values, whichever way the bars lie.
        series: Series with categories as `x`.
        horizontal: Whether bars lie, which suits long names of categories.
    """

    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    horizontal: bool = False

    def __post_init__(self) -> None:
        _keep(self, series=_some(self.series, self.title))


class ScatterChart(Plain):
    """Points, such as predicted against actual.

    Attributes:
        title: What the chart shows.
        x: The horizontal axis.
        y: The vertical axis.
        series: Points by group.
        diagonal: Whether to draw the line on which both axes are equal.
    """

    title: str
    x: Axis
    y: Axis
    series: Sequence[Series]
    diagonal: bool = False

    def __post_init__(self) -> None:
        _keep(self, series=_some(self.series, self.title))


class HistogramChart(Plain):
    """Counts in bins that lie edge to edge; several series overlap.

    Attributes:
        title: What the chart shows.
        x: The axis of what was binned.
        edges: Edges of the bins, ascending; one more than there are bins.
        counts: For each name, the count in each bin.
        y: The axis of the counts.
    """

    title: str
    x: Axis
    edges: Sequence[float]
    counts: Sequence[tuple[str, Sequence[float]]]
    y: Axis = Axis("count")

    def __post_init__(self) -> None:
        counts = tuple((str(name), _plain(values)) for name, values in self.counts)
        _keep(self, edges=_plain(self.edges), counts=_some(counts, self.title))
        bins, where = len(self.edges) - 1, f"histogram {self.title!r}"
        ascends = all(low < high for low, high in pairwise(self.edges))
        _demand(bins > 0 and ascends, "The edges do not ascend", where, "Give at least two, the smallest first.")
        for name, values in self.counts:
            fits = len(values) == bins
            _demand(fits, f"{name!r} has {len(values)} counts for {bins} bins", where, "Give one for each bin.")


class Heatmap(Plain):
    """A grid of coloured numbers, such as a confusion matrix.

    Attributes:
        title: What the chart shows.
        x: The horizontal axis, such as the predicted class.
        y: The vertical axis, such as the actual class.
        columns: Categories on the horizontal axis, from left to right.
        rows: Categories on the vertical axis, from top to bottom.
        values: One row of numbers for each of `rows`.
        value: What a number is, and its unit.

    >>> Heatmap("Confusion", Axis("predicted"), Axis("actual"), ["no", "yes"], ["no", "yes"], [[9, 1], [2, 8]]).values
    ((9, 1), (2, 8))
    """

    title: str
    x: Axis
    y: Axis
    columns: Sequence[str]
    rows: Sequence[str]
    values: Sequence[Sequence[float]]
    value: Axis = Axis("count")

    def __post_init__(self) -> None:
        _keep(
            self,
            columns=tuple(str(name) for name in _plain(self.columns)),
            rows=tuple(str(name) for name in _plain(self.rows)),
            values=tuple(_plain(row) for row in _plain(self.values)),
        )
        shape = f"{len(self.rows)} rows of {len(self.columns)} numbers"
        fits = len(self.rows) == len(self.values) > 0 and {len(row) for row in self.values} == {len(self.columns)}
        _demand(fits, f"The values are not {shape}", f"heatmap {self.title!r}", "Give a number for each cell.")


class ForestChart(Plain):
    """Intervals below each other, each with the limit that it is held against.

    Attributes:
        title: What the chart shows.
        x: The axis of values.
        names: What each interval is of, from top to bottom.
        values: Estimates.
        low: Lower ends.
        high: Upper ends.
        limits: Where each has to stay below.
    """

    title: str
    x: Axis
    names: Sequence[str]
    values: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    limits: Sequence[float]

    def __post_init__(self) -> None:
        columns = {name: _plain(getattr(self, name)) for name in ("values", "low", "high", "limits")}
        _keep(self, names=_some((str(name) for name in self.names), self.title), **columns)
        sizes = {len(self.names), *(len(values) for values in columns.values())}
        _demand(len(sizes) == 1, "Names and numbers differ in length", f"forest {self.title!r}", "Give one for each.")


class VegaSpec(Plain):
    """A Vega-Lite specification of the user's own, such as an Altair chart, as JSON text."""

    spec: str


class Image(Plain):
    """A picture as the bytes of a file.

    Attributes:
        mime: `image/png`, `image/svg+xml` or `image/jpeg`.
        data: The file.
    """

    mime: str
    data: bytes

    def __post_init__(self) -> None:
        _demand(self.mime in MIMES, f"An image cannot be {self.mime!r}", None, f"Known are {', '.join(MIMES)}.")


class Column(Plain):
    """One column of a table.

    Attributes:
        name: Its heading.
        type: The type of its values, in the words of where they come from, such as `Int64`; for the reader.
        unit: Unit of its numbers.
        format: A Python format specification for its numbers, such as `.3f`; empty for a fitting number of digits.
    """

    name: str
    type: str = ""
    unit: str = ""
    format: str = ""


class Table(Plain):
    """Rows and columns for a reader.

    Attributes:
        columns: The columns.
        rows: For each row a cell for each column: text, a number, a truth value or None.
        total: Number of rows in the source, of which `rows` may be only the first; None when it is unknown.

    >>> Table([Column("class"), Column("recall", format=".1%")], [["yes", 0.8]]).total
    1
    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: int | None = -1

    def __post_init__(self) -> None:
        rows = tuple(tuple(row) for row in self.rows)
        _keep(self, columns=tuple(self.columns), rows=rows, total=len(rows) if self.total == -1 else self.total)
        wrong = next((row for row in rows if len(row) != len(self.columns)), None)
        what = f"A row has {len(wrong or ())} cells for {len(self.columns)} columns"
        _demand(wrong is None, what, None, "Give a cell for each column, None where there is no value.")


Chart = LineChart | BarChart | ScatterChart | HistogramChart | Heatmap | ForestChart
Figure = Chart | VegaSpec | Image


def _plain(values: Iterable[Any]) -> tuple[Any, ...]:
    """Return a tuple of Python values; an array, a series or a column gives up its own scalar types."""
    for method in ("tolist", "to_list"):
        convert = getattr(values, method, None)
        if convert is not None:
            return tuple(convert())
    return tuple(value.item() if hasattr(value, "item") else value for value in values)


def _some(values: Iterable[Any], title: str) -> tuple[Any, ...]:
    kept = tuple(values)
    _demand(bool(kept), "There is nothing to draw", f"chart {title!r}", "Give at least one series.")
    return kept


def _keep(value: object, **fields: object) -> None:
    for name, field in fields.items():
        object.__setattr__(value, name, field)


def _demand(holds: bool, what: str, where: str | None, fix: str) -> None:
    if not holds:
        raise DefinitionError(what, where, fix)
