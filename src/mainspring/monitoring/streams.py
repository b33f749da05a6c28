"""Streams of figures, one for each window: errors of joined labels, service and training figures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.charts.numbers import number
from mainspring.errors import MonitoringError
from mainspring.monitoring.labels import Quality
from mainspring.monitoring.matching import Matched, Seasonal, level_loss, seasonal
from mainspring.monitoring.seasons import DECLARED
from mainspring.monitoring.windows import Window
from mainspring.stats import Cusum, Tails, Trend, cusum, cusum_limit, fit_tails, student_above, trend
from mainspring.stats.tails import student_quantile

__all__ = [
    "ErrorStream",
    "Estimate",
    "Figured",
    "Moved",
    "Stream",
    "fit_errors",
    "fit_estimate",
    "fit_stream",
    "judge_runs",
]

Floats = npt.NDArray[np.float64]
_LEAST: Final = 100
_SLACK: Final = 0.5
_MOST: Final = 4.0  # standard deviations that a window of the reference counts for
_LOWEST: Final = 6.0  # what the limit is where the reference does not vary
_FAR: Final = 8.0
_DAY: Final = 86_400
_LEVEL: Final = 1e-3
_TREND: Final = 1e-3
_RUNS: Final = 8


@dataclass(frozen=True, slots=True, eq=False)
class ErrorStream:
    """How the mean loss of windows behaves while nothing changes.

    Attributes:
        match: Sums of the mean losses by cell of the season.
        spread: The standard deviation between windows of a cell, for windows of as many labels as the reference's.
        labels: The median number of labels of a reference window.
        limit: The height of the cumulative sums that a month without change reaches with a chance of 5%.
    """

    match: Seasonal
    spread: float
    labels: float
    limit: float

    def follow(self, windows: Sequence[Quality]) -> Cusum:
        """Return the cumulative sums of windows that follow each other.

        Those without labels count as unchanged, and so do those of a declared season that the reference does not have.
        None adds more than a third of the limit: it takes several of them, and not one label, to be a change.
        """
        named = [one.window for one in windows]
        matched = self.match.match(named)
        expected = (matched.sums / np.maximum(matched.count, 1))[:, 0]
        known = np.array([one.labelled for one in windows], dtype=np.float64)
        losses = np.array([math.nan if one.loss is None else one.loss for one in windows])
        fewer = np.sqrt(np.maximum(1.0, self.labels / np.maximum(known, 1)))
        z = (losses - expected) / (self.spread * np.sqrt(1 + 1 / np.maximum(matched.count[:, 0], 1)) * fewer)
        told = np.where((known > 0) & ~_unsaid(self.match, matched), z, 0.0)
        most = _SLACK + self.limit / 3
        return cusum(np.clip(told, -most, most), self.limit, slack=_SLACK)


def fit_errors(windows: Sequence[Quality], *, month: int = 720, shift: float = 0.0) -> ErrorStream:
    """Return how the mean loss of reference windows behaves.

    Losses are standardised by the cell of their season, leaving each window out of its own; the limit of the sums is
    from a moving block bootstrap of days of them. What is further from the median than eight times the median deviation
    counts as that far, so that one label does not hide a change.

    Raises:
        MonitoringError: Fewer than 100 windows have labels.
    """
    usable = [one for one in windows if one.loss is not None]
    if len(usable) < _LEAST:
        raise MonitoringError(
            f"{len(usable)} windows have labels, too few to know how errors vary", fix=f"Wait for {_LEAST}."
        )
    named, losses = [one.window for one in usable], _tamed(np.array([[one.loss or 0.0] for one in usable]))
    match, z, spread = _standardised(named, losses, shift)
    block = max(2, min(len(z) // 4, _DAY // max(named[0].seconds, 1)))
    labels = float(np.median([one.labelled for one in usable]))
    limit = cusum_limit(np.clip(z, -_MOST, _MOST), month, block=block, slack=_SLACK)
    return ErrorStream(match, spread, labels, max(limit, _LOWEST))


def _tamed(losses: Floats) -> Floats:
    """Mean losses without what a single label can do to one: none is further than so often the median deviation."""
    middle = np.median(losses)
    far = _FAR * float(np.median(np.abs(losses - middle)))
    return np.clip(losses, middle - far, middle + far) if far else losses


def _standardised(windows: Sequence[Window], figures: Floats, shift: float) -> tuple[Seasonal, Floats, float]:
    match = seasonal(windows, figures, level_loss, shift)
    rest = match.without(windows, figures)
    apart = (figures - rest.sums / np.maximum(rest.count, 1))[:, 0] / np.sqrt(1 + 1 / np.maximum(rest.count[:, 0], 1))
    unsaid = _unsaid(match, rest)
    apart = np.where(unsaid, 0.0, apart)
    spread = max(float(np.sqrt((apart**2).sum() / max((~unsaid).sum(), 1))), 1e-12)
    return match, apart / spread, spread


def _unsaid(match: Seasonal, matched: Matched) -> npt.NDArray[np.bool_]:
    """Which windows nothing is expected of: those of a declared season that the reference does not have.

    A day of the week or an hour that it does not have, since it is young, is expected to be like the others.
    """
    return np.asarray(matched.strange[:, 0] & (match.seasons[0].startswith(DECLARED)))


@dataclass(frozen=True, slots=True)
class Moved:
    """Whether a figure has jumped, or leaks away slowly.

    Attributes:
        jump: Whether the last three figures are all further from their season than the reference ever explains.
        leak: Whether the days rise or fall, by more than the least change that matters over the days looked at.
        value: The last figure.
        expected: What its season has in the reference.
        bands: From where to where each of the figures may go, the last last.
        p: The largest p-value of the last three figures.
        trend: The trend of the medians of days, in the figure's unit a day.
    """

    jump: bool
    leak: bool
    value: float
    expected: float
    bands: tuple[tuple[float, float], ...]
    p: float
    trend: Trend

    @property
    def band(self) -> tuple[float, float]:
        """From where to where the last figure may go."""
        return self.bands[-1]


@dataclass(frozen=True, slots=True)
class Figured:
    """A figure over time, and whether it has moved.

    Attributes:
        name: Which, such as `latency p95`.
        unit: Its unit.
        times: When each value began, in seconds since 1970 UTC.
        values: The values, the latest last.
        moved: Whether the last of them are others than is usual, in the unit of the figure; None where there are too
            few to know.
        says: Why it is not known.
    """

    name: str
    unit: str
    times: tuple[float, ...]
    values: tuple[float, ...]
    moved: Moved | None
    says: str = ""

    @property
    def found(self) -> bool:
        """Whether it has jumped or leaks."""
        return self.moved is not None and (self.moved.jump or self.moved.leak)

    @property
    def told(self) -> str:
        """What has moved, with its numbers, as the rest of a sentence; empty where nothing has."""
        moved = self.moved
        if moved is None:
            return ""
        parts = []
        if moved.jump:
            parts.append(f"is {self._with_unit(moved.value)} where {self._with_unit(moved.expected)} is usual")
        if moved.leak:
            way = "rises" if moved.trend.slope > 0 else "falls"
            parts.append(f"{way} by {self._with_unit(abs(moved.trend.slope))} a day")
        return " and ".join(parts)

    def _with_unit(self, value: float) -> str:
        return f"{number(float(f'{value:.3g}'))} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """How a figure of service or training behaves while nothing changes; see `fit_stream`."""

    match: Seasonal
    spread: float
    tails: Tails
    floor: float
    least: int = 3

    def follow(self, windows: Sequence[Window], values: npt.ArrayLike) -> Moved:
        """Return whether a figure has moved, from its values in windows that follow each other.

        Raises:
            MonitoringError: There are fewer than three.
        """
        figures = np.asarray(values, dtype=np.float64)
        if figures.size < self.least:
            raise MonitoringError(f"{figures.size} values say nothing", fix=f"Give at least {self.least}.")
        matched = self.match.match(windows)
        expected = (matched.sums / np.maximum(matched.count, 1))[:, 0]
        scale = self.spread * np.sqrt(1 + 1 / np.maximum(matched.count[:, 0], 1))
        apart = figures - expected
        p = np.where(_unsaid(self.match, matched), 1.0, self.tails.above((np.abs(apart) / scale)[:, np.newaxis])[:, 0])
        recent = slice(-self.least, None)
        same = abs(float(np.sign(apart[recent]).sum())) == self.least
        jump = same and bool((p[recent] <= _LEVEL**0.5).all()) and bool((np.abs(apart[recent]) >= self.floor).all())
        days = np.array([one.start // _DAY for one in windows])
        medians = np.array([np.median(apart[days == day]) for day in np.unique(days)])
        slow = trend(medians)
        leak = slow.p <= _TREND and abs(slow.slope) * medians.size >= self.floor
        limits = self.tails.level(_LEVEL)[0] * scale
        bands = tuple(zip((expected - limits).tolist(), (expected + limits).tolist(), strict=True))
        return Moved(jump, leak, float(figures[-1]), float(expected[-1]), bands, float(p[recent].max()), slow)


def fit_stream(windows: Sequence[Window], values: npt.ArrayLike, *, floor: float = 0.0, shift: float = 0.0) -> Stream:
    """Return how a figure behaves in reference windows.

    For figures of a service (latency, throughput, errors, memory, queue) or of training (time, cost); give logarithms
    of what grows by factors. A jump is three figures in a row, on one side, each with a p-value of the tail at most
    0.03; a slow leak is a trend of the medians of days, after the season is taken off, by Mann and Kendall's test at
    0.001, of a size (Theil and Sen's slope times days) of at least the floor.

    Args:
        windows: The reference windows.
        values: The figure in each.
        floor: The least change that matters.
        shift: Hours by which local time is ahead of UTC.

    Raises:
        MonitoringError: There are fewer than 100 windows.
    """
    figures = np.asarray(values, dtype=np.float64)
    if figures.size < _LEAST:
        raise MonitoringError(
            f"{figures.size} windows are too few to know how a figure varies", fix=f"Wait for {_LEAST}."
        )
    match, z, spread = _standardised(windows, figures[:, np.newaxis], shift)
    return Stream(match, spread, fit_tails(np.abs(z)[:, np.newaxis]), floor)


def judge_runs(values: npt.ArrayLike, *, floor: float = 0.0) -> Moved:
    """Return whether the last of a few figures that follow each other has moved, such as the time of runs.

    A jump is a last figure outside the prediction interval of Student's that those before it give, at 0.001; a slow
    leak is a trend of all of them, by Mann and Kendall's test at 0.001. Either has to be of at least the floor; give
    logarithms of what grows by factors.

    Args:
        values: The figures, the latest last.
        floor: The least change that matters.

    Raises:
        MonitoringError: There are fewer than eight.
    """
    figures = np.asarray(values, dtype=np.float64)
    if figures.size < _RUNS:
        raise MonitoringError(f"{figures.size} figures are too few to know how they vary", fix=f"Wait for {_RUNS}.")
    before, last = figures[:-1], float(figures[-1])
    mean, freedom = float(before.mean()), before.size - 1
    scale = max(float(before.std(ddof=1)) * math.sqrt(1 + 1 / before.size), floor / 10, 1e-12)
    p = min(1.0, 2 * student_above(abs(last - mean) / scale, freedom))
    slow = trend(figures)
    limit = student_quantile(1 - _LEVEL / 2, freedom) * scale
    return Moved(
        p <= _LEVEL and abs(last - mean) >= floor,
        slow.p <= _TREND and abs(slow.slope) * figures.size >= max(floor, 1e-12),
        last,
        mean,
        ((mean - limit, mean + limit),) * figures.size,
        p,
        slow,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """What predictions of a kind have cost, for windows of which it is not known yet what turned out.

    Attributes:
        losses: The mean loss of labelled rows, by bin of the prediction.
        band: How far below and above the estimate the mean loss of 95% of labelled windows was.
    """

    losses: Floats
    band: tuple[float, float]

    def of(self, counts: npt.ArrayLike) -> tuple[float, float, float]:
        """Return the expected mean loss of a window, and its band, from counts of its predictions by bin.

        It tells what changes because other things are predicted. It cannot tell that the concept has changed: that
        needs labels.
        """
        share = np.asarray(counts, dtype=np.float64)
        value = float((share * self.losses).sum() / max(share.sum(), 1.0))
        return value, value + self.band[0], value + self.band[1]


def fit_estimate(counts: npt.ArrayLike, losses: npt.ArrayLike, labelled: npt.ArrayLike) -> Estimate:
    """Return the estimate that labelled windows give.

    The mean loss by bin of the prediction, as in direct standardisation; the band is the quantiles of what labelled
    windows' losses were off an estimate from the others (jackknife+, Barber, Candès, Ramdas, Tibshirani 2021).

    Args:
        counts: Predictions by window and bin.
        losses: Sums of losses of labelled rows, by window and bin.
        labelled: Labelled rows, by window and bin.

    Raises:
        MonitoringError: There are fewer than 20 windows with labels.
    """
    every, sums, rows = (np.asarray(one, dtype=np.float64) for one in (counts, losses, labelled))
    used = rows.sum(1) > 0
    if used.sum() < 20:
        raise MonitoringError(f"{int(used.sum())} windows have labels, too few for an estimate", fix="Wait for 20.")
    total, known = sums.sum(0), rows.sum(0)
    overall = total.sum() / known.sum()

    def means(part: Floats, size: Floats) -> Floats:
        return np.asarray(np.where(size > 0, part / np.maximum(size, 1), overall), dtype=np.float64)

    without = means(total - sums, known - rows)
    expected = (every * without).sum(1) / np.maximum(every.sum(1), 1)
    off = (sums.sum(1) / np.maximum(rows.sum(1), 1) - expected)[used]
    low, high = np.quantile(off, [0.025, 0.975], method="inverted_cdf")
    return Estimate(means(total, known), (float(low), float(high)))
