"""Who may compute a key: leases with fencing."""

from collections.abc import Callable, Sequence

from mainspring.errors import LeaseLostError
from mainspring.tracking.database import Database, Row
from mainspring.tracking.rows import Lease, Owner

__all__ = ["Leases"]

# On Postgres this also makes those who ask for a lease take turns, until their transactions end.
NEXT = "UPDATE leases SET generation = generation + 1 WHERE key = ''"
LAST = "SELECT generation FROM leases WHERE key = ''"
HOLDER = """
    SELECT r.owner, r.status, r.expires FROM leases l LEFT JOIN runs r ON r.id = l.run
    WHERE l.key = :key AND l.run <> ''
"""
REMOVE = "DELETE FROM leases WHERE key = :key AND run <> ''"
TAKE = "INSERT INTO leases (key, generation, run) VALUES (:key, :generation, :run)"
RELEASE = "DELETE FROM leases WHERE key = :key AND generation = :generation"
RUNNING = "SELECT expires FROM runs WHERE id = :run AND owner = :owner AND status = 'running'"
BEAT = "UPDATE runs SET beat = :now, expires = :expires WHERE owner = :owner AND status = 'running'"


class Leases:
    """Leases of one database.

    A lease belongs to a run that is running, and ends with it. It may be taken over as soon as its owner is known to be
    dead, or when its run was not heard of for the time to live that it last asked for, by the database's clock.
    """

    def __init__(self, database: Database, alive: Callable[[Owner], bool | None]) -> None:
        self._database = database
        self._alive = alive

    def acquire(self, key: str, run_id: str, owner: Owner, *, ttl: float) -> Lease | Owner:
        """Return a lease on `key` for the run, or the owner that holds it now; that may be `owner` itself.

        Whoever gets a lease looks the key up in `results` once more before computing: its last holder may just have
        committed. Whoever does not waits by asking for `holders`, which only reads.

        Args:
            key: The cache key.
            run_id: A run of `owner` that is running.
            owner: This process.
            ttl: Seconds without a heartbeat after which all leases of the run may be taken over; before the first one,
                half of that may count.

        Raises:
            LeaseLostError: The run is not running any more.
        """
        database = self._database
        with database.transaction():
            self._extend(run_id, owner, ttl)
            database.write(NEXT, [{}])
            rows = database.read(HOLDER, key=key)
            if rows:
                holder = self._holder(rows[0])
                if holder is not None:
                    return holder
                database.write(REMOVE, [{"key": key}])
            [(generation,)] = database.read(LAST)
            database.write(TAKE, [{"key": key, "generation": generation, "run": run_id}])
        return Lease(key, generation, owner)

    def holders(self, keys: Sequence[str]) -> dict[str, Owner]:
        """Return who holds each of `keys` now; keys that are free, or may be taken over, are left out."""
        held = ((key, self._holder(row)) for key in keys for row in self._database.read(HOLDER, key=key))
        return {key: holder for key, holder in held if holder is not None}

    def beat(self, owner: Owner, ttl: float) -> int:
        """Return how many runs of `owner` are running; all of them and their leases were extended by `ttl` seconds.

        0 means that they were declared lost, or have ended: nothing that they compute can be committed.
        """
        now = self._database.now()
        return self._database.write(BEAT, [{"now": now, "expires": now + ttl, "owner": owner.as_text()}])

    def release(self, lease: Lease) -> bool:
        """Return whether the lease was still held; it is free now, without a result."""
        return self._database.write(RELEASE, [{"key": lease.key, "generation": lease.generation}]) == 1

    def _extend(self, run_id: str, owner: Owner, ttl: float) -> None:
        """Give the run time, unless it has enough; a rewritten row costs more than one that is read."""
        now = self._database.now()
        rows = self._database.read(RUNNING, run=run_id, owner=owner.as_text())
        if not rows:
            raise LeaseLostError(
                f"Run {run_id!r} of process {owner.pid} on {owner.host!r} is not running, so it gets no lease",
                None,
                "It was declared lost or has ended: start a new run.",
            )
        if not now + ttl / 2 <= rows[0][0] <= now + ttl:
            self.beat(owner, ttl)

    def _holder(self, row: Row) -> Owner | None:
        """Return who holds the key of a row of `HOLDER`, unless it may be taken over."""
        text, status, expires = row
        if status != "running" or self._database.now() >= expires:
            return None
        owner = Owner.from_text(text)
        return None if self._alive(owner) is False else owner
