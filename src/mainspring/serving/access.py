"""The access log: a line of JSON a request. Lines are dropped, and counted, rather than waited for."""

import os
import threading
from collections import deque
from typing import Any, Final

import msgspec

__all__ = ["AccessLog"]

_MOST: Final = 50_000
_INTERVAL: Final = 0.25


class AccessLog:
    """Lines for a file descriptor.

    Args:
        handle: The file descriptor, such as 1 for standard output.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._lines: deque[dict[str, Any]] = deque()
        self._encode = msgspec.json.Encoder().encode
        self._dropped = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access log", daemon=True)
        self._thread.start()

    def add(self, line: dict[str, Any]) -> None:
        """Take a line."""
        if len(self._lines) < _MOST:
            self._lines.append(line)
        else:
            self._dropped += 1

    def close(self) -> None:
        """Write what waits, and end."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        while not self._stop.wait(_INTERVAL):
            self._write()
        self._write()

    def _write(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if self._dropped:
            lines.append({"dropped": self._dropped})
            self._dropped = 0
        if not lines:
            return
        text = memoryview(b"".join([self._encode(line) + b"\n" for line in lines]))
        try:
            while text:
                text = text[os.write(self._handle, text) :]
        except OSError:
            # Nobody reads any more: the service goes on without its access log.
            self._stop.set()
