"""What an attempt took: wall-clock time, CPU time and peak memory."""

import contextlib
import resource
import sys
import time
from io import FileIO

from mainspring.engine.messages import Usage

__all__ = ["Meter"]

_UNIT = 1024 if sys.platform == "linux" else 1


class Meter:
    """Measures from its making to `read`.

    CPU seconds cover this process and its children that have ended. Peak resident memory starts afresh where the kernel
    can reset it (Linux), otherwise it is the peak of the process so far.
    """

    def __init__(self) -> None:
        with contextlib.suppress(OSError), FileIO("/proc/self/clear_refs", "w") as peak:
            peak.write(b"5")
        self._cpu = _cpu_seconds()
        self._start = time.monotonic()

    def read(self) -> Usage:
        """Return what was used since this meter was made."""
        return Usage(time.monotonic() - self._start, _cpu_seconds() - self._cpu, _peak_rss())


def _cpu_seconds() -> float:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak_rss() -> int:
    try:
        with FileIO("/proc/self/status") as status:
            said = status.readall()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
    return int(said.partition(b"VmHWM:")[2].split(maxsplit=1)[0]) * 1024
