"""What a service is told when it starts; plain data that goes to its worker processes as JSON."""

from importlib import import_module
from typing import Final

from msgspec import Struct

__all__ = ["RELEASE", "Limits", "Settings"]

# By name: the package itself names all its parts, of which a service must reach only some.
RELEASE: Final[str] = import_module("mainspring").__version__


class Limits(Struct, frozen=True, kw_only=True):
    """What one request, and all of them together, may use.

    Attributes:
        body: Bytes of a body; beyond it: 413.
        rows: Rows of a request; beyond it: 413.
        seconds: Time to send a body (408), and to compute an answer (503).
        concurrency: Requests of one worker process that are under way; beyond it: 429.
        nesting: Depth of a body; beyond it: 400.
    """

    body: int = 8 << 20
    rows: int = 10_000
    seconds: float = 10.0
    concurrency: int = 256
    nesting: int = 16


class Settings(Struct, frozen=True, kw_only=True):
    """How a service is to run.

    Attributes:
        target: What is served: the path of a package, `run:RUN`, `NAME@ALIAS` of the registry.
        home: The folder that holds the registry, prediction log, keys and overrides. None: no log, no keys, no
            overrides, and the registry of the project around the working directory.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        workers: Worker processes.
        threads: Threads that one prediction may use in a graph.
        limits: What requests may use.
        trust: Digests of source, or of packages, that may run.
        fallback: Targets that answer when those before them cannot, in order.
        shadow: A target that sees the same input; its answers are only logged.
        shadow_share: The share of requests that it sees.
        log: Whether predictions are logged.
        log_memory: Bytes of answers that may wait for the disk.
        upkeep: A command that is run from time to time in a process of its own, when predictions are logged.
        upkeep_every: Seconds between two times.
        access_log: Whether each request is a line of JSON on standard output.
        poll: Seconds between two looks at where an alias points.
        drain: Seconds that requests under way have to end when the service stops.
    """

    target: str
    home: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    threads: int = 1
    limits: Limits = Limits()
    trust: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    shadow: str | None = None
    shadow_share: float = 1.0
    log: bool = True
    log_memory: int = 32 << 20
    upkeep: tuple[str, ...] = ()
    upkeep_every: float = 3600.0
    access_log: bool = True
    poll: float = 1.0
    drain: float = 10.0
