"""`plan`: what a run would do, as far as that can be known before it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mainspring.config import Config
from mainspring.digest import Artifact
from mainspring.engine.keys import Key
from mainspring.engine.schedule import Job, Schedule
from mainspring.errors import MainspringError
from mainspring.graph import Arg, Many, Ref
from mainspring.tracking import ResultRow
from mainspring.workspace.homes import Home
from mainspring.workspace.past import Past
from mainspring.workspace.project import Project
from mainspring.workspace.running import Preparation

__all__ = ["Plan", "Planned", "Survey", "plan", "survey"]


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do about one step run.

    Attributes:
        name: Name of the step run.
        verdict: `hit`; `miss`: it would run; `unknown`: that depends on what a step before it returns; `failed`: it
            cannot start.
        reason: Why, or who made the result.
        seconds: Wall-clock seconds that it took when it last ran, if it did.
    """

    name: str
    verdict: str
    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do.

    Attributes:
        pipeline: Name of the pipeline.
        steps: Every step run that can be told by now, in the order of the pipeline.
    """

    pipeline: str
    steps: tuple[Planned, ...]


@dataclass(slots=True)
class Survey:
    """How far a plan can be followed without running anything.

    Attributes:
        ready: The traced pipeline, and what makes keys.
        jobs: Each step run whose inputs are known, by its name.
        keys: Their cache keys.
        hits: The stored results among them.
        errors: Why a step run cannot start.
        planned: What a run would do, by step run.
    """

    ready: Preparation
    jobs: dict[str, Job] = field(default_factory=dict)
    keys: dict[str, Key] = field(default_factory=dict)
    hits: dict[str, ResultRow] = field(default_factory=dict)
    errors: dict[str, MainspringError] = field(default_factory=dict)
    planned: dict[str, Planned] = field(default_factory=dict)

    @property
    def past(self) -> Past:
        """What earlier runs know."""
        return self.ready.past

    def follow(self) -> None:
        """Go from hit to hit until only misses, and what waits for them, are left."""
        schedule = Schedule(self.ready.dag)
        for job in schedule.take():
            self.jobs[job.name] = job
            try:
                key = self.ready.keys.of(job)
            except MainspringError as error:
                self.errors[job.name] = error
                self.planned[job.name] = Planned(job.name, "failed", self.ready.files.shown(str(error)))
                continue
            self.keys[job.name] = key
            result = self._stored(key)
            if result is None:
                self.planned[job.name] = self._miss(job, key)
                continue
            self.hits[job.name] = result
            self.planned[job.name] = Planned(job.name, "hit", f"made by run {result.run}", result.seconds)
            schedule.finish(job, result.artifacts)
        self.ready.files.save()
        known = {job.node.name for job in self.jobs.values()}
        for name in self.ready.dag.nodes:
            if name not in known:
                self.planned[name] = Planned(name, "unknown", self._waits(name), self._took(name))

    def in_order(self) -> Iterator[Planned]:
        """Yield what a run would do, in the order of the pipeline; taking a list apart is no step of its own."""
        order = {name: place for place, name in enumerate(self.ready.dag.nodes)}
        nodes = {name: self.jobs[name].node.name if name in self.jobs else name for name in self.planned}
        for name in sorted(self.planned, key=lambda name: order[nodes[name]]):
            if name not in self.jobs or not self.jobs[name].splits:
                yield self.planned[name]
            elif name not in self.hits:
                node = nodes[name]
                yield Planned(node, "unknown", "its list is taken apart in the run", self._took(node))

    def made(self, ref: Ref) -> Artifact | Many | None:
        """Return what a reference stands for when all of it is stored, otherwise None."""
        if ref.node in self.hits:
            return next((one for one in self.hits[ref.node].artifacts if one.name == ref.output), None)
        steps = [name for name, job in self.jobs.items() if job.node.name == ref.node and not job.splits]
        elements = sorted((self.jobs[name].element or 0, name) for name in steps)
        if not elements or any(name not in self.hits for name in steps):
            return None
        return Many(list, tuple(self.hits[name].artifacts[0] for _, name in elements))

    def resolved(self, arg: Arg) -> Any:
        """Return an argument with artifacts in place of its references, all of which are stored."""
        if isinstance(arg, Ref):
            return self.made(arg)
        return Many(arg.kind, tuple(map(self.resolved, arg.items)), arg.keys) if isinstance(arg, Many) else arg

    def _stored(self, key: Key) -> ResultRow | None:
        home = self.ready.home
        result = home.facts.results.find([key.digest]).get(key.digest)
        if result is None or not all(home.blobs.has(artifact.blob) for artifact in result.artifacts):
            return None
        return result

    def _miss(self, job: Job, key: Key) -> Planned:
        last = self.past.last(job.name)
        return Planned(job.name, "miss", self.past.why(job, key), last.seconds if last is not None else None)

    def _took(self, name: str) -> float | None:
        last = self.past.last(name)
        return last.seconds if last is not None else None

    def _waits(self, name: str) -> str:
        """Return which step a node waits for: the nearest one before it that is no hit."""
        open_nodes = {job.node.name for step, job in self.jobs.items() if step not in self.hits}
        open_nodes |= {name for name, planned in self.planned.items() if planned.verdict == "unknown"}
        waits = [needed for needed in self.ready.dag.nodes[name].needs if needed in open_nodes]
        return f"known once '{waits[0]}' has run" if waits else "known once the steps before it have run"


def survey(project: Project, config: Config, home: Home) -> Survey:
    """Return how far the plan of a pipeline can be followed, without running anything.

    Raises:
        DefinitionError: Steps or pipeline cannot work as they are written.
    """
    found = Survey(Preparation(project, config, home))
    found.follow()
    return found


def plan(project: Project, config: Config, home: Home) -> Plan:
    """Return what a run would do, as far as that can be known before it.

    Raises:
        DefinitionError: Steps or pipeline cannot work as they are written.
    """
    found = survey(project, config, home)
    return Plan(found.ready.dag.pipeline, tuple(found.in_order()))
