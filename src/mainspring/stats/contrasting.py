"""Means of groups of rows, and how far a group is from the rest, with intervals that allow for clusters.

Nothing is drawn: the variance is that of sums over clusters of what each row adds to the estimate, so that thousands of
groups cost little more than one. For an interval of a single figure the bootstrap of `paired_bootstrap` needs no such
linearisation.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.inputs import Floats, Ints, vector
from mainspring.stats.intervals import Clusters
from mainspring.stats.tails import student_above, student_quantile

__all__ = ["Contrasts", "Estimate", "GroupMeans", "clusters_within", "contrasts", "group_means", "linear_estimate"]

_DENSE: Final = 1 << 22


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with an interval that allows for clusters, by linearisation.

    Attributes:
        estimate: The value on the data.
        low: Lower end; NaN where there are fewer than two clusters.
        high: Upper end.
        level: Confidence level, such as 0.95.
        rows: How many rows it is of.
        clusters: How many clusters: of two ways of clustering the fewer.
    """

    estimate: float
    low: float
    high: float
    level: float
    rows: int
    clusters: int


@dataclass(frozen=True, slots=True, eq=False)
class GroupMeans:
    """For each of K groups the mean of its rows; NaN where it has no row.

    Attributes:
        rows: (K,) number of rows.
        clusters: (K,) number of clusters with rows in the group: of two ways of clustering the fewer.
        mean: (K,) mean of the rows.
        low: (K,) lower end of its interval; NaN where there are fewer than two clusters.
        high: (K,) upper end.
        level: Confidence level.
    """

    rows: Ints
    clusters: Ints
    mean: Floats
    low: Floats
    high: Floats
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class Contrasts:
    """For each of K groups how far the mean of its rows is from that of all other rows; NaN where either has none.

    Attributes:
        rows: (K,) number of rows.
        clusters: (K,) number of clusters with rows in the group: of two ways of clustering the fewer.
        mean: (K,) mean of the rows.
        rest: (K,) mean of all other rows.
        error: (K,) standard error of `mean` - `rest`; NaN where the group has fewer than two clusters.
    """

    rows: Ints
    clusters: Ints
    mean: Floats
    rest: Floats
    error: Floats

    @property
    def difference(self) -> Floats:
        """(K,) `mean` - `rest`."""
        return self.mean - self.rest

    @property
    def statistic(self) -> Floats:
        """(K,) difference over its standard error; NaN without one, infinite where it is zero."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.difference / self.error, dtype=np.float64)

    def interval(self, level: float) -> tuple[Floats, Floats]:
        """Return the ends of the interval of each difference: Student's, with `clusters` - 1 degrees of freedom."""
        return _ends(self.difference, self.error, self.clusters, level)

    def above(self, place: int) -> float:
        """Return the one-sided p-value of group `place` being above the rest; 1 where it cannot be said."""
        statistic = float(self.statistic[place])
        return 1.0 if math.isnan(statistic) else student_above(statistic, int(self.clusters[place]) - 1)


def clusters_within(clusters: Clusters, keep: npt.NDArray[np.bool_] | Ints) -> Clusters:
    """Return the clusters of some rows, by a truth value for each or by their places, numbered anew."""
    parts = [np.unique(codes[keep], return_inverse=True) for codes in clusters.codes]
    return Clusters(
        clusters.kind,
        tuple(places.astype(np.int64) for _, places in parts),
        tuple(found.size for found, _ in parts),
    )


def group_means(
    values: npt.ArrayLike, groups: npt.ArrayLike, size: int, clusters: Clusters, *, level: float = 0.95
) -> GroupMeans:
    """Return the mean of each of `size` groups with an interval that allows for clusters.

    The variance of a mean μ of n rows is Σ over clusters of (Σ (y - μ))² / n² times G / (G - 1), with G the clusters
    that have rows in the group (Liang and Zeger, Biometrika 73, 1986); for crossed clusters the sum of that of series
    and that of weeks, less that of single weeks of single series (Cameron, Gelbach, Miller, Journal of Business and
    Economic Statistics 29, 2011), and never less than either alone. The interval is Student's with G - 1 degrees of
    freedom, of two ways of clustering the smaller G. Equal values give a point.

    Args:
        values: One number a row.
        groups: For each row the number of its group, from 0; -1 for none.
        size: How many groups there are.
        clusters: Which rows are not independent.
        level: Confidence level.

    Raises:
        StatisticsError: Lengths differ, a value is not finite, a group is out of range, or the level is outside (0, 1).
    """
    numbers, codes = _checked(values, groups, size, clusters)
    kept = codes >= 0
    rows = np.bincount(codes[kept], minlength=size)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(codes[kept], numbers[kept], size) / rows
    apart = np.where(kept, numbers - mean[codes], 0.0)
    parts = []
    for own, many in _ways(clusters):
        pairs = _pairs(own, many, codes, size, apart)
        within = np.bincount(pairs.group, minlength=size)
        parts.append((np.asarray(np.bincount(pairs.group, pairs.sums**2, size), dtype=np.float64), within))
    error, count = _error(parts, rows.astype(np.float64))
    low, high = _ends(mean, error, count, level)
    return GroupMeans(rows, count, mean, low, high, level)


def contrasts(values: npt.ArrayLike, groups: npt.ArrayLike, size: int, clusters: Clusters) -> Contrasts:
    """Return for each of `size` groups the mean of its rows less that of all other rows, with its standard error.

    The variance is that of `group_means`, of what each cluster adds to the difference: (y - μ) / n for a row in the
    group, -(y - μ') / n' for another one.

    Raises:
        StatisticsError: As `group_means`.
    """
    numbers, codes = _checked(values, groups, size, clusters)
    numbers = numbers - (numbers.mean() if numbers.size else 0.0)
    offset = float(np.mean(np.asarray(values, dtype=np.float64))) if numbers.size else 0.0
    kept = codes >= 0
    rows = np.bincount(codes[kept], minlength=size).astype(np.float64)
    sums = np.bincount(codes[kept], numbers[kept], size)
    others = numbers.size - rows
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, rest = sums / rows, (numbers.sum() - sums) / np.where(others > 0, others, np.nan)
    parts = []
    for own, many in _ways(clusters):
        total = np.bincount(own, numbers, many)
        count = np.bincount(own, minlength=many).astype(np.float64)
        # Of every cluster as if it had no row in the group; then clusters that have one are counted as they are.
        squares = (total @ total) - 2 * rest * (total @ count) + rest**2 * (count @ count)
        pairs = _pairs(own, many, codes, size, numbers)
        inside = (pairs.sums - pairs.rows * mean[pairs.group]) / rows[pairs.group]
        alone = total[pairs.cluster] - count[pairs.cluster] * rest[pairs.group]
        outside = alone - (pairs.sums - pairs.rows * rest[pairs.group])
        with np.errstate(invalid="ignore", divide="ignore"):
            whole = inside - outside / others[pairs.group]
            left = np.maximum(squares - np.bincount(pairs.group, alone**2, size), 0.0) / others**2
        parts.append((np.bincount(pairs.group, whole**2, size) + left, np.bincount(pairs.group, minlength=size)))
    error, found = _error(parts, np.ones(size))
    return Contrasts(rows.astype(np.int64), found, mean + offset, rest + offset, np.where(others > 0, error, np.nan))


def linear_estimate(
    estimate: float, influence: npt.ArrayLike, clusters: Clusters, *, level: float = 0.95, extra: float = 0.0
) -> Estimate:
    """Return a figure with the interval of the sum of what each row adds to it; see `group_means`.

    Args:
        estimate: The figure.
        influence: For each row its first-order part in the estimate; they sum to about zero.
        clusters: Which rows are not independent.
        level: Confidence level.
        extra: Variance that is added, such as that of random repeats.

    Raises:
        StatisticsError: Lengths differ, values are not finite, or the level is outside (0, 1).
    """
    added = vector(influence, "influence", clusters.rows)
    parts = []
    for own, many in _ways(clusters):
        sums = np.bincount(own, added, many)
        parts.append((np.atleast_1d(sums @ sums), np.atleast_1d(many)))
    error, count = _error(parts, np.ones(1))
    error = np.sqrt(error**2 + extra)
    low, high = _ends(np.array([estimate]), error, count, level)
    return Estimate(float(estimate), float(low[0]), float(high[0]), level, added.size, int(count[0]))


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Each pair of a cluster and a group that has rows."""

    cluster: Ints
    group: Ints
    rows: Floats
    sums: Floats


def _pairs(own: Ints, many: int, codes: Ints, size: int, values: Floats) -> _Pairs:
    kept = codes >= 0
    place = own[kept] * size + codes[kept]
    if many * size <= max(_DENSE, 4 * codes.size):
        counts = np.bincount(place, minlength=many * size)
        found = np.flatnonzero(counts)
        rows, sums = counts[found], np.bincount(place, values[kept], many * size)[found]
    else:
        found, where = np.unique(place, return_inverse=True)
        rows, sums = np.bincount(where, minlength=found.size), np.bincount(where, values[kept], found.size)
    return _Pairs(found // size, found % size, rows.astype(np.float64), np.asarray(sums, dtype=np.float64))


def _ways(clusters: Clusters) -> list[tuple[Ints, int]]:
    """Return the clusters of each row and how many there are; of crossed ones series, weeks, and both together."""
    if clusters.kind == "blocks":
        return [(clusters.codes[0], clusters.sizes[0])]
    both = clusters.codes[0] * clusters.sizes[1] + clusters.codes[1]
    found, places = np.unique(both, return_inverse=True)
    ways = list(zip(clusters.codes, clusters.sizes, strict=True))
    return [*ways, (places.astype(np.int64), found.size)]


def _error(parts: list[tuple[Floats, Ints]], over: Floats) -> tuple[Floats, Ints]:
    """Return standard errors from sums of squares by way of clustering, and the number of clusters."""
    many = np.min(np.stack([within for _, within in parts[:2]]), axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = [squares * within / (within - 1) for squares, within in parts]
        if len(parts) > 1:
            first, second, both = spread
            variance = np.maximum(first + second - both, np.maximum(first, second))
        else:
            variance = spread[0]
        error = np.sqrt(variance) / over
    return np.where(many > 1, error, np.nan), many.astype(np.int64)


def _ends(middle: Floats, error: Floats, clusters: Ints, level: float) -> tuple[Floats, Floats]:
    if not 0 < level < 1:
        raise StatisticsError(f"An interval cannot have the level {level}", fix="Give a level inside (0, 1).")
    found, places = np.unique(clusters, return_inverse=True)
    # The least degree of freedom has the longest interval; below two clusters there is none.
    times = np.array([student_quantile((1 + level) / 2, max(int(count) - 1, 1)) for count in found])
    half = error * times[places]
    return middle - half, middle + half


def _checked(values: npt.ArrayLike, groups: npt.ArrayLike, size: int, clusters: Clusters) -> tuple[Floats, Ints]:
    numbers = vector(values, "values", clusters.rows)
    codes = np.asarray(groups)
    fits = codes.shape == numbers.shape and codes.dtype.kind in "iu"
    if not fits or (codes.size and not -1 <= codes.min() <= codes.max() < size):
        raise StatisticsError(
            f"The groups are not one number from -1 to {size - 1} for each of {numbers.size:,} rows",
            fix="Give for each row the number of its group, -1 for none.",
        )
    return numbers, codes.astype(np.int64)
