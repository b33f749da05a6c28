"""Series of windows: whether they rise or fall slowly, and whether their level has moved."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.extremes import normal_above
from mainspring.stats.inputs import Floats, vector

__all__ = ["Cusum", "Trend", "cusum", "cusum_limit", "trend"]

_LEAST: Final = 8
_SIGNIFICANT: Final = 1.96
_SETTLING: Final = 60
_MOST_ALIKE: Final = 0.95
_DRAWS: Final = 1000


@dataclass(frozen=True, slots=True)
class Trend:
    """How a series goes.

    Attributes:
        slope: Units a step, the median of the slopes between all pairs (Theil 1950; Sen, JASA 63, 1968).
        p: Of no trend, two-sided, by the test of Mann (1945) and Kendall.
        rows: How many numbers there were.
    """

    slope: float
    p: float
    rows: int


def trend(values: npt.ArrayLike) -> Trend:
    """Return the trend of a series, of numbers at equal steps.

    The variance of Kendall's S is corrected for ties, and for numbers that depend on those before them by the ranks'
    autocorrelations that are significant (Hamed and Rao, Journal of Hydrology 204, 1998), or by (1 + r) / (1 - r) with
    the autocorrelation r of neighbours, freed of its bias, where that is more (Bayley and Hammersley, Supplement to
    the JRSS 8, 1946). Fewer than eight numbers have the p-value 1; equal numbers too.

    >>> round(trend([1, 2, 3, 5, 4, 6, 7, 9, 8, 10]).slope, 2)
    1.0
    """
    array = vector(values, "values")
    count = array.size
    if count < _LEAST:
        return Trend(0.0, 1.0, count)
    upper = np.triu_indices(count, 1)
    steps = array[upper[1]] - array[upper[0]]
    slope = float(np.median(steps / (upper[1] - upper[0])))
    score = float(np.sign(steps).sum())
    ties = np.unique(array, return_counts=True)[1].astype(np.float64)
    variance = (count * (count - 1) * (2 * count + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    if variance <= 0 or score == 0:
        return Trend(slope, 1.0, count)
    variance *= _inflation(array - slope * np.arange(count))
    z = (abs(score) - 1) / math.sqrt(variance)
    return Trend(slope, min(1.0, 2 * float(normal_above(z))), count)


def _inflation(residuals: Floats) -> float:
    count = residuals.size
    ranks = np.argsort(np.argsort(residuals, kind="stable"), kind="stable").astype(np.float64)
    ranks -= ranks.mean()
    total = float((ranks**2).sum())
    if not total:
        return 1.0
    nearest = min(0.9, (float((ranks[1:] * ranks[:-1]).sum()) / total * count + 2) / (count - 4))
    most = min(count - 3, max(1, count // 4))
    found = 0.0
    for lag in range(1, most + 1):
        rho = float((ranks[lag:] * ranks[:-lag]).sum()) / total
        if abs(rho) > _SIGNIFICANT / math.sqrt(count):
            found += (count - lag) * (count - lag - 1) * (count - lag - 2) * rho
    return max(1.0, 1 + 2 * found / (count * (count - 1) * (count - 2)), (1 + nearest) / (1 - nearest))


@dataclass(frozen=True, slots=True, eq=False)
class Cusum:
    """The cumulative sums of a series, one upwards and one downwards.

    Attributes:
        up: Evidence for a higher level after each step.
        down: Evidence for a lower one.
        limit: The height that counts.
        since: For the highest sum at the end, the step at which it last was zero: where the change probably began.
    """

    up: Floats
    down: Floats
    limit: float
    since: int

    @property
    def crossed(self) -> npt.NDArray[np.int64]:
        """The steps after which a sum is above the limit."""
        return np.flatnonzero(np.maximum(self.up, self.down) > self.limit)


def cusum(values: npt.ArrayLike, limit: float, *, slack: float = 0.5) -> Cusum:
    """Return the cumulative sums of standardised numbers: max(0, before + z - slack) and the same of -z.

    Page (Biometrika 41, 1954), here on one number for each batch of rows.

    Args:
        values: Standardised numbers, 0 where nothing is known.
        limit: The height that counts; see `cusum_limit`.
        slack: Half the change that is to be found soonest, in standard deviations.
    """
    array = vector(values, "values")
    up, down = _sums(array[np.newaxis], slack)[0], _sums(-array[np.newaxis], slack)[0]
    last = up if not array.size or up[-1] >= down[-1] else down
    zeros = np.flatnonzero(last == 0)
    return Cusum(up, down, limit, int(zeros[-1]) + 1 if zeros.size else 0)


def cusum_limit(
    reference: npt.ArrayLike, steps: int, *, chance: float = 0.05, block: int = 24, slack: float = 0.5, seed: int = 0
) -> float:
    """Return the limit that a series without change crosses within so many steps with a chance.

    The series is 1,000 times drawn from standardised numbers of the reference, in two ways, and the higher limit holds.
    In blocks (moving block bootstrap, Künsch, Annals of Statistics 17, 1989), so that what lasts for hours does so in
    the draws as well. And as an autoregression of the first order of drawn innovations (Bühlmann, Bernoulli 3, 1997),
    since a few blocks say little of how high sums get. Each time a reference is drawn too, by whose mean and deviation
    the series is standardised: those of the real one are not exact either. The limit is the quantile of the highest
    sums.

    Raises:
        StatisticsError: The reference is shorter than two blocks.
    """
    array = vector(reference, "reference")
    if array.size < 2 * block:
        raise StatisticsError(
            f"{array.size} numbers are too few for blocks of {block}", fix="Give a longer reference, or shorter blocks."
        )
    rng = np.random.default_rng(seed)
    limits = []
    sizes = array.size, steps
    for again, drawn in (_in_blocks(array, sizes, block, rng), _autoregressive(array, sizes, rng)):
        spread = np.maximum(again.std(axis=1, keepdims=True), 1e-12)
        apart = (drawn - again.mean(axis=1, keepdims=True)) / spread
        highest = np.maximum(_sums(apart, slack).max(axis=1), _sums(-apart, slack).max(axis=1))
        limits.append(float(np.quantile(highest, 1 - chance)))
    return max(limits)


def _in_blocks(values: Floats, sizes: tuple[int, int], block: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A reference and a series, of blocks of the reference, by draw."""

    def drawn(size: int) -> Floats:
        starts = rng.integers(0, values.size - block + 1, (_DRAWS, -(-size // block)))
        found = values[starts[..., np.newaxis] + np.arange(block)].reshape(_DRAWS, -1)[:, :size]
        return np.asarray(found, np.float64)

    return drawn(sizes[0]), drawn(sizes[1])


def _autoregressive(values: Floats, sizes: tuple[int, int], rng: np.random.Generator) -> tuple[Floats, Floats]:
    """A reference and the series that follows it, by draw; the correlation is that of the values, less its bias."""
    apart = values - values.mean()
    share = float((apart[1:] * apart[:-1]).sum()) / max(float((apart**2).sum()), 1e-300)
    share = min(_MOST_ALIKE, max(0.0, share + (1 + 3 * share) / values.size))
    innovations = apart[1:] - share * apart[:-1]
    drawn = rng.choice(innovations - innovations.mean(), (_DRAWS, _SETTLING + sum(sizes)))
    for step in range(1, drawn.shape[1]):
        drawn[:, step] += share * drawn[:, step - 1]
    return drawn[:, _SETTLING : _SETTLING + sizes[0]], drawn[:, _SETTLING + sizes[0] :]


def _sums(values: Floats, slack: float) -> Floats:
    found = np.empty_like(values)
    reached = np.zeros(len(values))
    for step in range(values.shape[1]):
        reached = np.maximum(0, reached + values[:, step] - slack)
        found[:, step] = reached
    return found
