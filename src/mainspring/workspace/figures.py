"""Figures of a home as streams: of the service from its windows and samples, of training from its runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError, NotFoundError, nearest
from mainspring.monitoring import Figured, Moved, Shelf, Window, WindowProfile, fit_stream, judge_runs
from mainspring.monitoring.stacks import LATENCIES
from mainspring.monitoring.windows import LATENCY_EDGES
from mainspring.serving.samples import SAMPLES, Sample, read_samples
from mainspring.tracking import StepRow
from mainspring.workspace.calendars import calendar_of
from mainspring.workspace.opening import open_existing
from mainspring.workspace.predictions import log_of
from mainspring.workspace.traffic import DAY
from mainspring.workspace.windows import latest

__all__ = ["service_figures", "training_figures"]

_FOLLOWED: Final = 14
_RUNS: Final = 200
_MILLI: Final = 1000.0


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a figure is judged: those that grow by factors by their logarithms, others as they are.

    The floor of a `relative` one is a share of what is usual: what leaks does so by the same amount each day.
    """

    unit: str
    floor: float
    factors: bool
    relative: bool = False

    def forth(self, value: float) -> float:
        return math.log(max(value, 1e-9)) if self.factors else value

    def back(self, moved: Moved) -> Moved:
        """What was judged, in the unit of the figure; the slope of logarithms as units a day, at the last value."""
        if not self.factors:
            return moved
        value = math.exp(moved.value)
        slow = replace(moved.trend, slope=math.expm1(moved.trend.slope) * value)
        ends = tuple((math.exp(low), math.exp(high)) for low, high in moved.bands)
        return replace(moved, value=value, expected=math.exp(moved.expected), bands=ends, trend=slow)


_SERVICE: Final = {
    **{f"latency p{round(100 * level)}": _Kind("ms", 0.2, factors=True) for level in LATENCIES},
    "throughput": _Kind("requests a window", 0.25, factors=True),
    "fallbacks": _Kind("%", 0.2, factors=False),
    "refused": _Kind("%", 0.5, factors=False),
    "errors": _Kind("%", 0.2, factors=False),
    "memory": _Kind("MiB", 0.1, factors=False, relative=True),
    "queue": _Kind("KiB", 0.5, factors=True),
    "active": _Kind("requests", 0.5, factors=True),
}
_TRAINING: Final = {
    "time": _Kind("s", 0.25, factors=True),
    "cpu": _Kind("s", 0.25, factors=True),
    "memory": _Kind("MiB", 0.2, factors=True),
    "cost": _Kind("", 0.25, factors=True),
}


def service_figures(
    model: str | None, home: Path | None, monitor: Monitor, now: float, *, whole: bool = True
) -> tuple[Figured, ...]:
    """Return the figures of a service, window by window, and whether one has jumped or leaks.

    Latency, throughput and fallbacks are those of its windows; memory, queue and errors those of the samples that its
    workers keep. The first days, as many as a reference has, say what is usual; two weeks at most are looked at.

    Args:
        model: The model; by default the only one.
        home: The home; by default that of the project around the working directory.
        monitor: How long windows last, and of how many days references are.
        now: In seconds since 1970 UTC; a window counts when its end is not later.
        whole: Whether there are also the values between the reference and what is looked at; without them this takes
            no longer, and no more memory, however old the version is.

    Raises:
        NotFoundError: There are no windows of that model.
    """
    shelf, like = latest(model, home, monitor.window, calendar_of(monitor, home))
    figures: dict[str, dict[Window, float]] = {name: {} for name in _SERVICE}
    for span in _spans(shelf, like, monitor, now, whole=whole):
        begun = math.inf
        for profile in shelf.between(like, *span):
            begun = min(begun, profile.window.start)
            for name, value in _of_window(profile).items():
                figures[name][profile.window] = value
        samples = read_samples(log_of(home).parent / SAMPLES, begun) if begun < math.inf else iter(())
        for start, some in _by_window(samples, like, monitor.window, span).items():
            for name, value in some.figures().items():
                figures[name][replace(like, start=start)] = value
    return tuple(_followed(name, figures[name], monitor) for name in _SERVICE if figures[name])


def _spans(shelf: Shelf, like: Window, monitor: Monitor, now: float, *, whole: bool) -> list[tuple[float, float]]:
    """Between which moments windows that are looked at begin; their last end is not later than now."""
    until = now - monitor.window + 1
    first = None if whole else next(shelf.between(like, 0, until), None)
    if first is None:
        return [(0.0, until)]
    end = min(until, first.window.start + (monitor.reference_days + 1) * DAY)
    return [(float(first.window.start), end), (max(end, until - (_FOLLOWED + 1) * DAY), until)]


def _of_window(profile: WindowProfile) -> dict[str, float]:
    if not profile.answers:
        return {}
    reached = np.concatenate([[0], np.cumsum(profile.micros)]) / max(int(profile.micros.sum()), 1)
    edges = np.log(np.concatenate([LATENCY_EDGES[:1], LATENCY_EDGES, LATENCY_EDGES[-1:]]))
    found = {
        f"latency p{round(100 * level)}": math.exp(float(np.interp(level, reached, edges))) / _MILLI
        for level in LATENCIES
    }
    return {**found, "throughput": float(profile.answers), "fallbacks": 100 * profile.fallbacks / profile.answers}


@dataclass(slots=True)
class _Sampled:
    """The samples of a window, taken together."""

    requests: int = 0
    refused: int = 0
    failed: int = 0
    active: int = 0
    waiting: int = 0
    memory: int = 0

    def add(self, one: Sample) -> None:
        self.requests += one.requests
        self.refused += one.refused
        self.failed += one.failed
        self.active = max(self.active, one.active)
        self.waiting = max(self.waiting, one.waiting)
        self.memory = max(self.memory, one.memory)

    def figures(self) -> dict[str, float]:
        found = {
            "memory": self.memory / 2**20,
            "queue": 1 + self.waiting / 2**10,
            "active": 1.0 + self.active,
        }
        if self.requests:
            found["refused"] = 100 * self.refused / self.requests
            found["errors"] = 100 * self.failed / self.requests
        return found


def _by_window(samples: Iterable[Sample], like: Window, seconds: int, span: tuple[float, float]) -> dict[int, _Sampled]:
    """The samples of windows that begin in a span; those of later days are not read."""
    found: dict[int, _Sampled] = {}
    for one in samples:
        if one.at >= span[1] + seconds + DAY:
            break
        start = int(one.at) // seconds * seconds
        if one.model == like.model and span[0] <= start < span[1]:
            found.setdefault(start, _Sampled()).add(one)
    return found


def _followed(name: str, values: Mapping[Window, float], monitor: Monitor) -> Figured:
    kind, windows = _SERVICE[name], sorted(values)
    times, figures = tuple(float(one.start) for one in windows), tuple(values[one] for one in windows)
    judged = [kind.forth(one) for one in figures]
    end = windows[0].start + monitor.reference_days * DAY
    split = sum(1 for one in windows if one.start < end)
    later = [place for place in range(split, len(windows)) if windows[place].start >= windows[-1].end - _FOLLOWED * DAY]
    floor = kind.floor * float(np.median(judged[:split])) if kind.relative and split else kind.floor
    try:
        stream = fit_stream(windows[:split], judged[:split], floor=floor, shift=monitor.shift)
        moved = stream.follow([windows[place] for place in later], [judged[place] for place in later])
    except MonitoringError as error:
        return Figured(name, kind.unit, times, figures, None, error.what)
    return Figured(name, kind.unit, times, figures, kind.back(moved))


def training_figures(pipeline: str | None = None, home: Path | None = None) -> tuple[Figured, ...]:
    """Return what runs of a pipeline took, and whether the last took more or less than is usual, or they leak.

    Only runs that succeeded count, and only those in which the same steps ran as in the last one: what was stored
    already takes no time.

    Args:
        pipeline: The pipeline; by default that of the last run.
        home: The home; by default that of the project around the working directory.

    Raises:
        NotFoundError: No run of it succeeded.
    """
    with open_existing(home) as opened:
        facts = opened.facts
        rows = [one for one in facts.runs.list(_RUNS, pipeline=pipeline) if one.status == "succeeded"]
        rows = [one for one in rows if one.pipeline == rows[0].pipeline]
        steps = {one.id: [step for step in facts.steps.of(one.id) if step.status == "ran"] for one in rows}
        known = {one.pipeline for one in facts.runs.list(_RUNS)}
    rows = [one for one in rows if steps[one.id] and one.ended is not None]
    if not rows:
        near = nearest(pipeline or "", known)
        raise NotFoundError(
            f"No run of '{pipeline}' has succeeded" if pipeline else "No run has succeeded",
            None,
            f"Did you mean '{near}'?" if near else "Run the pipeline: mainspring run.",
        )
    names = {one.id: {step.name for step in steps[one.id]} for one in rows}
    rows = [one for one in reversed(rows) if names[one.id] == names[rows[0].id]]
    taken = [(one.started, _taken(steps[one.id])) for one in rows]
    found = []
    for name in _TRAINING:
        kept = [(at, figures[name]) for at, figures in taken if figures[name]]
        if kept:
            found.append(_judged(name, [at for at, _ in kept], [value for _, value in kept]))
    return tuple(found)


def _taken(steps: Sequence[StepRow]) -> dict[str, float]:
    """What the steps of a run took; nothing where it is not known."""
    return {
        "time": sum(one.seconds for one in steps),
        "cpu": sum(one.cpu_seconds for one in steps),
        "memory": max(one.peak_rss for one in steps) / 2**20,
        "cost": sum(one.cost or 0.0 for one in steps),
    }


def _judged(name: str, times: Sequence[float], values: Sequence[float]) -> Figured:
    kind = _TRAINING[name]
    try:
        moved = judge_runs([kind.forth(one) for one in values], floor=kind.floor)
    except MonitoringError as error:
        return Figured(name, kind.unit, tuple(times), tuple(values), None, error.what)
    return Figured(name, kind.unit, tuple(times), tuple(values), kind.back(moved))
