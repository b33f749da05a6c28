"""Two runs of one pipeline, step by step, on the ladder."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mainspring.digest import Artifact
from mainspring.engine.keys import Key
from mainspring.engine.reasons import changes
from mainspring.errors import MainspringError
from mainspring.graph.code import Code
from mainspring.proof.agreement import agree
from mainspring.proof.ladder import BYTES, DIFFERENT, Agreement, StepAgreement, lowest
from mainspring.proof.predicting import Golden
from mainspring.store import BlobStore, load
from mainspring.tracking import StepRow

__all__ = ["Made", "compare", "step_called"]


class Made(Struct, frozen=True):
    """What a run made.

    Attributes:
        run: Its id.
        rows: Its step runs by name.
        results: What they returned.
        measured: By step the last value of each metric, and the digest of each table and figure.
        codes: Code of each step.
        sources: Text of each file of the project.
        blobs: Where the values are.
        seconds: How long it took.
    """

    run: str
    rows: Mapping[str, StepRow]
    results: Mapping[str, tuple[Artifact, ...]]
    measured: Mapping[str, Mapping[str, float | str | None]]
    codes: Mapping[str, Code]
    sources: Mapping[str, str]
    blobs: BlobStore
    seconds: float

    def value(self, step: str, place: int) -> Any:
        """Return the value of one artifact."""
        return load(self.results[step][place], self.blobs)

    def digests(self, called: str) -> dict[str, tuple[str, ...]]:
        """Return the digests of what a step returned, for each of its step runs; none of one that failed."""
        return {
            name: tuple(one.digest for one in artifacts)
            for name, artifacts in self.results.items()
            if step_called(name) == called and ":" not in name
        }


def step_called(name: str) -> str:
    """Return the step behind a step run.

    >>> step_called("add[2]{0}")
    'add'
    """
    return name.partition(":")[0].partition("{")[0].partition("[")[0]


def compare(before: Made, after: Made) -> tuple[StepAgreement, ...]:
    """Return how every step of one run agrees with the same in another, in the order of the plan."""
    golden = _Asked(before)
    done = [row for row in before.rows.values() if row.name in before.results]
    return tuple(_step(row, before, after, golden) for row in sorted(done, key=lambda row: (row.position, row.name)))


class _Asked:
    """Who asks models, once something differs: then it knows the golden samples of all packages of the run."""

    def __init__(self, made: Made) -> None:
        self._made = made
        self._golden: Golden | None = None

    @property
    def golden(self) -> Golden:
        if self._golden is None:
            self._golden = Golden()
            for artifacts in self._made.results.values():
                for one in artifacts:
                    if one.codec.startswith("package/"):
                        self._golden.learn(load(one, self._made.blobs))
        return self._golden


def _step(row: StepRow, before: Made, after: Made, asked: _Asked) -> StepAgreement:
    name, now = row.name, after.rows.get(row.name)
    if name not in after.results:
        failed = now is not None and now.status == "failed"
        says = f"it failed: {now.error}" if now is not None and failed else "it did not run"
        gone = tuple(Agreement(one.name, DIFFERENT, says, one.digest) for one in before.results[name])
        return StepAgreement(name, DIFFERENT, says, failed, _changes(before, after, name), gone)
    pairs = zip(before.results[name], after.results[name], strict=False)
    artifacts = [_artifact(one, two, before, after, asked) for one, two in pairs]
    if len(before.results[name]) != len(after.results[name]):
        artifacts.append(Agreement("all", DIFFERENT, "it returned another number of artifacts", ""))
    rung = lowest(one.rung for one in artifacts)
    says = next((one.says for one in artifacts if one.rung == rung), "")
    same_key = now is not None and now.key == row.key
    return StepAgreement(
        name,
        rung,
        says,
        same_key and rung != BYTES,
        () if same_key else _changes(before, after, name),
        tuple(artifacts),
        _measured(before.measured.get(name, {}), after.measured.get(name, {})),
        0.0 if now is None else now.seconds,
    )


def _artifact(one: Artifact, two: Artifact, before: Made, after: Made, asked: _Asked) -> Agreement:
    if one.digest == two.digest:
        says = "" if one.blob == two.blob else "stored with other bytes of what its digest leaves out"
        return Agreement(one.name, BYTES, says, one.digest, two.digest)
    try:
        rung, says = agree(load(one, before.blobs), load(two, after.blobs), asked.golden)
    except MainspringError as error:
        rung, says = DIFFERENT, f"they cannot be compared: {error.what}"
    return Agreement(one.name, rung, says, one.digest, two.digest)


def _changes(before: Made, after: Made, name: str) -> tuple[str, ...]:
    """Return what differs in what a step was made from, but for what the steps before it returned."""
    row, now = before.rows[name], after.rows.get(name)
    if now is None or not row.key or not now.key or row.key == now.key or ":" in name:
        return ()
    called = step_called(name)
    code = after.codes.get(called) or Code(now.code, (), (), (), ())
    key = Key(now.key, code, now.inputs, {}, (), ())
    found = changes(row, key, lambda: before.codes.get(called))
    return tuple(f"{one.what}{f' ({one.where})' if one.where else ''}" for one in found if one.kind != "input")


def _measured(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in dict.fromkeys([*before, *after]) if not _same(before.get(name), after.get(name)))


def _same(before: Any, after: Any) -> bool:
    both_nan = isinstance(before, float) and isinstance(after, float) and before != before and after != after
    return both_nan or before == after
