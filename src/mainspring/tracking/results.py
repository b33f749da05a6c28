"""Results: what a step returned under a key."""

from collections.abc import Collection, Sequence

from mainspring.digest import Artifact
from mainspring.errors import LeaseLostError
from mainspring.tracking.database import Database, Named, Row, Value, pieces, storable
from mainspring.tracking.rows import Lease, ResultRow, StepRow
from mainspring.tracking.steps import put_steps

__all__ = ["Results", "artifact_values", "sweep"]

# The fence: it removes exactly the generation that was leased, if its run is still running, or nothing.
FENCE = """
    DELETE FROM leases WHERE key = :key AND generation = :generation
    AND run IN (SELECT id FROM runs WHERE status = 'running')
"""
RETIRE = "UPDATE results SET live = 0 WHERE live = 1 AND key = :key"
ADD = """
    INSERT INTO results (id, key, run, step, created, seconds, live)
    VALUES (:id, :key, :run, :step, :created, :seconds, 1)
"""
ADD_ARTIFACTS = """
    INSERT INTO artifacts (result, position, name, digest, blob, codec, size, summary)
    VALUES (:result, :position, :name, :digest, :blob, :codec, :size, :summary)
"""
RESULT = """
    SELECT r.id, r.key, r.run, r.step, r.created, r.seconds, a.name, a.digest, a.blob, a.codec, a.size, a.summary
    FROM results r LEFT JOIN artifacts a ON a.result = r.id
"""
LIVE = "WHERE r.live = 1 AND r.key IN :keys ORDER BY r.id, a.position"
USED_BY = """
    WHERE r.live = 1 AND r.id IN (SELECT result FROM steps WHERE run = :run) ORDER BY r.id, a.position
"""
OF_RUN = """
    SELECT s.name, r.id, r.key, r.run, r.step, r.created, r.seconds,
        a.name, a.digest, a.blob, a.codec, a.size, a.summary
    FROM steps s JOIN results r ON r.id = s.result LEFT JOIN artifacts a ON a.result = r.id
    WHERE s.run = :run ORDER BY s.position, s.name, a.position
"""
# Not needed: live results from before `before` that no run used which started since, is running, or is pinned.
UNREFERENCED = """
    WHERE r.id IN (
        SELECT id FROM results WHERE live = 1 AND created < :before
        EXCEPT SELECT s.result FROM steps s JOIN runs u ON u.id = s.run
        WHERE s.result IS NOT NULL AND (u.pinned = 1 OR u.status = 'running' OR u.started >= :before)
    ) ORDER BY r.id, a.position
"""
REFERENCED = """
    SELECT blob FROM kept
    UNION SELECT blob FROM logged
    UNION SELECT a.blob FROM artifacts a JOIN results r ON r.id = a.result WHERE r.live = 1
    UNION SELECT a.blob FROM artifacts a JOIN steps s ON s.result = a.result JOIN runs u ON u.id = s.run
    WHERE u.pinned = 1 OR u.status = 'running'
"""
# The same blob by blob, with the run, step and key that need it: for what would be left without some of these.
LIVE_BLOBS = """
    SELECT r.key, r.run, r.step, a.blob FROM results r JOIN artifacts a ON a.result = r.id WHERE r.live = 1
"""
PROTECTED_BLOBS = """
    SELECT a.blob FROM artifacts a JOIN steps s ON s.result = a.result JOIN runs u ON u.id = s.run
    WHERE u.pinned = 1 OR u.status = 'running'
"""
KEPT_BLOBS = "SELECT run, blob FROM kept"
LOGGED_BLOBS = "SELECT run, step, blob FROM logged"
FOLDERS = """
    SELECT blob FROM artifacts WHERE substr(codec, 1, 7) = 'folder/'
    UNION SELECT blob FROM kept WHERE substr(codec, 1, 7) = 'folder/'
"""
DIGESTS = """
    SELECT DISTINCT digest FROM artifacts WHERE digest >= :first AND digest < :last
    ORDER BY digest LIMIT :limit
"""
LAST_CHARACTER = "\U0010ffff"
# What is left behind when results or runs go: results that no lookup and no step run can reach, and what hangs on them.
SWEEP = (
    """
    DELETE FROM results WHERE id IN
    (SELECT id FROM results WHERE live = 0 EXCEPT SELECT result FROM steps WHERE result IS NOT NULL)
    """,
    "DELETE FROM artifacts WHERE result IN (SELECT result FROM artifacts EXCEPT SELECT id FROM results)",
    """
    DELETE FROM metrics WHERE run IN (SELECT run FROM metrics EXCEPT SELECT id FROM runs)
    AND (run, step) IN (SELECT run, step FROM metrics EXCEPT SELECT run, step FROM results)
    """,
    """
    DELETE FROM logged WHERE run IN (SELECT run FROM logged EXCEPT SELECT id FROM runs)
    AND (run, step) IN (SELECT run, step FROM logged EXCEPT SELECT run, step FROM results)
    """,
    """
    DELETE FROM evidence WHERE run IN (SELECT run FROM evidence EXCEPT SELECT id FROM runs)
    AND (run, step) IN (SELECT run, step FROM evidence EXCEPT SELECT run, step FROM results)
    """,
)


class Results:
    """The results of one database. A result never changes; a key may get another one, and then lookups give that."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, keys: Sequence[str]) -> dict[str, ResultRow]:
        """Return the result of each key that has one."""
        found: dict[str, ResultRow] = {}
        for piece in pieces(keys):
            rows = self._database.read(f"{RESULT} {LIVE}", keys=piece)
            found.update((result.key, result) for result in grouped(rows))
        return found

    def used_by(self, run_id: str) -> dict[str, ResultRow]:
        """Return the results that steps of the run ran for or hit, by key, of those that `find` still gives."""
        rows = self._database.read(f"{RESULT} {USED_BY}", run=run_id)
        return {result.key: result for result in grouped(rows)}

    def commit(self, lease: Lease, result: ResultRow, step: StepRow) -> ResultRow:
        """Return the result as it was recorded, with the step run and the end of the lease: all or nothing.

        It is created now, by the database's clock. The blobs that it names must be in the store, fsynced, before.

        Raises:
            LeaseLostError: Another owner took the key over, or the run was declared lost; nothing was recorded.
        """
        database = self._database
        with database.transaction():
            if not database.write(FENCE, [{"key": lease.key, "generation": lease.generation}]):
                raise LeaseLostError(
                    f"Step {step.name!r} of run {step.run!r} lost its lease before it was done",
                    f"key {lease.key}, generation {lease.generation}",
                    "Its process was silent for too long, so that another run took over; the other result counts.",
                )
            now = database.now()
            database.write(RETIRE, [{"key": lease.key}])
            named: dict[str, Value] = {
                "id": lease.generation,
                "key": lease.key,
                "run": result.run,
                "step": result.step,
                "created": now,
                "seconds": result.seconds,
            }
            database.write(ADD, [named])
            database.write(ADD_ARTIFACTS, artifact_values(lease.generation, result.artifacts))
            put_steps(database, [step], result=lease.generation)
        return ResultRow(lease.key, result.run, result.step, now, result.seconds, result.artifacts)

    def forget(self, key: str) -> bool:
        """Return whether lookups of `key` had given a result; now they give none. Runs that used it still show it."""
        return self._database.write(RETIRE, [{"key": key}]) == 1

    def collect(self, before: float) -> list[ResultRow]:
        """Return the results that were `unreferenced`; lookups do not give them any more, and their blobs may go."""
        with self._database.transaction():
            found = self.unreferenced(before)
            self._database.write(RETIRE, [{"key": row.key} for row in found])
            sweep(self._database)
        return found

    def of_run(self, run_id: str) -> dict[str, ResultRow]:
        """Return the result of each step of the run that ran or hit, by the name of the step in this run.

        A hit gives the result that was used, even if its key has another one now. It names the run and step that made
        it.
        """
        rows = self._database.read(OF_RUN, run=run_id)
        steps: dict[str, list[Row]] = {}
        for step, *rest in rows:
            steps.setdefault(step, []).append(tuple(rest))
        return {step: grouped(rest)[0] for step, rest in steps.items()}

    def by_digest(self, digest: str) -> list[ResultRow]:
        """Return the results with an artifact of this digest, newest first: who produced it."""
        produced = "WHERE r.id IN (SELECT result FROM artifacts WHERE digest = :digest) ORDER BY r.id DESC, a.position"
        return grouped(self._database.read(f"{RESULT} {produced}", digest=digest))

    def digests(self, prefix: str, limit: int = 3) -> list[str]:
        """Return artifact digests that begin with `prefix`, in order."""
        rows = self._database.read(DIGESTS, first=prefix, last=prefix + LAST_CHARACTER, limit=limit)
        return [digest for (digest,) in rows]

    def unreferenced(self, before: float) -> list[ResultRow]:
        """Return results from before `before` that no run needs which started since, is running, or is pinned.

        The oldest is first.
        """
        return grouped(self._database.read(f"{RESULT} {UNREFERENCED}", before=before))

    def referenced_blobs(self) -> set[str]:
        """Return the blobs that facts need: of runs, of figures, of results for lookups and pinned or running runs."""
        return {blob for (blob,) in self._database.read(REFERENCED)}

    def referenced_without(self, runs: Collection[str], keys: Collection[str]) -> set[str]:
        """Return the blobs that facts would need after `delete` of some runs, and with no results for some keys.

        A figure stays as long as its run, or the result that was made beside it.
        """
        read = self._database.read
        live = [row for row in read(LIVE_BLOBS) if row[0] not in keys]
        makers = {(run, step) for _, run, step, _ in live}
        needed = {row[3] for row in live} | {blob for (blob,) in read(PROTECTED_BLOBS)}
        needed |= {blob for run, blob in read(KEPT_BLOBS) if run not in runs}
        return needed | {blob for run, step, blob in read(LOGGED_BLOBS) if run not in runs or (run, step) in makers}

    def folder_blobs(self) -> set[str]:
        """Return the blobs that are folders: they name the blobs of their files, which facts do not."""
        return {blob for (blob,) in self._database.read(FOLDERS)}


def artifact_values(result: int, artifacts: Sequence[Artifact]) -> list[Named]:
    """Return the parameters that record the artifacts of a result, in their order."""
    return [
        {
            "result": result,
            "position": position,
            "name": artifact.name,
            "digest": artifact.digest,
            "blob": artifact.blob,
            "codec": artifact.codec,
            "size": artifact.size,
            "summary": storable(artifact.summary),
        }
        for position, artifact in enumerate(artifacts)
    ]


def grouped(rows: Sequence[Row]) -> list[ResultRow]:
    """Return one result for each run of rows of `RESULT` that have one id."""
    heads: dict[int, Row] = {}
    artifacts: dict[int, list[Artifact]] = {}
    for number, *head, name, digest, blob, codec, size, summary in rows:
        heads.setdefault(number, tuple(head))
        mine = artifacts.setdefault(number, [])
        if name is not None:
            mine.append(Artifact(name, digest, blob, codec, size, summary))
    complete = [(*head, tuple(artifacts[number])) for number, head in heads.items()]
    return [ResultRow(*row) for row in complete]


def sweep(database: Database) -> None:
    """Remove what nothing can reach any more, inside the open transaction."""
    for statement in SWEEP:
        database.write(statement, [{}])
