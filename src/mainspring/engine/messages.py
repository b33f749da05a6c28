"""What coordinator and worker say to each other."""

from typing import Any

from msgspec import Struct

from mainspring.digest import Artifact, File, Folder
from mainspring.errors import UnstorableError

__all__ = [
    "CorruptInput",
    "Death",
    "Done",
    "Evidence",
    "Failed",
    "Logged",
    "Measured",
    "Metrics",
    "Plain",
    "Setup",
    "Task",
    "Usage",
    "path_in",
    "path_out",
]


class Plain(Struct, frozen=True):
    """A plain argument in its canonical encoding."""

    data: bytes


class Setup(Struct, frozen=True):
    """First message to a worker.

    Attributes:
        path: `sys.path` of the coordinator.
        home: The home directory.
        project: The folder that the project's modules are imported from.
        allow_pickle: Whether values without a codec may be pickled.
        variables: What its environment has beside, or instead of, what a worker's has.
        folder: Its working directory; None is that of the coordinator.
        salt: What seeds are derived from beside the cache key, where the noise of seeds is looked for.
    """

    path: tuple[str, ...]
    home: str
    project: str
    allow_pickle: bool
    variables: dict[str, str] = {}
    folder: str | None = None
    salt: str = ""


class Task(Struct, frozen=True):
    """One attempt at one step.

    Attributes:
        step: Name of the step run.
        module: Module that holds the step; empty for the built-in `split`.
        attribute: Name of the step in that module.
        args: `Plain`, `Artifact` or `Many` of them by parameter.
        seed: Seed of the step.
        log: File that takes what it prints.
        checkpoint: Directory that it may keep checkpoints in.
        declared: Paths of files and folders that are inputs.
        whole: Keep what it returns as one artifact, even a `NamedTuple`: it is an element of a mapped step.
    """

    step: str
    module: str
    attribute: str
    args: dict[str, Any]
    seed: int
    log: str
    checkpoint: str
    declared: tuple[str, ...] = ()
    whole: bool = False


class Metrics(Struct, frozen=True):
    """A batch of metrics: name, value, position, time in seconds since the epoch."""

    rows: tuple[tuple[str, float, int | None, float], ...]


class Logged(Struct, frozen=True):
    """A figure or table that a step logged."""

    name: str
    kind: str
    artifact: Artifact
    time: float


class Evidence(Struct, frozen=True):
    """What a check of a step said, as JSON, at a time."""

    test: str
    name: str
    record: str
    time: float


class Usage(Struct, frozen=True):
    """What an attempt took: wall-clock seconds, CPU seconds of it and its children, peak resident bytes."""

    seconds: float
    cpu_seconds: float
    peak_rss: int


class Done(Struct, frozen=True):
    """The step returned, and its artifacts are stored."""

    artifacts: tuple[Artifact, ...]
    usage: Usage
    reusable: bool = True
    remarks: tuple[str, ...] = ()


class Failed(Struct, frozen=True):
    """The step raised, or what it returned cannot be kept.

    Attributes:
        what: The error in one line.
        fix: What to do about it, as far as it is known.
        traceback: Frames of the user's code, innermost last.
        usage: What it took.
        reusable: Whether the worker can take another task.
        remarks: What else is to be said about the attempt.
        where: The place inside the step that the error names itself, such as a part of what it returned.
    """

    what: str
    fix: str | None
    traceback: str
    usage: Usage
    reusable: bool = True
    remarks: tuple[str, ...] = ()
    where: str | None = None


class CorruptInput(Struct, frozen=True):
    """An input could not be read back from the store."""

    blob: str
    cause: str


class Death(Struct, frozen=True):
    """A worker is gone.

    Attributes:
        signal: Number of the signal that killed it, or None.
        code: Its exit status, when no signal killed it.
        cause: `timeout`, `memory`, or `crash` when nothing here asked for it.
        peak_rss: Largest resident size in bytes that was seen, 0 when it was not watched.
    """

    signal: int | None
    code: int
    cause: str
    peak_rss: int


Measured = Metrics | Logged | Evidence


def path_out(value: object) -> bytes:
    """Encode a file or folder on its way to a worker: where it is, not what it holds."""
    if isinstance(value, File | Folder):
        return f"{type(value).__name__} {value}".encode("utf-8", "surrogateescape")
    raise UnstorableError(f"A {type(value).__qualname__} does not travel by itself", None, "Store it.")


def path_in(data: memoryview) -> object:
    """Decode what `path_out` encoded."""
    kind, _, path = bytes(data).decode("utf-8", "surrogateescape").partition(" ")
    return File(path) if kind == "File" else Folder(path)
