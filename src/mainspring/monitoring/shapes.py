"""Shapes: how far distributions are from those of their season, measured by how far reference windows are."""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.layouts import Layout
from mainspring.monitoring.matching import Matched, Seasonal, seasonal, shape_loss, wider
from mainspring.monitoring.rules import Rules
from mainspring.monitoring.stacks import Stack
from mainspring.stats import DISTANCES, Distances, Tails, distances, fit_tails

__all__ = ["Judged", "Shapes", "fit_shapes"]

Floats = npt.NDArray[np.float64]
_DRAWS: Final = 200
_PRIOR: Final = 16.0
_JITTER: Final = 0.05
_COLD: Final = 6.0
_TINY: Final = 1e-300


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What came of one kind of check, by window and column.

    Attributes:
        check: Which.
        columns: The columns; empty text for a window as a whole.
        p: Probabilities of at least such a change in windows like the reference's; 1 where nothing can be said.
        size: The size of the change.
        value: What was found, and `expected` what the reference has.
        expected: What it was compared with.
        threshold: The size that is remarkable for one check on its own.
        by: Which distance was the largest, where there are several.
    """

    check: str
    columns: tuple[str, ...]
    p: Floats
    size: Floats
    value: Floats
    expected: Floats
    threshold: Floats
    by: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """Distributions of the reference, and how far its windows are from each other.

    Attributes:
        layout: The axes.
        match: Counts by cell of the season of each column.
        sampling: The mean square of each distance for 1 / rows + 1 / rows = 1, from chance alone.
        spread: The mean square of each distance between windows beyond that.
        factors: How much further than that windows of a cell are, by cell and column.
        tails: Of the largest standardised distance; None at a cold start.
    """

    layout: Layout
    match: Seasonal
    sampling: Floats
    spread: Floats
    factors: Floats
    tails: Tails | None

    def judge(self, stack: Stack, rules: Rules) -> Judged:
        """Return how unusual the distributions of windows are."""
        matched = self.match.match(stack.windows)
        found = distances(stack.counts, matched.sums, self.layout.widths)
        scale = self._scale(stack.counts, matched) * self.factor(matched)[..., np.newaxis]
        ratios = found.roots() / scale
        by = np.argmax(ratios, axis=-1)
        most = ratios.max(axis=-1)
        size = self.sizes(found)
        if self.tails is None:
            p = np.where((most > _COLD) & (size >= 3 * rules.floor("drift")), rules.level * 1e-3, 1.0)
            limit = np.full(most.shape, _COLD)
        else:
            p = self.tails.above(most)
            limit = np.broadcast_to(self.tails.level(rules.level), most.shape)
        known = (stack.counts.sum(-1) > 0) & (matched.sums.sum(-1) > 0)
        own = np.where(np.isnan(self.layout.widths[:, 0]), DISTANCES.index("jensen_shannon"), 1)
        threshold = limit * np.take_along_axis(scale, np.broadcast_to(own, by.shape)[..., np.newaxis], -1)[..., 0]
        return Judged("drift", self.layout.names, np.where(known, p, 1.0), size, size, size * 0, threshold, by)

    def sizes(self, found: Distances) -> Floats:
        """Return the size of a change: Wasserstein's distance of numbers, Jensen and Shannon's of categories."""
        ordered = ~np.isnan(self.layout.widths[:, 0])
        return np.where(ordered, found.wasserstein, found.jensen_shannon)

    def factor(self, matched: Matched) -> Floats:
        """Return how much further windows of the cell are."""
        return np.asarray(self.factors[matched.cells, np.arange(self.factors.shape[1])], dtype=np.float64)

    def _scale(self, counts: Floats, matched: Matched) -> Floats:
        return _expected(self.sampling, self.spread, counts, matched)


def _expected(sampling: Floats, spread: Floats, counts: Floats, matched: Matched) -> Floats:
    """The root of the mean square of each distance that chance and the spread between windows give."""
    square = spread * _pairs(matched.count)[..., np.newaxis] + sampling * _rows(counts, matched)[..., np.newaxis]
    return np.sqrt(np.maximum(square, _TINY))


def _rows(counts: Floats, matched: Matched) -> Floats:
    own, others = counts.sum(-1), matched.sums.sum(-1)
    return np.asarray(1 / np.maximum(own, 1) + 1 / np.maximum(others, 1), dtype=np.float64)


def _pairs(count: Floats) -> Floats:
    return np.asarray(1 + 1 / np.maximum(count, 1), dtype=np.float64)


def fit_shapes(stack: Stack, layout: Layout, rules: Rules) -> Shapes:
    """Return the distributions of reference windows and how far they are from each other.

    Each window is compared with the others of its cell, as a new one will be with all of them. With T₀² the mean square
    of a distance from chance alone (drawn from the reference) and a the rest, a distance d of n rows from n' rows of k
    windows is standardised as d / √(a·(1 + 1/k) + T₀²·(1/n + 1/n')), by the cell's own factor, which is drawn towards 1
    as by 16 more windows; the largest of the standardised distances is what the tail is fitted to.
    """
    match = seasonal(stack.windows, stack.counts, shape_loss, rules.shift)
    matched = match.without(stack.windows, stack.counts)
    roots = distances(stack.counts, matched.sums, layout.widths).roots()
    sampling = _sampling(stack.counts, matched, layout)
    chance = _rows(stack.counts, matched)
    weights = np.where(matched.strange, 0, 1 / chance**2)[..., np.newaxis]
    beyond = roots**2 - sampling * chance[..., np.newaxis]
    pairs = _pairs(matched.count)[..., np.newaxis]
    spread = np.maximum((weights * beyond).sum(0) / np.maximum((weights * pairs).sum(0), _TINY), 0)
    if len(stack.windows) < rules.reference:
        ordered = ~np.isnan(layout.widths[:, :1])
        jitter = np.where(ordered, _JITTER, _JITTER / 4) ** 2
        factors = np.ones((len(match.counts), len(layout.axes)))
        return Shapes(layout, match, sampling, np.maximum(spread, jitter), factors, None)
    ratios = roots / _expected(sampling, spread, stack.counts, matched)
    factors, own = _factors(ratios, matched, len(match.counts))
    # A window whose cell the reference does not have is judged by how far its windows are from all of them, or, where
    # it has such windows itself, by those.
    others = match.strangers(stack.counts)
    away = distances(stack.counts, others.sums, layout.widths).roots()
    away /= _expected(sampling, spread, stack.counts, others)
    wide = wider((away[..., ratios.mean(axis=(0, 1)) > 0] ** 2).mean(-1), matched.strange)
    wide = np.maximum(np.sqrt(wide), 1.0)
    factors[0] = np.where(np.array(match.seasons) != "none", wide, factors[0])
    own = np.where(matched.strange, factors[0], own)
    shapes = Shapes(layout, match, sampling, spread, factors, None)
    return replace(shapes, tails=fit_tails((ratios / own[..., np.newaxis]).max(-1)))


def _factors(ratios: Floats, matched: Matched, cells: int) -> tuple[Floats, Floats]:
    """The factor of each cell and column, and for each reference window the one that it would have without it."""
    used = ratios.mean(axis=(0, 1)) > 0
    squares = (ratios[..., used] ** 2).mean(-1)
    sums, counts = np.zeros((cells, squares.shape[1])), np.zeros((cells, squares.shape[1]))
    columns = np.broadcast_to(np.arange(squares.shape[1]), squares.shape)
    np.add.at(sums, (matched.cells, columns), squares)
    np.add.at(counts, (matched.cells, columns), 1.0)
    rest = sums[matched.cells, columns] - squares, counts[matched.cells, columns] - 1
    own = np.sqrt((_PRIOR + rest[0]) / (_PRIOR + rest[1]))
    return np.sqrt((_PRIOR + sums) / (_PRIOR + counts)), own


def _sampling(counts: Floats, matched: Matched, layout: Layout) -> Floats:
    """The mean square of each distance for 1 / rows + 1 / rows = 1, drawn from the whole reference."""
    rng = np.random.default_rng(0)
    whole = counts.sum(0)
    shares = whole / np.maximum(whole.sum(-1, keepdims=True), 1)
    empty = whole.sum(-1) == 0
    shares[empty, 0] = 1.0
    rows = np.maximum(np.median(counts.sum(-1), axis=0), 1).astype(np.int64)
    others = np.maximum(np.median(matched.sums.sum(-1), axis=0), 1).astype(np.int64)
    drawn = [rng.multinomial(size, shares, (_DRAWS, len(shares))) for size in (rows, others)]
    roots = distances(drawn[0], drawn[1], layout.widths).roots()
    return np.asarray((roots**2).mean(0) / (1 / rows + 1 / others)[:, np.newaxis], dtype=np.float64)
