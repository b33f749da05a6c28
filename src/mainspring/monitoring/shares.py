"""Shares: nulls, new categories, marks and the like, against shares that vary between reference windows."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.layouts import Layout
from mainspring.monitoring.matching import Matched, Seasonal, seasonal, share_loss
from mainspring.monitoring.rules import Rules
from mainspring.monitoring.shapes import Judged
from mainspring.monitoring.stacks import Stack
from mainspring.stats import count_above

__all__ = ["Shares", "fit_shares"]

Floats = npt.NDArray[np.float64]
WHOLE: Final = ("contract", "duplicates", "fallback")
_COLD: Final = 1e-5
_FEWEST: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Shares:
    """Shares of the reference, and how much they vary between its windows.

    Attributes:
        layout: The axes.
        match: Counts and totals by cell: of nulls for each column, then of `contract`, `duplicates` and `fallback`.
        spread: The variance of each share between windows, beyond that of sampling, by p·(1 - p).
        wide: The same between windows of whatever cells, for those whose cell the reference does not have.
        rows: How many rows the reference has.
        cold: Whether there are too few reference windows.
    """

    layout: Layout
    match: Seasonal
    spread: Floats
    wide: Floats
    rows: float
    cold: bool

    def judge(self, stack: Stack, rules: Rules) -> list[Judged]:
        """Return how unusual the shares of windows are; only more than usual is."""
        matched = self.match.match(stack.windows)
        figures = _figures(stack)
        p, value, expected = self._tails(figures, matched)
        columns = len(self.layout.axes)
        size = value - expected
        limit = self._limits(figures, matched, expected, rules)
        parts = [("nulls", self.layout.names, slice(0, columns))]
        parts += [(name, ("",), slice(columns + place, columns + place + 1)) for place, name in enumerate(WHOLE)]
        found = [
            Judged(name, names, p[:, part], size[:, part], value[:, part], expected[:, part], limit[:, part])
            for name, names, part in parts
        ]
        return [*found, self._fresh(stack, rules), self._outside(stack, rules)]

    def _tails(self, figures: Floats, matched: Matched) -> tuple[Floats, Floats, Floats]:
        count, total = figures[..., 0], figures[..., 1]
        value = count / np.maximum(total, 1)
        expected = (matched.sums[..., 0] + 0.5) / (matched.sums[..., 1] + 1)
        rows = self._effective(total, matched)
        p = count_above(value * rows, rows, expected)
        if self.cold:
            p = np.where(p < _COLD, p, 1.0)
        return np.where(total > 0, p, 1.0), value, expected

    def _effective(self, total: Floats, matched: Matched) -> Floats:
        """How many independent rows a share is worth, after the design effect of windows (Kish 1965)."""
        pairs = 1 + 1 / np.maximum(matched.count, 1)
        spread = np.where(matched.strange, self.wide, self.spread)
        return 1 / (1 / np.maximum(total, 1) + 1 / np.maximum(matched.sums[..., 1], 1) + spread * pairs)

    def _limits(self, figures: Floats, matched: Matched, expected: Floats, rules: Rules) -> Floats:
        """About the change that is remarkable: what a normal share exceeds with the probability of the level."""
        rows = self._effective(figures[..., 1], matched)
        return np.maximum(2.33 * np.sqrt(expected * (1 - expected) / rows), rules.floor("nulls"))

    def _fresh(self, stack: Stack, rules: Rules) -> Judged:
        """Values that the reference does not have, against the share of such values to be expected."""
        total = stack.counts.sum(-1)
        unseen = np.array([axis.unseen if axis.known is not None else 1.0 for axis in self.layout.axes])
        return self._rare("new_category", stack.fresh, total, unseen, rules)

    def _outside(self, stack: Stack, rules: Rules) -> Judged:
        """Numbers outside the range of the reference: of n more rows, 2 in N + 1 are to be expected of N like them."""
        total = stack.counts.sum(-1)
        share = np.full(total.shape[1], 2 / (self.rows + 1))
        return self._rare("range", stack.outside, total, share, rules)

    def _rare(self, check: str, count: Floats, total: Floats, share: Floats, rules: Rules) -> Judged:
        expected = np.broadcast_to(share, count.shape)
        p = np.where(count >= _FEWEST, count_above(count, total, expected), 1.0)
        if self.cold:
            p = np.where(p < _COLD, p, 1.0)
        value = count / np.maximum(total, 1)
        limit = np.full(count.shape, rules.floor(check))
        return Judged(check, self.layout.names, p, value - np.minimum(expected, value), value, expected, limit)


def _figures(stack: Stack) -> Floats:
    total = np.broadcast_to(stack.rows[:, np.newaxis], stack.missing.shape)
    whole = np.stack([stack.shares, stack.totals], axis=-1)
    return np.concatenate([np.stack([stack.missing, total], axis=-1), whole], axis=1)


def fit_shares(stack: Stack, layout: Layout, rules: Rules) -> Shares:
    """Return the shares of reference windows and how much they vary.

    With p the share of the other windows of a cell, the mean of (p̂ - p)² is p·(1 - p) times (1/n + 1/n') of sampling
    and the spread between windows, (1 + 1/k) times; the second is estimated by moments. The tail is that of a binomial
    with as many rows as leave this variance.
    """
    figures = _figures(stack)
    match = seasonal(stack.windows, figures, share_loss, rules.shift)
    spread = _spread(figures, match.without(stack.windows, figures))
    wide = np.maximum(spread, _spread(figures, match.strangers(figures)))
    cold = len(stack.windows) < rules.reference
    return Shares(layout, match, spread, wide, float(stack.rows.sum()), cold)


def _spread(figures: Floats, matched: Matched) -> Floats:
    """The variance of shares between windows beyond that of sampling, by p·(1 - p)."""
    count, total = figures[..., 0], np.maximum(figures[..., 1], 1)
    expected = (matched.sums[..., 0] + 0.5) / (matched.sums[..., 1] + 1)
    unit = expected * (1 - expected)
    chance = 1 / total + 1 / np.maximum(matched.sums[..., 1], 1)
    pairs = 1 + 1 / np.maximum(matched.count, 1)
    inside = ~matched.strange if not matched.strange.all() else matched.strange
    weights = inside / chance
    beyond = (weights * ((count / total - expected) ** 2 - unit * chance)).sum(0)
    spread = beyond / np.maximum((weights * unit * pairs).sum(0), 1e-300)
    return np.asarray(np.maximum(spread, 0), dtype=np.float64)
