"""What happens in a run, as typed events. The engine emits them; the terminal, JSON and tests subscribe."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = [
    "BlobRecomputed",
    "Event",
    "Listener",
    "RunFinished",
    "RunStarted",
    "StepEnded",
    "StepRetried",
    "StepStarted",
    "StepWaiting",
    "StepsAdded",
]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """A run begins.

    Attributes:
        run: Run id.
        pipeline: Name of the pipeline.
        steps: Number of step runs that are known by now; `map` adds more.
    """

    run: str
    pipeline: str
    steps: int


@dataclass(frozen=True, slots=True)
class StepsAdded:
    """A mapped step now knows its `count` elements."""

    run: str
    step: str
    count: int


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A worker begins with a step, for `reason` (why it is no hit)."""

    run: str
    step: str
    reason: str
    attempt: int


@dataclass(frozen=True, slots=True)
class StepWaiting:
    """Another run computes the same key; this one waits for its result."""

    run: str
    step: str
    holder: str


@dataclass(frozen=True, slots=True)
class StepRetried:
    """An attempt failed and another follows."""

    run: str
    step: str
    attempt: int
    error: str


@dataclass(frozen=True, slots=True)
class StepEnded:
    """A step is done.

    Attributes:
        run: Run id.
        step: Name of the step run.
        status: `ran`, `hit`, `failed` or `skipped`.
        reason: Why it ran, or why it did not.
        seconds: Wall-clock seconds of the last attempt; of the original computation for a hit.
        size: Bytes of its artifacts.
        error: What went wrong, when it failed.
        log: The end of what it printed, when it failed.
        remarks: What should be known although nothing failed, such as undeclared files.
    """

    run: str
    step: str
    status: str
    reason: str
    seconds: float
    size: int
    error: str | None = None
    log: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BlobRecomputed:
    """A stored value turned out to be corrupt or missing; the step that made it runs again."""

    run: str
    step: str
    blob: str
    cause: str


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run ended with `status`, `succeeded` or `failed`, after `seconds` of wall-clock time."""

    run: str
    status: str
    seconds: float


Event = RunStarted | StepsAdded | StepStarted | StepWaiting | StepRetried | StepEnded | BlobRecomputed | RunFinished
Listener = Callable[[Event], None]
