"""What a watch answers on its port: /healthz and /metrics."""

import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from mainspring import clock
from mainspring.cli.printing import stamp
from mainspring.digest.texts import to_json
from mainspring.errors import InputError, MainspringError
from mainspring.loop import Ticked
from mainspring.workspace.watching import Held, Watcher

__all__ = ["Board", "Port"]

_LONG = 900.0


class Board:
    """What is said of a watch; written by the watch, read by threads that answer.

    Args:
        every: How often the watch looks, in seconds.
        asked: Whether anybody can ask.
    """

    def __init__(self, every: float, *, asked: bool = True) -> None:
        self._asked = asked
        self._late = max(3 * every, _LONG)
        self._lock = threading.Lock()
        self._last = time.time()
        self._said: dict[str, Any] = {"watching": False, "waiting": False, "problems": {}}
        self._text = ""

    def ticked(self, watcher: Watcher, found: Ticked | Held, now: float) -> None:
        """Note what came of a tick, and the time that it looked at: that of a driven clock, where there is one."""
        said: dict[str, Any] = {"watching": isinstance(found, Ticked), "models": list(watcher.models), "now": now}
        if isinstance(found, Held):
            said |= {"held_by": {"host": found.owner.host, "pid": found.owner.pid}, "problems": {}}
        else:
            said |= {"waiting": found.waiting, "problems": found.problems}
        text = ""
        try:
            text = watcher.metrics(clock.now()) if self._asked else ""
        except (MainspringError, OSError) as error:  # such as a table that does not fit: the watch goes on
            said["problems"] = {**said["problems"], "metrics": " ".join(str(error).split())}
        with self._lock:
            self._last, self._said, self._text = time.time(), said, text

    def health(self) -> tuple[bool, dict[str, Any]]:
        """Return whether the watch is well, and what it says: not when it has not looked for long, or met problems."""
        with self._lock:
            well = time.time() - self._last <= self._late and not self._said["problems"]
            return well, {"ok": well, "last_tick": stamp(self._last), **self._said}

    def metrics(self) -> str:
        """Return gauges as Prometheus reads them."""
        with self._lock:
            mine = {
                "mainspring_watch_last_tick_seconds": self._last,
                "mainspring_watch_is_watching": float(self._said["watching"]),
                "mainspring_watch_problems": float(len(self._said["problems"])),
            }
            lines = [line for name, value in mine.items() for line in (f"# TYPE {name} gauge", f"{name} {value!r}")]
            return "\n".join([*lines, self._text, ""])


class Port:
    """Answers while it is used as a context manager; without a port it does nothing.

    Args:
        host: The address.
        port: The port; None: none.
        board: What is said.

    Raises:
        InputError: The port cannot be had.
    """

    def __init__(self, host: str, port: int | None, board: Board) -> None:
        self._server: ThreadingHTTPServer | None = None
        if port is not None:
            try:
                self._server = ThreadingHTTPServer((host, port), _answering(board))
            except OSError as error:
                raise InputError(
                    f"Nothing can be answered on {host}:{port}: {error.strerror}", "--port", "Choose another port."
                ) from error

    @property
    def number(self) -> int | None:
        """The port, where there is one."""
        return None if self._server is None else int(self._server.server_address[1])

    def __enter__(self) -> Self:
        if self._server is not None:
            threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


def _answering(board: Board) -> type[BaseHTTPRequestHandler]:
    class Answering(BaseHTTPRequestHandler):
        """Two pages."""

        def do_GET(self) -> None:
            """Answer one of them."""
            if self.path == "/healthz":
                well, said = board.health()
                status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
                self._send(status, "application/json", to_json(said))
            elif self.path == "/metrics":
                self._send(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", board.metrics())
            else:
                self._send(HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", "There are /healthz and /metrics.\n")

        def log_message(self, *_: Any) -> None:
            """Say nothing of requests."""

        def _send(self, status: HTTPStatus, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Answering
