"""Where a worker and its children print: one file for each attempt at a step that prints anything."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["Prints", "remove_empty"]

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Prints:
    """The file behind stdout and stderr of this process.

    A file that stayed empty becomes that of the next step: to make one and to remove it again takes longer than most
    steps that print nothing. The last one is left to `remove_empty`.
    """

    def __init__(self) -> None:
        self._empty: str | None = None

    @contextlib.contextmanager
    def into(self, log: str) -> Iterator[None]:
        """Return a block whose output goes into the file `log`."""
        if self._empty is None or os.fstat(1).st_size or not _renamed(self._empty, log):
            fd = _opened(log)
            os.dup2(fd, 1)
            os.dup2(fd, 2)
            os.close(fd)
        self._empty = None
        yield
        sys.stdout.flush()
        sys.stderr.flush()
        if os.fstat(1).st_size == 0:
            self._empty = log


def remove_empty(log: Path) -> None:
    """Remove the file that a worker printed nothing into, after its end."""
    with contextlib.suppress(OSError):
        if log.stat().st_size == 0:
            log.unlink()


def _renamed(path: str, log: str) -> bool:
    try:
        os.rename(path, log)  # noqa: PTH104 - once a step
    except OSError:  # somebody cleaned up
        return False
    return True


def _opened(log: str) -> int:
    try:
        return os.open(log, _NEW, 0o644)
    except FileNotFoundError:
        Path(log).parent.mkdir(parents=True, exist_ok=True)
        return os.open(log, _NEW, 0o644)
