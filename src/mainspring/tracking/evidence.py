"""Evidence: what checks said in runs, and what people said of pipelines."""

import builtins
from collections.abc import Sequence

from msgspec import Struct

from mainspring.digest import tagged
from mainspring.tracking.database import Database, Named, storable

__all__ = ["Attestation", "Attestations", "Evidence", "EvidenceRow", "Seen"]

_ADD = """
    INSERT INTO evidence (run, step, key, test, name, record, time, digest)
    VALUES (:run, :step, :key, :test, :name, :record, :time, :digest)
"""
_NEWEST = "(SELECT id, started FROM runs WHERE pipeline = :pipeline ORDER BY started DESC, id DESC LIMIT :limit)"
# What was found in the newest runs and, for each of their hits, what the step run found that made the result.
_SEEN = f"""
    SELECT e.id AS place, u.id AS seen, u.started, e.run, e.step, e.key, e.test, e.name, e.record, e.time, e.digest
    FROM evidence e JOIN {_NEWEST} u ON u.id = e.run
    UNION ALL
    SELECT e.id AS place, u.id AS seen, u.started, e.run, e.step, e.key, e.test, e.name, e.record, e.time, e.digest
    FROM steps s JOIN {_NEWEST} u ON u.id = s.run JOIN results r ON r.id = s.result
    JOIN evidence e ON e.run = r.run AND e.step = r.step
    WHERE s.status = 'hit' AND (r.run <> s.run OR r.step <> s.name)
    ORDER BY place
"""  # noqa: S608 - two constants
_SAY = """
    INSERT INTO attestations (pipeline, test, who, note, time, withdrawn)
    VALUES (:pipeline, :test, :who, :note, :time, NULL)
"""
_SAID = """
    SELECT id, pipeline, test, who, note, time FROM attestations
    WHERE pipeline = :pipeline AND withdrawn IS NULL ORDER BY id
"""
_WITHDRAW = """
    UPDATE attestations SET withdrawn = :now WHERE pipeline = :pipeline AND test = :test AND withdrawn IS NULL
"""


class EvidenceRow(Struct, frozen=True):
    """What one check said once.

    Attributes:
        run: The run that it was said in.
        step: The step run; `ci NAME` or `tests FILE::NAME` for what `mainspring ci` found.
        key: The cache key of the step run, which covers code, inputs, parameters and environment; empty beside steps.
        test: Which test it is evidence for.
        name: What is checked.
        record: JSON of a `Finding`.
        time: When, by the clock of its host.
        digest: Of all of this, as it was recorded.
    """

    run: str
    step: str
    key: str
    test: str
    name: str
    record: str
    time: float
    digest: str = ""

    def made(self) -> str:
        """Return the digest of what the row says now."""
        texts = (self.run, self.step, self.key, self.test, self.name, self.record, repr(float(self.time)))
        return tagged("evidence/1", *texts)


class Seen(Struct, frozen=True):
    """A row, and a run that it holds for, with its start: the one that made it, or one in which its step was a hit."""

    run: str
    started: float
    row: EvidenceRow


class Attestation(Struct, frozen=True):
    """What somebody says of a pipeline: who, when, in which words."""

    id: int
    pipeline: str
    test: str
    who: str
    note: str
    time: float


class Evidence:
    """What checks said. Rows are only added; they go with their run, unless its result is kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, rows: Sequence[EvidenceRow]) -> None:
        """Record what checks said, all or none; each row gets its digest here."""
        self._database.write(_ADD, [_values(row) for row in rows])

    def seen(self, pipeline: str, limit: int = 100) -> list[Seen]:
        """Return what holds for the newest runs of a pipeline, oldest first."""
        rows = self._database.read(_SEEN, pipeline=pipeline, limit=limit)
        return [Seen(run, started, EvidenceRow(*row)) for _, run, started, *row in rows]


class Attestations:
    """What people said. Nothing is changed afterwards but that it is withdrawn."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, pipeline: str, test: str, *, who: str, note: str) -> None:
        """Record what somebody says, now."""
        named: Named = {"pipeline": pipeline, "test": test, "who": storable(who), "note": storable(note)}
        self._database.write(_SAY, [{**named, "time": self._database.now()}])

    def list(self, pipeline: str) -> builtins.list[Attestation]:
        """Return what is not withdrawn, oldest first."""
        return [Attestation(*row) for row in self._database.read(_SAID, pipeline=pipeline)]

    def withdraw(self, pipeline: str, test: str) -> int:
        """Return how many attestations of a test do not hold any more from now on."""
        return self._database.write(
            _WITHDRAW,
            [{"pipeline": pipeline, "test": test, "now": self._database.now()}],
        )


def _values(row: EvidenceRow) -> Named:
    texts = {"name": storable(row.name), "record": storable(row.record)}
    row = EvidenceRow(row.run, row.step, row.key, row.test, texts["name"], texts["record"], row.time)
    named: Named = {"run": row.run, "step": row.step, "key": row.key, "test": row.test}
    return {**named, **texts, "time": row.time, "digest": row.made()}
