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
        self._file = -1
        self._empty: str | None = None

    @contextlib.contextmanager
    def into(self, log: str) -> Iterator[None]:
        """Return a block whose output goes into the file `log`."""
        if self._empty is None or self._size() or not _renamed(self._empty, log):
            if self._file >= 0:
                os.close(self._file)
            self._file = _opened(log)
        self._empty = None
        self._hold()
        yield
        self._hold()  # the step may have closed them, or sent them elsewhere
        sys.stdout.flush()
        sys.stderr.flush()
        if self._size() == 0:
            self._empty = log

    def _hold(self) -> None:
        os.dup2(self._file, 1)
        os.dup2(self._file, 2)

    def _size(self) -> int:
        return os.fstat(self._file).st_size


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
