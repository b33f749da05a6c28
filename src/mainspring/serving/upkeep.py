"""What is done from time to time beside a service, in a process of its own: the prediction log becomes Parquet."""

import logging
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Final

__all__ = ["Upkeep"]

LOG: Final = logging.getLogger(__name__)
_LOWEST: Final = 19
_LONGEST: Final = 3600.0
_GRACE: Final = 5.0


class Upkeep:
    """Runs a command at regular times: one at a time, at the lowest priority, and no longer than an hour.

    Args:
        command: What is run. What it writes to standard error is the service's.
        every: Seconds from its end to its next beginning.
        clock: What tells the time.
    """

    def __init__(self, command: Sequence[str], every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._command, self._every, self._clock = tuple(command), every, clock
        self._process: subprocess.Popen[bytes] | None = None
        self._next = clock() + every

    def look(self) -> None:
        """Begin the command when it is time, and see to one that runs; it is called often."""
        now = self._clock()
        if self._process is None:
            if now >= self._next:
                self._process = _begin(self._command)
                self._next = now + _LONGEST
            return
        if self._process.poll() is None and now < self._next:
            return
        if self._process.poll() is None:
            _end(self._process)
        if self._process.returncode:
            LOG.warning("'%s' ended with %d", " ".join(self._command), self._process.returncode)
        self._process = None
        self._next = now + self._every

    def stop(self) -> None:
        """End a command that runs."""
        if self._process is not None and self._process.poll() is None:
            _end(self._process)
        self._process = None


def _begin(command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    os.setpriority(os.PRIO_PROCESS, process.pid, _LOWEST)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
