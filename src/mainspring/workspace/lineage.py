"""Lineage: what an artifact was made from, up to files and code, and what was made from it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from mainspring.digest import Artifact
from mainspring.graph.code import Symbol
from mainspring.tracking import ResultRow, StepRow
from mainspring.workspace.artifacts import Found
from mainspring.workspace.homes import Home
from mainspring.workspace.past import Past, node_of, step_of

__all__ = ["Consumer", "Lineage", "Maker", "lineage"]

_PARAMETERS = ("value", "artifact", "many")


@dataclass(frozen=True, slots=True)
class Maker:
    """A step run that an artifact comes from.

    Attributes:
        level: Steps between it and the artifact; 0 made it.
        step: Name of the step run.
        run: The run that it was part of.
        created: When, in seconds since 1970 UTC.
        returned: Name and digest of what it returned.
        code: The symbols that its code reached; empty when the run is gone.
        parameters: Values that it was called with, as they are shown.
        files: Path and digest of the files and folders that it was given.
        inputs: Digests of the artifacts that it read; their makers follow.
    """

    level: int
    step: str
    run: str
    created: float
    returned: tuple[tuple[str, str], ...]
    code: tuple[Symbol, ...]
    parameters: tuple[tuple[str, str], ...]
    files: tuple[tuple[str, str], ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consumer:
    """A step that read an artifact, or what was made from it.

    Attributes:
        level: Steps between it and the artifact; 0 read the artifact itself.
        step: Name of the step run.
        runs: How many runs read this artifact in this step, by computing or by a hit.
        latest: The newest of them.
        read: Digest of what it read.
        returned: Name and digest of what it returned.
    """

    level: int
    step: str
    runs: int
    latest: str
    read: str
    returned: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Where an artifact comes from, and where it went: each step once, nearest first along every branch."""

    artifact: Artifact
    above: tuple[Maker, ...]
    below: tuple[Consumer, ...]


def lineage(home: Home, found: Found) -> Lineage:
    """Return what an artifact was made from and what was made from it, as far as the runs are still there."""
    return Lineage(
        found.artifact, tuple(_Upwards(home).makers(found.result)), tuple(_Downwards(home).consumers(found.artifact))
    )


@dataclass(slots=True)
class _Upwards:
    home: Home
    _rows: dict[str, dict[str, StepRow]] = field(default_factory=dict)
    _made: dict[str, dict[str, ResultRow]] = field(default_factory=dict)
    _needs: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def makers(self, result: ResultRow) -> Iterator[Maker]:
        past = Past(self.home, "")
        todo, seen = [(0, result)], set()
        while todo:
            level, made = todo.pop()
            if (made.run, made.step) in seen:
                continue
            seen.add((made.run, made.step))
            row = self._row(made)
            inputs = [] if row is None else self._inputs(row)
            code = None if row is None else past.code(made.run, step_of(made.step))
            parts = {} if row is None else json.loads(row.inputs)["params"]
            yield Maker(
                level,
                made.step,
                made.run,
                made.created,
                tuple((artifact.name, artifact.digest) for artifact in made.artifacts),
                () if code is None else code.symbols,
                tuple((name, part["show"]) for name, part in parts.items() if part["kind"] in _PARAMETERS),
                tuple((part["show"], part["digest"]) for part in parts.values() if part["kind"] in ("file", "folder")),
                tuple(dict.fromkeys(digest for digest, _ in inputs)),
            )
            todo += [(level + 1, before) for _, before in reversed(inputs)]

    def _row(self, made: ResultRow) -> StepRow | None:
        """Return the step run that made a result, unless its run is gone."""
        if made.run not in self._rows:
            self._rows[made.run] = {row.name: row for row in self.home.facts.steps.of(made.run)}
            self._made[made.run] = self.home.facts.results.of_run(made.run)
            self._needs[made.run] = self._dag(made.run) if self._rows[made.run] else {}
        return self._rows[made.run].get(made.step)

    def _dag(self, run: str) -> dict[str, list[str]]:
        dag: dict[str, list[str]] = json.loads(self.home.facts.runs.get(run).record).get("dag", {})
        return dag

    def _inputs(self, row: StepRow) -> list[tuple[str, ResultRow]]:
        """Return digest and result of each artifact that a step run read, those inside its arguments among them."""
        made = [(one.digest, result) for results in self._needed(row) for result in results for one in result.artifacts]
        read = self.home.facts.steps.read_by(row.run, row.name, [digest for digest, _ in made])
        return [pair for pair in made if pair[0] in read]

    def _needed(self, row: StepRow) -> Iterator[list[ResultRow]]:
        """Yield the results of each call that a step run needs."""
        made, node = self._made[row.run], node_of(row.name)
        split = f"{node}:items"
        for needed in self._needs[row.run].get(node, ()):
            yield [result for name, result in made.items() if node_of(name) == needed and not name.endswith(":items")]
        if split in made and row.name != split:
            yield [made[split]]


@dataclass(slots=True)
class _Downwards:
    home: Home
    _made: dict[str, dict[str, ResultRow]] = field(default_factory=dict)

    def consumers(self, artifact: Artifact) -> Iterator[Consumer]:
        todo, seen = [(0, artifact.digest)], set()
        while todo:
            level, digest = todo.pop()
            groups: dict[tuple[str, str], list[StepRow]] = {}
            for row in self.home.facts.steps.consumers(digest):
                groups.setdefault((row.name, row.key), []).append(row)
            following = []
            for (step, key), rows in groups.items():
                if (step, key) in seen:
                    continue
                seen.add((step, key))
                newest = max(rows, key=lambda row: row.run)
                returned = self._returned(newest)
                yield Consumer(level, step, len(rows), newest.run, digest, returned)
                following += [(level + 1, made) for _, made in returned]
            todo += reversed(following)

    def _returned(self, row: StepRow) -> tuple[tuple[str, str], ...]:
        if row.run not in self._made:
            self._made[row.run] = self.home.facts.results.of_run(row.run)
        result = self._made[row.run].get(row.name)
        return () if result is None else tuple((artifact.name, artifact.digest) for artifact in result.artifacts)
