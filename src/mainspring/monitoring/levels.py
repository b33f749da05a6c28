"""Levels: volume, latency and correlations, against how they vary from window to window in the reference."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.layouts import Layout
from mainspring.monitoring.matching import Matched, Seasonal, level_loss, seasonal, wider
from mainspring.monitoring.rules import Rules
from mainspring.monitoring.shapes import Judged
from mainspring.monitoring.stacks import LATENCIES, Stack
from mainspring.monitoring.windows import Window
from mainspring.stats import Tails, fit_tails

__all__ = ["Levels", "Related", "fit_levels", "fit_related"]

Floats = npt.NDArray[np.float64]
_COLD: Final = 8.0
_TINY: Final = 1e-12
_NOTHING: Final = math.log(0.5)


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Figures of a window as a whole, and how they vary.

    Attributes:
        check: Which check they are for.
        names: What they are called.
        match: Sums by cell.
        spread: The standard deviation of each between windows of a cell.
        wide: The same between windows of whatever cells, for those whose cell the reference does not have.
        tails: Of what is left, standardised; None at a cold start.
        both: Whether less than usual is remarkable as well.
    """

    check: str
    names: tuple[str, ...]
    match: Seasonal
    spread: Floats
    wide: Floats
    tails: Tails | None
    both: bool

    def judge(self, stack: Stack, figures: Floats, rules: Rules) -> Judged:
        """Return how unusual the figures of windows are."""
        matched = self.match.match(stack.windows)
        expected = matched.sums / np.maximum(matched.count, 1)
        spread = np.where(matched.strange, self.wide, self.spread)
        scale = spread * np.sqrt(1 + 1 / np.maximum(matched.count, 1))
        apart = figures - expected
        ratios = (np.abs(apart) if self.both else apart) / scale
        if self.tails is None:
            big = (ratios > _COLD) & (np.abs(apart) > 3 * rules.floor(self.check))
            p, limit = np.where(big, rules.level * 1e-3, 1.0), np.full(ratios.shape, _COLD)
        else:
            p, limit = self.tails.above(ratios), np.broadcast_to(self.tails.level(rules.level), ratios.shape)
        size = np.nan_to_num(np.abs(apart) if self.both else apart)
        return Judged(self.check, self.names, p, size, figures, expected, limit * scale)


def fit_levels(stack: Stack, rules: Rules, shut: Sequence[Window] = ()) -> list[tuple[Levels, str]]:
    """Return what volume and, where it was timed, latency were in reference windows, with the figure's name."""
    volume = np.concatenate([stack.volume, np.full(len(shut), _NOTHING)])[:, np.newaxis]
    found = [(_fit("volume", ("",), (*stack.windows, *shut), volume, rules), "volume")]
    if len(stack.windows) and np.isfinite(stack.latency).all():
        names = tuple(f"p{round(100 * level)}" for level in LATENCIES)
        found.append((_fit("latency", names, stack.windows, stack.latency, rules), "latency"))
    return found


def _fit(check: str, names: tuple[str, ...], windows: Sequence[Window], figures: Floats, rules: Rules) -> Levels:
    match = seasonal(windows, figures, level_loss, rules.shift)
    matched = match.without(windows, figures)
    apart = _apart(figures, matched)
    both = check != "latency"
    inside = np.where(matched.strange, np.nan, apart)
    spread = np.maximum(np.sqrt(np.nanmean(inside**2, axis=0)), rules.floor(check) / 10)
    wide = np.maximum(np.sqrt(wider(_apart(figures, match.strangers(figures)) ** 2, matched.strange)), spread)
    ratios = apart / np.where(matched.strange, wide, spread)
    cold = len(windows) < rules.reference
    tails = None if cold else fit_tails(np.abs(ratios) if both else ratios)
    return Levels(check, names, match, spread, wide, tails, both)


def _apart(figures: Floats, matched: Matched) -> Floats:
    """How far figures are from the mean of what they are compared with, as if that were known exactly."""
    count = np.maximum(matched.count, 1)
    return np.asarray((figures - matched.sums / count) / np.sqrt(1 + 1 / count), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Related:
    """Correlations of the reference: for each number those with all others.

    Attributes:
        layout: The axes.
        match: Sums of Fisher's z by cell.
        pairs: Places of both numbers of each pair, among numbers.
        tails: Of the root mean square change of a number's correlations, standardised; None at a cold start.
        scale: The root mean square of that between windows of the reference.
        wide: The same between windows of whatever cells, for those whose cell the reference does not have.
        rows: The median of the rows of a reference window.
    """

    layout: Layout
    match: Seasonal
    pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
    tails: Tails | None
    scale: Floats
    wide: Floats
    rows: float

    def judge(self, stack: Stack, rules: Rules) -> Judged:
        """Return how unusual the correlations of windows are."""
        matched = self.match.match(stack.windows)
        apart = _changes(_off(stack.related[:, np.newaxis], matched), self.pairs, len(self.scale))
        # Sampling makes correlations of fewer rows vary more than those of the reference did.
        fewer = np.sqrt(np.maximum(1.0, self.rows / np.maximum(stack.rows, 1)))[:, np.newaxis]
        scale = np.where(matched.strange, self.wide, self.scale)
        ratios = apart / (scale * fewer)
        if self.tails is None:
            p = np.where((ratios > _COLD) & (apart > 3 * rules.floor("correlation")), rules.level * 1e-3, 1.0)
            limit = np.full(ratios.shape, _COLD)
        else:
            p, limit = self.tails.above(ratios), np.broadcast_to(self.tails.level(rules.level), ratios.shape)
        names = tuple(self.layout.names[place] for place in self.layout.numbers)
        return Judged("correlation", names, p, apart, apart, apart * 0, limit * scale)


def fit_related(stack: Stack, layout: Layout, rules: Rules) -> Related | None:
    """Return the correlations of reference windows; None where there are not two numbers."""
    size = layout.numbers.size
    if size < 2:
        return None
    pairs = np.triu_indices(size, 1)
    figures = stack.related[:, np.newaxis]
    match = seasonal(stack.windows, figures, level_loss, rules.shift)
    matched = match.without(stack.windows, figures)
    apart, others = (_changes(_off(figures, one), pairs, size) for one in (matched, match.strangers(figures)))
    inside = np.where(matched.strange, np.nan, apart)
    scale = np.maximum(np.sqrt(np.nanmean(inside**2, axis=0)), _TINY)
    wide = np.maximum(np.sqrt(wider(others**2, matched.strange)), scale)
    ratios = apart / np.where(matched.strange, wide, scale)
    tails = None if len(stack.windows) < rules.reference else fit_tails(ratios)
    return Related(layout, match, pairs, tails, scale, wide, float(np.median(stack.rows)))


def _off(figures: Floats, matched: Matched) -> Floats:
    """How far correlations are from the mean of what they are compared with."""
    count = np.maximum(matched.count, 1)[..., np.newaxis]
    return np.asarray((figures - matched.sums / count)[:, 0], dtype=np.float64)


def _changes(apart: Floats, pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], size: int) -> Floats:
    """The root mean square of the changes of each number's correlations."""
    sums = np.zeros((len(apart), size))
    for side in pairs:
        np.add.at(sums.T, side, (apart**2).T)
    return np.sqrt(sums / max(size - 1, 1))
