"""What steps logged: numbers, figures and tables."""

from collections.abc import Sequence
from math import isnan, nan

from mainspring.digest import Artifact
from mainspring.tracking.database import Database, Row, Value, storable
from mainspring.tracking.rows import LoggedRow, MetricRow

__all__ = ["Measures"]

ADD_METRIC = "INSERT INTO metrics (run, step, name, value, at, time) VALUES (:run, :step, :name, :value, :at, :time)"
ADD_LOGGED = """
    INSERT INTO logged (run, step, name, kind, artifact, digest, blob, codec, size, summary, time)
    VALUES (:run, :step, :name, :kind, :artifact, :digest, :blob, :codec, :size, :summary, :time)
"""
# What the run itself logged and, for each hit, what the step run logged that made the result.
METRICS = """
    SELECT m.id AS place, m.run, m.step, m.name, m.value, m.at, m.time FROM metrics m WHERE m.run = :run
    UNION ALL
    SELECT m.id AS place, m.run, s.name, m.name, m.value, m.at, m.time
    FROM steps s JOIN results r ON r.id = s.result JOIN metrics m ON m.run = r.run AND m.step = r.step
    WHERE s.run = :run AND s.status = 'hit' AND (r.run <> :run OR r.step <> s.name)
    ORDER BY place
"""
LOGGED = """
    SELECT m.id AS place, m.run, m.step, m.name, m.kind, m.artifact, m.digest, m.blob, m.codec, m.size, m.summary,
        m.time
    FROM logged m WHERE m.run = :run
    UNION ALL
    SELECT m.id AS place, m.run, s.name, m.name, m.kind, m.artifact, m.digest, m.blob, m.codec, m.size, m.summary,
        m.time
    FROM steps s JOIN results r ON r.id = s.result JOIN logged m ON m.run = r.run AND m.step = r.step
    WHERE s.run = :run AND s.status = 'hit' AND (r.run <> :run OR r.step <> s.name)
    ORDER BY place
"""
SERIES = """
    SELECT m.id, m.run, m.step, m.name, m.value, m.at, m.time FROM metrics m JOIN
    (SELECT id FROM runs WHERE pipeline = :pipeline ORDER BY started DESC, id DESC LIMIT :limit) r ON r.id = m.run
    WHERE m.name = :name ORDER BY m.id
"""
DISCARD = (
    "DELETE FROM metrics WHERE run = :run AND step = :step",
    "DELETE FROM logged WHERE run = :run AND step = :step",
    "DELETE FROM evidence WHERE run = :run AND step = :step",
)


class Measures:
    """What the steps of one database logged, in the order in which it was recorded."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def metrics(self, rows: Sequence[MetricRow]) -> None:
        """Record numbers, all or none. NaN and the infinities are kept."""
        self._database.write(ADD_METRIC, [metric_values(row) for row in rows])

    def logged(self, rows: Sequence[LoggedRow]) -> None:
        """Record figures and tables, all or none; their blobs must be in the store before."""
        self._database.write(ADD_LOGGED, [logged_values(row) for row in rows])

    def of_run(self, run_id: str) -> tuple[list[MetricRow], list[LoggedRow]]:
        """Return what the steps of the run logged.

        What a hit would have logged comes from the step run that made its result: `run` names that run, but `step` the
        step of this one.
        """
        metrics = [metric_of(row) for row in self._database.read(METRICS, run=run_id)]
        return metrics, [logged_of(row) for row in self._database.read(LOGGED, run=run_id)]

    def series(self, name: str, *, pipeline: str, limit: int = 50) -> list[MetricRow]:
        """Return the numbers of this name that the newest `limit` runs of the pipeline logged, in order."""
        rows = self._database.read(SERIES, pipeline=pipeline, name=storable(name), limit=limit)
        return [metric_of(row) for row in rows]

    def discard(self, run_id: str, step: str) -> None:
        """Remove what a failed attempt of a step logged, before it is tried again."""
        with self._database.transaction():
            for statement in DISCARD:
                self._database.write(statement, [{"run": run_id, "step": step}])


def metric_values(row: MetricRow) -> dict[str, Value]:
    """Return the parameters that record a number."""
    return {
        "run": row.run,
        "step": row.step,
        "name": storable(row.name),
        "value": None if isnan(row.value) else row.value,
        "at": row.at,
        "time": row.time,
    }


def logged_values(row: LoggedRow) -> dict[str, Value]:
    """Return the parameters that record a figure or table."""
    return {
        "run": row.run,
        "step": row.step,
        "name": storable(row.name),
        "kind": row.kind,
        "artifact": row.artifact.name,
        "digest": row.artifact.digest,
        "blob": row.artifact.blob,
        "codec": row.artifact.codec,
        "size": row.artifact.size,
        "summary": storable(row.artifact.summary),
        "time": row.time,
    }


def metric_of(row: Row) -> MetricRow:
    """Return the number in a row of `METRICS`."""
    _, run, step, name, value, at, time = row
    return MetricRow(run, step, name, nan if value is None else value, at, time)


def logged_of(row: Row) -> LoggedRow:
    """Return the figure or table in a row of `LOGGED`."""
    _, run, step, name, kind, *artifact, time = row
    return LoggedRow(run, step, name, kind, Artifact(*artifact), time)
