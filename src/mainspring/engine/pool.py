"""Worker processes as the coordinator sees them: start, feed, watch, kill."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct

from mainspring.engine.messages import Channel, Setup, Task

__all__ = ["Death", "Pool", "Worker"]

_COMMAND = """\
import gc, sys
gc.disable()
from mainspring.engine.worker import main
gc.enable()
main(int(sys.argv[1]), int(sys.argv[2]))
"""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS")
_MEMORY_CHECK_SECONDS = 0.1


class Death(Struct, frozen=True):
    """A worker is gone.

    Attributes:
        signal: Number of the signal that killed it, or None.
        code: Its exit status, when no signal killed it.
        cause: `timeout`, `memory`, or `crash` when nothing here asked for it.
        peak_rss: Largest resident size in bytes that was seen, 0 when it was not watched.
    """

    signal: int | None
    code: int
    cause: str
    peak_rss: int


class Worker:
    """One worker process, with the task that it runs at the moment and whatever the coordinator knows it by."""

    def __init__(self, cpus: int, setup: Setup) -> None:
        self.cpus = cpus
        self.task: Task | None = None
        self.owner: Any = None
        self.deadline: float | None = None
        self.memory: int | None = None
        self.peak_rss = 0
        self._cause = "crash"
        ours, theirs = socket.socketpair()
        self._line, their_line = socket.socketpair()
        threads = {name: str(cpus) for name in _THREADS}
        with theirs, their_line:
            fds = (theirs.fileno(), their_line.fileno())
            self.process = subprocess.Popen(
                [sys.executable, "-c", _COMMAND, *map(str, fds)],
                pass_fds=fds,
                env={**os.environ, **threads, "PYTHONHASHSEED": "0"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None,
                start_new_session=True,
            )
        self.channel = Channel(ours)
        self.channel.send(setup)

    def give(self, task: Task, timeout: float | None, memory: int | None) -> None:
        """Have it run a task, within a number of seconds and MiB."""
        self.task = task
        self.deadline = None if timeout is None else time.monotonic() + timeout
        self.memory = memory
        self.peak_rss = 0
        with contextlib.suppress(OSError):  # it died while idle: the wait reports it
            self.channel.send(task)

    def overdue(self, now: float) -> str | None:
        """Return `timeout` or `memory` when the task has gone past its limit."""
        if self.deadline is not None and now >= self.deadline:
            return "timeout"
        if self.memory is not None:
            self.peak_rss = max(self.peak_rss, _resident(self.process.pid))
            if self.peak_rss > self.memory * 2**20:
                return "memory"
        return None

    def kill(self, cause: str) -> None:
        """Kill it and everything in its process group."""
        self._cause = cause
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def bury(self) -> Death:
        """Wait for its end, close what is left of it, and say how it ended."""
        self.kill(self._cause)
        code = self.process.wait()
        self.channel.close()
        self._line.close()
        return Death(-code if code < 0 else None, max(code, 0), self._cause, self.peak_rss)


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

    def submit(self, task: Task, cpus: int, timeout: float | None, memory: int | None) -> Worker:
        """Start a task on `cpus` slots, which must be free; returns the worker that runs it."""
        idle = [worker for worker in self._workers if worker.task is None]
        worker = next((worker for worker in idle if worker.cpus == cpus), None)
        if worker is None:
            total = sum(worker.cpus for worker in self._workers)
            for other in idle:
                if total + cpus > self.slots:
                    total -= other.cpus
                    self._remove(other)
            worker = Worker(cpus, self._setup)
            self._workers.append(worker)
            self._selector.register(worker.channel, selectors.EVENT_READ, worker)
        worker.give(task, timeout, memory)
        return worker

    def wait(self, seconds: float) -> Iterator[tuple[Worker, Any]]:
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

    def release(self, worker: Worker, *, reusable: bool) -> None:
        """Give a worker back after its task; one that is not reusable is ended."""
        worker.task = None
        if not reusable and worker in self._workers:
            self._remove(worker)

    def _remove(self, worker: Worker) -> Death:
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


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
