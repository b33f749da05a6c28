"""Simulated traffic: histograms of hourly windows, with season and jitter, with and without a change."""

from dataclasses import dataclass

import numpy as np

from mainspring.monitoring import Axis, Layout, Stack, Window
from mainspring.stats import normal_above

COLUMNS = 20
BINS = 20
HOUR = 3600
REFERENCE = 28 * 24
MONTH = 30 * 24
KINDS = ("stationary", "season", "jitter")
SIZES = (500, 10_000, 100_000)
SHIFT = 0.15
JITTER, KEPT = 0.02, 0.7  # of the mean, in standard deviations, and how much of it is left after an hour
BEGUN = 19_000 * 24 * HOUR


def _inverse(share):
    """The normal quantiles, by bisection: SciPy is no part of this."""
    low, high = np.full(share.shape, -9.0), np.full(share.shape, 9.0)
    for _ in range(60):
        middle = (low + high) / 2
        right = 1 - normal_above(middle) < share
        low, high = np.where(right, middle, low), np.where(right, high, middle)
    return low


EDGES = _inverse(np.arange(1, BINS) / BINS)
_GRID = np.linspace(-12, 12, 24_001)
_BELOW = 1 - normal_above(_GRID)


def layout(columns: int = COLUMNS) -> Layout:
    edges = tuple(EDGES.tolist())
    return Layout(tuple(Axis(f"x{place:02d}", "number", edges, minimum=-9.0, maximum=9.0) for place in range(columns)))


@dataclass(frozen=True)
class World:
    """Means and shares of nulls, by window and column."""

    means: np.ndarray
    nulls: np.ndarray


def world(kind, windows, rng, columns=COLUMNS, jitter=JITTER, kept=KEPT):
    hours = np.arange(windows)[:, np.newaxis]
    means = np.zeros((windows, columns))
    nulls = np.broadcast_to(rng.uniform(0, 0.05, columns), means.shape).copy()
    if kind in ("season", "jitter"):
        phase = rng.uniform(0, 2 * np.pi, (4, columns))
        means += 0.2 * np.sin(2 * np.pi * hours / 24 + phase[0]) + 0.1 * np.sin(2 * np.pi * hours / 168 + phase[1])
        nulls *= 1 + 0.3 * np.sin(2 * np.pi * hours / 24 + phase[2]) + 0.1 * np.sin(2 * np.pi * hours / 168 + phase[3])
    if kind == "jitter":
        means += jitter * autocorrelated(windows, columns, kept, rng)
        nulls *= np.exp(0.05 * autocorrelated(windows, columns, kept, rng))
    return World(means, np.clip(nulls, 0, 1))


def autocorrelated(windows, columns, kept, rng):
    steps = rng.normal(size=(windows + 50, columns)) * np.sqrt(1 - kept**2)
    for place in range(1, len(steps)):
        steps[place] += kept * steps[place - 1]
    return steps[50:]


def stack(made: World, rows: int, rng, start: int = 0, fresh=None) -> Stack:
    """The figures of windows of the world: missing values, and histograms of the others."""
    windows, columns = made.means.shape
    missing = rng.binomial(rows, made.nulls)
    below = np.interp(EDGES - made.means[..., np.newaxis], _GRID, _BELOW)
    ends = np.zeros((windows, columns, 1)), np.ones((windows, columns, 1))
    shares = np.diff(np.concatenate([ends[0], below, ends[1]], axis=-1), axis=-1)
    counts = rng.multinomial(rows - missing, shares / shares.sum(-1, keepdims=True))
    total = np.full(windows, float(rows))
    none = np.zeros((windows, columns))
    return Stack(
        tuple(Window(BEGUN + (start + place) * HOUR, HOUR) for place in range(windows)),
        total,
        counts.astype(np.float64),
        missing.astype(np.float64),
        none if fresh is None else fresh,
        none,
        np.zeros((windows, 3)),
        np.broadcast_to(total[:, np.newaxis], (windows, 3)),
        np.log(total * np.exp(0.1 * autocorrelated(windows, 1, 0.7, rng)[:, 0])),
        np.full((windows, 3), np.nan),
        np.zeros((windows, 0)),
    )


def part(whole: Stack, places) -> Stack:
    windows = tuple(whole.windows[place] for place in range(len(whole.windows))[places])
    return Stack(windows, *(getattr(whole, name)[places] for name in Stack.__slots__[1:]))
