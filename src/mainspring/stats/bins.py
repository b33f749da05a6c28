"""Counts of numbers on a grid that coarsens as it fills: a distribution in a few kilobytes, mergeable without loss.

The grid is that of floating-point numbers themselves: at level 0 a bin is one number; each further level joins two
neighbouring bins, which drops one bit of the significand. Zero is always a bin of its own, and the grid is symmetric
around it. The level is the smallest at which at most `limit` bins are occupied. Bins that are occupied never become
fewer with more data, so the level of a whole is at least that of each part, and the merge of two parts *is* the result
of the whole, bin by bin and bit for bit.

The idea of uniform coarsening is from Epicoco, Melle, Cafaro, Pulimeno, Morleo: UDDSketch (IEEE Access 8, 2020), after
Masson, Rim, Lee: DDSketch (PVLDB 12, 2019); the grid of floating-point numbers replaces their logarithms.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.stats.inputs import Floats, Ints

__all__ = ["LIMIT", "Bins", "bins_of", "common_bins", "merge_bins"]

LIMIT: Final = 2048
"""How many bins, or values of a category, a profile keeps when nothing else is said."""

_LARGEST: Final = np.uint64(0x7FEF_FFFF_FFFF_FFFF)  # the bits of the largest finite float64
_SIGNIFICAND: Final = 52
_SAMPLE: Final = 1 << 14
_DENSE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Bins:
    """How many numbers lie in each occupied bin.

    Attributes:
        limit: The largest number of bins.
        level: How often the grid was coarsened; at 0 each bin is one number, and everything below is exact.
        size: The number of bins.
        first: The place of the first bin on the grid.
        steps: From each bin to the next, as little-endian unsigned integers of the least width that holds them.
        tallies: Numbers in each bin, in the same form.

    >>> Bins.of([1.0, 2.0, 2.0, 5.0]).quantile([0.5, 1.0]).tolist()
    [2.0, 5.0]
    """

    limit: int
    level: int
    size: int
    first: int
    steps: bytes
    tallies: bytes

    @classmethod
    def of(cls, values: npt.ArrayLike, *, limit: int = LIMIT) -> "Bins":
        """Return the bins of finite numbers; `bins_of` with anything that NumPy takes."""
        return bins_of(np.ascontiguousarray(values, dtype=np.float64), limit=limit)

    @property
    def exact(self) -> bool:
        """Whether each bin is one number."""
        return self.level == 0

    @property
    def resolution(self) -> float:
        """The largest width of a bin, relative to its number that is nearest to zero; for normal float64 numbers.

        It is above 1 where a bin joins whole powers of two, and infinite where it joins all of them.
        """
        if self.exact:
            return 0.0
        bits = self.level - _SIGNIFICAND
        if bits <= 0:
            return 2.0**bits
        return 2.0 ** (1 << bits) - 1 if bits < 10 else math.inf

    def places(self) -> Ints:
        """Return the places of the bins on the grid, ascending."""
        steps = np.cumsum(_wide(self.steps, self.size), dtype=np.uint64)
        return (steps + np.array([self.first], dtype=np.int64).view(np.uint64)).view(np.int64)

    def counts(self) -> Ints:
        """Return how many numbers each bin has."""
        return _wide(self.tallies, self.size).astype(np.int64)

    def edges(self) -> tuple[Floats, Floats]:
        """Return the lower and the upper end of each bin; they are equal where a bin is one number.

        A bin contains its end that is nearer to zero and not the other one.
        """
        return _edges(self.places(), self.level)

    def quantile(self, levels: npt.ArrayLike) -> Floats:
        """Return the quantiles at levels in [0, 1]; NaN when there are no numbers.

        The quantile is the inverted distribution function, x at rank ceil(n·level), no interpolation between
        neighbours (type 1 of Hyndman and Fan, American Statistician 50, 1996). What is given lies in the bin of that
        number, at the rank's place in it, so it is wrong by at most `resolution`, relatively; at level 0 it is exact.
        """
        wanted = np.atleast_1d(np.asarray(levels, dtype=np.float64))
        counts = self.counts()
        if not counts.size:
            return np.full(wanted.shape, np.nan)
        reached = np.cumsum(counts)
        total = int(reached[-1])
        # A level such as 0.07 of 100 rows is 7.000000000000001 in floating point, and rank 7 all the same.
        rank = np.clip(np.ceil(wanted * total - 1e-9 * total**0.5), 1, total)
        place = np.searchsorted(reached, rank)
        low, high = self.edges()
        share = (rank - (reached[place] - counts[place]) - 0.5) / counts[place]
        return np.asarray(low[place] + share * (high[place] - low[place]), dtype=np.float64)

    def below(self, points: npt.ArrayLike) -> Floats:
        """Return how many numbers are less than each point; inside a bin they are taken to be spread evenly."""
        return self._reached(points, "left")

    def at_most(self, points: npt.ArrayLike) -> Floats:
        """Return how many numbers are at most each point; inside a bin they are taken to be spread evenly."""
        return self._reached(points, "right")

    def _reached(self, points: npt.ArrayLike, side: str) -> Floats:
        wanted = np.atleast_1d(np.asarray(points, dtype=np.float64))
        counts = self.counts()
        if not counts.size:
            return np.zeros(wanted.shape)
        low, high = self.edges()
        reached = np.concatenate([[0.0], np.cumsum(counts, dtype=np.float64)])
        started = np.searchsorted(low, wanted, side="left" if side == "left" else "right")
        last = np.maximum(started - 1, 0)
        width = high[last] - low[last]
        with np.errstate(invalid="ignore", divide="ignore"):
            inside = np.where(width > 0, np.clip((wanted - low[last]) / width, 0, 1), 1.0)
        return np.asarray(np.where(started > 0, reached[last] + inside * counts[last], 0.0), dtype=np.float64)

    def histogram(self, edges: npt.ArrayLike) -> Floats:
        """Return how many numbers lie between consecutive edges: [low, high), the last one [low, high].

        The form is that of `numpy.histogram`. At level 0 the counts are exact; above, only a bin that an edge cuts is
        divided, evenly, so each count is wrong by at most what the two cut bins hold.
        """
        wanted = np.asarray(edges, dtype=np.float64)
        reached = self.below(wanted)
        reached[-1:] = self.at_most(wanted[-1:])
        return np.asarray(np.diff(reached), dtype=np.float64)


def bins_of(values: Floats, *, limit: int = LIMIT) -> Bins:
    """Return the bins of finite numbers, in time linear in their number. Empty input gives no bins.

    NaN and infinite values must have been taken out. -0.0 counts as 0.0.
    """
    if not values.size:
        return _packed(np.empty(0, np.int64), np.empty(0, np.int64), 0, limit)
    # Any part of the data gives a level that the whole reaches too: most work is then done on few, small places.
    sample = values[:: max(1, values.size // _SAMPLE)]
    start = _coarsened(*_tally(_places(sample, 0)), 0, limit)[2]
    return _packed(*_coarsened(*_tally(_places(values, start)), start, limit), limit)


def merge_bins(first: Bins, second: Bins) -> Bins:
    """Return the bins of both data together, equal to `bins_of` of the concatenated data, bit for bit."""
    limit = min(first.limit, second.limit)
    places, one, other, level = common_bins(first, second)
    return _packed(*_coarsened(places, one + other, level, limit), limit)


def common_bins(first: Bins, second: Bins) -> tuple[Ints, Ints, Ints, int]:
    """Return one grid for two distributions: the places, the counts of each on them, and the level."""
    level = max(first.level, second.level)
    sides = [_raised(side.places(), side.counts(), level - side.level) for side in (first, second)]
    places = np.union1d(sides[0][0], sides[1][0])
    counts = []
    for mine, tally in sides:
        full = np.zeros(places.size, dtype=np.int64)
        full[np.searchsorted(places, mine)] = tally
        counts.append(full)
    return places, counts[0], counts[1], level


def _places(values: Floats, level: int) -> Ints:
    """Return the bin of each number: 0 for zero, else by magnitude from 1 on, with the sign of the number."""
    bits = np.ascontiguousarray(values).view(np.int64)
    magnitude = bits & np.int64(0x7FFF_FFFF_FFFF_FFFF)
    places = (magnitude >> level) + 1
    places[magnitude == 0] = 0
    np.negative(places, out=places, where=bits < 0)
    return places


def _tally(places: Ints) -> tuple[Ints, Ints]:
    low, high = int(places.min()), int(places.max())
    if high - low >= max(_DENSE, 2 * places.size):
        found, counts = np.unique(places, return_counts=True)
        return found, counts.astype(np.int64)
    counts = np.bincount(places - low)
    occupied = np.flatnonzero(counts)
    return occupied.astype(np.int64) + low, counts[occupied].astype(np.int64)


def _coarsened(places: Ints, counts: Ints, level: int, limit: int) -> tuple[Ints, Ints, int]:
    while places.size > limit:
        places, counts = _raised(places, counts, 1)
        level += 1
    return places, counts, level


def _raised(places: Ints, counts: Ints, by: int) -> tuple[Ints, Ints]:
    """Return the bins `by` levels up. Places stay ascending, so that equal ones are neighbours."""
    if not by or not places.size:
        return places, counts
    coarse = np.where(places == 0, 0, np.sign(places) * (((np.abs(places) - 1) >> by) + 1))
    starts = np.flatnonzero(np.concatenate([[True], coarse[1:] != coarse[:-1]]))
    return coarse[starts], np.add.reduceat(counts, starts)


def _edges(places: Ints, level: int) -> tuple[Floats, Floats]:
    inner = np.maximum(np.abs(places) - 1, 0).astype(np.uint64)
    near = inner << np.uint64(level)
    far = near if level == 0 else np.minimum((inner + np.uint64(1)) << np.uint64(level), _LARGEST)
    ends = [np.where(places == 0, 0.0, bits.view(np.float64)) for bits in (near, far)]
    positive = places >= 0
    return np.where(positive, ends[0], -ends[1]), np.where(positive, ends[1], -ends[0])


def _packed(places: Ints, counts: Ints, level: int, limit: int) -> Bins:
    unsigned = places.view(np.uint64)
    steps = np.concatenate([np.zeros(min(1, places.size), np.uint64), unsigned[1:] - unsigned[:-1]])
    first = int(places[0]) if places.size else 0
    return Bins(limit, level, int(places.size), first, _narrow(steps), _narrow(counts.astype(np.uint64)))


def _narrow(numbers: npt.NDArray[np.uint64]) -> bytes:
    most = int(numbers.max()) if numbers.size else 0
    width = next(width for width in (1, 2, 4, 8) if most < 1 << 8 * width)
    return numbers.astype(f"<u{width}").tobytes()


def _wide(data: bytes, size: int) -> npt.NDArray[np.uint64]:
    width = len(data) // size if size else 1
    return np.frombuffer(data, dtype=f"<u{width}").astype(np.uint64)
