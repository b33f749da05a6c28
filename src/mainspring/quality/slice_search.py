"""Slices that nobody declared: searched on one half of the clusters, confirmed on the other half.

Whatever a search finds looks bad on the rows that it was found on. So nothing is claimed there: half of the clusters
are searched, and only what looks worst is tested, once, on the other half, with Holm's correction for as many as are
tested.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.quality.beside import Rows
from mainspring.quality.grouping import Groups, groups_of, together
from mainspring.quality.predicted import Predicted
from mainspring.quality.slices import Slice, slice_at
from mainspring.stats import Clusters, clusters_within, contrasts, holm

__all__ = ["Found", "FoundSlice", "Search", "search_slices"]

Flags = npt.NDArray[np.bool_]
_LEAST_STATISTIC: Final = 1.0
_ALIKE: Final = 0.7
_MOST_GROUPS: Final = 1000


@dataclass(frozen=True, slots=True)
class Search:
    """How slices are searched.

    Attributes:
        columns: Columns that are searched; None for all that are not sensitive.
        pairs: Whether pairs of columns are searched beside single ones.
        bins: Into how many bins numbers are put.
        least_rows: Fewest rows of a slice, in each half.
        least_clusters: Fewest clusters that a slice has rows of, in each half; of series and weeks, of each.
        most: How many slices at most are tested on the other half.
        level: 1 - this is the chance, at most, that a slice that is no worse is confirmed, over all that are tested.
        seed: Seed of the division into halves.
    """

    columns: tuple[str, ...] | None = None
    pairs: bool = True
    bins: int = 5
    least_rows: int = 50
    least_clusters: int = 5
    most: int = 10
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if not (0 < self.level < 1 and self.bins > 1 and self.most > 0 and self.least_clusters > 1):
            raise StatisticsError(
                f"Slices cannot be searched with {self}",
                fix="Give a level inside (0, 1), at least 2 bins and 2 clusters, and at least 1 slice to test.",
            )


@dataclass(frozen=True, slots=True)
class FoundSlice:
    """A slice that the search took for worse than the rest.

    Attributes:
        slice: Its figures on the half that was not searched.
        searched: Its difference on the half that was searched, which is too large by having been looked for.
        confirmed: Whether it is worse there too: adjusted p at most 1 - level, and rows and clusters enough.
    """

    slice: Slice
    searched: float
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    Attributes:
        search: How it was searched.
        searched: How many slices had rows enough on the first half.
        rows: Rows of the half that was searched, and of the other one.
        correction: The correction for testing many, by name.
        slices: What was tested, the worst first.
        reason: Why nothing could be searched; empty when it was.
    """

    search: Search
    searched: int
    rows: tuple[int, int]
    correction: str
    slices: tuple[FoundSlice, ...]
    reason: str = ""

    @property
    def confirmed(self) -> tuple[Slice, ...]:
        """The slices that are worse on rows that were not searched."""
        return tuple(one.slice for one in self.slices if one.confirmed)


def search_slices(
    predicted: Predicted, rows: Rows, clusters: Clusters, search: Search, beside: Mapping[str, Predicted]
) -> Found:
    """Return slices whose loss is above that of all other rows, found on one half and tested on the other.

    The clusters are halved at random; of crossed ones the series are, so that both halves share the weeks, which the
    test allows for. Single columns and pairs are ranked by the difference of their mean loss to that of all other rows
    over its standard error (see `stats.contrasts`). Of slices that share 70% of their rows only the first is tested.

    Raises:
        StatisticsError: A column that is to be searched is not there.
    """
    names = search.columns if search.columns is not None else tuple(rows.columns)
    columns = [groups_of(name, rows.column(name), search.bins) for name in names if name not in rows.sensitive]
    many = clusters.sizes[0]
    if many < 2 * search.least_clusters or min(clusters.sizes) < search.least_clusters or not columns:
        few = " \N{MULTIPLICATION SIGN} ".join(str(size) for size in clusters.sizes)
        reason = f"{few} clusters are too few to search one half" if columns else "there are no columns to search"
        return Found(search, 0, (0, 0), "Holm", (), reason)
    half = np.random.default_rng(search.seed).permutation(many) < many // 2
    first = half[clusters.codes[0]]
    ranked, searched = _ranked(predicted, columns, clusters, first, search)
    chosen = _different(ranked, first, search.most)
    tested = [_tested(one, predicted, beside, clusters, ~first, search.level) for one in chosen]
    adjusted = holm([one.p for one in tested])
    found = []
    for one, tests, p in zip(chosen, tested, adjusted, strict=True):
        enough = tests.rows >= search.least_rows and tests.clusters >= search.least_clusters
        worse = enough and float(p) <= 1 - search.level
        found.append(FoundSlice(replace(tests, adjusted=float(p)), one.difference, worse))
    found.sort(key=lambda one: (not one.confirmed, one.slice.adjusted, -one.slice.difference))
    return Found(search, searched, (int(first.sum()), int((~first).sum())), "Holm", tuple(found))


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    groups: Groups
    place: int
    statistic: float
    difference: float

    @property
    def rows(self) -> Flags:
        return np.asarray(self.groups.codes == self.place)


def _divisions(columns: list[Groups], *, pairs: bool) -> Iterator[Groups]:
    yield from columns
    for first, second in combinations(columns, 2) if pairs else ():
        both = together(first, second)
        if len(both.labels) <= _MOST_GROUPS:
            yield both


def _ranked(
    predicted: Predicted, columns: list[Groups], clusters: Clusters, first: Flags, search: Search
) -> tuple[list[_Candidate], int]:
    """Return what looks worse on the first half, the clearest first, and how many slices were looked at."""
    within, loss = clusters_within(clusters, first), predicted.loss[first]
    found, searched = [], 0
    for groups in _divisions(columns, pairs=search.pairs):
        told = contrasts(loss, groups.codes[first], len(groups.labels), within)
        enough = (told.rows >= search.least_rows) & (told.clusters >= search.least_clusters)
        enough &= loss.size - told.rows >= search.least_rows
        searched += int(enough.sum())
        statistic = np.where(enough, told.statistic, np.nan)
        found += [
            _Candidate(groups, int(place), float(statistic[place]), float(told.difference[place]))
            for place in np.flatnonzero(np.nan_to_num(statistic, nan=-np.inf, posinf=np.inf) >= _LEAST_STATISTIC)
        ]
    return sorted(found, key=lambda one: -one.statistic), searched


def _different(ranked: list[_Candidate], first: Flags, most: int) -> list[_Candidate]:
    """Return the first candidates that are not nearly the same rows as one before them."""
    kept: list[tuple[_Candidate, Flags]] = []
    for one in ranked:
        mine = one.rows & first
        if any((mine & other).sum() >= _ALIKE * (mine | other).sum() for _, other in kept):
            continue
        kept.append((one, mine))
        if len(kept) == most:
            break
    return [one for one, _ in kept]


def _tested(
    one: _Candidate,
    predicted: Predicted,
    beside: Mapping[str, Predicted],
    clusters: Clusters,
    second: Flags,
    level: float,
) -> Slice:
    within = clusters_within(clusters, second)
    groups = replace(one.groups, codes=one.groups.codes[second])
    others = {name: taken(other, second) for name, other in beside.items()}
    return slice_at(groups, one.place, taken(predicted, second), others, within, level)


def taken(predicted: Predicted, keep: Flags) -> Predicted:
    """Return losses and measures of some of the rows; nothing else of them is taken."""
    measures = {name: replace(one, values=one.values[keep]) for name, one in predicted.measures.items()}
    return replace(predicted, loss=predicted.loss[keep], measures=measures)
