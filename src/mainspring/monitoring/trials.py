"""Trials of two versions on what turned out: the effect with its interval, its power, and whether the split holds."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from mainspring.errors import MonitoringError, nearest
from mainspring.monitoring.balancing import (
    SplitCheck,
    balance_check,
    coverage_check,
    overlap_check,
    ratio_check,
    steadiness_check,
)
from mainspring.monitoring.labels import LOSSES
from mainspring.stats import Estimate, blocks, linear_estimate, student_above

__all__ = ["Arm", "DayEffect", "Side", "Trial", "Trying", "try_pairs", "try_split"]

Floats = npt.NDArray[np.float64]
Answer = Literal["broken", "too few", "better", "worse", "no difference", "open"]
_POWER: Final = 0.8
_FEWEST: Final = 30
_DAY: Final = 86_400
_ORDERED: Final = tuple(name for name in LOSSES if name != "error")


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """What one version has predicted, a place for each row.

    Attributes:
        units: What the split was made by, or else the answers that rows came in; rows of one unit are not independent.
        times: When it was predicted, in seconds since 1970 UTC.
        predicted: What was predicted.
        actual: What turned out; NaN where that is not known.
        columns: Inputs that may not tell the versions apart: numbers, or texts with None for what is missing.
    """

    units: npt.NDArray[Any]
    times: Floats
    predicted: Floats
    actual: Floats
    columns: Mapping[str, Any] = field(default_factory=dict)

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Of which rows it is known what turned out."""
        return np.asarray(np.isfinite(self.actual) & np.isfinite(self.predicted), dtype=np.bool_)

    def losses(self, loss: str) -> Floats:
        """Return the losses of rows; NaN where what turned out is not known."""
        return np.asarray(np.where(self.known, LOSSES[loss](self.predicted, self.actual), np.nan), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Trying:
    """How a trial is judged.

    Attributes:
        loss: What predictions are judged by; smaller is better, so `error` cannot be it.
        share: The share of units that the first version was to answer.
        relevant: The least change that matters, as a share of the loss of the first version.
        level: The confidence of the interval.
        split: Whether units are what the split was made by, so that none may be on both sides.

    Raises:
        MonitoringError: They cannot be.
    """

    loss: str = "absolute"
    share: float = 0.5
    relevant: float = 0.05
    level: float = 0.95
    split: bool = False

    def __post_init__(self) -> None:
        if self.loss not in _ORDERED:
            near = nearest(self.loss, _ORDERED)
            fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(_ORDERED)}."
            raise MonitoringError(f"Versions cannot be compared by the loss '{self.loss}'", fix=fix)
        if not (0 < self.share < 1 and self.relevant > 0 and 0.5 < self.level < 1):
            raise MonitoringError(
                f"A trial cannot have the share {self.share}, the change {self.relevant} and the level {self.level}",
                fix="Give a share inside (0, 1), a change above 0, and a level inside (0.5, 1).",
            )


@dataclass(frozen=True, slots=True)
class Arm:
    """One side of a trial.

    Attributes:
        predictions: Rows that were predicted.
        labelled: Of how many it is known what turned out.
        units: How many units they came in.
        loss: Their mean loss; NaN without labels.
    """

    predictions: int
    labelled: int
    units: int
    loss: float


@dataclass(frozen=True, slots=True)
class DayEffect:
    """The effect on one day, in seconds since 1970 UTC of its begin."""

    day: int
    effect: Estimate


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a trial.

    Attributes:
        paired: Whether both versions predicted the same rows.
        arms: Both sides; the effect is the loss of the second less that of the first.
        effect: With its interval; None where there are too few labels for one.
        p: Of no effect, two-sided.
        relevant: The least change that matters, in the unit of the loss.
        power: The chance with which such a change is found with as many labels.
        detectable: The change that is found with a chance of 80%.
        needed: How many times as many labels it takes to find the least change that matters with a chance of 80%.
        checks: Whether the split is what it should be.
        days: The effect day by day, of days with labels enough.
        trying: How it was judged.
    """

    paired: bool
    arms: tuple[Arm, Arm]
    effect: Estimate | None
    p: float
    relevant: float
    power: float
    detectable: float
    needed: float
    checks: tuple[SplitCheck, ...]
    days: tuple[DayEffect, ...]
    trying: Trying

    @property
    def answer(self) -> Answer:
        """What is to be said of the second version: a broken split says nothing else."""
        if any(one.broken for one in self.checks):
            return "broken"
        if self.effect is None:
            return "too few"
        if self.effect.high < 0:
            return "better"
        if self.effect.low > 0:
            return "worse"
        within = max(abs(self.effect.low), abs(self.effect.high)) <= self.relevant
        return "no difference" if within else "open"


def try_split(first: Side, second: Side, trying: Trying | None = None) -> Trial:
    """Return what came of two versions that each answered a part of the same traffic.

    The effect is the difference of mean losses; its variance is that of sums over units (Liang and Zeger, Biometrika
    73, 1986), its interval Student's. It is for one look at a size that was chosen before: who looks every day, and
    stops when it is clear, is wrong more often than the level says. The split is checked by what it should not have
    touched: how many units each side has, the same every day, what came in, and of what share labels have come.

    Args:
        first: The version that was there.
        second: The other one.
        trying: How it is judged.
    """
    trying = trying or Trying()
    losses = [side.losses(trying.loss) for side in (first, second)]
    checks = [
        ratio_check(first.units, second.units, trying.share),
        *([overlap_check(first.units, second.units)] if trying.split else []),
        steadiness_check((first.units, first.times), (second.units, second.times)),
    ]
    second_side = np.repeat([False, True], [first.units.size, second.units.size])
    units = np.concatenate([first.units, second.units])
    checks.append(coverage_check(np.concatenate([first.known, second.known]), second_side, units))
    columns = {
        name: np.concatenate([np.asarray(side.columns[name]) for side in (first, second)])
        for name in first.columns
        if name in second.columns
    }
    checks.append(balance_check(columns, second_side, units, ("the first", "the second")))
    times = np.concatenate([first.times, second.times])
    both = np.concatenate(losses)

    def effect(rows: npt.NDArray[np.bool_]) -> Estimate | None:
        return _difference(both[rows], second_side[rows], units[rows], trying.level)

    arms = _arm(first, losses[0]), _arm(second, losses[1])
    return _trial(arms, effect, (times, np.isfinite(both)), (False, tuple(checks)), trying)


def try_pairs(first: Side, second: Side, rest: Side, trying: Trying | None = None) -> Trial:
    """Return what came of two versions that predicted the same rows, such as a champion and its shadow.

    Args:
        first: The version that was there; rows that both have predicted.
        second: The other one, in the same order.
        rest: Rows of the first version that the second has not predicted: those it has must be like them.
        trying: How it is judged.
    """
    trying = trying or Trying()
    losses = [side.losses(trying.loss) for side in (first, second)]
    apart = losses[1] - losses[0]
    paired = np.repeat([True, False], [first.units.size, rest.units.size])
    columns = {
        name: np.concatenate([np.asarray(side.columns[name]) for side in (first, rest)])
        for name in first.columns
        if name in rest.columns
    }
    units = np.concatenate([first.units, rest.units])
    checks = (balance_check(columns, paired, units, ("what only the first saw", "what both saw")),)

    def effect(rows: npt.NDArray[np.bool_]) -> Estimate | None:
        if np.unique(first.units[rows]).size < _FEWEST:
            return None
        mean = float(apart[rows].mean())
        influence = (apart[rows] - mean) / apart[rows].size
        return linear_estimate(mean, influence, blocks(first.units[rows]), level=trying.level)

    arms = _arm(first, np.where(np.isfinite(apart), losses[0], np.nan)), _arm(second, losses[1])
    return _trial(arms, effect, (first.times, np.isfinite(apart)), (True, checks), trying)


def _arm(side: Side, losses: Floats) -> Arm:
    known = losses[np.isfinite(losses)]
    mean = math.fsum(known.tolist()) / known.size if known.size else math.nan
    return Arm(side.units.size, int(known.size), int(np.unique(side.units).size), mean)


def _difference(
    losses: Floats, second: npt.NDArray[np.bool_], units: npt.NDArray[Any], level: float
) -> Estimate | None:
    sides = [np.unique(units[mine]).size for mine in (second, ~second)]
    if min(sides) < _FEWEST:
        return None
    means = [float(losses[mine].mean()) for mine in (~second, second)]
    counts = [int((~second).sum()), int(second.sum())]
    influence = np.where(second, (losses - means[1]) / counts[1], (means[0] - losses) / counts[0])
    return linear_estimate(means[1] - means[0], influence, blocks(units), level=level)


def _trial(
    arms: tuple[Arm, Arm],
    effect: Callable[[npt.NDArray[np.bool_]], Estimate | None],
    rows: tuple[Floats, npt.NDArray[np.bool_]],
    split: tuple[bool, tuple[SplitCheck, ...]],
    trying: Trying,
) -> Trial:
    times, known = rows
    paired, checks = split
    whole = effect(known)
    relevant = trying.relevant * abs(arms[0].loss)
    days = []
    starts = times // _DAY
    for day in np.unique(starts[known]).tolist():
        found = effect(known & (starts == day))
        if found is not None:
            days.append(DayEffect(int(day) * _DAY, found))
    if whole is None:
        none = math.nan
        return Trial(paired, arms, None, none, relevant, none, none, none, checks, tuple(days), trying)
    normal = NormalDist()
    limit = normal.inv_cdf((1 + trying.level) / 2)
    # The error behind an interval of Student's: at so many units its quantile is the normal one.
    error = max((whole.high - whole.low) / 2 / limit, 1e-300)
    p = min(1.0, 2 * student_above(abs(whole.estimate) / error, max(whole.clusters - 1, 1)))
    power = normal.cdf(relevant / error - limit) + normal.cdf(-relevant / error - limit)
    detectable = (limit + normal.inv_cdf(_POWER)) * error
    needed = (detectable / relevant) ** 2 if relevant else math.inf
    return Trial(paired, arms, whole, p, relevant, power, detectable, needed, checks, tuple(days), trying)
