"""Two runs beside each other: code, configuration, data, environment, steps, metrics and what they returned."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mainspring.engine.keys import Key
from mainspring.engine.reasons import changes
from mainspring.errors import NotFoundError
from mainspring.graph.code import Code, SymbolChange, diff
from mainspring.store import load
from mainspring.tracking import ResultRow, RunRow, StepRow
from mainspring.workspace.codediff import differences_of
from mainspring.workspace.homes import Home
from mainspring.workspace.past import Past, step_of
from mainspring.workspace.restoring import INPUT

__all__ = ["ArtifactPair", "CodeChange", "Comparison", "ConfigPair", "DataPair", "MetricPair", "StepPair", "compare"]

_MACHINE = ("python", "platform", "libc", "host", "cpus")


@dataclass(frozen=True, slots=True)
class CodeChange:
    """A symbol that is not what it was.

    Attributes:
        symbol: `features.py::build_lags`.
        kind: `changed`, `added` or `removed`.
        where: `file:first-last`.
        steps: The steps that reach it.
        diff: Its lines in both runs, as a unified diff; empty when they were not kept.
    """

    symbol: str
    kind: str
    where: str
    steps: tuple[str, ...]
    diff: str


@dataclass(frozen=True, slots=True)
class ConfigPair:
    """A key of the configuration that differs, with where its values come from; None where it is not there."""

    key: str
    before: Any
    after: Any
    origins: tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class DataPair:
    """An input file or folder of either run, with its digests; None where it was not read."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ArtifactPair:
    """What a step returned in two runs, with its digests; None where it is not there."""

    name: str
    before: str | None
    after: str | None


T = TypeVar("T", DataPair, ArtifactPair)


@dataclass(frozen=True, slots=True)
class StepPair:
    """One step in two runs.

    Attributes:
        name: Name of the step run.
        before: Its status in the first run; None when it was not there.
        after: The same in the second.
        changes: What differs in what it was made from, in words.
        same: Whether it returned the same; None when one of them returned nothing.
        seconds: Wall-clock seconds of the computation in either run.
        artifacts: What it returned.
    """

    name: str
    before: str | None
    after: str | None
    changes: tuple[str, ...]
    same: bool | None
    seconds: tuple[float | None, float | None]
    artifacts: tuple[ArtifactPair, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricPair:
    """The last value of a metric in two runs; None where it was not logged."""

    step: str
    name: str
    before: float | None
    after: float | None

    @property
    def difference(self) -> float | None:
        """How much more it is in the second run; None when one of them has none."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other.

    Attributes:
        before: The first run.
        after: The second.
        code: Every symbol that differs.
        config: Every key that differs.
        data: Every input of either run.
        environment: Name, value before and value after of what differs around them: Git commit, profile, Python,
            machine, threads, and the distributions that are installed in another version or with other files.
        steps: Every step of either run.
        metrics: Every metric of either run.
    """

    before: RunRow
    after: RunRow
    code: tuple[CodeChange, ...]
    config: tuple[ConfigPair, ...]
    data: tuple[DataPair, ...]
    environment: tuple[tuple[str, Any, Any], ...]
    steps: tuple[StepPair, ...]
    metrics: tuple[MetricPair, ...]


def compare(home: Home, before: str | None = None, after: str = "latest") -> Comparison:
    """Return two runs beside each other.

    Args:
        home: Where they are.
        before: The first; None is the run of the same pipeline before the second.
        after: The second.

    Raises:
        NotFoundError: There is no such run.
    """
    second = home.facts.runs.get(after)
    first = home.facts.runs.get(_previous(home, second) if before is None else before)
    runs = (first, second)
    past = Past(home, first.pipeline)
    return Comparison(
        first,
        second,
        tuple(_code(past, *runs)),
        tuple(_config(*(json.loads(run.record).get("config", {}) for run in runs))),
        tuple(_pairs(DataPair, *(_inputs(home, run) for run in runs))),
        _differing(*(_around(home, run) for run in runs)),
        tuple(_steps(home, first, second)),
        tuple(_metrics(home, first, second)),
    )


def _code(past: Past, first: RunRow, second: RunRow) -> Iterator[CodeChange]:
    """Yield each symbol that differs once, with all steps of both runs that reach it."""
    one, two = past.snapshot(first.id), past.snapshot(second.id)
    steps: dict[str, list[str]] = {}
    found: dict[str, tuple[SymbolChange, str]] = {}
    for step in [name for name in two.codes if name in one.codes]:
        texts = {
            one.symbol: one.text for one in differences_of(one.codes[step], one.sources, two.codes[step], two.sources)
        }
        for change in diff(one.codes[step], two.codes[step]):
            steps.setdefault(change.name, []).append(step)
            found.setdefault(change.name, (change, texts.get(change.name, "")))
    for name, (change, text) in found.items():
        yield CodeChange(name, change.kind, f"{change.path}:{change.first}-{change.last}", tuple(steps[name]), text)


def _config(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[ConfigPair]:
    values = [record.get("values", {}) for record in (before, after)]
    origins = [record.get("origins", {}) for record in (before, after)]
    for key, old, new in _differing(*values):
        yield ConfigPair(key, old, new, (origins[0].get(key), origins[1].get(key)))


def _inputs(home: Home, run: RunRow) -> dict[str, str]:
    """Return the digest of each file and folder that a run was given, by name."""
    kept = {one.name.removeprefix(INPUT): one.digest for one in run.artifacts if one.name.startswith(INPUT)}
    for step in home.facts.steps.of(run.id):
        for part in json.loads(step.inputs or "{}").get("params", {}).values():
            if part["kind"] in ("file", "folder"):
                kept[part["show"]] = part["digest"]
    return kept


def _pairs(kind: type[T], before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[T]:
    for name in dict.fromkeys([*before, *after]):
        yield kind(name, before.get(name), after.get(name))


def _previous(home: Home, run: RunRow) -> str:
    for row in home.facts.runs.list(1, pipeline=run.pipeline, before=run.id):
        return row.id
    raise NotFoundError(
        f"Run {run.id} is the first of pipeline '{run.pipeline}': there is none before it",
        str(home.path),
        "Run it once more, or name two runs.",
    )


def _around(home: Home, run: RunRow) -> dict[str, Any]:
    """Return what was around a run, by name."""
    record = json.loads(run.record)
    git = record.get("git") or {}
    found = {"profile": record.get("profile"), "commit": git.get("commit"), "changed files": git.get("changed_files")}
    kept = next((one for one in run.artifacts if one.name == "environment"), None)
    if kept is None:
        return {**found, "environment": record.get("environment")}
    said: dict[str, Any] = json.loads(load(kept, home.blobs))
    found |= {name: said.get(name) for name in _MACHINE}
    found |= {f"CPU {name}": value for name, value in said.get("cpu", {}).items()}
    found |= said.get("threads", {})
    return found | {name: _version(row) for name, row in said.get("distributions", {}).items()}


def _version(row: Mapping[str, str]) -> str:
    """Return a version with the beginning of the digest of its files, by which two of one version are told apart."""
    return f"{row['version']} {row['content'][:8]}".rstrip()


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[tuple[str, Any, Any], ...]:
    return tuple(
        (key, before.get(key), after.get(key))
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    )


def _steps(home: Home, first: RunRow, second: RunRow) -> list[StepPair]:
    rows = [{row.name: row for row in home.facts.steps.of(run.id)} for run in (first, second)]
    results = [home.facts.results.of_run(run.id) for run in (first, second)]
    past = Past(home, first.pipeline)
    pairs = []
    for name in dict.fromkeys([*rows[1], *rows[0]]):
        before, after = rows[0].get(name), rows[1].get(name)
        made = (results[0].get(name), results[1].get(name))
        pairs.append(
            StepPair(
                name,
                None if before is None else before.status,
                None if after is None else after.status,
                _changes(past, before, after),
                _same(*made),
                (_seconds(before), _seconds(after)),
                tuple(_pairs(ArtifactPair, *map(_digests, made))),
            )
        )
    return pairs


def _changes(past: Past, before: StepRow | None, after: StepRow | None) -> tuple[str, ...]:
    if before is None or after is None or not before.key or not after.key or before.key == after.key:
        return ()
    step = step_of(before.name)
    code = past.code(after.run, step)
    key = Key(after.key, code or Code(after.code, (), (), (), ()), after.inputs, {}, (), ())
    found = changes(before, key, lambda: None if code is None else past.code(before.run, step))
    return tuple(f"{change.what}{f' ({change.where})' if change.where else ''}" for change in found)


def _digests(result: ResultRow | None) -> dict[str, str]:
    return {} if result is None else {one.name: one.digest for one in result.artifacts}


def _same(before: ResultRow | None, after: ResultRow | None) -> bool | None:
    if before is None or after is None:
        return None
    digests = [[artifact.digest for artifact in result.artifacts] for result in (before, after)]
    return digests[0] == digests[1]


def _seconds(row: StepRow | None) -> float | None:
    return row.seconds if row is not None and row.status in ("ran", "hit") else None


def _metrics(home: Home, first: RunRow, second: RunRow) -> list[MetricPair]:
    last = []
    for run in (first, second):
        metrics, _ = home.facts.measures.of_run(run.id)
        last.append({(metric.step, metric.name): metric.value for metric in metrics})
    names = dict.fromkeys([*last[1], *last[0]])
    return [MetricPair(step, name, last[0].get((step, name)), last[1].get((step, name))) for step, name in names]
