"""The writing side of the prediction log: answers wait for a thread that writes them; none is lost silently."""

import fcntl
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from mainspring.clock import now
from mainspring.disk import flush
from mainspring.errors import ServingError
from mainspring.serving.predlog.frames import ANEW, MAGIC, AnswerRow, ModelRow, encode_frame, packed

__all__ = ["Entry", "LogFile", "PredictionLog"]

LOG: Final = logging.getLogger(__name__)
INTERVAL: Final = 0.2
LATE: Final = 0.9
SYNC: Final = 0.9
FRAME: Final = 64
FRAME_BYTES: Final = 1 << 20
_ROW: Final = 600
_ARRAY: Final = 160
_Columns = Mapping[str, np.ndarray[Any, Any]]


class Entry(NamedTuple):
    """One answer as it is handed to the log; nothing of it is copied or encoded before it is written."""

    id: str
    model: ModelRow
    rows: int
    micros: int
    inputs: _Columns
    outputs: _Columns
    level: int = 0
    reason: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    overridden: tuple[dict[str, Any], ...] = ()
    shadow: bool = False


class _Waiting(NamedTuple):
    """An answer that is not written yet, how large it is, about, and since when it waits."""

    entry: Entry
    size: int
    since: float


class PredictionLog:
    """Appends answers to files in a folder. `add` and `ready` are called from one thread or several.

    Answers are written within `INTERVAL` seconds and flushed to the disk within a second; a file is closed, and another
    begun, when it is large or old, or when somebody changes the file `ANEW` in the folder. When the disk does not
    follow, `ready` says no, and the caller refuses requests instead of losing answers: answers that wait take at most
    `memory` bytes, and are at most about a second old.

    Args:
        folder: Where its files are.
        worker: The number of the worker process, which becomes part of the names of its files.
        memory: Bytes of answers that may wait.
        write: What writes bytes to a file; tests put a slow disk in its place.
        largest: Bytes after which a file is closed.
        oldest: Seconds after which a file is closed.
    """

    def __init__(
        self,
        folder: Path,
        worker: int,
        *,
        memory: int = 32 << 20,
        write: Callable[[int, bytes | memoryview], int] = os.write,
        largest: int = 64 << 20,
        oldest: float = 600.0,
    ) -> None:
        self.folder = folder
        self._name = f"{worker:04x}-{os.getpid()}"
        self._memory, self._write, self._largest, self._oldest_file = memory, write, largest, oldest
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._last = 0
        self._since: float | None = None
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._file: LogFile | None = None
        self._anew: tuple[int, int] | None = None
        self.written = 0
        self.error: str | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self._begin()
        except OSError as error:
            raise ServingError(
                f"The prediction log cannot be written: {error.strerror}", str(folder), "Make the folder writable."
            ) from error
        self._threads = [
            threading.Thread(target=target, name=name, daemon=True)
            for target, name in ((self._write_all, "prediction log"), (self._sync_all, "prediction log, to the disk"))
        ]
        for thread in self._threads:
            thread.start()

    def ready(self) -> bool:
        """Return whether another answer may be given: whether the log keeps up."""
        since = self._since
        return self._bytes < self._memory and (since is None or time.monotonic() - since < LATE)

    @property
    def waiting(self) -> int:
        """Bytes of answers that wait, about."""
        return self._bytes

    def add(self, entry: Entry) -> None:
        """Take an answer; it is written soon."""
        size = _ROW + (_ARRAY + entry.rows * 16) * (len(entry.inputs) + len(entry.outputs))
        with self._lock:
            self._waiting.append(_Waiting(entry, size, now := time.monotonic()))
            self._bytes += size
            if self._since is None:
                self._since = now

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all answers are written; returns whether they are."""
        end = time.monotonic() + timeout
        while self._since is not None and time.monotonic() < end:
            self._wake.set()
            time.sleep(0.005)
        return self._since is None

    def close(self) -> None:
        """Write what waits, flush it to the disk and close the file."""
        self._stop.set()
        self._wake.set()
        for thread in self._threads:
            thread.join()
        if self._file is not None:
            self._file.finish()
            self._file = None

    def _begin(self) -> "LogFile":
        self._anew = _changed(self.folder / ANEW)
        # No two files of a process have one name, however fast one follows the other.
        self._last = max(self._last + 1, int(now() * 1000))
        return LogFile(self.folder / f"{self._last:013d}-{self._name}.open")

    def _write_all(self) -> None:
        while True:
            self._wake.wait(INTERVAL)
            self._wake.clear()
            stopping = self._stop.is_set()
            try:
                self._write_waiting()
                self.error = None
            except OSError as error:
                if self.error is None:
                    LOG.exception("The prediction log cannot be written; requests are refused until it can")
                self.error = error.strerror or str(error)
                if stopping:
                    return
                time.sleep(INTERVAL)
                continue
            if stopping:
                return

    def _write_waiting(self) -> None:
        # What was answered before somebody asked goes into the file that is closed then.
        asked = _changed(self.folder / ANEW) != self._anew
        file = self._file
        if file is None or file.size > self._largest or (file.used and now() - file.begun > self._oldest_file):
            file = self._next_file()
        self._write_to(file)
        if asked:
            self._next_file()

    def _next_file(self) -> "LogFile":
        if self._file is not None:
            self._file.finish()
            self._file = None
        self._file = self._begin()
        return self._file

    def _write_to(self, file: "LogFile") -> None:
        while taken := self._next():
            file.append([one.entry for one in taken], self._write)
            with self._lock:
                for _ in taken:
                    self._waiting.popleft()
                self._bytes -= sum(one.size for one in taken)
                self._since = self._waiting[0].since if self._waiting else None
            self.written += len(taken)

    def _next(self) -> list[_Waiting]:
        """What goes into the next frame: a frame is whole or nothing, so it is small."""
        taken: list[_Waiting] = []
        size = 0
        for place in range(min(FRAME, len(self._waiting))):
            taken.append(self._waiting[place])
            size += taken[-1].size
            if size > FRAME_BYTES:
                break
        return taken

    def _sync_all(self) -> None:
        last = 0
        while not self._stop.wait(SYNC):
            file = self._file
            if file is None or self.written == last:
                continue
            last = self.written
            try:
                file.sync()
            except OSError as error:
                self.error = error.strerror or str(error)
                LOG.exception("The prediction log cannot be flushed to the disk")


def _changed(path: Path) -> tuple[int, int] | None:
    """When a file was changed, and which it is; None: there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino


class LogFile:
    """One file of a log, locked as long as its process lives; used from one thread, but for `sync`."""

    def __init__(self, path: Path) -> None:
        self.path, self.begun = path, now()
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        self.size = os.write(self._handle, MAGIC)
        self._models: dict[tuple[Any, ...], int] = {}
        self._syncing = threading.Lock()
        flush(path.parent)

    @property
    def used(self) -> bool:
        """Whether there is anything in it."""
        return self.size > len(MAGIC)

    def append(self, entries: list[Entry], write: Callable[[int, bytes | memoryview], int]) -> None:
        """Append a frame; when that fails half way, the file is cut back to where it was."""
        known = dict(self._models)
        frame = memoryview(encode_frame(self._rows(entries)))
        place = 0
        try:
            while place < len(frame):
                place += write(self._handle, frame[place:])
        except OSError:
            self._models = known
            os.ftruncate(self._handle, self.size)
            raise
        self.size += place

    def sync(self) -> None:
        """Flush what was written to the disk."""
        with self._syncing:
            if self._handle >= 0:
                os.fsync(self._handle)

    def finish(self) -> None:
        """Flush, close, and give the file its final name."""
        with self._syncing:
            os.fsync(self._handle)
            self.path.rename(self.path.with_suffix(".log"))
            os.close(self._handle)
            self._handle = -1

    def _rows(self, entries: list[Entry]) -> list[ModelRow | AnswerRow]:
        rows: list[ModelRow | AnswerRow] = []
        for entry in entries:
            model = entry.model
            key = (model.package, model.version, model.alias)
            number = self._models.get(key)
            if number is None:
                number = self._models[key] = len(self._models)
                fields = {name: getattr(model, name) for name in ModelRow.__struct_fields__ if name != "number"}
                rows.append(ModelRow(number, **fields))
            rows.append(
                AnswerRow(
                    entry.id,
                    number,
                    entry.rows,
                    entry.micros,
                    tuple([packed(entry.inputs[one.name]) for one in model.inputs]),
                    tuple([packed(entry.outputs[one.name]) for one in model.outputs]),
                    entry.level,
                    entry.reason,
                    entry.marks,
                    entry.overridden,
                    entry.shadow,
                )
            )
        return rows
