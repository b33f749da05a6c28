"""Workers within a budget of slots. A run of hits starts none, and loads nothing that they need."""

import selectors
import time
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mainspring.engine.messages import Death, Setup, Task

if TYPE_CHECKING:
    from mainspring.engine.process import Worker

__all__ = ["Pool"]

_PROCESS = "mainspring.engine.process"
_MEMORY_CHECK_SECONDS = 0.1


class Pool:
    """Workers within a budget of slots. Used from one thread, which must outlive it.

    A worker has the thread limit of the `cpus` it was started for. Idle ones are kept, and replaced when a task needs
    another number of threads.
    """

    def __init__(self, slots: int, setup: Setup) -> None:
        self.slots = slots
        self._setup = setup
        self._workers: list[Worker] = []
        self._selector = selectors.DefaultSelector()

    @property
    def free(self) -> int:
        """Slots that no task takes."""
        return self.slots - sum(worker.cpus for worker in self._workers if worker.task is not None)

    @property
    def busy(self) -> bool:
        """Whether any task is running."""
        return any(worker.task is not None for worker in self._workers)

    def submit(self, task: Task, cpus: int, timeout: float | None, memory: int | None) -> "Worker":
        """Start a task on `cpus` slots, which must be free; returns the worker that runs it."""
        idle = [worker for worker in self._workers if worker.task is None]
        worker = next((worker for worker in idle if worker.cpus == cpus), None)
        if worker is None:
            total = sum(worker.cpus for worker in self._workers)
            for other in idle:
                if total + cpus > self.slots:
                    total -= other.cpus
                    self._remove(other)
            worker = import_module(_PROCESS).Worker(cpus, self._setup)
            self._workers.append(worker)
            self._selector.register(worker.channel, selectors.EVENT_READ, worker)
        worker.give(task, timeout, memory)
        return worker

    def wait(self, seconds: float) -> Iterator["tuple[Worker, Any]"]:
        """Yield (worker, message or `Death`) for what happens within at most `seconds`."""
        for key, _ in self._selector.select(self._patience(seconds)):
            worker = key.data
            messages = worker.channel.receive()
            if messages is None:
                death = self._remove(worker)
                if worker.task is not None:
                    yield worker, death
            else:
                for message in messages:
                    yield worker, message
        now = time.monotonic()
        for worker in list(self._workers):
            cause = worker.overdue(now) if worker.task is not None else None
            if cause is not None:
                worker.kill(cause)
                yield worker, self._remove(worker)

    def _patience(self, seconds: float) -> float:
        now = time.monotonic()
        for worker in self._workers:
            if worker.task is not None and worker.deadline is not None:
                seconds = min(seconds, max(0.0, worker.deadline - now))
            if worker.task is not None and worker.memory is not None:
                seconds = min(seconds, _MEMORY_CHECK_SECONDS)
        return seconds

    def release(self, worker: "Worker", *, reusable: bool) -> None:
        """Give a worker back after its task; one that is not reusable is ended."""
        worker.task = None
        if not reusable and worker in self._workers:
            self._remove(worker)

    def _remove(self, worker: "Worker") -> Death:
        self._selector.unregister(worker.channel)
        self._workers.remove(worker)
        return worker.bury()

    def close(self) -> None:
        """Kill every worker, with whatever it runs."""
        for worker in self._workers:
            worker.kill("closed")
        for worker in list(self._workers):
            self._remove(worker)
        self._selector.close()
