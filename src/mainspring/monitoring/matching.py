"""Matching: for each column the season whose windows predict it best, and sums of the reference over its cells."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.seasons import DECLARED, cells_of, eligible
from mainspring.monitoring.windows import Window

__all__ = ["Matched", "Seasonal", "level_loss", "seasonal", "shape_loss", "share_loss", "wider"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Loss = Callable[[Floats, Floats, Floats], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What windows are compared with: sums over the reference windows of the same cell, by window and column.

    Attributes:
        sums: The sums, with the axes of what was summed.
        count: Of how many windows.
        cells: The number of the cell, by window and column.
        strange: Whether the reference has no such cell, so that the window is compared with all of it.
    """

    sums: Floats
    count: Floats
    cells: Ints
    strange: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Seasonal:
    """Sums of a figure over the cells of the season that was chosen for each column.

    Attributes:
        seasons: The season of each column.
        names: The cells of each season that was chosen, and their numbers in `totals`.
        totals: The sums, by cell; the cells of all seasons follow each other, and the first is that of no season.
        counts: How many reference windows each cell has.
        shift: Hours by which local time is ahead of UTC.
    """

    seasons: tuple[str, ...]
    names: dict[str, dict[str, int]]
    totals: Floats
    counts: Ints
    shift: float

    def match(self, windows: Sequence[Window]) -> Matched:
        """Return what windows are compared with; one of a cell that the reference does not have, with all of it."""
        cells = cells_of(windows, self.shift)
        chosen = {
            season: np.array([known.get(one, 0) for one in cells[season]]) for season, known in self.names.items()
        }
        places = np.stack([chosen[season] for season in self.seasons], axis=1).astype(np.int64)
        columns = np.arange(len(self.seasons))
        strange = (places == 0) & (np.array(self.seasons) != "none")
        return Matched(self.totals[places, columns], self.counts[places].astype(np.float64), places, strange)

    def without(self, windows: Sequence[Window], figures: Floats) -> Matched:
        """Return what reference windows are compared with: their cell without themselves."""
        matched = self.match(windows)
        return replace(matched, sums=matched.sums - figures, count=matched.count - 1)

    def strangers(self, figures: Floats) -> Matched:
        """Return what reference windows would be compared with if their cells were not in it: all other windows."""
        places = np.zeros(figures.shape[:2], dtype=np.int64)
        count = np.full(figures.shape[:2], self.counts[0] - 1.0)
        return Matched(self.totals[0] - figures, count, places, places == 0)


def seasonal(windows: Sequence[Window], figures: Floats, loss: Loss, shift: float) -> Seasonal:
    """Return the sums of figures over the cells of each column's best season.

    Best is the season in which a reference window differs least from the others of its cell, by a loss: leaving one out
    tells whether a finer season explains more than it costs in rows to compare with.

    Args:
        windows: The reference windows.
        figures: By window and column, and whatever axes follow.
        loss: Gives the loss of each column from figures and the sums of what they are compared with.
        shift: Hours by which local time is ahead of UTC.
    """
    cells = cells_of(windows, shift)
    if not any(one.season for one in windows):
        cells = {season: labels for season, labels in cells.items() if not season.startswith(DECLARED)}
    options = eligible(cells)
    names: dict[str, dict[str, int]] = {}
    parts, counts, losses, begun = [], [], [], 0
    for season, (places, labels) in options.items():
        inside = places >= 0
        totals = np.zeros((len(labels) + 1, *figures.shape[1:]))
        np.add.at(totals, places[inside], figures[inside])
        totals[-1] = figures.sum(0)  # what windows of no cell are compared with
        sizes = np.append(np.bincount(places[inside], minlength=len(labels)), len(figures))
        rest = np.maximum(sizes[places] - 1.0, 0)
        losses.append(loss(figures, totals[places] - figures, rest))
        names[season] = {label: begun + place for place, label in enumerate(labels)}
        parts.append(totals[:-1])
        counts.append(sizes[:-1])
        begun += len(labels)
    best = np.argmin(np.stack(losses), axis=0)
    known = list(options)
    return Seasonal(tuple(known[place] for place in best), names, np.concatenate(parts), np.concatenate(counts), shift)


def wider(squares: Floats, strange: Bools) -> Floats:
    """Return the mean square of each column over all windows, or over those of no cell where that is more."""
    mine = np.where(strange, squares, 0).sum(0) / np.maximum(strange.sum(0), 1)
    return np.asarray(np.maximum(squares.mean(0), mine), dtype=np.float64)


def shape_loss(figures: Floats, sums: Floats, _: Floats) -> Floats:
    """The squared difference of the distribution functions, over bins."""
    apart = figures / _total(figures) - sums / _total(sums)
    return np.asarray((np.cumsum(apart, axis=-1) ** 2).sum(-1).mean(0), dtype=np.float64)


def share_loss(figures: Floats, sums: Floats, _: Floats) -> Floats:
    """The squared difference of shares; figures are counts and what they are counts of."""
    shares = [side[..., 0] / np.maximum(side[..., 1], 1) for side in (figures, sums)]
    return np.asarray(((shares[0] - shares[1]) ** 2).mean(0), dtype=np.float64)


def level_loss(figures: Floats, sums: Floats, count: Floats) -> Floats:
    """The squared difference from the mean."""
    mean = sums / np.maximum(count, 1).reshape(-1, *[1] * (figures.ndim - 1))
    squares = np.nan_to_num((figures - mean) ** 2)
    return np.asarray(squares.mean(0).reshape(figures.shape[1], -1).mean(-1), dtype=np.float64)


def _total(counts: Floats) -> Floats:
    return np.asarray(np.maximum(counts.sum(-1, keepdims=True), 1), dtype=np.float64)
