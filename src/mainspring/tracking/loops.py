"""What the closed loop remembers: what triggers decided, what was done of it and when, and who watches.

Each act is written down before it is done, under a key that it alone has. Whoever finds such a row goes on from there,
so that nothing is lost or done twice, wherever the process before was ended.
"""

from collections.abc import Callable
from typing import Final, Literal

from msgspec import Struct

from mainspring.digest.texts import from_json, to_json
from mainspring.errors import LeaseLostError
from mainspring.tracking.database import Database, Named, Row, storable
from mainspring.tracking.rows import Owner

__all__ = ["Action", "Decided", "Journal", "LoopEvent", "Loops", "Watches", "Watching"]

State = Literal["begun", "done", "refused", "failed"]

_DECIDED: Final = """
    SELECT id, model, kind, evidence, answer, says, record, made, closed FROM trigger_decisions WHERE model = :model
"""
_DECIDE: Final = """
    INSERT INTO trigger_decisions (model, kind, evidence, answer, says, record, made, closed)
    VALUES (:model, :kind, :evidence, 'held', :says, :record, :made, NULL)
    ON CONFLICT (model, kind, evidence) DO UPDATE SET says = excluded.says, record = excluded.record
    WHERE trigger_decisions.answer = 'held' AND trigger_decisions.kind <> 'asked'
"""
_FORGET: Final = """
    DELETE FROM trigger_decisions
    WHERE model = :model AND kind = :kind AND answer = 'held' AND evidence <> :evidence AND kind <> 'asked'
"""
_FIRE: Final = """
    UPDATE trigger_decisions SET answer = 'fires', says = :says, record = :record, made = :made
    WHERE model = :model AND kind = :kind AND evidence = :evidence AND answer = 'held'
    AND NOT EXISTS (SELECT 1 FROM trigger_decisions AS other
        WHERE other.model = :model AND other.answer = 'fires' AND other.closed IS NULL)
"""
_CLOSE: Final = "UPDATE trigger_decisions SET closed = :at WHERE id = :id AND closed IS NULL"
_ACTIONS: Final = "SELECT id, decision, model, kind, state, says, record, began, ended FROM loop_actions"
_BEGIN: Final = """
    INSERT INTO loop_actions (decision, model, kind, state, says, record, began, ended)
    VALUES (:decision, :model, :kind, 'begun', '', :record, :began, NULL) ON CONFLICT (decision, kind) DO NOTHING
"""
_CHANGE: Final = "UPDATE loop_actions SET says = :says, record = :record WHERE id = :id AND state = 'begun'"
_END: Final = """
    UPDATE loop_actions SET state = :state, says = :says, record = :record, ended = :at
    WHERE id = :id AND state = 'begun'
"""
_EVENT: Final = """
    INSERT INTO loop_events (model, key, kind, says, links, at) VALUES (:model, :key, :kind, :says, :links, :at)
    ON CONFLICT (model, key) DO NOTHING
"""
_EVENTS: Final = "SELECT at, kind, model, says, links FROM loop_events WHERE at >= :since AND at < :until"
_MARK: Final = """
    INSERT INTO loop_marks (model, name, value) VALUES (:model, :name, :value)
    ON CONFLICT (model, name) DO UPDATE SET value = excluded.value
"""
_FIRST: Final = """
    INSERT INTO loop_marks (model, name, value) VALUES (:model, :name, :value) ON CONFLICT (model, name) DO NOTHING
"""


class Decided(Struct, frozen=True):
    """What a trigger decided.

    Attributes:
        id: Its number.
        model: The model.
        kind: The trigger: `asked`, `schedule`, `data`, `quality` or `drift`.
        evidence: What it rests on, so that the same is not acted on twice.
        answer: `fires`, or `held` with the reason.
        says: Why, in a sentence.
        record: What it rests on, as JSON.
        made: When, by the clock of the watch.
        closed: When all that it set off had ended; None before that.
    """

    id: int
    model: str
    kind: str
    evidence: str
    answer: str
    says: str
    record: str
    made: float
    closed: float | None = None


class Action(Struct, frozen=True):
    """One act of the watch.

    Attributes:
        id: Its number.
        decision: The decision that set it off.
        model: The model.
        kind: `run`, `register`, `promote`, `probation` or `rollback`; `gates`, `refit` and `register refit` of a refit.
        state: `begun` until it is `done`, `refused` or `failed`.
        says: What came of it, or how it stands.
        record: What it is about, as JSON: such as the run, the version.
        began: When it was begun, by the clock of the watch.
        ended: When it ended.
    """

    id: int
    decision: int
    model: str
    kind: str
    state: State
    says: str
    record: str
    began: float
    ended: float | None = None

    @property
    def about(self) -> dict[str, object]:
        """The record."""
        found: dict[str, object] = from_json(self.record)
        return found


class LoopEvent(Struct, frozen=True):
    """One thing that happened in the loop.

    Attributes:
        at: When, by the clock of the watch, in seconds since 1970 UTC.
        kind: Such as `trigger`, `run`, `refused`, `promoted`, `kept`, `rolled back`, `alert`.
        model: The model.
        says: What, in a sentence.
        links: What it refers to, as JSON: run, version, alert.
    """

    at: float
    kind: str
    model: str
    says: str
    links: str = "{}"


class Journal:
    """What happened, in one database. Rows are only added."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, event: LoopEvent, key: str) -> bool:
        """Return whether the event is new; one that is told again is kept once."""
        return self._database.write(_EVENT, [_told(event, key)]) == 1

    def between(self, since: float = 0.0, until: float = 1e12, model: str | None = None) -> list[LoopEvent]:
        """Return what happened from one moment up to another, the earliest first."""
        if model is None:
            rows = self._database.read(f"{_EVENTS} ORDER BY at, id", since=since, until=until)
        else:
            sql = f"{_EVENTS} AND model = :model ORDER BY at, id"
            rows = self._database.read(sql, since=since, until=until, model=model)
        return [LoopEvent(*row) for row in rows]

    def newest(self) -> int:
        """Return the number of the latest event; 0 where there is none."""
        return int(self._database.read("SELECT COALESCE(MAX(id), 0) FROM loop_events")[0][0])

    def after(self, number: int) -> list[tuple[int, LoopEvent]]:
        """Return the events that were told after one, with their numbers, in their order."""
        sql = "SELECT id, at, kind, model, says, links FROM loop_events WHERE id > :number ORDER BY id"
        return [(row[0], LoopEvent(*row[1:])) for row in self._database.read(sql, number=number)]

    def counts(self) -> dict[tuple[str, str], int]:
        """Return how many events of each model and kind there were."""
        rows = self._database.read("SELECT model, kind, COUNT(*) FROM loop_events GROUP BY model, kind")
        return {(model, kind): int(count) for model, kind, count in sorted(rows)}


class Loops:
    """Decisions and acts, in one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hold(self, one: Decided) -> None:
        """Keep that a trigger would fire and is held; what it was held for before is forgotten."""
        with self._database.transaction():
            self._database.write(_FORGET, [{"model": one.model, "kind": one.kind, "evidence": one.evidence}])
            self._database.write(_DECIDE, [_row(one)])

    def fire(self, one: Decided, event: LoopEvent, seen: dict[str, str]) -> Decided | None:
        """Return the decision that fires; None when one of the model is open, or this evidence was acted on before.

        Args:
            one: The decision.
            event: What is told of it.
            seen: Marks that are set with it, such as the data that the run will see.
        """
        with self._database.transaction(full=True):
            named = _row(one)
            self._database.write(_FORGET, [{"model": one.model, "kind": one.kind, "evidence": one.evidence}])
            self._database.write(_DECIDE, [named])
            if not self._database.write(_FIRE, [named]):
                return None
            self._database.write(_EVENT, [_told(event, f"{one.kind}/{one.evidence}")])
            marks: list[Named] = [{"model": one.model, "name": key, "value": value} for key, value in seen.items()]
            self._database.write(_MARK, marks)
        return self.open(one.model)

    def ask(self, one: Decided) -> None:
        """Keep that somebody asks for a run; it is held until the watch comes to it."""
        with self._database.transaction(full=True):
            self._database.write(_DECIDE, [_row(one)])

    def open(self, model: str) -> Decided | None:
        """Return the decision of a model that has fired, and is not closed."""
        rows = self._database.read(f"{_DECIDED} AND answer = 'fires' AND closed IS NULL", model=model)
        return Decided(*rows[0]) if rows else None

    def held(self, model: str) -> list[Decided]:
        """Return what is held, the oldest first."""
        return [
            Decided(*row) for row in self._database.read(f"{_DECIDED} AND answer = 'held' ORDER BY id", model=model)
        ]

    def fired(self, model: str) -> list[Decided]:
        """Return what has fired, the newest first."""
        sql = f"{_DECIDED} AND answer = 'fires' ORDER BY made DESC, id DESC"
        return [Decided(*row) for row in self._database.read(sql, model=model)]

    def close(self, decision: int, at: float) -> None:
        """Keep that all that a decision set off has ended."""
        with self._database.transaction(full=True):
            self._database.write(_CLOSE, [{"id": decision, "at": at}])

    def begin(self, decision: Decided, kind: str, about: dict[str, object], at: float) -> Action:
        """Return the act of a kind that a decision sets off, as it was begun first, by whoever did."""
        row: Named = {"decision": decision.id, "model": decision.model, "kind": kind}
        with self._database.transaction(full=True):
            self._database.write(_BEGIN, [{**row, "record": storable(to_json(about)), "began": at}])
        return self.actions(decision.id)[kind]

    def change(
        self, action: Action, says: str, about: dict[str, object], event: LoopEvent | None = None, key: str = ""
    ) -> bool:
        """Return whether an act that is going on was described anew; what is told of it then is kept with it."""
        named: Named = {"id": action.id, "says": storable(says), "record": storable(to_json(about))}
        with self._database.transaction(full=True):
            changed = self._database.write(_CHANGE, [named]) == 1
            if changed and event is not None:
                self._database.write(_EVENT, [_told(event, f"{action.decision}/{action.kind}/{key}")])
            return changed

    def end(self, action: Action, state: State, event: LoopEvent, about: dict[str, object] | None = None) -> bool:
        """Return whether the act has ended now, as the event says; one that had ended stays as it is."""
        record = action.record if about is None else to_json(about)
        named: Named = {"id": action.id, "state": state, "says": storable(event.says), "record": storable(record)}
        with self._database.transaction(full=True):
            if not self._database.write(_END, [{**named, "at": event.at}]):
                return False
            self._database.write(_EVENT, [_told(event, f"{action.decision}/{action.kind}")])
        return True

    def actions(self, decision: int) -> dict[str, Action]:
        """Return the acts of a decision by kind, in the order in which they were begun."""
        rows = self._database.read(f"{_ACTIONS} WHERE decision = :decision ORDER BY id", decision=decision)
        return {row[3]: Action(*row) for row in rows}

    def all_actions(self, model: str, kind: str) -> list[Action]:
        """Return all acts of a kind, the newest first."""
        sql = f"{_ACTIONS} WHERE model = :model AND kind = :kind ORDER BY id DESC"
        return [Action(*row) for row in self._database.read(sql, model=model, kind=kind)]

    def mark(self, model: str, name: str, first: str | None = None) -> str | None:
        """Return what was seen under a name; where nothing was, `first`, which is then kept."""
        if first is not None:
            self._database.write(_FIRST, [{"model": model, "name": name, "value": first}])
        sql = "SELECT value FROM loop_marks WHERE model = :model AND name = :name"
        rows = self._database.read(sql, model=model, name=name)
        return str(rows[0][0]) if rows else None

    def set_mark(self, model: str, name: str, value: str) -> None:
        """Keep what was seen."""
        self._database.write(_MARK, [{"model": model, "name": name, "value": value}])


class Watching(Struct, frozen=True):
    """That a process watches: the name of what, the process, and how often it was taken over by then."""

    name: str
    owner: Owner
    generation: int


_TAKE: Final = """
    INSERT INTO watches (name, owner, generation, expires) VALUES (:name, :owner, 1, :expires)
    ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, generation = watches.generation + 1,
        expires = excluded.expires
    WHERE watches.generation = :seen
"""
_RENEW: Final = "UPDATE watches SET expires = :expires WHERE name = :name AND generation = :generation"
_RELEASE: Final = "UPDATE watches SET expires = 0 WHERE name = :name AND generation = :generation"
_WATCH: Final = "SELECT owner, generation, expires FROM watches WHERE name = :name"


class Watches:
    """Who watches, in one database: at most one process at a time.

    Another takes over as soon as that process is known to be dead, or was not heard of for its time to live by the
    database's clock.
    """

    def __init__(self, database: Database, alive: Callable[[Owner], bool | None]) -> None:
        self._database = database
        self._alive = alive

    def take(self, name: str, owner: Owner, ttl: float) -> Watching | Owner:
        """Return that `owner` watches from now on, or who does."""
        with self._database.transaction():
            rows = self._database.read(_WATCH, name=name)
            if rows and (holder := self._holder(rows[0])) is not None:
                return holder
            seen = int(rows[0][1]) if rows else 0
            named: Named = {"name": name, "owner": owner.as_text(), "expires": self._database.now() + ttl}
            taken = self._database.write(_TAKE, [{**named, "seen": seen}])
            if not taken:
                return Owner.from_text(self._database.read(_WATCH, name=name)[0][0])
        return Watching(name, owner, seen + 1)

    def renew(self, watching: Watching, ttl: float) -> None:
        """Go on watching for some seconds more.

        Raises:
            LeaseLostError: Another process watches by now.
        """
        if not self.beat(watching, ttl):
            raise LeaseLostError(
                f"Process {watching.owner.pid} does not watch any more: another one took over",
                None,
                "It was not heard of for too long; nothing that it had begun is lost.",
            )

    def beat(self, watching: Watching, ttl: float) -> bool:
        """Return whether the process still watches; if so, for some seconds more."""
        named: Named = {"name": watching.name, "generation": watching.generation}
        return self._database.write(_RENEW, [{**named, "expires": self._database.now() + ttl}]) == 1

    def release(self, watching: Watching) -> None:
        """Let another process watch at once."""
        self._database.write(_RELEASE, [{"name": watching.name, "generation": watching.generation}])

    def holder(self, name: str) -> Owner | None:
        """Return who watches."""
        rows = self._database.read(_WATCH, name=name)
        return self._holder(rows[0]) if rows else None

    def _holder(self, row: Row) -> Owner | None:
        text, _, expires = row
        owner = Owner.from_text(text)
        return None if self._database.now() >= expires or self._alive(owner) is False else owner


def _row(one: Decided) -> Named:
    place: dict[str, str | float] = {"model": one.model, "kind": one.kind, "evidence": storable(one.evidence)}
    return {**place, "says": storable(one.says), "record": storable(one.record), "made": one.made}


def _told(event: LoopEvent, key: str) -> Named:
    said: dict[str, str | float] = {"model": event.model, "kind": event.kind, "says": storable(event.says)}
    return {**said, "links": storable(event.links), "at": event.at, "key": storable(key)}
