"""What happens in a run, as typed events. The engine emits them; the terminal, JSON and tests subscribe."""

from collections.abc import Callable

from msgspec import Struct

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


class RunStarted(Struct, frozen=True):
    """A run begins.

    Attributes:
        run: Run id.
        pipeline: Name of the pipeline.
        steps: Number of step runs that are known by now; `map` adds more.
    """

    run: str
    pipeline: str
    steps: int


class StepsAdded(Struct, frozen=True):
    """A mapped step now knows its `count` elements."""

    run: str
    step: str
    count: int


class StepStarted(Struct, frozen=True):
    """A worker begins with a step, for `reason` (why it is no hit)."""

    run: str
    step: str
    reason: str
    attempt: int


class StepWaiting(Struct, frozen=True):
    """Another run computes the same key; this one waits for its result."""

    run: str
    step: str
    holder: str


class StepRetried(Struct, frozen=True):
    """An attempt failed and another follows."""

    run: str
    step: str
    attempt: int
    error: str


class StepEnded(Struct, frozen=True):
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


class BlobRecomputed(Struct, frozen=True):
    """A stored value turned out to be corrupt or missing; the step that made it runs again."""

    run: str
    step: str
    blob: str
    cause: str


class RunFinished(Struct, frozen=True):
    """A run ended with `status`, `succeeded` or `failed`, after `seconds` of wall-clock time."""

    run: str
    status: str
    seconds: float


Event = RunStarted | StepsAdded | StepStarted | StepWaiting | StepRetried | StepEnded | BlobRecomputed | RunFinished
Listener = Callable[[Event], None]
