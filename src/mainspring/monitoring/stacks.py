"""Stacks: the figures of many windows as arrays, a row for each window, so that all are judged at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import MonitoringError
from mainspring.monitoring.layouts import Layout
from mainspring.monitoring.windows import LATENCY_EDGES, Window, WindowProfile

__all__ = ["LATENCIES", "Stack", "stacked"]

Floats = npt.NDArray[np.float64]
LATENCIES: Final = (0.5, 0.95, 0.99)
_CLIP: Final = 0.999


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """What some windows hold.

    Attributes:
        windows: Which they are.
        rows: Rows, by window.
        counts: Values in each bin, by window and column.
        missing: Nulls and NaN, by window and column.
        fresh: Values of categories that the reference does not have.
        outside: Numbers outside the range of the reference.
        shares: Counts of marks, repeated rows and answers by fallbacks, by window and in this order.
        totals: What each of these is a share of.
        volume: The logarithm of the rows, by window.
        latency: The logarithms of quantiles of the durations, by window; NaN where nothing was timed.
        related: Fisher's z of the correlations of numbers, by window and pair.
    """

    windows: tuple[Window, ...]
    rows: Floats
    counts: Floats
    missing: Floats
    fresh: Floats
    outside: Floats
    shares: Floats
    totals: Floats
    volume: Floats
    latency: Floats
    related: Floats


def stacked(profiles: Sequence[WindowProfile], layout: Layout) -> Stack:
    """Return the figures of windows.

    Raises:
        MonitoringError: A window was counted on another layout.
    """
    for one in profiles:
        if one.layout != layout.digest:
            raise MonitoringError(
                f"The window of {one.window.start} was counted on another layout than the reference",
                fix="Make it again from the log: mainspring monitor backfill.",
            )
    rows = np.array([one.rows for one in profiles], dtype=np.float64)
    marks = [min(sum(one.marks.values()), one.rows) for one in profiles]
    answers = [one.answers or one.rows for one in profiles]
    return Stack(
        tuple(one.window for one in profiles),
        rows,
        np.array([one.counts for one in profiles], dtype=np.float64),
        np.array([one.missing for one in profiles], dtype=np.float64),
        np.array([one.fresh for one in profiles], dtype=np.float64),
        np.array([one.below + one.above for one in profiles], dtype=np.float64),
        np.array([marks, [one.repeated for one in profiles], [one.fallbacks for one in profiles]], np.float64).T,
        np.array([rows, rows, answers], dtype=np.float64).T,
        np.log(np.maximum(rows, 0.5)),
        np.array([_latency(one) for one in profiles], dtype=np.float64).reshape(len(profiles), len(LATENCIES)),
        np.array([_related(one, layout) for one in profiles], dtype=np.float64),
    )


def _latency(profile: WindowProfile) -> Floats:
    total = int(profile.micros.sum())
    if not total:
        return np.full(len(LATENCIES), np.nan)
    reached = np.concatenate([[0], np.cumsum(profile.micros)]) / total
    edges = np.log(np.concatenate([LATENCY_EDGES[:1], LATENCY_EDGES, LATENCY_EDGES[-1:]]))
    return np.asarray(np.interp(LATENCIES, reached, edges), dtype=np.float64)


def _related(profile: WindowProfile, layout: Layout) -> Floats:
    """Fisher's z = artanh(r) of each two numbers; 0 where one does not vary."""
    places = layout.numbers
    upper = np.triu_indices(places.size, 1)
    if places.size < 2 or profile.rows < 3:
        return np.zeros(upper[0].size)
    means = profile.sums[places, 0] / profile.rows
    covered = profile.products / profile.rows - np.outer(means, means)
    spread = np.sqrt(np.maximum(np.diag(covered), 0))
    scale = np.outer(spread, spread)[upper]
    found = np.where(scale > 1e-12, covered[upper] / np.where(scale > 1e-12, scale, 1), 0)
    return np.asarray(np.arctanh(np.clip(found, -_CLIP, _CLIP)), dtype=np.float64)
