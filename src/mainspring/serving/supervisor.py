"""The parent of worker processes: one socket, all of them ready before it says so, the dead replaced."""

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from mainspring import errors
from mainspring.errors import ServingError
from mainspring.serving.settings import Settings
from mainspring.serving.upkeep import Upkeep

__all__ = ["bind", "supervise"]

_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_GRACE: Final = 5.0
_PAUSE: Final = 1.0
_METRICS: Final = "PROMETHEUS_MULTIPROC_DIR"


def bind(settings: Settings, *, keys: bool, open_to_all: bool) -> socket.socket:
    """Return the socket of a service, bound and not yet listening: until it is ready, connections are refused.

    Args:
        settings: The address.
        keys: Whether requests need an API key.
        open_to_all: Whether other machines may ask without one.

    Raises:
        ServingError: The address cannot be used, or others could reach a service without keys.
    """
    if settings.host not in _LOOPBACK and not settings.host.startswith("127.") and not keys and not open_to_all:
        raise ServingError(
            f"Other machines could reach the service on {settings.host}, and it has no API keys",
            fix="Make one with 'mainspring keys create NAME', or pass --open.",
        )
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((settings.host, settings.port))
    except OSError as error:
        made.close()
        raise ServingError(
            f"{settings.host}:{settings.port} cannot be listened on: {error.strerror}",
            fix="Choose another with --port.",
        ) from error
    return made


class _Worker:
    """A worker process."""

    def __init__(self, settings: Settings, listening: socket.socket, environment: dict[str, str]) -> None:
        self.said, writing = os.pipe()
        os.set_inheritable(writing, True)
        self.ready = False
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mainspring.serving.worker", str(listening.fileno()), str(writing)],
            stdin=subprocess.PIPE,
            pass_fds=(listening.fileno(), writing),
            env=environment,
        )
        os.close(writing)
        if self.process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(msgspec.json.encode(settings) + b"\n")
                self.process.stdin.flush()

    def hear(self) -> None:
        """Read what it says: that it is ready, or why it cannot be.

        Raises:
            MainspringError: It cannot be.
        """
        line = b""
        while not line.endswith(b"\n") and (part := os.read(self.said, 4096)):
            line += part
        if line == b"ready\n":
            self.ready = True
        elif line:
            kind, what, where, fix = msgspec.json.decode(line)
            raise getattr(errors, kind, ServingError)(what, where, fix)
        else:
            raise ServingError(
                f"A worker process ended with {self.process.wait(timeout=10)} before it was ready",
                fix="See what it printed.",
            )


def supervise(settings: Settings, listening: socket.socket, ready: Callable[[], None]) -> None:
    """Serve with several worker processes until SIGTERM or SIGINT.

    Args:
        settings: What is served, and how.
        listening: What `bind` returned.
        ready: Called when all workers answer.

    Raises:
        MainspringError: A worker cannot serve.
    """
    figures = tempfile.mkdtemp(prefix="mainspring-metrics-")
    environment = {**os.environ, _METRICS: figures}
    stopping = _Stopping()
    upkeep = Upkeep(settings.upkeep, settings.upkeep_every) if settings.upkeep and settings.log else None
    settings = replace(settings, upkeep=())
    workers = [_Worker(settings, listening, environment) for _ in range(settings.workers)]
    try:
        for worker in workers:
            while not worker.ready and not stopping.asked:
                if select.select([worker.said], [], [], 0.1)[0]:
                    worker.hear()
        if not stopping.asked:
            ready()
        while not stopping.asked:
            stopping.wait(0.2)
            if upkeep is not None:
                upkeep.look()
            for place, worker in enumerate(workers):
                if worker.process.poll() is not None and not stopping.asked:
                    # One that dies at once is not begun again at once.
                    stopping.wait(max(0.0, _PAUSE - (time.monotonic() - worker.begun)))
                    _forget(worker, figures)
                    workers[place] = _Worker(settings, listening, environment)
    finally:
        listening.close()
        if upkeep is not None:
            upkeep.stop()
        _stop(workers, settings.drain + _GRACE)
        shutil.rmtree(figures, ignore_errors=True)


class _Stopping:
    """Hears SIGTERM and SIGINT."""

    def __init__(self) -> None:
        self.asked = False
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, self._ask)

    def wait(self, seconds: float) -> None:
        """Wait, or less when it is asked."""
        end = time.monotonic() + seconds
        while not self.asked and time.monotonic() < end:
            time.sleep(0.05)

    def _ask(self, *_: Any) -> None:
        self.asked = True


def _forget(worker: _Worker, figures: str) -> None:
    """Remove what a dead worker counted as its own, now; its totals stay."""
    os.close(worker.said)
    for path in Path(figures).glob(f"gauge_live*_{worker.process.pid}.db"):
        path.unlink(missing_ok=True)


def _stop(workers: list[_Worker], seconds: float) -> None:
    for worker in workers:
        if worker.process.poll() is None:
            worker.process.send_signal(signal.SIGTERM)
    end = time.monotonic() + seconds
    for worker in workers:
        try:
            worker.process.wait(timeout=max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        if worker.process.stdin is not None:
            worker.process.stdin.close()
