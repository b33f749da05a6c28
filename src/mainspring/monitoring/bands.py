"""Bands: the level of every column window by window, and between what it was in the reference at such times."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.layouts import Layout
from mainspring.monitoring.matching import Seasonal, level_loss, seasonal
from mainspring.monitoring.stacks import LATENCIES, Stack, stacked
from mainspring.monitoring.windows import WindowProfile

__all__ = ["LATENCY", "ROWS", "Bands", "Level", "fit_bands"]

Floats = npt.NDArray[np.float64]
ROWS: Final = "rows"
LATENCY: Final = tuple(f"latency p{round(100 * level)}" for level in LATENCIES)
_INSIDE: Final = 0.99
_LEAST: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """What one figure was, window by window, and its band.

    Attributes:
        name: The column; `ROWS`, or one of `LATENCY` in milliseconds.
        label: The value whose share of a category it is; None for the mean of a number and for whole windows.
        value: The figure; NaN where there is none.
        low: The lower end of the band; NaN where the reference says nothing.
        high: The upper end.
    """

    name: str
    label: str | None
    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """Between what figures were in the reference.

    Attributes:
        layout: The axes.
        match: Sums of the figures by cell of the season that predicts each best.
        width: How far the figure of a reference window was at most from the others of its cell, in 99 of 100.
    """

    layout: Layout
    match: Seasonal
    width: Floats

    def of(self, profiles: Sequence[WindowProfile], stack: Stack) -> list[Level]:
        """Return the level of each column, of the rows and of the latency, in windows that follow each other."""
        figures = _figures(profiles, stack, self.layout)
        matched = self.match.match(stack.windows)
        count = np.maximum(matched.count, 1)
        expected, width = matched.sums / count, self.width * np.sqrt(1 + 1 / count)
        low, high = expected - width, expected + width
        columns = len(self.layout.axes)
        found = [
            Level(axis.name, axis.labels[0], figures[:, place], *np.clip((low[:, place], high[:, place]), 0, 1))
            if axis.kind == "category"
            else Level(axis.name, None, figures[:, place], low[:, place], high[:, place])
            for place, axis in enumerate(self.layout.axes)
        ]
        for place, name in enumerate((ROWS, *LATENCY), columns):
            unit = 1.0 if name == ROWS else 1e-3
            sides = (np.exp(side[:, place]) * unit for side in (figures, low, high))
            found.append(Level(name, None, *sides))
        return found


def fit_bands(profiles: Sequence[WindowProfile], layout: Layout, shift: float = 0.0) -> Bands:
    """Return the bands that reference windows give.

    For each figure (the mean of a number, the share of the most frequent value of a category, the logarithms of the
    rows and of the quantiles of the latency) the season is chosen that predicts a left-out window best. The band lies
    around the mean of a cell, as far as 99% of the reference windows were from the mean of the others of theirs, by
    √(1 + 1/k) for the k windows of the cell. It is for looking at: what is found, checks decide.

    Args:
        profiles: The reference windows.
        layout: The axes.
        shift: Hours by which local time is ahead of UTC.
    """
    usable = [one for one in profiles if one.rows]
    stack = stacked(usable, layout)
    figures = _figures(usable, stack, layout)
    known = np.isfinite(figures)
    centre = np.where(known, figures, 0.0).sum(0) / np.maximum(known.sum(0), 1)
    filled = np.where(known, figures, centre)
    match = seasonal(stack.windows, filled, level_loss, shift)
    rest = match.without(stack.windows, filled)
    count = np.maximum(rest.count, 1)
    apart = np.abs(filled - rest.sums / count) / np.sqrt(1 + 1 / count)
    used = known & (rest.count > 0)
    return Bands(layout, match, np.array([_width(*pair) for pair in zip(apart.T, used.T, strict=True)]))


def _width(apart: Floats, used: npt.NDArray[np.bool_]) -> float:
    if used.sum() < _LEAST:
        return float("nan")
    return float(np.quantile(apart[used], _INSIDE, method="higher"))


def _figures(profiles: Sequence[WindowProfile], stack: Stack, layout: Layout) -> Floats:
    """By window: a figure of each column, then the logarithms of the rows and of the quantiles of the latency."""
    columns = [_column(profiles, stack, layout, place) for place in range(len(layout.axes))]
    whole = np.concatenate([np.where(stack.rows > 0, stack.volume, np.nan)[:, np.newaxis], stack.latency], axis=1)
    return np.concatenate([np.array(columns, dtype=np.float64).reshape(-1, len(profiles)).T, whole], axis=1)


def _column(profiles: Sequence[WindowProfile], stack: Stack, layout: Layout, place: int) -> Floats:
    axis = layout.axes[place]
    if axis.kind == "counted":
        return np.full(len(profiles), np.nan)
    if axis.kind == "category":
        of, total = stack.counts[:, place, 0], stack.counts[:, place].sum(-1)
    else:
        of = np.array([one.sums[place, 0] for one in profiles])
        total = np.array([one.finite[place] for one in profiles], dtype=np.float64)
    share = np.where(total > 0, of / np.maximum(total, 1), np.nan)
    return np.asarray(share if axis.kind == "category" else axis.centre + axis.scale * share, dtype=np.float64)
