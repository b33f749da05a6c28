"""Runs as Python sees them: frozen views of facts, with values that load."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar, overload

from msgspec import Struct

from mainspring.digest import Artifact
from mainspring.errors import CorruptBlobError, NotFoundError, RunFailedError, nearest
from mainspring.graph import Many, Value
from mainspring.store import BlobStore, load

__all__ = ["Named", "Run", "StepRun", "StoredValue", "load_verified"]


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=_HasName)


class Named(Sequence[T], Generic[T]):
    """A sequence whose items can also be had by their name: `run.steps["train"]`."""

    def __init__(self, items: Sequence[T], kind: str) -> None:
        self._items = tuple(items)
        self._kind = kind

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)

    @overload
    def __getitem__(self, key: int | str) -> T: ...
    @overload
    def __getitem__(self, key: slice) -> tuple[T, ...]: ...
    def __getitem__(self, key: int | str | slice) -> T | tuple[T, ...]:
        if not isinstance(key, str):
            return self._items[key]
        for item in self._items:
            if item.name == key:
                return item
        names = [item.name for item in self._items]
        near = nearest(key, names)
        advice = f"Did you mean '{near}'?" if near else f"There are: {', '.join(names) or 'none'}."
        raise NotFoundError(f"There is no {self._kind} '{key}'", None, advice)

    def __contains__(self, item: object) -> bool:
        return any(item in (known, known.name) for known in self._items)

    def __repr__(self) -> str:
        return f"<{len(self)} {self._kind}s: {', '.join(item.name for item in self._items)}>"


class StoredValue(Struct, frozen=True):
    """An artifact that can be loaded.

    Attributes:
        name: `result`, or the field of the `NamedTuple`.
        digest: Digest of its canonical content.
        size: Bytes it takes in the store.
        summary: What it is, in a few words.
        artifact: Where it lies.
    """

    name: str
    digest: str
    size: int
    summary: str
    artifact: Artifact
    _blobs: BlobStore

    @classmethod
    def of(cls, artifact: Artifact, blobs: BlobStore) -> "StoredValue":
        """Return the stored value for an artifact."""
        return cls(artifact.name, artifact.digest, artifact.size, artifact.summary, artifact, blobs)

    def load(self) -> Any:
        """Return the value.

        Raises:
            CorruptBlobError: Its bytes are damaged or gone; the next run makes them anew.
        """
        return load_verified(self.artifact, self._blobs)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.summary or self.artifact.codec} {self.digest[:12]}>"


class StepRun(Struct, frozen=True):
    """One step of a run.

    Attributes:
        name: Name of the step run.
        status: `ran`, `hit`, `failed` or `skipped`.
        reason: Why it ran, or whose result it used.
        seconds: Wall-clock seconds of the computation; of the original one for a hit.
        artifacts: What it returned.
        error: What went wrong, when it failed.
        cpu_seconds: CPU seconds of the last attempt.
        peak_rss: Peak resident memory in bytes.
        log: File with what it printed, or None.
    """

    name: str
    status: str
    reason: str
    seconds: float
    artifacts: Named[StoredValue]
    error: str | None = None
    cpu_seconds: float = 0.0
    peak_rss: int = 0
    log: Path | None = None


class Run(Struct, frozen=True):
    """One execution of a pipeline.

    Attributes:
        id: Run id.
        pipeline: Name of the pipeline.
        status: `succeeded`, `failed`, `lost` or `running`.
        steps: Its step runs, in the order of the plan; also by name.
        error: The first error, when it failed.
        seconds: Wall-clock seconds.
        report: The HTML report.
    """

    id: str
    pipeline: str
    status: str
    steps: Named[StepRun]
    error: str | None
    seconds: float
    report: Path | None
    _result: Any
    _blobs: BlobStore

    @property
    def result(self) -> Any:
        """What the pipeline returned, loaded from the store.

        Raises:
            RunFailedError: The run did not succeed.
        """
        if self.status != "succeeded":
            raise RunFailedError(
                f"Run {self.id} has no result: {self.error or self.status}", None, "Look at its steps and their logs."
            )
        return _loaded(self._result, self._blobs)

    def package(self) -> Path | None:
        """Return the zip in the store that is the result, when the pipeline returned a package; otherwise None."""
        kept = self._result
        if self.status != "succeeded" or not isinstance(kept, Artifact) or not kept.codec.startswith("package/"):
            return None
        return self._blobs.path(kept.blob)

    def result_digest(self) -> str | None:
        """Return the digest of the result when it is one artifact, otherwise None."""
        return self._result.digest if isinstance(self._result, Artifact) else None

    def __repr__(self) -> str:
        return f"<run {self.id} of {self.pipeline}: {self.status}, {len(self.steps)} steps>"


def load_verified(artifact: Artifact, blobs: BlobStore) -> Any:
    """Return the value of an artifact; a damaged blob is set aside, so that the next run makes it anew."""
    try:
        return load(artifact, blobs)
    except CorruptBlobError as error:
        if error.blob and blobs.has(error.blob):
            blobs.quarantine(error.blob)
        raise


def _loaded(arg: Any, blobs: BlobStore) -> Any:
    if isinstance(arg, Artifact):
        return load_verified(arg, blobs)
    if isinstance(arg, Many):
        return arg.build([_loaded(item, blobs) for item in arg.items])
    return arg.value if isinstance(arg, Value) else arg
