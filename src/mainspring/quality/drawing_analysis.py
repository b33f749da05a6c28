"""The error analysis as charts and tables, in the order in which they are read."""

import math
from collections.abc import Sequence
from typing import Final

from mainspring.charts import Axis, BarChart, Chart, Column, HistogramChart, LineChart, Series, Table
from mainspring.quality.analysis import Analysis
from mainspring.quality.details import BiasCurve, ClassDetail, QuantileDetail
from mainspring.quality.drawing_classes import draw_classes
from mainspring.quality.drawing_quantiles import draw_quantiles
from mainspring.quality.examples import Examples
from mainspring.quality.slice_search import Found
from mainspring.quality.slices import Slice

__all__ = ["draw_analysis", "draw_examples"]

Cell = str | int | float | bool | None
Drawings = dict[str, Chart | Table]
_MOST_BARS: Final = 20
_FEWEST_LINES: Final = 2
_FEWEST_CLUSTERS: Final = 5


def draw_analysis(found: Analysis) -> Drawings:
    """Return tables and charts of an analysis, by title, in the order in which they are read.

    What has nothing to show is left out; a search that could not be made, or confirmed nothing, says so.
    """
    drawn: Drawings = {"figures": _figures(found)}
    if found.versus:
        drawn["beside others"] = _versus(found)
    if isinstance(found.detail, QuantileDetail):
        drawn |= draw_quantiles(found.detail)
    if isinstance(found.detail, ClassDetail):
        drawn |= draw_classes(found.detail)
    if found.found is not None:
        drawn["search for slices"] = _search(found.found)
        if found.found.slices:
            drawn["slices found"] = _slices_found(found)
    if found.declared:
        drawn["declared slices"] = Table(*_slices(found, found.declared))
        chart = _slice_bars(found)
        if chart is not None:
            drawn["declared slices, difference"] = chart
    residuals = _residuals(found)
    if residuals is not None:
        drawn["NDCG of queries" if found.kind == "ranking" else "residuals"] = residuals
    for curve in found.bias:
        drawn[f"bias by {curve.by}"] = _bias(curve, found.unit)
    drawn |= {_titled(one): draw_examples(one) for one in found.examples if one.rows}
    return drawn


def _titled(one: Examples) -> str:
    return {"worst": "worst rows", "best": "best rows", "rarity": "corner cases"}.get(one.title, one.title)


def _unit(found: Analysis, *, share: bool) -> str:
    return "" if share else found.unit


def decimals(value: float) -> str:
    """Return the format of numbers beside a typical one, which has four significant digits.

    >>> decimals(214.8), decimals(0.0432), decimals(0.0)
    (',.1f', ',.5f', '')
    """
    if not math.isfinite(value) or value == 0:
        return ""
    return f",.{min(max(3 - math.floor(math.log10(abs(value))), 0), 6)}f"


def _or_none(value: float) -> float | None:
    return value if value == value else None


def _figures(found: Analysis) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (one.name, *(_or_none(value) for value in (one.found.estimate, one.found.low, one.found.high)), found.unit)
        if not one.share
        else (one.name, *(_or_none(value) for value in (one.found.estimate, one.found.low, one.found.high)), "")
        for one in found.measures
    ]
    if isinstance(found.detail, QuantileDetail):
        rows.append(("crossing quantiles", found.detail.crossing, None, None, ""))
    rows.append(("queries" if found.kind == "ranking" else "rows", found.rows, None, None, ""))
    if found.clusters != (found.rows,):
        ways = ("clusters",) if len(found.clusters) == 1 else ("series", "weeks")
        rows += [(way, count, None, None, "") for way, count in zip(ways, found.clusters, strict=True)]
    if found.left_out:
        rows.append(("queries left out: nothing relevant", found.left_out, None, None, ""))
    names = ["figure", "value", "low", "high"] + (["unit"] if found.unit else [])
    return Table([Column(name) for name in names], [row[: len(names)] for row in rows])


def _versus(found: Analysis) -> Table:
    unit = _unit(found, share=found.share)
    names = ["prediction", found.loss, "difference", "low", "high", "ratio", "better on"]
    form = dict.fromkeys(names[1:5], decimals(found.mean_loss.estimate)) | {"ratio": ".3f", "better on": ".1%"}
    units = dict.fromkeys(names[1:5], unit)
    rows: list[tuple[Cell, ...]] = [("this one", found.mean_loss.estimate, None, None, None, None, None)]
    rows += [
        (
            one.name,
            one.loss,
            one.difference.estimate,
            _or_none(one.difference.low),
            _or_none(one.difference.high),
            _or_none(one.ratio),
            one.nearer,
        )
        for one in found.versus
    ]
    return Table([Column(name, unit=units.get(name, ""), format=form.get(name, "")) for name in names], rows)


def _search(found: Found) -> Table:
    told: list[tuple[Cell, ...]] = []
    if found.reason:
        told.append(("not searched", found.reason))
    else:
        halves = f"{found.rows[0]:,} searched, {found.rows[1]:,} tested"
        level = f"{found.correction}, family-wise error at most {1 - found.search.level:.3g}"
        told += [
            ("slices searched", f"{found.searched:,}"),
            (
                "fewest rows and clusters in each half",
                f"{found.search.least_rows:,} and {found.search.least_clusters:,}",
            ),
            ("rows of the halves", halves),
            ("slices tested on the other half", str(len(found.slices))),
            ("correction", level),
            ("confirmed as worse than the rest", str(len(found.confirmed) or "none")),
        ]
    return Table([Column("search"), Column("is")], told)


def _slices_found(analysis: Analysis) -> Table:
    found = analysis.found.slices if analysis.found is not None else ()
    columns, rows = _slices(analysis, [one.slice for one in found])
    confirmed = Column("confirmed")
    form = decimals(analysis.mean_loss.estimate)
    searched = Column("difference where searched", unit=_unit(analysis, share=analysis.share), format=form)
    more = [("yes" if one.confirmed else "no", one.searched) for one in found]
    at = next(place for place, column in enumerate(columns) if column.name == "adjusted p")
    joined = [(*row[:at], said, *row[at:], was) for row, (said, was) in zip(rows, more, strict=True)]
    return Table([*columns[:at], confirmed, *columns[at:], searched], joined)


def _slices(found: Analysis, slices: Sequence[Slice]) -> tuple[list[Column], list[tuple[Cell, ...]]]:
    unit = _unit(found, share=found.share)
    form = decimals(found.mean_loss.estimate)
    widest = max((len(one.columns) for one in slices), default=1)
    columns = [Column("slice"), *(Column("and") for _ in range(widest - 1))]
    columns += [Column("adjusted p", format=".3f"), Column("rows"), Column("clusters")]
    names = (found.loss, "the rest", "difference", "low", "high")
    columns += [Column(name, unit=unit, format=form) for name in names]
    shares = {one.name: one.share for one in found.measures}
    measures = [name for name, _ in slices[0].measures] if slices else []
    columns += [
        Column(name, unit=_unit(found, share=shares[name]), format=".1%" if shares[name] else form) for name in measures
    ]
    others = [name for name, _ in slices[0].beside] if slices else []
    columns += [Column(f"over {name}", format=".3f") for name in others]
    rows: list[tuple[Cell, ...]] = []
    for one in slices:
        told = [_or_none(value) for value in (one.loss, one.rest, one.difference, one.low, one.high)]
        told += [_or_none(value) for _, value in one.measures]
        told += [one.loss / value if value else None for _, value in one.beside]
        adjusted = None if one.low != one.low else one.adjusted
        parts = [f"{column} = {value}" for column, value in zip(one.columns, one.values, strict=True)]
        parts += [""] * (widest - len(parts))
        rows.append((*parts, adjusted, one.rows, one.clusters, *told))
    return columns, rows


def _slice_bars(found: Analysis) -> BarChart | None:
    known = [one for one in found.declared if one.low == one.low and one.clusters >= _FEWEST_CLUSTERS]
    shown = sorted(known, key=lambda one: -one.difference)
    if len(shown) > _MOST_BARS:
        shown = [*shown[: _MOST_BARS // 2], *shown[-_MOST_BARS // 2 :]]
    if not shown:
        return None
    names, middle = [one.name for one in shown], [one.difference for one in shown]
    bars = Series("", names, middle, [one.low for one in shown], [one.high for one in shown])
    axis = Axis(f"{found.loss} above the rest", _unit(found, share=found.share))
    left = len(known) - len(shown)
    title = f"Declared slices of {_FEWEST_CLUSTERS} clusters or more" + (f", without {left} between" if left else "")
    return BarChart(title, Axis("slice"), axis, [bars], horizontal=True)


def _residuals(found: Analysis) -> HistogramChart | None:
    told = found.residuals
    if told is None:
        return None
    ranked = found.kind == "ranking"
    title = "NDCG of queries" if ranked else "Prediction less outcome"
    if told.beyond:
        title += f", {told.beyond:,} rows beyond the ends"
    axis = Axis("NDCG") if ranked else Axis("prediction less outcome", found.unit)
    counted = "queries" if ranked else "rows"
    return HistogramChart(title, axis, told.edges, [(counted, told.counts)], Axis(counted))


def _bias(curve: BiasCurve, unit: str) -> LineChart:
    low, high = (
        [end if end == end else middle for end, middle in zip(ends, curve.mean, strict=True)]
        for ends in (curve.low, curve.high)
    )
    lines = [Series("bias, 95% interval", curve.at, curve.mean, low, high)]
    if len(curve.at) >= _FEWEST_LINES:
        lines.insert(0, Series("no bias", [curve.at[0], curve.at[-1]], [0.0, 0.0], quiet=True))
    along = Axis(curve.by, unit if curve.by == "prediction" else "")
    return LineChart(f"Bias by {curve.by}", along, Axis("prediction less outcome", unit), lines)


def draw_examples(found: Examples) -> Table:
    """Return rows that are worth looking at as a table."""
    return Table([Column(name) for name in found.headings], found.rows)
