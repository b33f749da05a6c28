"""Which step runs can start, and what follows from one that ended. Pure bookkeeping: no clock, no process."""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct, field

from mainspring.digest import Artifact
from mainspring.graph import Arg, Dag, Many, Node, Ref, Value

__all__ = ["Job", "Schedule"]

Resolved = Value | Artifact | Many


class Job(Struct, eq=False):
    """One step run that is to be made true.

    Attributes:
        name: Name of the step run: the node's, with `{i}` for an element of a mapped step and `:items` for the split of
            its list.
        node: The node it belongs to.
        args: Its arguments, with artifacts in place of references.
        element: Its place in a mapped step.
        splits: Whether it takes a list apart, for a mapped step.
        forced: Whether the cache is passed over, and why.
        attempts: Attempts made so far.
        redone: Jobs that were repeated because it could not read what they had made.
    """

    name: str
    node: Node
    args: dict[str, Resolved]
    element: int | None = None
    splits: bool = False
    forced: str | None = None
    attempts: int = 0
    redone: set[str] = field(default_factory=set)


class _State(Struct, eq=False):
    """How far a node is."""

    waits: int
    status: str = "waiting"
    outputs: dict[str, Any] = field(default_factory=dict)
    elements: list[Any] = field(default_factory=list)
    split: tuple[Artifact, ...] = ()
    missing: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)


class Schedule:
    """The state of every node in a run.

    A node waits for the nodes it needs, becomes one job or, mapped, one job an element, and is done when they are. When
    a job fails, what needs its node is skipped.

    Attributes:
        dag: What is to be made true.
        added: Mapped nodes whose elements became known, with their number, in that order.
    """

    def __init__(self, dag: Dag) -> None:
        self.dag = dag
        needs = {name: node.needs for name, node in dag.nodes.items()}
        self._states = {name: _State(len(needed)) for name, needed in needs.items()}
        self._dependents: dict[str, list[str]] = {name: [] for name in dag.nodes}
        for name, all_needed in needs.items():
            for needed in all_needed:
                self._dependents[needed].append(name)
        self._ready: deque[Job] = deque()
        self._held: dict[str, list[Job]] = {}
        self.added: list[tuple[str, int]] = []
        for name, state in self._states.items():
            if state.waits == 0:
                self._start(name)

    def take(self) -> Iterator[Job]:
        """Yield the jobs that can start, those that the caller's own calls make ready included."""
        while self._ready:
            yield self._ready.popleft()

    @property
    def ready(self) -> bool:
        """Whether a job can start."""
        return bool(self._ready)

    @property
    def unfinished(self) -> list[str]:
        """Nodes that are neither done nor failed nor skipped; at the end of a run there are none."""
        return [name for name, state in self._states.items() if state.status in ("waiting", "running")]

    def again(self, job: Job) -> None:
        """Put a job back: its attempt is to be repeated, or another run had its lease."""
        self._ready.append(job)

    def finish(self, job: Job, artifacts: Sequence[Artifact]) -> None:
        """Take a job's artifacts; what waited for it may become ready."""
        if job.name in self._held:
            self._repair(job, artifacts)
            return
        state = self._states[job.node.name]
        if job.splits:
            state.split = tuple(artifacts)
            self._expand(job.node, list(artifacts))
            return
        if job.element is None:
            state.outputs = {artifact.name: artifact for artifact in artifacts}
        else:
            state.elements[job.element] = artifacts[0]
            state.missing -= 1
            if state.missing:
                return
            state.outputs = {"result": Many(list, tuple(state.elements))}
        self._done(job.node.name)

    def fail(self, job: Job) -> list[tuple[str, str]]:
        """Return (step run, what it waited for) for each that can no longer run."""
        failed = [job.node.name]
        skipped = []
        for consumer in self._held.pop(job.name, []):
            skipped.append((consumer.name, job.name))
            failed.append(consumer.node.name)
        while failed:
            cause = failed.pop()
            self._states[cause].status = "failed"
            for dependent in self._dependents[cause]:
                if self._states[dependent].status == "waiting":
                    self._states[dependent].status = "skipped"
                    skipped.append((dependent, cause))
                    failed.append(dependent)
        return skipped

    def redo(self, blob: str, consumer: Job) -> Job | None:
        """Make the job that produced a lost blob ready again, and hold `consumer` until it is done.

        Returns None when no job of this run made that blob, or when that job was repeated for `consumer` before: a
        store that loses what it is given would have both run for ever.
        """
        producer = next((job for job, made in self._made_for(consumer) if any(m.blob == blob for m in made)), None)
        if producer is None or producer.name in consumer.redone:
            return None
        consumer.redone.add(producer.name)
        if producer.name not in self._held:
            self._ready.append(producer)
        self._held.setdefault(producer.name, []).append(consumer)
        return producer

    def _repair(self, producer: Job, artifacts: Sequence[Artifact]) -> None:
        """Put the recomputed artifacts in the place of the lost ones, and let the jobs that were held go on."""
        state = self._states[producer.node.name]
        old = next(made for job, made in self._made_by(state) if job is producer)
        new = dict(zip(old, artifacts, strict=False))
        state.outputs = {key: _replaced(value, new) for key, value in state.outputs.items()}
        state.elements = [_replaced(value, new) for value in state.elements]
        state.split = tuple(new.get(item, item) for item in state.split)
        for consumer in self._held.pop(producer.name):
            consumer.args = {key: _replaced(value, new) for key, value in consumer.args.items()}
            self._ready.append(consumer)

    def _made_for(self, consumer: Job) -> Iterator[tuple[Job, tuple[Artifact, ...]]]:
        for name in (*consumer.node.needs, consumer.node.name):
            yield from self._made_by(self._states[name])

    def _made_by(self, state: _State) -> Iterator[tuple[Job, tuple[Artifact, ...]]]:
        for job in state.jobs.values():
            if job.splits:
                yield job, state.split
            elif job.element is None:
                yield job, tuple(item for item in state.outputs.values() if isinstance(item, Artifact))
            elif isinstance(state.elements[job.element], Artifact):
                yield job, (state.elements[job.element],)

    def result(self, arg: Arg) -> Any:
        """Return what the pipeline returns, with artifacts in place of references; None where a step did not finish."""
        if isinstance(arg, Ref):
            state = self._states.get(arg.node)
            return None if state is None else state.outputs.get(arg.output)
        if isinstance(arg, Many):
            return Many(arg.kind, tuple(self.result(item) for item in arg.items), arg.keys)
        return arg

    def _done(self, name: str) -> None:
        self._states[name].status = "done"
        for dependent in self._dependents[name]:
            state = self._states[dependent]
            state.waits -= 1
            if state.waits == 0 and state.status == "waiting":
                self._start(dependent)

    def _start(self, name: str) -> None:
        node, state = self.dag.nodes[name], self._states[name]
        state.status = "running"
        args = {key: self._resolve(arg) for key, arg in node.args.items()}
        if node.mapped is None:
            self._add(Job(name, node, args))
            return
        over = args[node.mapped]
        if isinstance(over, Artifact):
            self._add(Job(f"{name}:items", node, {"items": over}, splits=True))
        elif isinstance(over, Many):
            self._expand(node, list(over.items))
        else:
            items: Any = over.value
            self._expand(node, [Value(item) for item in items])

    def _expand(self, node: Node, items: list[Resolved]) -> None:
        state = self._states[node.name]
        state.elements = [None] * len(items)
        state.missing = len(items)
        self.added.append((node.name, len(items)))
        if not items:
            state.outputs = {"result": Many(list, ())}
            self._done(node.name)
        shared = {key: self._resolve(arg) for key, arg in node.args.items() if key != node.mapped}
        for place, item in enumerate(items):
            args = {str(node.mapped): item, **shared}
            self._add(Job(f"{node.name}{{{place}}}", node, args, element=place))

    def _add(self, job: Job) -> None:
        self._states[job.node.name].jobs[job.name] = job
        self._ready.append(job)

    def _resolve(self, arg: Any) -> Any:
        if isinstance(arg, Ref):
            return self._states[arg.node].outputs[arg.output]
        if isinstance(arg, Many):
            return Many(arg.kind, tuple(self._resolve(item) for item in arg.items), arg.keys)
        return arg


def _replaced(arg: Any, new: dict[Artifact, Artifact]) -> Any:
    if isinstance(arg, Artifact):
        return new.get(arg, arg)
    if isinstance(arg, Many):
        return Many(arg.kind, tuple(_replaced(item, new) for item in arg.items), arg.keys)
    return arg
