"""Threads and children that a step leaves behind in its worker."""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from io import FileIO
from pathlib import Path

__all__ = ["Leftovers", "become_subreaper"]

_GRACE_SECONDS = 0.3
_PR_SET_CHILD_SUBREAPER = 36
_TASKS = "/proc/self/task"


def become_subreaper() -> None:
    """Become the parent of descendants whose own parent ends, so that daemonised children stay in sight (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Leftovers:
    """What is there before the first step, to be compared with what is there after each."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        self._children = set(_children())

    def clear(self) -> list[str]:
        """End what a step left behind, and return it in words; what libraries keep on purpose is ended quietly."""
        if not self._new_children() and not self._new_threads():
            return []
        _end_pools()
        deadline = time.monotonic() + _GRACE_SECONDS
        while (self._new_children() or self._new_threads()) and time.monotonic() < deadline:
            time.sleep(0.01)
        found = [f"thread '{thread.name}'" for thread in self._new_threads()]
        for pid in self._new_children():
            found.append(f"process {pid} ({_command(pid)})")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
        return found

    def _new_threads(self) -> list[threading.Thread]:
        alive = threading.enumerate()
        return [thread for thread in alive if thread not in self._threads and not thread.daemon]

    def _new_children(self) -> list[int]:
        tracker = _tracker_pid()
        new = [pid for pid in _children() if pid not in self._children and pid != tracker]
        return [pid for pid in new if not _ended(pid)]


def _children() -> list[int]:
    """Return the children of this process; they are listed by the thread that started them."""
    found: list[int] = []
    if sys.platform != "linux":
        return found
    for task in os.listdir(_TASKS):  # noqa: PTH208 - twice as fast, once a step
        with contextlib.suppress(FileNotFoundError, ProcessLookupError), FileIO(f"{_TASKS}/{task}/children") as listed:
            found += map(int, listed.readall().split())
    return found


def _ended(pid: int) -> bool:
    """Say whether a child has ended, and leave its status to whoever waits for it."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _tracker_pid() -> int | None:
    """Return the process that multiprocessing keeps to clean up after others, if it runs."""
    module = sys.modules.get("multiprocessing.resource_tracker")
    return None if module is None else getattr(module._resource_tracker, "_pid", None)  # noqa: SLF001


def _end_pools() -> None:
    """Shut down the pool that joblib keeps for the next call."""
    executor = sys.modules.get("joblib.externals.loky.reusable_executor")
    kept = None if executor is None else getattr(executor, "_executor", None)
    if kept is not None:
        kept.shutdown(wait=True, kill_workers=True)


def _command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return "ended"
    return words[:80] or "no name"
