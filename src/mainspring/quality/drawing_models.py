"""Importance, loss curves and disagreement of models as charts and tables."""

from collections.abc import Sequence
from typing import Final

from mainspring.charts import Axis, BarChart, Chart, Column, LineChart, Series, Table
from mainspring.quality.curves import LossCurve
from mainspring.quality.disagreeing import Disagreement
from mainspring.quality.drawing_analysis import decimals, draw_examples
from mainspring.quality.permuting import Earning, Importance

__all__ = ["draw_curve", "draw_disagreement", "draw_earnings", "draw_importance"]

Drawings = dict[str, Chart | Table]
_MOST_BARS: Final = 25
_LOSS: Final = Axis("loss")
_COST: Final = Axis("cost")


def draw_importance(found: Importance, *, loss: Axis = _LOSS) -> Drawings:
    """Return a chart and a table of importance.

    Args:
        found: What `importance` returned.
        loss: What the loss is, and its unit.
    """
    shown = found.groups[:_MOST_BARS]
    columns = [[one.increase.estimate, one.increase.low, one.increase.high] for one in shown]
    middle, low, high = (list(one) for one in zip(*columns, strict=True))
    bars = Series("", [one.name for one in shown], middle, *_known(middle, low, high))
    axis = Axis(f"more {loss.label} when shuffled", loss.unit)
    names = [
        "inputs",
        "more loss",
        "low",
        "high",
        "of the loss",
        "spread of repeats",
        "rows changed",
        "used",
        "columns",
    ]
    measured = ("more loss", "low", "high", "spread of repeats")
    units = dict.fromkeys(measured, loss.unit)
    form = dict.fromkeys(measured, decimals(found.loss)) | dict.fromkeys(("of the loss", "rows changed"), ".1%")
    head = [Column(name, unit=units.get(name, ""), format=form.get(name, "")) for name in names]
    rows = [
        (
            one.name,
            one.increase.estimate,
            _or_none(one.increase.low),
            _or_none(one.increase.high),
            one.increase.estimate / found.loss if found.loss else None,
            one.spread,
            one.moved,
            "yes" if one.used else "no",
            ", ".join(one.columns),
        )
        for one in found.groups
    ]
    return {
        "importance of inputs": BarChart("Importance of inputs", Axis("inputs"), axis, [bars], horizontal=True),
        "importance of inputs, figures": Table(head, rows),
    }


def _known(middle: Sequence[float], low: Sequence[float], high: Sequence[float]) -> tuple[list[float], list[float]]:
    """Return ends of intervals, where there is none the middle."""
    first, last = (
        [end if end == end else value for value, end in zip(middle, ends, strict=True)] for ends in (low, high)
    )
    return first, last


def _or_none(value: float) -> float | None:
    return value if value == value else None


def draw_earnings(found: Sequence[Earning], *, cost: Axis = _COST, loss: Axis = _LOSS) -> Table:
    """Return a table of which inputs earn their cost.

    Args:
        found: What `earnings` returned.
        cost: What the cost is, and its unit.
        loss: What the loss is, and its unit.
    """
    told = [Column(name, unit=loss.unit) for name in (f"more {loss.label} without", "low", "high")]
    head = [Column("inputs"), Column(cost.label, unit=cost.unit), *told, Column("verdict")]
    rows = [
        (one.name, one.cost, one.increase.estimate, _or_none(one.increase.low), _or_none(one.increase.high), one.says)
        for one in found
    ]
    return Table(head, rows)


def draw_curve(found: LossCurve) -> Drawings:
    """Return a chart and a table of a loss curve; the band is the interval of the difference to the reference."""
    base = next(one.loss for one in found.points if one.at == found.reference)
    low, high = _known(
        [one.loss for one in found.points],
        [base + one.difference.low for one in found.points],
        [base + one.difference.high for one in found.points],
    )
    places = [one.at for one in found.points]
    name = f"loss, 95% interval of the difference to {found.reference:g}"
    lines = [
        Series(f"loss at {found.reference:g}", [places[0], places[-1]], [base, base], quiet=True),
        Series(name, places, [one.loss for one in found.points], low, high),
    ]
    head = [
        Column(found.axis.label, unit=found.axis.unit),
        Column(found.loss.label, unit=found.loss.unit, format=decimals(base)),
        Column("ratio", format=".3f"),
        *(Column(side, unit=found.loss.unit, format=decimals(base)) for side in ("difference", "low", "high")),
    ]
    rows = [
        (
            one.at,
            one.loss,
            _or_none(one.ratio),
            one.difference.estimate,
            _or_none(one.difference.low),
            _or_none(one.difference.high),
        )
        for one in found.points
    ]
    title = found.title[:1].lower() + found.title[1:]
    return {title: LineChart(found.title, found.axis, found.loss, lines), f"{title}, figures": Table(head, rows)}


def draw_disagreement(found: Disagreement) -> Drawings:
    """Return tables of where two models disagree: how far, in which groups, on which rows."""
    first, second = found.names
    less = found.versus.difference
    told = [
        ("rows", found.rows),
        (f"{found.measure}, mean", found.mean),
        (f"{found.measure}, 95% of rows at most", found.p95),
        (f"{found.measure}, greatest", found.most),
        (f"mean loss of {first} less that of {second}", less.estimate),
        ("low", _or_none(less.low)),
        ("high", _or_none(less.high)),
        (f"rows on which {first} loses less, ties half", found.versus.nearer),
    ]
    head = ["column", "value", "rows", found.measure, f"loss of {first}", f"loss of {second}"]
    rows = [(one.column, one.value, one.rows, one.distance, one.first, one.second) for one in found.groups]
    name = f"disagreement of {first} and {second}"
    drawn: Drawings = {name: Table([Column("figure"), Column("value")], told)}
    if rows:
        form = [""] * 3 + [decimals(found.mean)] * 3
        columns = [Column(one, format=said) for one, said in zip(head, form, strict=True)]
        drawn[f"{name}, by group"] = Table(columns, rows)
    if found.examples.rows:
        drawn[f"{name}, rows"] = draw_examples(found.examples)
    return drawn
