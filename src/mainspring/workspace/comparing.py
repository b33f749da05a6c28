"""Two runs beside each other: configuration, steps, metrics and what they returned."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mainspring.engine.keys import Key
from mainspring.engine.reasons import changes
from mainspring.errors import NotFoundError
from mainspring.graph.code import Code
from mainspring.tracking import ResultRow, RunRow, StepRow
from mainspring.workspace.homes import Home
from mainspring.workspace.past import Past, step_of

__all__ = ["Comparison", "MetricPair", "StepPair", "compare"]


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
    """

    name: str
    before: str | None
    after: str | None
    changes: tuple[str, ...]
    same: bool | None
    seconds: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class MetricPair:
    """The last value of a metric in two runs; None where it was not logged."""

    step: str
    name: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs beside each other.

    Attributes:
        before: The first run.
        after: The second.
        config: Key, value before and value after of each key that differs.
        environment: What differs in their code and environment as a whole: Git commit, changed files, environment.
        steps: Every step of either run.
        metrics: Every metric of either run.
    """

    before: RunRow
    after: RunRow
    config: tuple[tuple[str, Any, Any], ...]
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
    records = [json.loads(run.record) for run in (first, second)]
    configs = [record.get("config", {}).get("values", {}) for record in records]
    around = [_around(record) for record in records]
    return Comparison(
        first,
        second,
        _differing(*configs),
        _differing(*around),
        tuple(_steps(home, first, second)),
        tuple(_metrics(home, first, second)),
    )


def _previous(home: Home, run: RunRow) -> str:
    for row in home.facts.runs.list(1, pipeline=run.pipeline, before=run.id):
        return row.id
    raise NotFoundError(
        f"Run {run.id} is the first of pipeline '{run.pipeline}': there is none before it",
        str(home.path),
        "Run it once more, or name two runs.",
    )


def _around(record: Mapping[str, Any]) -> dict[str, Any]:
    git = record.get("git") or {}
    values = {"profile": record.get("profile"), "environment": record.get("environment")}
    return {**values, "commit": git.get("commit"), "changed files": git.get("changed_files")}


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
