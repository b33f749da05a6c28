"""How much more one method loses than another, with an interval to decide by: rows share series, days and weeks.

What has to hold here are error rates, so the choices below were made and are held by simulation: `bench/gates`.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.answers import NotApplicable
from mainspring.stats.inputs import Floats, vector
from mainspring.stats.intervals import Clusters
from mainspring.stats.tails import student_quantile

__all__ = ["RelativeChange", "relative_change"]

# The share of the weeks' degrees of freedom that is left when their autocovariance is estimated as well.
_LEFT: Final = 2 / 3
_MANY: Final = 1_000_000
_NOTHING: Final = 1e-12  # as a share: what is left when sums in another order are taken from each other


@dataclass(frozen=True, slots=True)
class RelativeChange:
    """By how much one sum differs from another, as a share of it, with its interval.

    Attributes:
        estimate: Σ first / Σ second - 1; below zero, the first is less.
        error: Its standard error.
        freedom: Degrees of freedom of the error.
        level: Confidence of each end of the interval, one-sided: between the ends it is 2 · level - 1.
        rows: Number of rows.
        series: Number of series.
        weeks: Number of weeks.
    """

    estimate: float
    error: float
    freedom: float
    level: float
    rows: int
    series: int
    weeks: int

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.end(-1, self.level)

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.end(1, self.level)

    def end(self, side: int, level: float) -> float:
        """Return the lower (-1) or upper (1) end at a one-sided level."""
        if self.error == 0:
            return self.estimate
        return self.estimate + side * self.error * student_quantile(level, max(1, math.floor(self.freedom)))


def relative_change(
    first: npt.ArrayLike, second: npt.ArrayLike, clusters: Clusters, *, level: float = 0.95
) -> RelativeChange | NotApplicable:
    """Return Σ first / Σ second - 1 over paired rows, such as losses of two models, with an interval to decide by.

    The variance is the sum of two jackknives, one that leaves out each series, one that leaves out each week: CV3 of
    MacKinnon, Nielsen and Webb (Journal of Applied Econometrics 38, 2023), in each direction of the two-way variance of
    Cameron, Gelbach and Miller (Journal of Business & Economic Statistics 29, 2011). Two things make it wider than
    theirs. What series and weeks share is not taken off again, since with eight weeks that makes it too short. To the
    weeks comes twice their first autocovariance, where it is above zero: days that remember yesterday make neighbouring
    weeks alike (as Chiang, Hansen and Sasaki, Review of Economics and Statistics 2024, do for time effects).

    The quantile is Student's, with the degrees of freedom of Satterthwaite (Biometrics Bulletin 2, 1946) for the sum of
    both. Those of a direction are its effective number of clusters less one, (Σ b)² / Σ b² with b the sum of `second`
    in a cluster (after Carter, Schnepel and Steigerwald, Review of Economics and Statistics 99, 2017): one series that
    sells more than all others is one series. For weeks two thirds of that.

    With a single series the weeks alone are the variance, and what is said holds for that series. It is not applicable
    where there are no rows, the second sum is zero with or without some cluster, or there is only one week.

    Args:
        first: For each row what the first method loses.
        second: For each row what the second one loses, none below zero.
        clusters: What `crossed_weeks` returns for the rows.
        level: Confidence of each end, one-sided.

    Raises:
        StatisticsError: Lengths differ, values are not finite, the second has one below zero, clusters are blocks, or
            the level is outside (0.5, 1).

    >>> from mainspring.stats.intervals import crossed_weeks
    >>> weeks = np.arange("2024-01-01", "2024-02-26", 7, dtype="datetime64[D]")
    >>> round(relative_change(np.full(8, 1.1), np.ones(8), crossed_weeks(["a"] * 8, weeks)).estimate, 6)
    0.1
    """
    if clusters.kind != "crossed" or not 0.5 < level < 1:
        raise StatisticsError(
            f"A relative change cannot be made of clusters that are {clusters.kind} at the level {level}",
            fix="Use crossed_weeks, and a level above 0.5 and below 1.",
        )
    top, bottom = vector(first, "first", clusters.rows), vector(second, "second", clusters.rows)
    if np.any(bottom < 0):
        raise StatisticsError("The second has values below zero", fix="Give losses, of which none is below zero.")
    total = float(bottom.sum())
    reason = _lacking(clusters, total)
    if reason:
        return NotApplicable(reason)
    parts = []
    for place, size in enumerate(clusters.sizes):
        if size == 1:
            continue  # one series: only weeks are left out
        sums = [np.bincount(clusters.codes[place], one, size).astype(np.float64) for one in (top, bottom)]
        if np.any(sums[1].sum() - sums[1] <= _NOTHING * total):
            return NotApplicable(f"all that is lost is in one {('series', 'week')[place]}")
        parts.append(_left_out(sums[0], sums[1], weeks=place == 1))
    variance = sum(part[0] for part in parts)
    spread = sum(part[0] ** 2 / part[1] for part in parts)
    freedom = min(variance**2 / spread, _MANY) if spread > 0 else float(_MANY)
    estimate = float(top.sum()) / total - 1
    return RelativeChange(estimate, math.sqrt(variance), freedom, level, clusters.rows, *clusters.sizes)


def _lacking(clusters: Clusters, total: float) -> str:
    if not clusters.rows:
        return "there are no rows"
    if clusters.sizes[1] == 1:
        return "there is only one week, which says nothing about how weeks differ"
    return "" if total > 0 else "what it would be divided by is zero"


def _left_out(top: Floats, bottom: Floats, *, weeks: bool) -> tuple[float, float]:
    """Return the variance of the ratio by leaving out each cluster once, and its degrees of freedom."""
    size = top.size
    apart = (top.sum() - top) / (bottom.sum() - bottom) - top.sum() / bottom.sum()
    share = (size - 1) / size
    variance = share * float(apart @ apart)
    freedom = max(float(bottom.sum() ** 2 / (bottom @ bottom)) - 1, 0.5)
    if not weeks:
        return variance, freedom
    return variance + max(0.0, 2 * share * float(apart[1:] @ apart[:-1])), _LEFT * freedom
