"""The facts themselves: frozen rows, as they are given and given back.

Times are seconds since 1970 UTC, by the database's clock where this unit sets them. JSON texts are the caller's own:
nothing here reads into them.
"""

from msgspec import Struct

from mainspring.digest import Artifact
from mainspring.digest.texts import from_json, to_json

__all__ = [
    "RUN_STATUSES",
    "STEP_STATUSES",
    "FileRow",
    "Lease",
    "LoggedRow",
    "MetricRow",
    "Owner",
    "ProofRow",
    "ResultRow",
    "RunRow",
    "StepRow",
]

RUN_STATUSES = ("running", "succeeded", "failed", "lost")
STEP_STATUSES = ("running", "ran", "hit", "failed", "skipped")


class Owner(Struct, frozen=True):
    """One process, so exactly that another one with its id is not taken for it.

    Attributes:
        host: The name of its host.
        boot: Which boot of the host, and which process namespace in it.
        pid: Its id there.
        started: When it started, in the host's own unit; 0 where that is unknown.
    """

    host: str
    boot: str
    pid: int
    started: int

    def as_text(self) -> str:
        """Return the one text of this owner, by which owners are compared in SQL."""
        return to_json([self.host, self.boot, self.pid, self.started])

    @classmethod
    def from_text(cls, text: str) -> "Owner":
        """Return the owner that `as_text` wrote."""
        return cls(*from_json(text))


class RunRow(Struct, frozen=True):
    """One run.

    Attributes:
        started: When it started; set by `runs.start`.
        ended: When it ended; of a lost run, when it was last heard of.
        beat: When it was last heard of.
        error: Why it failed, in a line.
        record: JSON: configuration with origins, environment, Git state, code digests. Empty in `runs.list`.
        pinned: Whether `gc` keeps the run and all that it needs.
        artifacts: What belongs to the run itself: its source snapshot, its kept inputs. Empty in `runs.list`.
    """

    id: str
    pipeline: str
    status: str
    started: float
    ended: float | None
    beat: float
    owner: Owner
    seed: int = 0
    error: str | None = None
    record: str = "{}"
    pinned: bool = False
    artifacts: tuple[Artifact, ...] = ()


class StepRow(Struct, frozen=True):
    """One step run.

    Attributes:
        name: Unique in the run: `add`, `add[2]`.
        position: Its place in the plan.
        status: `running`, `ran`, `hit`, `failed` or `skipped`.
        reason: Why it was a miss, or why it was skipped.
        key: Its cache key; empty as long as it is unknown.
        started: When it started, by the clock of its host; 0 when it never did.
        peak_rss: Bytes.
        cost: In the unit of the settings; None when no price is set.
        log: Where its captured output is.
        code: Digest of its code record.
        inputs: JSON, from parameter to what was passed.
        warnings: What the reader should know, such as files that it opened undeclared.
        consumed: Digests of the artifacts that it read; written, and searched by `steps.consumers`, but not given back.
    """

    run: str
    name: str
    position: int
    status: str
    reason: str = ""
    key: str = ""
    started: float = 0.0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_rss: int = 0
    cost: float | None = None
    host: str = ""
    attempts: int = 0
    error: str | None = None
    log: str | None = None
    code: str = ""
    inputs: str = "{}"
    warnings: tuple[str, ...] = ()
    consumed: tuple[str, ...] = ()


class ResultRow(Struct, frozen=True):
    """What a step returned under a key: made by `run` and `step`, committed at `created`, computed in `seconds`."""

    key: str
    run: str
    step: str
    created: float
    seconds: float
    artifacts: tuple[Artifact, ...]


class MetricRow(Struct, frozen=True):
    """One number that a step logged; `at` is its position on the axis of progress, such as the epoch."""

    run: str
    step: str
    name: str
    value: float
    at: int | None
    time: float


class LoggedRow(Struct, frozen=True):
    """One figure or table that a step logged; `kind` is `figure` or `table`."""

    run: str
    step: str
    name: str
    kind: str
    artifact: Artifact
    time: float


class ProofRow(Struct, frozen=True):
    """What was found when `run` was run again: the verdict, and the whole of it as JSON, recorded at `made`."""

    run: str
    verdict: str
    record: str
    made: float


class Lease(Struct, frozen=True):
    """The right to compute `key`, until another generation of it is given out."""

    key: str
    generation: int
    owner: Owner


class FileRow(Struct, frozen=True):
    """The digest of a file's content, and what `stat` said about it.

    Attributes:
        path: Absolute.
        seen_ns: The host's time before that `stat`, and before the content was read.
    """

    path: str
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int
    digest: str
    seen_ns: int
