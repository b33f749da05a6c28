"""Whether quantile forecasts mean what they say: coverage with ties, reliability, probability integral transform."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.answers import NotApplicable
from mainspring.stats.inputs import Floats, levels_of, matrix, vector
from mainspring.stats.intervals import Clusters, Interval, paired_bootstrap

__all__ = ["Coverage", "Reliability", "coverage", "pit_bounds", "pit_histogram", "randomised_pit", "reliability"]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often actual values were under a quantile forecast.

    With ties, as in counts of units, no forecast has P(y < q) and P(y <= q) both at its level; the level of a right
    one lies between them.

    Attributes:
        level: The level of the forecast.
        rows: How many rows.
        below: Share of rows with y < q; NaN where there are no rows.
        at_most: Share of rows with y <= q; NaN where there are no rows.
    """

    level: float
    rows: int
    below: float
    at_most: float

    def within(self, tolerance: float) -> bool:
        """Return whether P(y < q) - tolerance <= level <= P(y <= q) + tolerance; False where there are no rows."""
        return self.below - tolerance <= self.level <= self.at_most + tolerance


@dataclass(frozen=True, slots=True)
class Reliability:
    """Coverage of one level, with intervals.

    Attributes:
        coverage: The shares.
        below: Interval of P(y < q).
        at_most: Interval of P(y <= q).
    """

    coverage: Coverage
    below: Interval | NotApplicable
    at_most: Interval | NotApplicable


def coverage(actual: npt.ArrayLike, forecast: npt.ArrayLike, levels: float | npt.ArrayLike) -> tuple[Coverage, ...]:
    """Return for each level the shares of rows with y < q and with y <= q.

    The quantile q at level t of y has P(y < q) <= t <= P(y <= q): its definition, ties included.

    Raises:
        StatisticsError: Shapes do not fit, values are not finite, or levels are outside (0, 1).

    >>> coverage([0, 0, 1, 5], [0, 0, 0, 0], 0.5)[0].below, coverage([0, 0, 1, 5], [0, 0, 0, 0], 0.5)[0].at_most
    (0.0, 0.5)
    """
    values, quantiles, taus = _checked(actual, forecast, levels)
    rows = values.size
    with np.errstate(invalid="ignore"):
        below = (values[:, np.newaxis] < quantiles).sum(axis=0) / np.float64(rows)
        at_most = (values[:, np.newaxis] <= quantiles).sum(axis=0) / np.float64(rows)
    return tuple(
        Coverage(level, rows, low, high)
        for level, low, high in zip(taus.tolist(), below.tolist(), at_most.tolist(), strict=True)
    )


def reliability(
    actual: npt.ArrayLike,
    forecast: npt.ArrayLike,
    levels: float | npt.ArrayLike,
    clusters: Clusters,
    *,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[Reliability, ...]:
    """Return the coverage of each quantile level with intervals at a confidence level; see `paired_bootstrap`.

    Raises:
        StatisticsError: As `coverage`; or the clusters are of another number of rows.
    """
    values, quantiles, taus = _checked(actual, forecast, levels)
    found = coverage(values, quantiles, taus)
    intervals = [
        tuple(
            paired_bootstrap(hits.astype(np.float64), clusters, level=level, seed=seed)
            for hits in (values < column, values <= column)
        )
        for column in quantiles.T
    ]
    return tuple(Reliability(one, *ends) for one, ends in zip(found, intervals, strict=True))


def pit_bounds(
    actual: npt.ArrayLike,
    forecast: npt.ArrayLike,
    levels: float | npt.ArrayLike,
    *,
    least: float | None = None,
) -> tuple[Floats, Floats]:
    """Return between which probabilities each actual value lies, by quantile forecasts at a few levels.

    The lower end stands for F(y-), the upper one for F(y). Between two quantiles they are the levels of these; below
    the lowest and above the highest, 0 and 1. A value that equals quantiles has F(y-) somewhere between the levels
    of the first such quantile and of the one before, and F(y) between those of the last and of the one after: the
    middle is taken. Forecasts that cross are sorted.

    Values without ties fall between two levels as often as these are apart, when the forecast is right. With ties
    this is an approximation: for small counts the share between two levels may be off by half of itself although the
    forecast is right. `coverage` judges those; where the whole distribution F is known, give its F(y-) and F(y) to
    `randomised_pit` instead.

    Args:
        actual: One value a row.
        forecast: One row for each actual value, one column for each level.
        levels: Levels inside (0, 1), ascending.
        least: The least possible value, such as 0 of counts: there F(y-) is 0.

    Raises:
        StatisticsError: Shapes do not fit, values are not finite, or levels are outside (0, 1).
    """
    values, quantiles, taus = _checked(actual, forecast, levels)
    ordered = np.sort(quantiles, axis=1)
    before = (ordered < values[:, np.newaxis]).sum(axis=1)
    through = (ordered <= values[:, np.newaxis]).sum(axis=1)
    scale = np.concatenate([[0.0], taus, [1.0]])
    tie = through > before
    low = np.where(tie, (scale[before] + scale[np.minimum(before + 1, taus.size)]) / 2, scale[before])
    high = np.where(tie, (scale[through] + scale[through + 1]) / 2, scale[through + 1])
    return (low if least is None else np.where(values <= least, 0.0, low)), high


def randomised_pit(low: npt.ArrayLike, high: npt.ArrayLike, *, seed: int = 0) -> Floats:
    """Return a probability for each row, drawn evenly between F(y-) and F(y): uniform where the forecast F is right.

    u = F(y-) + v·(F(y) - F(y-)) with v uniform on [0, 1] (Brockwell, Statistics and Probability Letters 77, 2007).
    Without ties F(y-) = F(y), and nothing is drawn. No rows give none.

    Raises:
        StatisticsError: Lengths differ, or a probability is outside [0, 1], or a lower end is above its upper one.
    """
    ends = _bounds(low, high)
    return np.asarray(ends[0] + np.random.default_rng(seed).random(ends[0].size) * (ends[1] - ends[0]))


def pit_histogram(low: npt.ArrayLike, high: npt.ArrayLike, edges: npt.ArrayLike) -> Floats:
    """Return the expected share of `randomised_pit` between consecutive edges from 0 to 1, without drawing.

    The nonrandomised PIT of Czado, Gneiting, Held (Biometrics 65, 2009): the mean over rows of the share of
    [F(y-), F(y)] that lies in the bin. A right forecast has the widths of the bins as shares. Quantile forecasts at a
    few levels are judged on edges at these levels. No rows give NaN.

    Raises:
        StatisticsError: As `randomised_pit`; or the edges do not ascend from 0 to 1.
    """
    start, end = _bounds(low, high)
    marks = np.asarray(edges, dtype=np.float64)
    if marks.ndim != 1 or marks.size < 2 or marks[0] != 0 or marks[-1] != 1 or np.any(np.diff(marks) <= 0):
        raise StatisticsError(f"The edges are {marks.tolist()}", fix="Give edges that ascend from 0 to 1.")
    if not start.size:
        return np.full(marks.size - 1, np.nan)
    width = end - start
    reached = []
    for mark in marks:
        inside = np.clip((mark - start) / np.where(width > 0, width, 1.0), 0, 1)
        reached.append(float(np.where(width > 0, inside, start < mark if mark < 1 else 1.0).mean()))
    return np.diff(reached)


def _bounds(low: npt.ArrayLike, high: npt.ArrayLike) -> tuple[Floats, Floats]:
    start = vector(low, "low")
    end = vector(high, "high", start.size)
    wrong = int(np.count_nonzero((start < 0) | (end > 1) | (start > end)))
    if wrong:
        raise StatisticsError(
            f"{wrong:,} rows do not have 0 <= low <= high <= 1", fix="Give F(y-) and F(y) of each actual value."
        )
    return start, end


def _checked(
    actual: npt.ArrayLike, forecast: npt.ArrayLike, levels: float | npt.ArrayLike
) -> tuple[Floats, Floats, Floats]:
    taus = levels_of(levels)
    values = vector(actual, "actual")
    return values, matrix(forecast, "forecast", values.size, taus.size), taus
