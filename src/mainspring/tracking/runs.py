"""Runs: how they start, are heard of, end, and go."""

import builtins
from collections.abc import Callable, Sequence

from mainspring.digest import Artifact
from mainspring.errors import NotFoundError, TrackingError, nearest
from mainspring.tracking.database import Database, Named, Row, Value, pieces, storable
from mainspring.tracking.lifecycle import hear, hold, move
from mainspring.tracking.results import sweep
from mainspring.tracking.rows import Owner, RunRow

__all__ = ["Runs"]

RUN = "SELECT id, pipeline, status, started, ended, beat, owner, seed, error, pinned FROM runs"
NEWEST_FIRST = "ORDER BY started DESC, id DESC LIMIT :limit"
START = """
    INSERT INTO runs (id, pipeline, status, started, ended, beat, expires, owner, seed, error, pinned)
    VALUES (:id, :pipeline, 'running', :now, NULL, :now, :now, :owner, :seed, NULL, :pinned)
    ON CONFLICT (id) DO NOTHING
"""
RECORD = (
    "INSERT INTO records (run, record) VALUES (:run, :record) ON CONFLICT (run) DO UPDATE SET record = excluded.record"
)
KEEP = """
    INSERT INTO kept (run, name, digest, blob, codec, size, summary)
    VALUES (:run, :name, :digest, :blob, :codec, :size, :summary)
    ON CONFLICT (run, name) DO UPDATE SET digest = excluded.digest, blob = excluded.blob, codec = excluded.codec,
        size = excluded.size, summary = excluded.summary
"""
PROTECTED = "SELECT id FROM runs WHERE (status = 'running' OR pinned = 1) AND id IN :ids ORDER BY id"
DELETE = (
    "DELETE FROM records WHERE run = :run",
    "DELETE FROM kept WHERE run = :run",
    "DELETE FROM proofs WHERE run = :run",
    "DELETE FROM uses WHERE run = :run",
    "DELETE FROM steps WHERE run = :run",
)
LAST_CHARACTER = "\U0010ffff"
NEAREST_OF = 200


class Runs:
    """The runs of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self, row: RunRow) -> RunRow:
        """Return the run as it was recorded: running, started and heard of now by the database's clock.

        Raises:
            TrackingError: There is a run of this id already.
        """
        database = self._database
        now = database.now()
        named: dict[str, Value] = {
            "id": row.id,
            "pipeline": row.pipeline,
            "now": now,
            "owner": row.owner.as_text(),
            "seed": str(row.seed),
            "pinned": int(row.pinned),
        }
        with database.transaction():
            if not database.write(START, [named]):
                raise TrackingError(f"There is a run {row.id!r} already", None, "Give the new run another id.")
            database.write(RECORD, [{"run": row.id, "record": storable(row.record)}])
            database.write(KEEP, [kept(row.id, artifact) for artifact in row.artifacts])
        return RunRow(
            row.id,
            row.pipeline,
            "running",
            now,
            None,
            now,
            row.owner,
            row.seed,
            None,
            row.record,
            row.pinned,
            row.artifacts,
        )

    def beat(self, run_id: str, owner: Owner) -> bool:
        """Return whether the run is running and `owner`'s; if so, it was heard of now. Leases are not extended."""
        return hear(self._database, run_id, owner)

    def annotate(self, run_id: str, record: str, artifacts: Sequence[Artifact] = ()) -> None:
        """Replace the record of a running run, and add artifacts that belong to the run itself.

        Raises:
            TrackingError: The run has ended.
        """
        with self._database.transaction():
            hold(self._database, run_id)
            self._database.write(RECORD, [{"run": run_id, "record": storable(record)}])
            self._database.write(KEEP, [kept(run_id, artifact) for artifact in artifacts])

    def finish(self, run_id: str, status: str, error: str | None = None, ended: float | None = None) -> RunRow:
        """Return the run as it ended, now if not said otherwise; whatever leases it held are free.

        Raises:
            NotFoundError: There is no such run.
            TrackingError: The run has ended before, or was declared lost.
        """
        with self._database.transaction():
            moved = move(self._database, run_id, status, self._database.now() if ended is None else ended, error)
        row = self.get(run_id)
        if not moved:
            raise TrackingError(
                f"Run {run_id!r} cannot become {status!r}: it is {row.status!r}",
                f"pipeline {row.pipeline}",
                "A run that has ended never changes; start a new one.",
            )
        return row

    def get(self, run_id: str) -> RunRow:
        """Return the run of this id, of this unique beginning of an id, or the newest for `latest`.

        Raises:
            NotFoundError: There is none, or more than one.
        """
        row = self._only(run_id)
        run = str(row[0])
        records = self._database.read("SELECT record FROM records WHERE run = :run", run=run)
        artifacts = self._database.read(
            "SELECT name, digest, blob, codec, size, summary FROM kept WHERE run = :run ORDER BY name", run=run
        )
        return run_of(row, str(records[0][0]) if records else "", tuple(Artifact(*values) for values in artifacts))

    def exists(self, run_id: str) -> bool:
        """Return whether there is a run of exactly this id."""
        return bool(self._database.read("SELECT 1 FROM runs WHERE id = :id", id=run_id))

    def list(self, limit: int = 50, *, pipeline: str | None = None, before: str | None = None) -> builtins.list[RunRow]:
        """Return the newest runs, newest first, without their records and artifacts.

        Args:
            limit: How many at most.
            pipeline: Only runs of this pipeline.
            before: Only runs that started before this run, for the next page.
        """
        conditions: list[str] = []
        named: dict[str, Value] = {"limit": limit}
        if pipeline is not None:
            conditions.append("pipeline = :pipeline")
            named["pipeline"] = pipeline
        if before is not None:
            last = run_of(self._only(before))
            conditions.append("(started, id) < (:started, :id)")
            named |= {"started": last.started, "id": last.id}
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        return [run_of(row) for row in self._database.read(f"{RUN} {where} {NEWEST_FIRST}", **named)]

    def mark_lost(self, owner_is_dead: Callable[[Owner, float], bool]) -> builtins.list[str]:
        """Return the ids of running runs that were declared lost, because their owner is dead; their leases are free.

        Args:
            owner_is_dead: Gets the owner of a run and the seconds since it was last heard of, by the database's clock.
        """
        database = self._database
        now = database.now()
        lost = []
        for run_id, text, beat in database.read(
            "SELECT id, owner, beat FROM runs WHERE status = 'running' ORDER BY id"
        ):
            if owner_is_dead(Owner.from_text(text), now - beat):
                with database.transaction():
                    # A heartbeat since we looked means that it lives.
                    if move(database, run_id, "lost", beat, "Its process ended without a word.", beat=beat):
                        lost.append(run_id)
        return lost

    def pin(self, run_id: str, pinned: bool) -> None:
        """Protect the run and all that it needs from `gc`, or stop doing so.

        Raises:
            NotFoundError: There is no such run.
        """
        if not self._database.write(
            "UPDATE runs SET pinned = :pinned WHERE id = :run", [{"pinned": int(pinned), "run": run_id}]
        ):
            raise self._not_found(run_id, [])

    def delete(self, ids: Sequence[str]) -> int:
        """Return how many runs were deleted, with their steps, and with what they logged unless its result is kept.

        Raises:
            TrackingError: One of them is running or pinned; nothing was deleted.
        """
        database = self._database
        rows: builtins.list[Named] = [{"run": run_id} for run_id in sorted(set(ids))]
        with database.transaction():
            for piece in pieces(ids):
                self._refuse_protected(piece)
            for statement in DELETE:
                database.write(statement, rows)
            deleted = database.write("DELETE FROM runs WHERE id = :run", rows)
            sweep(database)
        return deleted

    def _refuse_protected(self, ids: Sequence[Value]) -> None:
        protected = self._database.read(PROTECTED, ids=ids)
        if protected:
            raise TrackingError(
                f"Run {protected[0][0]!r} is running or pinned, so it cannot be deleted",
                None,
                "Wait for its end, or unpin it.",
            )

    def _only(self, run_id: str) -> Row:
        found = self._find(run_id)
        if len(found) != 1:
            raise self._not_found(run_id, [str(row[0]) for row in found])
        return found[0]

    def _find(self, run_id: str) -> builtins.list[Row]:
        if run_id == "latest":
            return self._database.read(f"{RUN} {NEWEST_FIRST}", limit=1)
        exact = self._database.read(f"{RUN} WHERE id = :id", id=run_id)
        if exact or not run_id:
            return exact
        begins = "WHERE id >= :first AND id < :last ORDER BY id LIMIT 3"
        return self._database.read(f"{RUN} {begins}", first=run_id, last=run_id + LAST_CHARACTER)

    def _not_found(self, run_id: str, several: builtins.list[str]) -> NotFoundError:
        if several:
            return NotFoundError(
                f"More than one run begins with {run_id!r}",
                ", ".join(several),
                "Write more of the id of the one you mean.",
            )
        newest = [row.id for row in self.list(NEAREST_OF)]
        if not newest:
            return NotFoundError(f"There is no run {run_id!r}, nor any other", None, "Run a pipeline first.")
        close = nearest(run_id, ["latest", *newest])
        fix = f"Did you mean {close!r}?" if close else "`mainspring runs list` shows those that there are."
        return NotFoundError(f"There is no run {run_id!r}", None, fix)


def kept(run_id: str, artifact: Artifact) -> dict[str, Value]:
    """Return the parameters that record an artifact of the run itself."""
    return {
        "run": run_id,
        "name": artifact.name,
        "digest": artifact.digest,
        "blob": artifact.blob,
        "codec": artifact.codec,
        "size": artifact.size,
        "summary": storable(artifact.summary),
    }


def run_of(row: Row, record: str = "", artifacts: tuple[Artifact, ...] = ()) -> RunRow:
    """Return the run in a row of `RUN`."""
    run_id, pipeline, status, started, ended, beat, owner, seed, error, pinned = row
    return RunRow(
        run_id,
        pipeline,
        status,
        started,
        ended,
        beat,
        Owner.from_text(owner),
        int(seed),
        error,
        record,
        bool(pinned),
        artifacts,
    )
