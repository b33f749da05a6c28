"""One worker process: loads, says that it is ready, answers, drains, stops."""

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import uvicorn

from mainspring.errors import MainspringError
from mainspring.serving.building import Service, open_service
from mainspring.serving.settings import Settings

__all__ = ["main", "run_worker"]

LOG: Final = logging.getLogger(__name__)
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_BACKLOG: Final = 2048
_ARGUMENTS: Final = 3


class _Server(uvicorn.Server):
    """uvicorn, but that signals are ours: a service that was told to stop ends with 0, after its log is on the disk."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def run_worker(settings: Settings, listening: socket.socket, ready: Callable[[Service], None]) -> None:
    """Serve on a socket until SIGTERM or SIGINT.

    Args:
        settings: What is served, and how.
        listening: A bound socket; this process listens to it once its models are loaded and verified.
        ready: Called when requests are answered.

    Raises:
        MainspringError: It cannot be served.
    """
    with open_service(settings) as service:
        # What was loaded stays: looking through it for garbage would cost each thousandth request milliseconds. It is
        # not looked through here either: what little of it is garbage is not worth the time until the first answer.
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        config = uvicorn.Config(
            service.app,
            loop="auto",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=max(1, round(settings.drain)),
        )
        server = _Server(config)
        service.poller.start()
        factory: Any = config.get_loop_factory()
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(_serve(server, service, listening, ready))


async def _serve(server: _Server, service: Service, listening: socket.socket, ready: Callable[[Service], None]) -> None:
    def stop() -> None:
        service.app.state.draining = True
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for one in _SIGNALS:
        loop.add_signal_handler(one, stop)
    serving = asyncio.create_task(server.serve([listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.002)
    if server.started:
        ready(service)
    await serving
    for one in _SIGNALS:
        loop.remove_signal_handler(one)


def main() -> None:
    """Be a worker process: settings come as JSON on standard input, and its end means that the parent is gone."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.INFO)
    handle, pipe = (int(number) for number in sys.argv[1:_ARGUMENTS])
    settings = msgspec.json.decode(sys.stdin.buffer.readline(), type=Settings)
    listening = socket.socket(fileno=handle)

    def orphaned() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    def ready(_: Service) -> None:
        os.write(pipe, b"ready\n")
        os.close(pipe)
        threading.Thread(target=orphaned, daemon=True).start()

    try:
        run_worker(settings, listening, ready)
    except MainspringError as error:
        os.write(pipe, msgspec.json.encode([type(error).__name__, error.what, error.where, error.fix]) + b"\n")
        sys.exit(1)
    # The models are not taken down one by one: the system does that at once.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
