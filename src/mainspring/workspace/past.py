"""What earlier runs know about steps: why they are no hits now, and the source that they ran with."""

from importlib import import_module
from typing import Any

from msgspec import Struct, field

from mainspring.digest import Artifact
from mainspring.digest.texts import from_json
from mainspring.engine.keys import Key
from mainspring.engine.reasons import Change, changes, sentence
from mainspring.engine.schedule import Job
from mainspring.errors import CorruptBlobError
from mainspring.graph.code import Code, from_record
from mainspring.store import load
from mainspring.tracking import StepRow
from mainspring.workspace.homes import Home

__all__ = ["Past", "Snapshot", "node_of", "step_of"]


class Snapshot(Struct, frozen=True):
    """The source that the steps of one run reached.

    Attributes:
        sources: Text of each file, by its path as code identities have it.
        codes: Code of each step, by the name of the step.
    """

    sources: dict[str, str]
    codes: dict[str, Code]


class Past(Struct):
    """What is known about the steps of a pipeline. Each source snapshot is read once, when it is needed.

    Attributes:
        home: Where the facts are.
        pipeline: Name of the pipeline.
        before: The run whose past it is; None: all that there is.
    """

    home: Home
    pipeline: str
    before: str | None = None
    _snapshots: dict[str, Snapshot] = field(default_factory=dict)
    _first: bool | None = None

    def last(self, name: str) -> StepRow | None:
        """Return the newest step run of this name that succeeded."""
        if self._first is None:
            self._first = not self.home.facts.runs.list(1, pipeline=self.pipeline, before=self.before)
        return None if self._first else self.home.facts.steps.last(self.pipeline, name, before_run=self.before)

    def why(self, job: Job, key: Key) -> str:
        """Return why a job is no hit, in a line."""
        last = self.last(job.name)
        return "first run" if last is None else sentence(self.changes(last, job.node.step.name, key))

    def changes(self, last: StepRow, step: str, key: Key) -> list[Change]:
        """Return what differs between a step run and what it would be now."""
        return changes(last, key, lambda: self.code(last.run, step))

    def code(self, run: str, step: str) -> Code | None:
        """Return what the code of a step was in a run; None when that was not kept."""
        return self.snapshot(run).codes.get(step)

    def snapshot(self, run: str) -> Snapshot:
        """Return the source snapshot of a run; an empty one for a run that ended before it kept any."""
        if run not in self._snapshots:
            artifacts = self.home.facts.runs.get(run).artifacts
            kept = next((artifact for artifact in artifacts if artifact.name == "sources"), None)
            found: dict[str, Any] = {"sources": {}, "codes": {}}
            if kept is not None:
                found = self._read(kept, found)
            codes = {name: from_record(record) for name, record in found["codes"].items()}
            self._snapshots[run] = Snapshot(found["sources"], codes)
        return self._snapshots[run]

    def _read(self, kept: Artifact, nothing: dict[str, Any]) -> dict[str, Any]:
        """Return a source snapshot, or nothing when its bytes are damaged or gone: only the reasons become vague."""
        try:
            found: dict[str, Any] = from_json(load(kept, self.home.blobs))
        except CorruptBlobError as error:
            import_module("logging").getLogger(__name__).warning("%s", error)
            return nothing
        return found


def step_of(name: str) -> str:
    """Return the step behind a step run: its calls are `add[2]`, its elements `add{0}`, its list `add:items`.

    >>> step_of("add[2]{0}")
    'add'
    """
    return node_of(name).partition("[")[0]


def node_of(name: str) -> str:
    """Return the call behind a step run, which for an element or the list of a mapped step is the mapped call.

    >>> node_of("add[2]{0}")
    'add[2]'
    """
    return name.partition(":")[0].partition("{")[0]
