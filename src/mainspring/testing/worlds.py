"""What the conformance suites of facts are written in: two connections to one store, a clock, and small rows."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TypeAlias

from mainspring.digest import Artifact
from mainspring.errors import MainspringError
from mainspring.tracking import Database, Facts, Lease, Owner, ResultRow, RunRow, StepRow
from mainspring.tracking.database import Named, Row, Value

__all__ = [
    "TTL",
    "Case",
    "Clock",
    "Clocked",
    "Connect",
    "World",
    "artifact",
    "committed",
    "computed",
    "leased",
    "owner",
    "refused",
    "run_row",
    "same",
    "world",
]

Connect: TypeAlias = Callable[[], Database]
Case: TypeAlias = Callable[[Connect], None]

TTL = 60.0


@dataclass(slots=True)
class Clock:
    """A clock that moves when it is told to."""

    time: float = 1_700_000_000.0


class Clocked:
    """A `Database` that is another one in everything but its time."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def read(self, sql: str, **named: Value | Sequence[Value]) -> list[Row]:
        """Return all rows of one query."""
        return self._database.read(sql, **named)

    def write(self, sql: str, rows: Sequence[Named]) -> int:
        """Return how many rows the statement changed."""
        return self._database.write(sql, rows)

    def transaction(self, *, full: bool = False) -> AbstractContextManager[None]:
        """Return a block that is one transaction."""
        return self._database.transaction(full=full)

    def now(self) -> float:
        """Return the time of the clock that was given."""
        return self._clock.time

    def close(self) -> None:
        """Close the database."""
        self._database.close()


@dataclass(slots=True)
class World:
    """Two processes' view of one store: `facts` and `other` are connections of their own."""

    facts: Facts
    other: Facts
    clock: Clock
    dead: set[Owner]


@contextmanager
def world(connect: Connect) -> Iterator[World]:
    """Return two connections to one store with a common clock, where owners in `dead` are known to be dead."""
    clock = Clock()
    dead: set[Owner] = set()

    def alive(owner: Owner) -> bool | None:
        return None if owner.host == "elsewhere" else owner not in dead

    with (
        Facts(Clocked(connect(), clock), alive=alive, host="here") as facts,
        Facts(Clocked(connect(), clock), alive=alive, host="there") as other,
    ):
        yield World(facts, other, clock, dead)


def owner(pid: int = 1, host: str = "here") -> Owner:
    """Return an owner that is no real process."""
    return Owner(host, "boot", pid, 1000 + pid)


def run_row(run_id: str, pipeline: str = "retail", *, by: Owner | None = None) -> RunRow:
    """Return a run to start."""
    return RunRow(run_id, pipeline, "running", 0.0, None, 0.0, by or owner(), seed=7, record=f'{{"id": "{run_id}"}}')


def artifact(number: int, name: str = "result", codec: str = "json/1") -> Artifact:
    """Return an artifact whose digest and blob are told by its number."""
    return Artifact(name, f"d{number:063d}", f"b{number:063d}", codec, number, f"{number} things")


def same(actual: object, expected: object) -> None:
    """Fail unless two values are equal."""
    if actual != expected:
        raise AssertionError(f"got {actual!r}, expected {expected!r}")


def refused(kind: type[MainspringError], words: str, call: Callable[[], object]) -> None:
    """Fail unless the call raises an error of this kind with these words in it."""
    try:
        value = call()
    except kind as error:
        if words not in str(error):
            raise AssertionError(f"{kind.__name__} says {str(error)!r}, without {words!r}") from error
        return
    raise AssertionError(f"got {value!r}, expected {kind.__name__}")


def leased(facts: Facts, key: str, run_id: str, by: Owner | None = None) -> Lease:
    """Return a lease that must be free."""
    lease = facts.leases.acquire(key, run_id, by or owner(), ttl=TTL)
    if isinstance(lease, Lease):
        return lease
    raise AssertionError(f"{key!r} is held by {lease!r}")


def computed(facts: Facts, key: str, run_id: str, step: str, *artifacts: Artifact) -> ResultRow:
    """Return the result of a step that was leased and committed."""
    return committed(facts, leased(facts, key, run_id), run_id, step, *artifacts)


def committed(facts: Facts, lease: Lease, run_id: str, step: str, *artifacts: Artifact) -> ResultRow:
    """Return the result that was committed under a lease."""
    result = ResultRow(lease.key, run_id, step, 0.0, 2.5, artifacts)
    return facts.results.commit(lease, result, StepRow(run_id, step, 0, "ran", key=lease.key, started=facts.now()))
