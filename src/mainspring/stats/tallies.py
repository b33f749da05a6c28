"""Counts of the values of a category: exact up to a limit, and within a known bound above it."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Tallies", "merge_tallies", "tallies_of"]


@dataclass(frozen=True, slots=True)
class Tallies:
    """The most frequent values and how often each occurs.

    Attributes:
        limit: The largest number of values that are kept.
        values: Values, the most frequent first; of equally frequent ones in the order of text.
        counts: How often each occurs, at least; at most `missed` more.
        missed: The most by which a count is too low, and the most that a value that is not listed may occur. It is 0
            as long as there are at most `limit` values, and never more than rows / (limit + 1).
        complete: Whether all values are listed.
    """

    limit: int
    values: tuple[str, ...]
    counts: tuple[int, ...]
    missed: int = 0
    complete: bool = True


def tallies_of(counts: Mapping[str, int], *, limit: int) -> Tallies:
    """Return the tallies of values that were counted in full.

    Where there are more than `limit` values, the count of the one after the last that may stay is taken from all, and
    what is then not above zero is dropped: the summary of Misra and Gries (Science of Computer Programming 2, 1982).
    """
    return _cut(dict(counts), limit, 0, True)


def merge_tallies(first: Tallies, second: Tallies) -> Tallies:
    """Return the tallies of both data together.

    Counts are added, then cut as in `tallies_of` (Agarwal, Cormode, Huang, Phillips, Wei, Yi: Mergeable summaries,
    PODS 2012). While both are complete and the values together are at most `limit`, it equals the tallies of the
    concatenated data; above, counts of either are at most `missed` too low, and `missed` is at most
    rows / (limit + 1).
    """
    counts = dict(zip(first.values, first.counts, strict=True))
    for value, count in zip(second.values, second.counts, strict=True):
        counts[value] = counts.get(value, 0) + count
    complete = first.complete and second.complete
    return _cut(counts, min(first.limit, second.limit), first.missed + second.missed, complete)


def _cut(counts: dict[str, int], limit: int, missed: int, complete: bool) -> Tallies:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) > limit:
        cut = ordered[limit][1]
        ordered = [(value, count - cut) for value, count in ordered[:limit] if count > cut]
        missed, complete = missed + cut, False
    return Tallies(limit, tuple(value for value, _ in ordered), tuple(count for _, count in ordered), missed, complete)
