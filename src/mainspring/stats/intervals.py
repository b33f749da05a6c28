"""Bootstrap intervals of a mean difference and of a ratio, of rows that are not independent.

Rows are summed within clusters first, and clusters are drawn: the number of rows does not matter for the time it takes.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.answers import NotApplicable
from mainspring.stats.inputs import Floats, Ints, codes_of, vector, weights_of
from mainspring.stats.tails import student_quantile

__all__ = ["Clusters", "Interval", "blocks", "crossed_weeks", "paired_bootstrap", "ratio_interval", "series_weeks"]

_AT_ONCE: Final = 1 << 22
_LEAST_RESAMPLES: Final = 100


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Which rows are drawn together.

    Attributes:
        kind: `blocks`: each row is in one block, and blocks are drawn. `crossed`: each row is in a series and in a
            week; series and weeks are drawn apart, and a row counts as often as both together.
        codes: For each row the number of its block; for `crossed` those of its series and of its week.
        sizes: How many blocks there are; for `crossed` how many series and how many weeks.
    """

    kind: Literal["blocks", "crossed"]
    codes: tuple[Ints, ...]
    sizes: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.codes[0])


def blocks(labels: npt.ArrayLike) -> Clusters:
    """Return clusters by label: rows with equal labels are drawn together.

    Raises:
        StatisticsError: There is not one label for each row.
    """
    codes, found = codes_of(labels, "labels")
    return Clusters("blocks", (codes,), (found.size,))


def series_weeks(series: npt.ArrayLike, dates: npt.ArrayLike) -> Clusters:
    """Return a block for each series and calendar week (from Monday, as in ISO 8601).

    A date that is in several folds is in one block, with all its folds. Blocks are drawn as if they were independent:
    right where what two methods differ by in one week of one series says nothing about the next week or about other
    series; else intervals are too short, and `crossed_weeks` is right.

    Raises:
        StatisticsError: Lengths differ, or a date is missing.
    """
    weeks = _weeks(dates)
    codes, labels = codes_of(series, "series", weeks.size)
    found, places = np.unique(codes * (1 + int(weeks.max(initial=0))) + weeks, return_inverse=True)
    return Clusters("blocks", (places.astype(np.int64),), (found.size if labels.size else 0,))


def crossed_weeks(series: npt.ArrayLike, dates: npt.ArrayLike) -> Clusters:
    """Return series and calendar weeks, to be drawn apart.

    This is the pigeonhole bootstrap (Owen, Annals of Applied Statistics 1, 2007, after McCullagh, Bernoulli 6, 2000).
    It allows for whatever the rows of a series share, and those of a week: one method may suit a product better, or a
    holiday. Where they share nothing, intervals are too long, by a factor of about √3, and of 2.1 with eight weeks.
    A date that is in several folds is in one week, with all its folds.

    Raises:
        StatisticsError: Lengths differ, or a date is missing.
    """
    weeks = _weeks(dates)
    codes, labels = codes_of(series, "series", weeks.size)
    return Clusters("crossed", (codes, weeks), (labels.size, int(weeks.max(initial=-1)) + 1))


def _weeks(dates: npt.ArrayLike) -> Ints:
    """Return the number of each date's week, from zero, without gaps."""
    try:
        days = np.asarray(dates).astype("datetime64[D]")
    except (TypeError, ValueError) as error:
        raise StatisticsError(
            f"The dates cannot be read: {error}", fix="Give dates or texts such as 2024-02-29."
        ) from error
    if days.ndim != 1 or np.isnat(days).any():
        raise StatisticsError(
            f"{int(np.isnat(days).sum()):,} of {days.size:,} dates are missing", fix="Give one date for each row."
        )
    # The first day of 1970 was a Thursday.
    return np.unique((days.astype(np.int64) + 3) // 7, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its interval.

    Attributes:
        estimate: The value on the data.
        low: Lower end.
        high: Upper end.
        level: Confidence level, such as 0.95.
        method: How the interval was made: `BCa` or `expanded percentile`, with what was drawn.
        clusters: How many blocks, or series and weeks, there were.
        resamples: How many resamples were drawn.
        seed: Seed of the draws; the same seed and data give the same interval.
    """

    estimate: float
    low: float
    high: float
    level: float
    method: str
    clusters: tuple[int, ...]
    resamples: int
    seed: int

    def excludes(self, value: float) -> bool:
        """Return whether a value lies outside."""
        return not self.low <= value <= self.high


def paired_bootstrap(
    differences: npt.ArrayLike,
    clusters: Clusters,
    *,
    weights: npt.ArrayLike | None = None,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval | NotApplicable:
    """Return the mean of paired differences with its interval, Σ w·d / Σ w over rows, or that of any values.

    Blocks: BCa, the bias-corrected and accelerated interval (Efron, Journal of the American Statistical Association
    82, 1987), with the jackknife over blocks. Crossed: the expanded percentile interval (Hesterberg, American
    Statistician 69, 2015), the percentiles at Φ(-t·√(n / (n - 1))) with t the quantile of Student's distribution with
    n - 1 degrees of freedom and n the smaller number of series or weeks: a percentile interval of few is too short.
    Ties with the estimate count half in the bias correction; where all blocks are equal the interval is a point.
    It is not applicable where there are no rows, all weights are zero, or there is only one block, series or week.

    Args:
        differences: For each row what two methods differ by, such as in loss.
        clusters: Which rows are drawn together.
        weights: Weight of each row; None for equal ones.
        level: Confidence level.
        seed: Seed of the draws.
        resamples: How many resamples are drawn.

    Raises:
        StatisticsError: Lengths differ, values are not finite, a weight is negative, or the level is outside (0, 1).
    """
    values = vector(differences, "differences", clusters.rows)
    share = np.ones(values.size) if weights is None else weights_of(weights, values.size)
    return _interval((values * share, share), clusters, "all weights are zero", _Draws(level, seed, resamples))


def ratio_interval(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    clusters: Clusters,
    *,
    level: float = 0.95,
    seed: int = 0,
    resamples: int = 2000,
) -> Interval | NotApplicable:
    """Return Σ first / Σ second over paired rows with its interval, such as the loss of one method over another's.

    The interval is that of `paired_bootstrap`. A resample whose second sum is zero counts as infinite, or is left out
    where the first is zero as well. It is not applicable where there are no rows, the second sum is zero, or there is
    only one block, series or week.

    Raises:
        StatisticsError: Lengths differ, values are not finite, or the level is outside (0, 1).
    """
    top = vector(first, "first", clusters.rows)
    bottom = vector(second, "second", clusters.rows)
    return _interval((top, bottom), clusters, "what it would be divided by is zero", _Draws(level, seed, resamples))


@dataclass(frozen=True, slots=True)
class _Draws:
    level: float
    seed: int
    resamples: int

    def __post_init__(self) -> None:
        if not 0 < self.level < 1 or self.resamples < _LEAST_RESAMPLES:
            raise StatisticsError(
                f"An interval cannot have the level {self.level} from {self.resamples} resamples",
                fix=f"Give a level inside (0, 1) and at least {_LEAST_RESAMPLES} resamples.",
            )


def _interval(rows: tuple[Floats, Floats], clusters: Clusters, zero: str, draws: _Draws) -> Interval | NotApplicable:
    if not clusters.rows:
        return NotApplicable("there are no rows")
    if rows[1].sum() == 0:
        return NotApplicable(zero)
    if min(clusters.sizes) == 1:
        alone = {"blocks": "block", "crossed": "series" if clusters.sizes[0] == 1 else "week"}[clusters.kind]
        return NotApplicable(f"there is only one {alone}, which says nothing about how they differ")
    crossed = clusters.kind == "crossed"
    place = clusters.codes[0] * clusters.sizes[1] + clusters.codes[1] if crossed else clusters.codes[0]
    cells = int(np.prod(clusters.sizes))
    sums = np.stack([np.bincount(place, one, cells).astype(np.float64) for one in rows])
    drawn = (_crossed_sums if crossed else _block_sums)(sums, clusters.sizes, draws)
    estimate = float(sums[0].sum() / sums[1].sum())
    found = _ratios(drawn)
    found = found[~np.isnan(found)]
    tail = (1 - draws.level) / 2
    if crossed:
        ends = _expanded_levels(min(clusters.sizes), tail)
    else:
        ends = _bca_levels(estimate, found, _ratios(sums.sum(axis=1, keepdims=True) - sums), tail)
    low, high = (float(end) for end in np.quantile(found, ends, method="inverted_cdf"))
    method = "expanded percentile, series and weeks drawn apart" if crossed else "BCa, blocks drawn"
    return Interval(estimate, low, high, draws.level, method, clusters.sizes, found.size, draws.seed)


def _ratios(sums: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(sums[0] / sums[1], dtype=np.float64)


def _block_sums(sums: Floats, sizes: tuple[int, ...], draws: _Draws) -> Floats:
    rng = np.random.default_rng(draws.seed)
    size = sizes[0]
    each = max(1, _AT_ONCE // size)
    parts = []
    for start in range(0, draws.resamples, each):
        places = rng.integers(0, size, (min(each, draws.resamples - start), size), dtype=np.uint32)
        parts.append(np.stack([np.take(column, places).sum(axis=1) for column in sums]))
    return np.concatenate(parts, axis=1)


def _crossed_sums(sums: Floats, sizes: tuple[int, ...], draws: _Draws) -> Floats:
    rng = np.random.default_rng(draws.seed)
    each = max(1, _AT_ONCE // max(sizes))
    tables = sums.reshape(2, *sizes)
    parts = []
    for start in range(0, draws.resamples, each):
        many = min(each, draws.resamples - start)
        series, weeks = (_times(rng, many, size) for size in sizes)
        parts.append(np.stack([((series @ table) * weeks).sum(axis=1) for table in tables]))
    return np.concatenate(parts, axis=1)


def _times(rng: np.random.Generator, many: int, size: int) -> Floats:
    """Return how often each of `size` things is drawn, in each of many resamples."""
    places = rng.integers(0, size, (many, size)) + size * np.arange(many)[:, np.newaxis]
    return np.bincount(places.ravel(), minlength=many * size).reshape(many, size).astype(np.float64)


def _expanded_levels(size: int, tail: float) -> tuple[float, float]:
    """Return the levels of the draws at which the ends of the expanded percentile interval lie."""
    low = NormalDist().cdf(-student_quantile(1 - tail, size - 1) * math.sqrt(size / (size - 1)))
    return low, 1 - low


def _bca_levels(estimate: float, found: Floats, left_out: Floats, tail: float) -> tuple[float, float]:
    """Return the levels of the draws at which the ends of the BCa interval lie."""
    normal = NormalDist()
    below = (np.count_nonzero(found < estimate) + np.count_nonzero(found == estimate) / 2) / found.size
    bias = normal.inv_cdf(float(np.clip(below, 0.5 / found.size, 1 - 0.5 / found.size)))
    apart = np.mean(left_out) - left_out if np.isfinite(left_out).all() else np.zeros(1)
    spread = float(np.sum(apart**2)) ** 1.5
    acceleration = float(np.sum(apart**3)) / (6 * spread) if spread > 0 else 0.0
    ends = []
    for share in (tail, 1 - tail):
        shifted = bias + normal.inv_cdf(share)
        ends.append(normal.cdf(bias + shifted / max(1 - acceleration * shifted, 1e-12)))
    return ends[0], ends[1]
