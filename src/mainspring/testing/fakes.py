"""Fakes of the two things that a test must not wait for: the clock and the network."""

import threading
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

__all__ = ["FakeClock", "FakeSource"]


class FakeClock:
    """A clock that moves when it is told to; called, it gives seconds since 1970 UTC, as `time.time` does.

    Args:
        start: Seconds since 1970 UTC, or a moment with a time zone.

    >>> clock = FakeClock(datetime(2026, 3, 1, tzinfo=UTC))
    >>> clock.advance(days=30)
    >>> clock.now().date().isoformat()
    '2026-03-31'
    """

    def __init__(self, start: float | datetime = 1_700_000_000.0) -> None:
        self.seconds = start.timestamp() if isinstance(start, datetime) else float(start)

    def __call__(self) -> float:
        """Return seconds since 1970 UTC."""
        return self.seconds

    def now(self) -> datetime:
        """Return the time with its zone, which is UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def advance(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        """Move the clock on."""
        self.seconds += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()


class FakeSource:
    r"""A server of one file on this machine, which can be down, fail for a while, break off, and change.

    A context manager: it serves while its block lasts.

    Attributes:
        content: What it serves; assign other bytes, and the source has changed.
        failures: How many more times it answers 503 before it serves.
        down: Whether it hangs up instead of answering.
        cut: Bytes after which it breaks off; None: never.
        asked: How often it was asked.

    >>> import urllib.request
    >>> with FakeSource(b"a,b\n1,2\n", name="table.csv") as source:
    ...     urllib.request.urlopen(source.uri).read()
    b'a,b\n1,2\n'
    """

    def __init__(self, content: bytes, *, name: str = "data.csv") -> None:
        self.content = content
        self.name = name
        self.failures = 0
        self.down = False
        self.cut: int | None = None
        self.asked = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def uri(self) -> str:
        """Its address: what a `mainspring.data.Source` is made of."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{self.name}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(source: FakeSource) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            source.asked += 1
            if source.down:
                self.close_connection = True
                return
            if source.failures:
                source.failures -= 1
                self.send_error(503)
                return
            content = source.content
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", sha256(content).hexdigest())
            self.end_headers()
            self.wfile.write(content if source.cut is None else content[: source.cut])

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing: a test reads `asked`."""

    return Handler
