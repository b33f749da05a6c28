"""Figures of a home as streams: of the service from its windows and samples, of training from its runs."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError, NotFoundError, nearest
from mainspring.monitoring import Moved, Window, WindowProfile, fit_stream, judge_runs
from mainspring.monitoring.stacks import LATENCIES
from mainspring.monitoring.windows import LATENCY_EDGES
from mainspring.serving.samples import SAMPLES, Sample, read_samples
from mainspring.tracking import StepRow
from mainspring.workspace.opening import open_existing
from mainspring.workspace.predictions import log_of
from mainspring.workspace.traffic import DAY
from mainspring.workspace.windows import latest

__all__ = ["Figured", "service_figures", "training_figures"]

_FOLLOWED: Final = 14
_RUNS: Final = 200
_MILLI: Final = 1000.0


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
        ends = math.exp(moved.band[0]), math.exp(moved.band[1])
        return replace(moved, value=value, expected=math.exp(moved.expected), band=ends, trend=slow)


_SERVICE: Final = {
    **{f"latency p{round(100 * level)}": _Kind("ms", 0.2, factors=True) for level in LATENCIES},
    "throughput": _Kind("requests a window", 0.25, factors=True),
    "fallbacks": _Kind("share", 0.002, factors=False),
    "refused": _Kind("share", 0.005, factors=False),
    "errors": _Kind("share", 0.002, factors=False),
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


def service_figures(model: str | None, home: Path | None, monitor: Monitor, now: float) -> tuple[Figured, ...]:
    """Return the figures of a service, window by window, and whether one has jumped or leaks.

    Latency, throughput and fallbacks are those of its windows; memory, queue and errors those of the samples that its
    workers keep. The first days, as many as a reference has, say what is usual; two weeks at most are looked at.

    Args:
        model: The model; by default the only one.
        home: The home; by default that of the project around the working directory.
        monitor: How long windows last, and of how many days references are.
        now: In seconds since 1970 UTC; a window counts when its end is not later.

    Raises:
        NotFoundError: There are no windows of that model.
    """
    shelf, like = latest(model, home, monitor.window)
    figures: dict[str, dict[Window, float]] = {name: {} for name in _SERVICE}
    for profile in shelf.between(like, 0, now - monitor.window + 1):
        for name, value in _of_window(profile).items():
            figures[name][profile.window] = value
    begun = min((one.start for some in figures.values() for one in some), default=0)
    for start, some in _by_window(read_samples(log_of(home).parent / SAMPLES, begun), like, monitor, now).items():
        window = replace(like, start=start)
        for name, value in _of_samples(some).items():
            figures[name][window] = value
    return tuple(_followed(name, figures[name], monitor) for name in _SERVICE if figures[name])


def _of_window(profile: WindowProfile) -> dict[str, float]:
    if not profile.answers:
        return {}
    reached = np.concatenate([[0], np.cumsum(profile.micros)]) / max(int(profile.micros.sum()), 1)
    edges = np.log(np.concatenate([LATENCY_EDGES[:1], LATENCY_EDGES, LATENCY_EDGES[-1:]]))
    found = {
        f"latency p{round(100 * level)}": math.exp(float(np.interp(level, reached, edges))) / _MILLI
        for level in LATENCIES
    }
    return {**found, "throughput": float(profile.answers), "fallbacks": profile.fallbacks / profile.answers}


def _by_window(samples: Iterable[Sample], like: Window, monitor: Monitor, now: float) -> dict[int, list[Sample]]:
    found: dict[int, list[Sample]] = {}
    for one in samples:
        start = int(one.at) // monitor.window * monitor.window
        if one.model == like.model and start + monitor.window <= now:
            found.setdefault(start, []).append(one)
    return found


def _of_samples(some: Sequence[Sample]) -> dict[str, float]:
    requests = sum(one.requests for one in some)
    found = {
        "memory": max(one.memory for one in some) / 2**20,
        "queue": 1 + max(one.waiting for one in some) / 2**10,
        "active": 1.0 + max(one.active for one in some),
    }
    if requests:
        found["refused"] = sum(one.refused for one in some) / requests
        found["errors"] = sum(one.failed for one in some) / requests
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
