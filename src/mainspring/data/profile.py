"""What a table holds, and how folds divide it, as tables and charts for a report."""

import datetime
import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.charts import (
    Axis,
    BarChart,
    Chart,
    Column,
    Heatmap,
    HistogramChart,
    LineChart,
    Series,
    Table,
    VegaSpec,
)
from mainspring.charts.numbers import number
from mainspring.errors import StatisticsError
from mainspring.stats import (
    ColumnProfile,
    Correlation,
    FrameProfile,
    Relation,
    Suspect,
    columns_of,
    correlation,
    leakage_suspects,
    profile_frame,
    relations,
)

__all__ = ["Profile", "Span", "draw_folds", "draw_profile", "profile"]

Drawing = Chart | VegaSpec | Table
Drawings = dict[str, Drawing]

_ROWS: Final = 100_000
_BINS: Final = 40
_WHOLE: Final = 60
_FEW: Final = 6
_MOST_BARS: Final = 20
_MOST_COLUMNS: Final = 30
_TAIL: Final = 0.005
_LONG_TAIL: Final = 3.0
_TOP: Final = 3
_DAY: Final = 86_400_000_000
_SECOND: Final = 1_000_000
_EPOCH: Final = datetime.date(1970, 1, 1)
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True, slots=True)
class Profile:
    """What a table holds, column by column, and what its columns say about each other and about a target.

    Attributes:
        frame: Profiles of the columns. They merge with those of other tables; the rest does not.
        target: The column to be predicted, or None.
        correlation: Spearman's correlation of the columns that are on an axis.
        relations: What each column tells about the target, the one that tells most first; empty without a target.
        suspects: Columns that tell more than they could know.
        related_rows: How many rows correlation, relations and suspects were computed on.
    """

    frame: FrameProfile
    target: str | None
    correlation: Correlation
    relations: tuple[Relation, ...]
    suspects: tuple[Suspect, ...]
    related_rows: int


def profile(
    frame: Any,
    target: str | None = None,
    *,
    known_at: str | None = None,
    sensitive: Collection[str] = (),
    rows: int = _ROWS,
    seed: int = 0,
) -> Profile:
    """Return the profile of a table.

    Args:
        frame: A Polars or pandas frame, or a dict of arrays. An empty one has a profile of zero rows.
        target: The column to be predicted.
        known_at: The column of dates at which a row has to be predicted: dates after it are suspect.
        sensitive: Columns of which only counts are kept, and which are related to nothing.
        rows: On how many rows, drawn at random, correlation and relations are computed when there are more.
        seed: Seed of the draw.

    Raises:
        StatisticsError: A named column is not there, or a column cannot be what it is named as.

    >>> sales = profile({"units": [0.0, 2.0] * 20, "sold": [False, True] * 20}, "units")
    >>> [str(suspect) for suspect in sales.suspects]
    ["'sold' explains 100.0% of the target alone"]
    """
    columns = columns_of(frame)
    whole = profile_frame(columns, sensitive=sensitive)
    if whole.rows > rows:
        drawn = np.sort(np.random.default_rng(seed).choice(whole.rows, rows, replace=False))
        columns = tuple(column.taken(drawn) for column in columns)
    open_columns = tuple(column for column in columns if column.name not in sensitive)
    if target in sensitive:
        raise StatisticsError(f"The target {target!r} is sensitive", fix="Name another target, or none.")
    told: tuple[Relation, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    if target is not None:
        told = relations(open_columns, target, seed=seed)
        suspects = leakage_suspects(open_columns, target, known_at=known_at, found=told)
    return Profile(whole, target, correlation(open_columns), told, suspects, min(rows, whole.rows))


def draw_profile(profile: Profile, *, units: Mapping[str, str] | None = None) -> Drawings:
    """Return tables and charts of a profile, by title, in the order in which they are read.

    A table for numbers, one for dates and durations, one for categories; nulls; correlation; what columns tell about
    the target; suspects; the distribution of each column. What has nothing to show is left out.

    Args:
        profile: What `profile` returned.
        units: Units of columns, for axes and headings.
    """
    named = units or {}
    drawn: Drawings = {}
    for title, kinds, draw in (
        ("numbers", ("number",), _numbers),
        ("dates and durations", ("date", "datetime", "duration"), _times),
        ("categories", ("category", "boolean", "empty", "other"), _categories),
    ):
        columns = [column for column in profile.frame.columns if column.kind in kinds]
        if columns:
            drawn[title] = draw(columns, named)
    drawn |= {
        title: chart
        for title, chart in (
            ("nulls", _nulls(profile.frame)),
            ("correlation", _correlations(profile)),
            (f"relation to {profile.target}", _relations(profile)),
            ("leakage suspects", _suspects(profile)),
        )
        if chart is not None
    }
    for column in profile.frame.columns:
        chart = _distribution(column, named.get(column.name, ""))
        if chart is not None:
            drawn[f"distribution of {column.name}"] = chart
    return drawn


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _quantiles(column: ColumnProfile, levels: Sequence[float]) -> list[float | None]:
    if column.bins is None or column.minimum is None:
        return [None] * len(levels)
    return [float(value) for value in column.quantile(levels)]


def _distinct(column: ColumnProfile) -> int | str | None:
    if column.withheld or column.kind in ("empty", "other"):
        return None
    kept = column.bins.limit if column.bins is not None else column.tallies.limit if column.tallies is not None else 0
    return f"more than {kept:,}" if column.distinct is None and not column.rounded else column.distinct


def _numbers(columns: Sequence[ColumnProfile], units: Mapping[str, str]) -> Table:
    headings = ["column", "unit", "type", "rows", "null", "NaN", "infinite", "zero", "negative", "distinct"]
    formats = {"null": ".1%", "zero": ".1%", "negative": ".1%"}
    values = ["mean", "std", "min", "5%", "median", "95%", "max"]
    rows = []
    for column in columns:
        low, middle, high = _quantiles(column, (0.05, 0.5, 0.95))
        rows.append(
            [
                column.name,
                units.get(column.name, ""),
                column.type,
                column.rows,
                _share(column.nulls, column.rows),
                column.nan,
                column.infinite,
                _share(column.zeros, column.rows),
                _share(column.negative, column.rows),
                _distinct(column),
                *(column.mean, column.std, column.minimum, low, middle, high, column.maximum),
            ]
        )
    return Table([Column(name, format=formats.get(name, "")) for name in [*headings, *values]], rows)


def _times(columns: Sequence[ColumnProfile], _: Mapping[str, str]) -> Table:
    names = ("column", "type", "rows", "null", "distinct", "first", "median", "last")
    rows = []
    for column in columns:
        (middle,) = _quantiles(column, (0.5,))
        ends = [_moment(value, column.kind) for value in (column.minimum, middle, column.maximum)]
        rows.append([*_counted(column), *ends])
    return Table([Column(name, format=".1%" if name == "null" else "") for name in names], rows)


def _counted(column: ColumnProfile) -> tuple[str | float | None, ...]:
    return column.name, column.type, column.rows, _share(column.nulls, column.rows), _distinct(column)


def _moment(value: float | None, kind: str) -> str | None:
    """Return a date, a moment or a duration in words that a machine reads too."""
    if value is None:
        return None
    if kind == "duration":
        return f"{value / _SECOND:,.6g} s"
    text = str(np.int64(value).astype(f"datetime64[{'D' if kind == 'date' else 'us'}]"))
    return text.removesuffix("T00:00:00.000000").removesuffix(".000000").replace("T", " ")


def _categories(columns: Sequence[ColumnProfile], _: Mapping[str, str]) -> Table:
    names = ("column", "type", "rows", "null", "distinct", "most frequent")
    rows = [(*_counted(column), _most_frequent(column)) for column in columns]
    return Table([Column(name, format=".1%" if name == "null" else "") for name in names], rows)


def _most_frequent(column: ColumnProfile) -> str | None:
    if column.tallies is None or not column.finite:
        return "withheld" if column.withheld else None
    pairs = zip(column.tallies.values[:_TOP], column.tallies.counts, strict=False)
    return ", ".join(f"{value!r} {count / column.finite:.0%}" for value, count in pairs) or "none"


def _nulls(frame: FrameProfile) -> BarChart | None:
    missing = [(column.nulls + column.nan, column.name) for column in frame.columns]
    shown = [(count, name) for count, name in sorted(missing, key=lambda pair: -pair[0]) if count][:_MOST_COLUMNS]
    if not shown:
        return None
    shares = [100 * count / frame.rows for count, _ in shown]
    series = Series("", [name for _, name in shown], shares)
    return BarChart("Null or NaN", Axis("column"), Axis("rows without a value", "%"), [series], horizontal=True)


def _correlations(profile: Profile) -> Heatmap | None:
    found = profile.correlation
    if len(found.names) < 2:
        return None
    told = {relation.column: relation.power for relation in profile.relations} | {str(profile.target): math.inf}
    first = sorted(range(len(found.names)), key=lambda place: -told.get(found.names[place], 0))[:_MOST_COLUMNS]
    places = sorted(first)
    names = [found.names[place] for place in places]
    values = [[round(found.values[one][other], 2) for other in places] for one in places]
    axes = Axis("column"), Axis("column")
    return Heatmap("Correlation of ranks", *axes, names, names, values, Axis("Spearman's correlation"))


def _relations(profile: Profile) -> BarChart | None:
    shown = profile.relations[:_MOST_COLUMNS]
    if not shown:
        return None
    series = Series("", [relation.column for relation in shown], [100 * relation.power for relation in shown])
    title = f"What each column alone tells about {profile.target}"
    return BarChart(title, Axis("column"), Axis("explained of the target", "%"), [series], horizontal=True)


def _suspects(profile: Profile) -> Table | None:
    if profile.target is None:
        return None
    columns = [Column("column"), Column("rule"), Column("value"), Column("rows"), Column("said")]
    rows = [(one.column, one.rule, one.value, one.rows, str(one)) for one in profile.suspects]
    return Table(columns, rows)


def _distribution(column: ColumnProfile, unit: str) -> Chart | None:
    if column.tallies is not None:
        return _bars(column) if column.tallies.values else None
    if column.bins is None or column.minimum is None:
        return None
    if column.kind in ("date", "datetime"):
        return _over_time(column)
    if column.distinct is not None and column.distinct <= _FEW and column.kind == "number" and _is_whole(column):
        return _few(column, unit)
    edges, said = _edges(column)
    scale = _SECOND if column.kind == "duration" else 1
    if edges.size < 2 or not np.isfinite(edges).all() or np.any(np.diff(edges / scale) <= 0):
        return None  # numbers so far apart, or so close, that bars between them have no width
    axis = Axis(column.name, "s" if column.kind == "duration" else unit)
    counts = column.histogram(edges).tolist()
    title = f"Distribution of {column.name}{said}"
    return HistogramChart(title, axis, (edges / scale).tolist(), [("rows", counts)], Axis("rows"))


def _bars(column: ColumnProfile) -> BarChart | None:
    if column.tallies is None:
        return None
    values, counts = list(column.tallies.values[:_MOST_BARS]), list(column.tallies.counts[:_MOST_BARS])
    rest = column.finite - sum(counts)
    if rest:
        values, counts = [*values, "(all others)"], [*counts, rest]
    title = f"Distribution of {column.name}"
    return BarChart(title, Axis(column.name), Axis("rows"), [Series("", values, counts)], horizontal=True)


def _few(column: ColumnProfile, unit: str) -> BarChart | None:
    """Return a bar for each of a few numbers, which need no axis between them."""
    if column.bins is None:
        return None
    series = Series("", [number(value) for value in column.bins.edges()[0]], column.bins.counts().tolist())
    return BarChart(f"Distribution of {column.name}", Axis(column.name, unit), Axis("rows"), [series])


def _edges(column: ColumnProfile) -> tuple[npt.NDArray[np.float64], str]:
    """Return the edges of bars, and what the title says of what they leave out."""
    low, high = float(column.minimum or 0), float(column.maximum or 0)
    said = ""
    start, end = (float(value) for value in column.quantile([_TAIL, 1 - _TAIL]))
    if high - low > _LONG_TAIL * (end - start) > 0:
        kept = int(column.histogram([start, end]).sum())
        low, high, said = start, end, f", without the {column.finite - kept:,} rows at its ends"
    if high - low <= _WHOLE and _is_whole(column):
        return np.arange(math.floor(low) - 0.5, math.ceil(high) + 1), said
    if high == low:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.linspace(low, high, _BINS + 1), said


def _is_whole(column: ColumnProfile) -> bool:
    if column.bins is None or not column.bins.exact:
        return False
    values = column.bins.edges()[0]
    return bool(np.all(values == np.floor(values)))


def _over_time(column: ColumnProfile) -> LineChart | None:
    low, high = float(column.minimum or 0), float(column.maximum or 0)
    day = 1 if column.kind == "date" else _DAY
    first, last = math.floor(low / day), math.floor(high / day) + 1
    step = max(1, -(-(last - first) // _WHOLE))
    marks = np.arange(first, last + step, step)
    if not datetime.date.min.toordinal() <= first + _EPOCH.toordinal() <= marks[-1] + _EPOCH.toordinal() <= _LAST:
        return None
    covered = np.minimum(marks[1:], last) - marks[:-1]
    counts = (column.histogram(marks * float(day)) / covered).tolist()
    dates = [(_EPOCH + datetime.timedelta(days=int(mark))).isoformat() for mark in marks[:-1]]
    axis = Axis("rows", "a day", zero=True)
    return LineChart(
        f"Distribution of {column.name}", Axis(column.name, scale="time"), axis, [Series("", dates, counts)]
    )


_LAST: Final = datetime.date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days in one fold.

    Attributes:
        fold: The fold, as its row is named.
        part: What the days are for, such as `train`, `gap`, `test` or `locked`.
        first: The first day.
        last: The last day, included.
    """

    fold: str
    part: str
    first: datetime.date
    last: datetime.date


def draw_folds(spans: Iterable[Span]) -> VegaSpec:
    """Return folds as bars on a time line, one row a fold, in the order in which they come.

    Raises:
        StatisticsError: There is no span, or one ends before it begins.
    """
    every = list(spans)
    wrong = next((span for span in every if span.last < span.first), None)
    if wrong is not None or not every:
        said = "There are no folds" if wrong is None else f"The {wrong.part} of {wrong.fold} ends before it begins"
        raise StatisticsError(said, fix="Give spans of which each has its first day before its last one.")
    rows = [
        {
            "fold": span.fold,
            "part": span.part,
            "first": span.first.isoformat(),
            "last": span.last.isoformat(),
            "until": (span.last + datetime.timedelta(days=1)).isoformat(),
        }
        for span in every
    ]
    parts, folds = (list(dict.fromkeys(row[key] for row in rows)) for key in ("part", "fold"))
    encoding = {
        "y": {"field": "fold", "type": "nominal", "title": "fold", "sort": folds},
        "x": {"field": "first", "type": "temporal", "title": "date", "axis": {"labelOverlap": True}},
        "x2": {"field": "until"},
        "color": {"field": "part", "type": "nominal", "title": None, "scale": {"domain": parts}},
        "tooltip": [{"field": name, "type": "nominal"} for name in ("fold", "part", "first", "last")],
    }
    spec = {
        "$schema": _SCHEMA,
        "description": "Folds: for each fold, from which day to which day it trains and tests",
        "height": {"step": 26},
        "data": {"values": rows},
        "mark": {"type": "bar", "height": 14},
        "encoding": encoding,
    }
    return VegaSpec(json.dumps(spec, ensure_ascii=False))
