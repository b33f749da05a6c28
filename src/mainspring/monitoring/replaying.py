"""Replay: traffic in steps under a driven clock, with the labels that are known after each of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.clock import drive
from mainspring.errors import MonitoringError
from mainspring.monitoring.counting import Served, count_rows
from mainspring.monitoring.labels import Labels
from mainspring.monitoring.layouts import OUTPUT, Layout
from mainspring.monitoring.plants import Planted
from mainspring.monitoring.traffic import Traffic
from mainspring.monitoring.windows import Window, WindowProfile, blank

__all__ = ["Asked", "Batch", "Replayed", "durations", "play", "replay", "windows_of_traffic"]

HOUR: Final = 3600.0
_USUAL: Final = 2_000  # microseconds, about, for rows that nothing answers
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """One step of a replay.

    Attributes:
        start: Its first moment, in seconds since 1970 UTC.
        end: The first moment after it.
        places: The places of its rows in the traffic.
        rows: The rows themselves; none where nothing comes.
        due: The places of rows, of this step or an earlier one, whose label is known in this step.
        labels: Those labels.
        arrived: When each is known.
        planted: The names of the changes that are in it, those that took rows away included.
    """

    start: float
    end: float
    places: Ints
    rows: Traffic
    due: Ints
    labels: Floats
    arrived: Floats
    planted: tuple[str, ...]


def replay(traffic: Traffic, *, every: float = HOUR, since: float | None = None) -> Iterator[Batch]:
    """Yield traffic step by step, also steps in which nothing comes, until the last label is known.

    Args:
        traffic: What to replay.
        every: How many seconds a step takes; steps begin at multiples of it.
        since: The first moment; by default that of the first row. Labels of rows before it come too.
    """
    if every <= 0 or not len(traffic):
        raise MonitoringError("There is nothing to replay", fix="Give rows, and steps that are longer than nothing.")
    first = float(traffic.times[0]) if since is None else since
    come = np.flatnonzero(np.isfinite(traffic.arrived) & np.isfinite(traffic.labels))
    known = np.maximum(traffic.arrived[come], traffic.times[come])
    order = np.argsort(known, kind="stable")
    come, known = come[order], known[order]
    last = max([float(traffic.times[-1]), *known.tolist()[-1:], *(one.last or 0.0 for one in traffic.planted)])
    step = int(first // every)
    while step * every <= last:
        start, end = step * every, (step + 1) * every
        low, high = np.searchsorted(traffic.times, [max(start, first), end])
        due = come[slice(*np.searchsorted(known, [start, end]))]
        rows = traffic.take(np.arange(low, high))
        yield Batch(
            start,
            end,
            np.arange(low, high),
            rows,
            due,
            traffic.labels[due],
            traffic.arrived[due],
            tuple(one.name for place, one in enumerate(traffic.planted) if _shows(one, rows, place, start, end)),
        )
        step += 1


def _shows(one: Planted, rows: Traffic, place: int, start: float, end: float) -> bool:
    """Whether a change is in a step: by its rows, or, where it took rows away, by its time."""
    if rows.touched[:, place].any():
        return True
    if one.first is None or one.last is None or one.plant.kind not in ("outage", "volume"):
        return False
    return one.first < end and one.last >= start and bool(one.plant.strength([start, (start + end) / 2]).any())


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What was answered to the rows of a step.

    Attributes:
        ids: The identity of the answer of each row.
        rows: Which row of its answer each is.
        failed: How many rows got no answer; `ids` is empty for those.
    """

    ids: Sequence[str]
    rows: Sequence[int]
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay.

    Attributes:
        steps: How many steps there were.
        rows: How many rows were asked for.
        failed: How many of them got no answer.
        labels: How many labels came.
        start: The first moment.
        end: The last one.
        planted: What was planted. Whatever is not named here is as it was recorded.
    """

    steps: int
    rows: int
    failed: int
    labels: int
    start: float
    end: float
    planted: tuple[Planted, ...]


def play(
    traffic: Traffic,
    ask: Callable[[Batch], Asked],
    *,
    every: float = HOUR,
    clock: Path | None = None,
    tell: Callable[[Labels, float], object] | None = None,
    after: Callable[[Batch], object] | None = None,
) -> Replayed:
    """Replay traffic against whatever answers, and tell it the labels by the identities that it gave.

    Args:
        traffic: What to replay.
        ask: Called with each step that has rows; returns the identity of each answer.
        every: How many seconds a step takes.
        clock: The file of a clock to drive (see `mainspring.clock`): to the first moment of a step before it is asked
            for, to its end before its labels are told.
        tell: Called with the labels that have come in a step, and the moment at its end.
        after: Called at the end of each step, also of those without rows.
    """
    ids = np.zeros(len(traffic), "S36")
    numbers = np.zeros(len(traffic), np.int64)
    steps = failed = told = 0
    start = end = float(traffic.times[0])
    for batch in replay(traffic, every=every):
        start = start if steps else batch.start
        end, steps = batch.end, steps + 1
        if clock is not None:
            drive(clock, batch.start)
        if len(batch.rows):
            asked = ask(batch)
            ids[batch.places], numbers[batch.places] = np.array(asked.ids, "S36"), asked.rows
            failed += asked.failed
        if clock is not None:
            drive(clock, batch.end)
        answered = ids[batch.due] != b""
        if tell is not None and answered.any():
            due = batch.due[answered]
            tell(Labels(ids[due], numbers[due], batch.labels[answered], batch.arrived[answered]), batch.end)
            told += int(answered.sum())
        if after is not None:
            after(batch)
    return Replayed(steps, len(traffic), failed, told, start, end, traffic.planted)


def windows_of_traffic(
    traffic: Traffic,
    layout: Layout,
    *,
    seconds: int = int(HOUR),
    model: str = "",
    version: str = "",
    predict: Callable[[Batch], dict[str, Any]] | None = None,
) -> Iterator[WindowProfile]:
    """Yield the windows that traffic makes, without a service: hours without rows are windows without rows.

    Args:
        traffic: The rows.
        layout: How they are counted.
        seconds: How long a window lasts.
        model: The name that the windows have.
        version: The digest that the windows have.
        predict: Returns predictions of a step by output; without it only inputs are counted.
    """
    rng = np.random.default_rng(len(traffic))
    for batch in replay(traffic, every=seconds):
        window = Window(int(batch.start), seconds, model, version)
        if not len(batch.rows):
            if batch.start <= traffic.times[-1]:
                yield blank(window, layout)
            continue
        columns = dict(batch.rows.columns)
        if predict is not None:
            columns |= {OUTPUT + name: values for name, values in predict(batch).items()}
        yield count_rows(layout, window, columns, _served(batch, rng))


def durations(rows: Traffic, rng: np.random.Generator) -> Ints:
    """Return microseconds around a usual duration; what is slow takes so many times longer, whatever the machine."""
    return np.asarray(_USUAL * rows.slow * rng.lognormal(0, 0.2, len(rows)), dtype=np.int64)


def _served(batch: Batch, rng: np.random.Generator) -> Served:
    marks = int(batch.rows.marked.sum())
    return Served(
        durations(batch.rows, rng),
        int((batch.rows.level > 0).sum()),
        {"planted": marks} if marks else {},
        float(batch.rows.times.max()),
    )
