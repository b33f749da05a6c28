"""Calibration of quantile forecasts as charts and tables."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mainspring.charts import Axis, Chart, Column, HistogramChart, LineChart, Series, Table
from mainspring.errors import StatisticsError
from mainspring.quality.details import QuantileDetail
from mainspring.stats import Reliability, pit_histogram

__all__ = ["draw_pit", "draw_quantiles", "draw_reliability"]

Drawings = dict[str, Chart | Table]


def draw_reliability(found: Sequence[Reliability]) -> Drawings:
    """Return a table and a chart of how often actual values were under each quantile, with intervals.

    A right forecast has its level between P(y < q) and P(y <= q).

    Raises:
        StatisticsError: There is nothing to draw.
    """
    if not found:
        raise StatisticsError("There is no reliability to draw", fix="Give that of at least one level.")
    levels = [one.coverage.level for one in found]
    sides = (
        ("P(y < q)", [(one.coverage.below, one.below) for one in found]),
        ("P(y ≤ q)", [(one.coverage.at_most, one.at_most) for one in found]),
    )
    series = [Series("a right forecast", [0, *levels, 1], [0, *levels, 1], quiet=True)]
    ends = []
    for name, pairs in sides:
        # Where there is no interval its ends are the share itself.
        low, high = ([getattr(end, side) if end else share for share, end in pairs] for side in ("low", "high"))
        series.append(Series(name, levels, [share for share, _ in pairs], low, high))
        ends.append(
            [(share, *(getattr(end, side) if end else None for side in ("low", "high"))) for share, end in pairs]
        )
    names = ["level", "rows", "P(y < q)", "low", "high", "P(y ≤ q)", "low", "high"]
    rows = [
        (one.coverage.level, one.coverage.rows, *below, *at_most)
        for one, below, at_most in zip(found, *ends, strict=True)
    ]
    axes = Axis("level of the quantile"), Axis("share of actual values under it", zero=True)
    return {
        "reliability": LineChart("Reliability of quantiles", *axes, series),
        "coverage": Table([Column(name, format="" if name in ("level", "rows") else ".3f") for name in names], rows),
    }


def draw_pit(low: npt.ArrayLike, high: npt.ArrayLike, edges: npt.ArrayLike) -> HistogramChart:
    """Return the histogram of the probability integral transform: all bars at 1 where forecasts are right.

    Args:
        low: F(y-) of each row, as `pit_bounds` gives it.
        high: F(y) of each row.
        edges: Edges of the bars from 0 to 1; for quantile forecasts, 0, their levels, 1.
    """
    marks = np.asarray(edges, dtype=np.float64)
    return _histogram(marks.tolist(), (pit_histogram(low, high, marks) / np.diff(marks)).tolist())


def _histogram(edges: Sequence[float], density: Sequence[float]) -> HistogramChart:
    axes = Axis("probability"), edges, [("forecast", density)], Axis("density, 1 where right")
    return HistogramChart("Probability integral transform", *axes)


def draw_quantiles(detail: QuantileDetail) -> Drawings:
    """Return reliability, coverage and PIT of quantiles."""
    drawn = draw_reliability(detail.reliability)
    pit = {"PIT": _histogram(detail.edges, detail.density)}
    return {"reliability": drawn["reliability"]} | pit | {"coverage": drawn["coverage"]}
