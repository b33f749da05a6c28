"""Levels: volume, latency and correlations, against how they vary from window to window in the reference."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.layouts import Layout
from mainspring.monitoring.matching import Seasonal, level_loss, seasonal
from mainspring.monitoring.rules import Rules
from mainspring.monitoring.shapes import Judged
from mainspring.monitoring.stacks import LATENCIES, Stack
from mainspring.stats import Tails, fit_tails

__all__ = ["Levels", "Related", "fit_levels", "fit_related"]

Floats = npt.NDArray[np.float64]
_COLD: Final = 8.0
_TINY: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Figures of a window as a whole, and how they vary.

    Attributes:
        check: Which check they are for.
        names: What they are called.
        match: Sums by cell.
        spread: The standard deviation of each between windows of a cell.
        tails: Of what is left, standardised; None at a cold start.
        both: Whether less than usual is remarkable as well.
    """

    check: str
    names: tuple[str, ...]
    match: Seasonal
    spread: Floats
    tails: Tails | None
    both: bool

    def judge(self, stack: Stack, figures: Floats, rules: Rules) -> Judged:
        """Return how unusual the figures of windows are."""
        matched = self.match.match(stack.windows)
        expected = matched.sums / np.maximum(matched.count, 1)
        scale = self.spread * np.sqrt(1 + 1 / np.maximum(matched.count, 1))
        apart = figures - expected
        ratios = (np.abs(apart) if self.both else apart) / scale
        if self.tails is None:
            big = (ratios > _COLD) & (np.abs(apart) > 3 * rules.floor(self.check))
            p, limit = np.where(big, rules.level * 1e-3, 1.0), np.full(ratios.shape, _COLD)
        else:
            p, limit = self.tails.above(ratios), np.broadcast_to(self.tails.level(rules.level), ratios.shape)
        size = np.nan_to_num(np.abs(apart) if self.both else apart)
        return Judged(self.check, self.names, p, size, figures, expected, limit * scale)


def fit_levels(stack: Stack, rules: Rules) -> list[tuple[Levels, str]]:
    """Return what volume and, where it was timed, latency were in reference windows, with the figure's name."""
    found = [(_fit("volume", ("",), stack, stack.volume[:, np.newaxis], rules), "volume")]
    if len(stack.windows) and np.isfinite(stack.latency).all():
        names = tuple(f"p{round(100 * level)}" for level in LATENCIES)
        found.append((_fit("latency", names, stack, stack.latency, rules), "latency"))
    return found


def _fit(check: str, names: tuple[str, ...], stack: Stack, figures: Floats, rules: Rules) -> Levels:
    match = seasonal(stack.windows, figures, level_loss, rules.shift)
    matched = match.without(stack.windows, figures)
    apart = figures - matched.sums / np.maximum(matched.count, 1)
    pairs = np.sqrt(1 + 1 / np.maximum(matched.count, 1))
    both = check != "latency"
    spread = np.maximum(np.sqrt(((apart / pairs) ** 2).mean(0)), rules.floor(check) / 10)
    ratios = apart / pairs / spread
    cold = len(stack.windows) < rules.reference
    tails = None if cold else fit_tails(np.abs(ratios) if both else ratios)
    return Levels(check, names, match, spread, tails, both)


@dataclass(frozen=True, slots=True, eq=False)
class Related:
    """Correlations of the reference: for each number those with all others.

    Attributes:
        layout: The axes.
        match: Sums of Fisher's z by cell.
        pairs: Places of both numbers of each pair, among numbers.
        tails: Of the root mean square change of a number's correlations, standardised; None at a cold start.
        scale: The root mean square of that between windows of the reference.
        rows: The median of the rows of a reference window.
    """

    layout: Layout
    match: Seasonal
    pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]
    tails: Tails | None
    scale: Floats
    rows: float

    def judge(self, stack: Stack, rules: Rules) -> Judged:
        """Return how unusual the correlations of windows are."""
        matched = self.match.match(stack.windows)
        count = np.maximum(matched.count, 1)[..., np.newaxis]
        apart = _changes((stack.related[:, np.newaxis] - matched.sums / count)[:, 0], self.pairs, len(self.scale))
        # Sampling makes correlations of fewer rows vary more than those of the reference did.
        fewer = np.sqrt(np.maximum(1.0, self.rows / np.maximum(stack.rows, 1)))[:, np.newaxis]
        ratios = apart / (self.scale * fewer)
        if self.tails is None:
            p = np.where((ratios > _COLD) & (apart > 3 * rules.floor("correlation")), rules.level * 1e-3, 1.0)
            limit = np.full(ratios.shape, _COLD)
        else:
            p, limit = self.tails.above(ratios), np.broadcast_to(self.tails.level(rules.level), ratios.shape)
        names = tuple(self.layout.names[place] for place in self.layout.numbers)
        return Judged("correlation", names, p, apart, apart, apart * 0, limit * self.scale)


def fit_related(stack: Stack, layout: Layout, rules: Rules) -> Related | None:
    """Return the correlations of reference windows; None where there are not two numbers."""
    size = layout.numbers.size
    if size < 2:
        return None
    pairs = np.triu_indices(size, 1)
    figures = stack.related[:, np.newaxis]
    match = seasonal(stack.windows, figures, level_loss, rules.shift)
    matched = match.without(stack.windows, figures)
    count = np.maximum(matched.count, 1)[..., np.newaxis]
    apart = _changes((figures - matched.sums / count)[:, 0], pairs, size)
    scale = np.maximum(np.sqrt((apart**2).mean(0)), _TINY)
    tails = None if len(stack.windows) < rules.reference else fit_tails(apart / scale)
    return Related(layout, match, pairs, tails, scale, float(np.median(stack.rows)))


def _changes(apart: Floats, pairs: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]], size: int) -> Floats:
    """The root mean square of the changes of each number's correlations."""
    sums = np.zeros((len(apart), size))
    for side in pairs:
        np.add.at(sums.T, side, (apart**2).T)
    return np.sqrt(sums / max(size - 1, 1))
