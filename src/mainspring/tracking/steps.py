"""Step runs."""

from collections.abc import Sequence
from typing import Final

from mainspring.digest.texts import from_json, to_json
from mainspring.errors import TrackingError
from mainspring.tracking.database import Database, Row, Value, pieces, storable
from mainspring.tracking.lifecycle import hold
from mainspring.tracking.rows import STEP_STATUSES, StepRow

__all__ = ["HAS_RESULT", "Steps", "put_steps"]

HAS_RESULT: Final = ("ran", "hit")
STEP = """
    SELECT s.run, s.name, s.position, s.status, s.reason, s.key, s.started, s.seconds, s.cpu_seconds, s.peak_rss,
        s.cost, s.host, s.attempts, s.error, s.log, s.code, s.inputs, s.warnings
    FROM steps s
"""
# The result of a step that ran is the one it committed; that of a hit, the one that its key had when it was recorded.
PUT = """
    INSERT INTO steps (run, name, pipeline, run_started, position, status, reason, key, result, started, seconds,
        cpu_seconds, peak_rss, cost, host, attempts, error, log, code, inputs, warnings)
    VALUES (:run, :name, (SELECT pipeline FROM runs WHERE id = :run), (SELECT started FROM runs WHERE id = :run),
        :position, :status, :reason, :key,
        COALESCE(:result, (SELECT id FROM results WHERE live = 1 AND key = :produced)), :started, :seconds,
        :cpu_seconds, :peak_rss, :cost, :host, :attempts, :error, :log, :code, :inputs, :warnings)
    ON CONFLICT (run, name) DO UPDATE SET position = excluded.position, status = excluded.status,
        reason = excluded.reason, key = excluded.key, started = excluded.started, seconds = excluded.seconds,
        cpu_seconds = excluded.cpu_seconds, peak_rss = excluded.peak_rss, cost = excluded.cost, host = excluded.host,
        attempts = excluded.attempts, error = excluded.error, log = excluded.log, code = excluded.code,
        inputs = excluded.inputs, warnings = excluded.warnings,
        result = CASE WHEN excluded.status IN ('ran', 'hit')
            THEN COALESCE(:result, steps.result, excluded.result) ELSE NULL END
"""
USE = "INSERT INTO uses (digest, run, step) VALUES (:digest, :run, :step) ON CONFLICT (digest, run, step) DO NOTHING"
READ = "SELECT digest FROM uses WHERE digest IN :digests AND run = :run AND step = :step"
COUNTS = """
    SELECT run, status, COUNT(*) FROM steps WHERE run IN :runs
    GROUP BY run, status ORDER BY run, status
"""


class Steps:
    """The step runs of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, rows: Sequence[StepRow]) -> None:
        """Record step runs, all or none; one that is known by its run and name is replaced.

        A hit is tied to the result that its key has now.

        Raises:
            TrackingError: A run has ended, or a status is unknown.
        """
        with self._database.transaction():
            for run_id in sorted({row.run for row in rows}):
                hold(self._database, run_id)
            put_steps(self._database, rows)

    def of(self, run_id: str) -> list[StepRow]:
        """Return the steps of the run, by position."""
        return self._read("WHERE s.run = :run ORDER BY s.position, s.name", run=run_id)

    def last(
        self, pipeline: str, step: str, before_run: str | None = None, statuses: Sequence[str] = HAS_RESULT
    ) -> StepRow | None:
        """Return the step run of this name in the newest run of the pipeline that has one, or None.

        Args:
            pipeline: Name of the pipeline.
            step: Name of the step in it.
            before_run: Only step runs of runs that started before this run.
            statuses: Only step runs that ended so.
        """
        earlier = ""
        named: dict[str, Value] = {"pipeline": pipeline, "step": step}
        if before_run is not None:
            earlier = "AND (s.run_started, s.run) < (SELECT started, id FROM runs WHERE id = :before)"
            named["before"] = before_run
        found = self._read(
            f"""WHERE s.name = :step AND s.pipeline = :pipeline AND s.status IN :statuses {earlier}
            ORDER BY s.run_started DESC, s.run DESC LIMIT 1""",
            statuses=tuple(statuses),
            **named,
        )
        return found[0] if found else None

    def history(self, step: str, limit: int = 50, *, pipeline: str | None = None) -> list[StepRow]:
        """Return the step runs of this name in the newest runs, newest first, of one pipeline or of all."""
        newest = "ORDER BY s.run_started DESC, s.run DESC LIMIT :limit"
        if pipeline is None:
            return self._read(f"WHERE s.name = :step {newest}", step=step, limit=limit)
        where = f"WHERE s.name = :step AND s.pipeline = :pipeline {newest}"
        return self._read(where, step=step, pipeline=pipeline, limit=limit)

    def counts(self, run_ids: Sequence[str]) -> dict[str, dict[str, int]]:
        """Return how many steps of each status each run has; a run without steps is left out."""
        counts: dict[str, dict[str, int]] = {}
        for piece in pieces(run_ids):
            for run_id, status, count in self._database.read(COUNTS, runs=piece):
                counts.setdefault(run_id, {})[status] = count
        return counts

    def consumers(self, digest: str) -> list[StepRow]:
        """Return the step runs that read an artifact of this digest, newest first."""
        return self._read(
            """JOIN uses u ON u.run = s.run AND u.step = s.name
            WHERE u.digest = :digest ORDER BY s.run_started DESC, s.run DESC, s.name""",
            digest=digest,
        )

    def read_by(self, run_id: str, step: str, digests: Sequence[str]) -> set[str]:
        """Return those of some artifact digests that a step run read."""
        found: set[str] = set()
        for piece in pieces(digests):
            found.update(digest for (digest,) in self._database.read(READ, digests=piece, run=run_id, step=step))
        return found

    def _read(self, rest: str, **named: Value | Sequence[Value]) -> list[StepRow]:
        return [step_of(row) for row in self._database.read(f"{STEP} {rest}", **named)]


def put_steps(database: Database, rows: Sequence[StepRow], *, result: int | None = None) -> None:
    """Record step runs inside the open transaction; `result` is the one that the only row has just committed."""
    for row in rows:
        if row.status not in STEP_STATUSES:
            raise TrackingError(
                f"A step run cannot be {row.status!r}",
                f"run {row.run}, step {row.name}",
                f"Known are {', '.join(STEP_STATUSES)}.",
            )
    ordered = sorted(rows, key=lambda row: (row.run, row.name))
    database.write(PUT, [step_values(row, result) for row in ordered])
    uses = sorted({(digest, row.run, row.name) for row in ordered for digest in row.consumed})
    database.write(USE, [{"digest": digest, "run": run, "step": step} for digest, run, step in uses])


def step_values(row: StepRow, result: int | None) -> dict[str, Value]:
    """Return the parameters that record a step run."""
    return {
        "run": row.run,
        "name": row.name,
        "position": row.position,
        "status": row.status,
        "reason": storable(row.reason),
        "key": row.key,
        "result": result,
        "produced": row.key if row.status in HAS_RESULT else "",
        "started": row.started,
        "seconds": row.seconds,
        "cpu_seconds": row.cpu_seconds,
        "peak_rss": row.peak_rss,
        "cost": row.cost,
        "host": row.host,
        "attempts": row.attempts,
        "error": None if row.error is None else storable(row.error),
        "log": None if row.log is None else storable(row.log),
        "code": row.code,
        "inputs": storable(row.inputs),
        "warnings": to_json(row.warnings) if row.warnings else "[]",
    }


def step_of(row: Row) -> StepRow:
    """Return the step run in a row of `STEP`."""
    *values, warnings = row
    complete = (*values, tuple(from_json(warnings)) if warnings != "[]" else ())
    return StepRow(*complete)
