"""How good the order is in which things are shown to those who ask: NDCG, reciprocal rank, recall, by query."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.inputs import Floats, Ints, codes_of, vector

__all__ = ["RankingScores", "ranking_scores"]


@dataclass(frozen=True, slots=True, eq=False)
class RankingScores:
    """For each of Q queries how well its items are ordered.

    Attributes:
        queries: (Q,) labels of the queries, sorted.
        items: (Q,) items of each.
        relevant: (Q,) items of a relevance above zero.
        ndcg: (Q,) normalised discounted cumulative gain of the first k; NaN where no item is relevant.
        reciprocal_rank: (Q,) 1 / rank of the first relevant item; NaN where none is.
        recall: (Q,) share of the relevant items among the first k; NaN where none is.
        k: How many items are shown.
    """

    queries: npt.NDArray[Any]
    items: Ints
    relevant: Ints
    ndcg: Floats
    reciprocal_rank: Floats
    recall: Floats
    k: int


def ranking_scores(
    relevance: npt.ArrayLike, score: npt.ArrayLike, query: npt.ArrayLike, *, k: int = 10
) -> RankingScores:
    """Return NDCG at k, reciprocal rank and recall at k of each query.

    DCG = Σ relevance / log2(rank + 1) over the first k, over that of the best order (Järvelin and Kekäläinen, ACM
    Transactions on Information Systems 20, 2002; the gain is the relevance itself). The reciprocal rank is over all
    items (Voorhees, TREC-8, 1999). Items with tied scores count as their mean over all orders of the ties (McSherry
    and Najork, ECIR 2008): no order of the input is better than another one. Queries without a relevant item are NaN.

    Args:
        relevance: For each item its gain, at least 0.
        score: For each item what the model says; the highest is shown first.
        query: For each item its query.
        k: How many items are shown.

    Raises:
        StatisticsError: Lengths differ, a relevance is negative, a number is not finite, or k is below 1.
    """
    gain = vector(relevance, "relevance")
    said = vector(score, "score", gain.size)
    codes, labels = codes_of(query, "query", gain.size)
    if k < 1 or np.any(gain < 0):
        raise StatisticsError("A relevance is negative, or fewer than 1 item is shown", fix="Give gains of at least 0.")
    size = labels.size
    items, relevant = np.bincount(codes, minlength=size), np.bincount(codes[gain > 0], minlength=size)
    known = relevant > 0
    best = _discounted(gain, gain, codes, size, k)
    ties = _ties(said, codes)
    hits = np.asarray(np.bincount(ties.group, gain > 0, ties.first.size), dtype=np.float64)
    # How many places of each group of ties are among those that are shown.
    shown = np.clip(k - ties.first, 0, ties.items)
    found = np.bincount(ties.query, hits * shown / ties.items, size)
    with np.errstate(invalid="ignore", divide="ignore"):
        ndcg = np.where(known, _discounted(gain, said, codes, size, k) / best, np.nan)
        recall = np.where(known, found / relevant, np.nan)
    return RankingScores(labels, items, relevant, ndcg, _reciprocal(ties, hits, known), recall, k)


@dataclass(frozen=True, slots=True, eq=False)
class _Ties:
    """Groups of items of one query and one score.

    Attributes:
        group: For each item its group.
        query: For each group its query.
        first: For each group its first place in the query, from 0.
        items: For each group how many items it has.
    """

    group: Ints
    query: Ints
    first: Ints
    items: Ints


def _ties(score: Floats, codes: Ints) -> _Ties:
    order = np.lexsort((-score, codes))
    queries, values = codes[order], score[order]
    starts = np.flatnonzero(np.r_[True, (np.diff(queries) != 0) | (np.diff(values) != 0)]) if codes.size else codes
    group = np.empty(codes.size, np.int64)
    group[order] = np.repeat(np.arange(starts.size), np.diff(np.r_[starts, codes.size]))
    begun = np.searchsorted(queries, queries[starts])
    return _Ties(group, queries[starts], starts - begun, np.diff(np.r_[starts, codes.size]))


def _discounted(gain: Floats, score: Floats, codes: Ints, size: int, k: int) -> Floats:
    ties = _ties(score, codes)
    longest = int((ties.first + ties.items).max(initial=0))
    discount = np.where(np.arange(longest) < k, 1 / np.log2(np.arange(2, longest + 2)), 0.0)
    reached = np.r_[0.0, np.cumsum(discount)]
    mean = np.bincount(ties.group, gain, ties.first.size) / ties.items
    parts = mean * (reached[ties.first + ties.items] - reached[ties.first])
    return np.asarray(np.bincount(ties.query, parts, size), dtype=np.float64)


def _reciprocal(ties: _Ties, hits: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    """Return the mean of 1 / rank of the first relevant item over all orders of ties."""
    found = np.full(known.size, np.nan)
    held = np.flatnonzero(hits > 0)
    first = held[np.unique(ties.query[held], return_index=True)[1]]
    for group in first.tolist():
        many, right = int(ties.items[group]), int(hits[group])
        none_yet, total = 1.0, 0.0
        for place in range(many - right + 1):
            total += none_yet * right / (many - place) / (ties.first[group] + place + 1)
            none_yet *= (many - place - right) / (many - place)
        found[ties.query[group]] = total
    return found
