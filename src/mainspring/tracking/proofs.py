"""Proofs: what was found when a run was run again."""

from collections.abc import Sequence

from mainspring.tracking.database import Database, Named, pieces, storable
from mainspring.tracking.rows import ProofRow

__all__ = ["Proofs"]

ADD = "INSERT INTO proofs (run, verdict, record, made) VALUES (:run, :verdict, :record, :made)"
OF = "SELECT run, verdict, record, made FROM proofs"


class Proofs:
    """The proofs of one database. Rows are only added; they go when their run is deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run: str, verdict: str, record: str) -> ProofRow:
        """Return the proof as it was recorded, made now by the database's clock; it survives a power cut."""
        row = ProofRow(run, verdict, storable(record), self._database.now())
        named: Named = {"run": row.run, "verdict": row.verdict, "record": row.record, "made": row.made}
        with self._database.transaction(full=True):
            self._database.write(ADD, [named])
        return row

    def of_run(self, run: str) -> list[ProofRow]:
        """Return the proofs of a run, newest first."""
        return [ProofRow(*row) for row in self._database.read(f"{OF} WHERE run = :run ORDER BY id DESC", run=run)]

    def newest(self, limit: int) -> list[ProofRow]:
        """Return the newest proofs of all runs, newest first."""
        return [ProofRow(*row) for row in self._database.read(f"{OF} ORDER BY id DESC LIMIT :limit", limit=limit)]

    def verdicts(self, runs: Sequence[str]) -> dict[str, str]:
        """Return the verdict of the newest proof of each run that has one."""
        found: dict[str, str] = {}
        for piece in pieces(runs):
            rows = self._database.read("SELECT run, verdict FROM proofs WHERE run IN :runs ORDER BY id", runs=piece)
            found |= {str(run): str(verdict) for run, verdict in rows}
        return found
