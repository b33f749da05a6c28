"""Checks of a split: what it should not have touched is the same on both sides."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.charts.numbers import change
from mainspring.stats import Clusters, binomial_at_most, blocks, contrasts, holm, normal_above, student_above

__all__ = ["SplitCheck", "balance_check", "coverage_check", "overlap_check", "ratio_check", "steadiness_check"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_LEVEL: Final = 1e-3
_APART: Final = 0.005
_LEANING: Final = 0.01
_BOTH: Final = 0.01
_VALUES: Final = 10
_FEWEST: Final = 20
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """One check of a split.

    Attributes:
        name: What it looks at.
        p: The probability of at least this where the split is right; 1 where nothing can be said.
        says: What was found, in a sentence.
        broken: Whether the split cannot be trusted.
    """

    name: str
    p: float
    says: str
    broken: bool


def ratio_check(first: npt.NDArray[Any], second: npt.NDArray[Any], share: float) -> SplitCheck:
    """Return whether sides have the shares of units that were planned, by an exact binomial test at 0.001.

    A split that is off by little is off for a reason, and who is missing is rarely like who is there (Fabijan et al.,
    KDD 2019).
    """
    counts = [int(np.unique(side).size) for side in (first, second)]
    total = sum(counts)
    below = binomial_at_most(counts[0], total, share)
    above = binomial_at_most(counts[1], total, 1 - share)
    p = min(1.0, 2 * min(below, above)) if total else 1.0
    found = counts[0] / total if total else 0.0
    says = f"{counts[0]:,} and {counts[1]:,} units: {found:.2%} are on the first side, where {share:.2%} were planned"
    return SplitCheck("ratio", p, says, p < _LEVEL)


def overlap_check(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> SplitCheck:
    """Return whether units are on one side alone; more than one in a hundred on both is no split by that unit."""
    both = np.intersect1d(first, second).size
    total = np.union1d(first, second).size
    share = both / total if total else 0.0
    says = f"{both:,} of {total:,} units are on both sides"
    return SplitCheck("overlap", 1.0 if share <= _BOTH else 0.0, says, share > _BOTH)


def steadiness_check(first: tuple[npt.NDArray[Any], Floats], second: tuple[npt.NDArray[Any], Floats]) -> SplitCheck:
    """Return whether the shares of units, by the day on which each came first, are the same on all days.

    Pearson's χ² of homogeneity, its tail by Wilson and Hilferty's cube root (PNAS 17, 1931); days with fewer than
    twenty units are left out.
    """
    days = [_first_days(*side) for side in (first, second)]
    every = np.unique(np.concatenate(days))
    counts = np.array([[int((side == day).sum()) for day in every.tolist()] for side in days], dtype=np.float64)
    usable = counts[:, counts.sum(axis=0) >= _FEWEST]
    if usable.shape[1] < 2 or not usable.sum(axis=1).all():
        return SplitCheck("steadiness", 1.0, "one day says nothing about others", broken=False)
    expected = usable.sum(axis=1, keepdims=True) * usable.sum(axis=0) / usable.sum()
    statistic, freedom = float(((usable - expected) ** 2 / expected).sum()), usable.shape[1] - 1
    p = _chi_square_above(statistic, freedom)
    shares = usable[0] / usable.sum(axis=0)
    says = f"the first side has {shares.min():.1%} to {shares.max():.1%} of the units of a day"
    return SplitCheck("steadiness", p, says, p < _LEVEL)


def _first_days(units: npt.NDArray[Any], times: Floats) -> npt.NDArray[np.int64]:
    found, places = np.unique(units, return_inverse=True)
    first = np.full(found.size, np.inf)
    np.minimum.at(first, places, times)
    return np.asarray(first // _DAY, dtype=np.int64)


def _chi_square_above(statistic: float, freedom: int) -> float:
    part = 2 / (9 * freedom)
    z = ((statistic / freedom) ** (1 / 3) - (1 - part)) / math.sqrt(part)
    return float(normal_above(z))


def coverage_check(known: Bools, second: Bools, units: npt.NDArray[Any]) -> SplitCheck:
    """Return whether labels have come for the same share of both sides: else what is compared is not what was split.

    Half a point apart, at 0.001, with sums over units.
    """
    apart, p = _contrast(known.astype(np.float64), second, blocks(units))
    shares = [float(known[mine].mean()) if mine.any() else math.nan for mine in (~second, second)]
    says = f"{shares[0]:.2%} and {shares[1]:.2%} of the rows have labels"
    return SplitCheck("coverage", p, says, p < _LEVEL and abs(apart) >= _APART)


def balance_check(
    columns: Mapping[str, Any], second: Bools, units: npt.NDArray[Any], names: tuple[str, str]
) -> SplitCheck:
    """Return whether inputs are alike on both sides.

    The mean of each number, the share of each of the ten most frequent values of a category, and what is missing; with
    sums over units, after Holm's correction for all of them, at 0.001, and at least a hundredth of a standard deviation
    apart.

    Args:
        columns: Inputs of all rows.
        second: Which rows are on the second side.
        units: What each row belongs to.
        names: What the sides are called.
    """
    looked: list[tuple[str, float, float]] = []
    if second.all() or not second.any():
        said = f"there is nothing of {names[1] if not second.any() else names[0]}"
        return SplitCheck("balance", 1.0, said, broken=False)
    clusters = blocks(units)
    for name, values in columns.items():
        for said, figures in _figures(name, np.asarray(values)):
            spread = float(figures.std())
            if spread > 0:
                apart, p = _contrast(figures, second, clusters)
                looked.append((said, apart / spread, p))
    if not looked:
        return SplitCheck("balance", 1.0, "no input varies", broken=False)
    adjusted = np.asarray(holm([p for _, _, p in looked]))
    leaning = np.array([abs(apart) >= _LEANING for _, apart, _ in looked])
    worst = int(np.argmin(np.where(leaning, adjusted, 2.0))) if leaning.any() else int(np.argmin(adjusted))
    said, apart, _ = looked[worst]
    says = f"of {len(looked):,} figures of inputs {said} is furthest apart, by {change(apart, 0.0)} standard deviations"
    p = float(adjusted[worst])
    return SplitCheck("balance", p, says, bool(p < _LEVEL and leaning[worst]))


def _figures(name: str, values: npt.NDArray[Any]) -> list[tuple[str, Floats]]:
    """What of an input may not tell sides apart, as numbers."""
    if values.dtype.kind in "biuf":
        numbers = values.astype(np.float64)
        known = np.isfinite(numbers)
        if known.all():
            return [(f"'{name}'", numbers)]
        mean = float(numbers[known].mean()) if known.any() else 0.0
        return [(f"'{name}'", np.where(known, numbers, mean)), (f"missing '{name}'", (~known).astype(np.float64))]
    texts = np.array(["" if one is None else str(one) for one in values.tolist()])
    gone = np.array([one is None for one in values.tolist()])
    found, counts = np.unique(texts[~gone], return_counts=True)
    most = found[np.argsort(-counts, kind="stable")[:_VALUES]]
    made = [(f"'{name}' = {value}", (texts == value).astype(np.float64)) for value in most.tolist()]
    return [*made, (f"missing '{name}'", gone.astype(np.float64))] if gone.any() else made


def _contrast(figures: Floats, second: Bools, clusters: Clusters) -> tuple[float, float]:
    """How much larger the mean of the second side is, and the two-sided p-value of that."""
    found = contrasts(figures, np.where(second, 0, -1), 1, clusters)
    statistic, apart = float(found.statistic[0]), float(found.difference[0])
    freedom = clusters.sizes[0] - 1
    if math.isnan(statistic) or freedom < 1:
        return 0.0 if math.isnan(apart) else apart, 1.0
    return apart, min(1.0, 2 * student_above(abs(statistic), freedom))
