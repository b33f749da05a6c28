"""Samples of a service: what its memory, its queue and its errors were, a line a minute, kept in the home."""

import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from mainspring.clock import now

__all__ = ["SAMPLES", "Sample", "Sampling", "read_samples"]

SAMPLES: Final = "service"  # the folder in a home
_EVERY: Final = 60.0
_DAY: Final = 86_400


class Sample(Struct, frozen=True):
    """What a worker process was like, and what it did since the sample before.

    Attributes:
        at: When, in seconds since 1970 UTC.
        worker: The number of the worker process.
        model: The model that it serves.
        requests: Requests for predictions.
        refused: Of those, such as had to be refused: what was asked was wrong.
        failed: Of those, such as failed: the service was wrong.
        active: Requests that are being answered.
        waiting: Bytes of answers that wait for the prediction log.
        memory: Resident bytes of the process.
    """

    at: float
    worker: int
    model: str
    requests: int
    refused: int
    failed: int
    active: int
    waiting: int
    memory: int


Counted = tuple[int, int, int, int, int]
"""Requests, refused and failed ones since the worker began; active ones and waiting bytes now."""


class Sampling:
    """Appends samples; `look` is called often, from one thread, and writes at most once a minute.

    Args:
        folder: Where the files are, one for each day.
        worker: The number of the worker process.
        model: What names the model that is served.
        count: What gives the figures.
        every: Seconds between samples, by the clock of predictions.
    """

    def __init__(
        self, folder: Path, worker: int, model: Callable[[], str], count: Callable[[], Counted], every: float = _EVERY
    ) -> None:
        self._folder, self._worker, self._model, self._count, self._every = folder, worker, model, count, every
        self._last = now()
        self._before = (0, 0, 0)

    def look(self) -> None:
        """Append a sample when it is time; one write, whole or not at all."""
        at = now()
        if at - self._last < self._every:
            return
        requests, refused, failed, active, waiting = self._count()
        before = self._before
        since = (requests - before[0], refused - before[1], failed - before[2])
        sample = Sample(at, self._worker, self._model(), *since, active, waiting, _memory())
        self._folder.mkdir(parents=True, exist_ok=True)
        name = time.strftime("%Y-%m-%d", time.gmtime(at))
        handle = os.open(self._folder / f"{name}.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, msgspec.json.encode(sample) + b"\n")
        finally:
            os.close(handle)
        self._last, self._before = at, (requests, refused, failed)


def read_samples(folder: Path, since: float = 0.0) -> Iterator[Sample]:
    """Yield the samples of days that were not over at a moment, the oldest days first; unfinished lines are left out.

    Args:
        folder: The folder `service` of a home.
        since: In seconds since 1970 UTC.
    """
    first = time.strftime("%Y-%m-%d", time.gmtime(since // _DAY * _DAY))
    for path in sorted(folder.glob("*.jsonl")):
        if path.stem < first:
            continue
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"}\n"):
                    yield msgspec.json.decode(line, type=Sample)


def _memory() -> int:
    """Resident bytes now; where the system does not say, the most that there were."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
