"""A worker process as the coordinator sees it: start, feed, watch, kill."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from mainspring.engine.channel import Channel
from mainspring.engine.messages import Death, Setup, Task
from mainspring.engine.prints import remove_empty

__all__ = ["Worker"]

_COMMAND = """\
import gc, sys
gc.disable()
from mainspring.engine.worker import main
gc.freeze()
gc.enable()
main(int(sys.argv[1]), int(sys.argv[2]))
"""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "POLARS_MAX_THREADS")


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
                env={**os.environ, **threads, "PYTHONHASHSEED": "0", **setup.variables},
                cwd=setup.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None,
                start_new_session=True,
            )
        self._log = ""
        self.channel = Channel(ours)
        self.channel.send(setup)

    def give(self, task: Task, timeout: float | None, memory: int | None) -> None:
        """Have it run a task, within a number of seconds and MiB."""
        self.task = task
        self._log = task.log
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
        if self._log and self.task is None:
            remove_empty(Path(self._log))
        return Death(-code if code < 0 else None, max(code, 0), self._cause, self.peak_rss)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
