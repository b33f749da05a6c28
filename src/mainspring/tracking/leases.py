"""Who may compute a key: leases with fencing."""

from collections.abc import Callable

from mainspring.errors import LeaseLostError
from mainspring.tracking.database import Database, Value
from mainspring.tracking.rows import Lease, Owner

__all__ = ["Leases"]

HOLDER = """
    SELECT l.generation, r.owner, r.status, r.expires
    FROM leases l LEFT JOIN runs r ON r.id = l.run WHERE l.key = :key
"""
# The first statement of the transaction: it also keeps the run from ending before we commit.
HOLD = "UPDATE runs SET beat = :now, expires = :expires WHERE id = :run AND owner = :owner AND status = 'running'"
TAKE = "INSERT INTO leases (key, run) VALUES (:key, :run) ON CONFLICT (key) DO NOTHING"
GIVE_BACK = "DELETE FROM leases WHERE key = :key AND generation = :generation"
BEAT = "UPDATE runs SET beat = :now, expires = :expires WHERE owner = :owner AND status = 'running'"
ATTEMPTS = 8


class Leases:
    """Leases of one database.

    A lease belongs to a run that is running, and ends with it. It may be taken over as soon as its owner is known to be
    dead, or when its run was not heard of for the time to live that it last asked for, by the database's clock.
    """

    def __init__(self, database: Database, alive: Callable[[Owner], bool | None]) -> None:
        self._database = database
        self._alive = alive

    def acquire(self, key: str, run_id: str, owner: Owner, *, ttl: float) -> Lease | Owner:
        """Return a lease on `key` for the run, or the owner that holds it now, which may be `owner` itself.

        Asking is cheap while another owner holds the key, so it can be repeated. Whoever gets a lease looks the key up
        in `results` once more before computing: its last holder may just have committed.

        Args:
            key: The cache key.
            run_id: A run of `owner` that is running.
            owner: This process.
            ttl: Seconds without a heartbeat after which all leases of the run may be taken over.

        Raises:
            LeaseLostError: The run is not running any more.
        """
        database = self._database
        _, holder = self._held(key)
        if holder is not None:
            return holder
        with database.transaction():
            now = database.now()
            named: dict[str, Value] = {"now": now, "expires": now + ttl, "run": run_id, "owner": owner.as_text()}
            if not database.write(HOLD, [named]):
                raise LeaseLostError(
                    f"Run {run_id!r} of process {owner.pid} on {owner.host!r} is not running, so it gets no lease",
                    f"key {key}",
                    "It was declared lost or has ended: start a new run.",
                )
            for _ in range(ATTEMPTS):
                if database.write(TAKE, [{"key": key, "run": run_id}]):
                    [(generation,)] = database.read("SELECT generation FROM leases WHERE key = :key", key=key)
                    return Lease(key, generation, owner)
                generation, holder = self._held(key)
                if holder is not None:
                    return holder
                database.write(GIVE_BACK, [{"key": key, "generation": generation}])
        raise LeaseLostError(
            f"The lease changed hands {ATTEMPTS} times while run {run_id!r} asked for it", f"key {key}"
        )

    def holders(self, keys: list[str]) -> dict[str, Owner]:
        """Return who holds each of `keys` now; keys that are free, or may be taken over, are left out."""
        held = ((key, self._held(key)[1]) for key in keys)
        return {key: holder for key, holder in held if holder is not None}

    def beat(self, owner: Owner, ttl: float) -> int:
        """Return how many runs of `owner` are running; all of them and their leases were extended by `ttl` seconds.

        0 means that they were declared lost, or have ended: nothing that they compute can be committed.
        """
        now = self._database.now()
        return self._database.write(BEAT, [{"now": now, "expires": now + ttl, "owner": owner.as_text()}])

    def release(self, lease: Lease) -> bool:
        """Return whether the lease was still held; it is free now, without a result."""
        return self._database.write(GIVE_BACK, [{"key": lease.key, "generation": lease.generation}]) == 1

    def _held(self, key: str) -> tuple[int, Owner | None]:
        """Return the generation that `key` is leased under, 0 for none, and its owner unless it may be taken over."""
        rows = self._database.read(HOLDER, key=key)
        if not rows:
            return 0, None
        [(generation, text, status, expires)] = rows
        if status != "running" or self._database.now() >= expires:
            return generation, None
        owner = Owner.from_text(text)
        return generation, None if self._alive(owner) is False else owner
