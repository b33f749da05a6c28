"""The life of a run: the one place that changes a status, and the one that asks for it."""

from collections.abc import Mapping

from mainspring.errors import TrackingError
from mainspring.tracking.database import Database, Value, storable
from mainspring.tracking.rows import Owner

__all__ = ["TRANSITIONS", "hear", "hold", "move"]

# From a status to those that may follow. A run that has ended stays as it is.
TRANSITIONS: Mapping[str, frozenset[str]] = {
    "running": frozenset({"succeeded", "failed", "lost"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "lost": frozenset(),
}

MOVE = "UPDATE runs SET status = :status, ended = :ended, error = :error WHERE id = :run AND status = :source"
CLOSE = "UPDATE steps SET status = 'failed', error = :error WHERE run = :run AND status = 'running'"
INTERRUPTED = "The run ended while this step was running."
HEAR = "UPDATE runs SET beat = :now WHERE id = :run AND status = 'running'"


def move(
    database: Database, run_id: str, status: str, ended: float, error: str | None, *, beat: float | None = None
) -> bool:
    """Return whether the run was moved to `status`, inside the open transaction. No other code changes a status.

    Its leases are free then, and steps that are on record as running have failed.

    `beat`: only if it was not heard of since then.
    """
    sources = [source for source, targets in TRANSITIONS.items() if status in targets]
    named: dict[str, Value] = {
        "status": status,
        "ended": ended,
        "error": None if error is None else storable(error),
        "run": run_id,
    }
    unheard = ""
    if beat is not None:
        unheard = "AND beat = :beat"
        named["beat"] = beat
    if not any(database.write(f"{MOVE} {unheard}", [named | {"source": source}]) for source in sources):
        return False
    database.write("DELETE FROM leases WHERE run = :run", [{"run": run_id}])
    database.write(CLOSE, [{"run": run_id, "error": INTERRUPTED}])
    return True


def hold(database: Database, run_id: str) -> None:
    """Return nothing when the run is running; it stays so until the open transaction ends.

    Raises:
        TrackingError: It has ended, or there is no such run.
    """
    if hear(database, run_id):
        return
    rows = database.read("SELECT status FROM runs WHERE id = :run", run=run_id)
    state = f"it is {rows[0][0]!r}" if rows else "there is no such run"
    raise TrackingError(
        f"Nothing can be recorded for run {run_id!r}: {state}",
        None,
        "A run that has ended never changes; start a new one.",
    )


def hear(database: Database, run_id: str, owner: Owner | None = None) -> bool:
    """Return whether the run is running, and `owner`'s if one is given; if so, it was heard of now."""
    named: dict[str, Value] = {"now": database.now(), "run": run_id}
    if owner is None:
        return database.write(HEAR, [named]) == 1
    return database.write(f"{HEAR} AND owner = :owner", [named | {"owner": owner.as_text()}]) == 1
