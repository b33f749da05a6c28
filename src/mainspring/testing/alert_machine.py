"""One state machine over the alerts of several databases: they say the same, and what a plain model of the rules says.

    TestAlerts = alert_machine({"sqlite": fresh_sqlite, "postgres": fresh_postgres}).TestCase

Each value returns, for a store that is empty, what opens a connection to it. Needs Hypothesis.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mainspring.errors import MainspringError
from mainspring.testing.agreement import Fresh
from mainspring.testing.alerts import HOUR, moved
from mainspring.testing.worlds import same
from mainspring.tracking import Alerts, Change, Database, Origin

__all__ = ["AlertMachine", "alert_machine"]

Key = tuple[str, str, str, str, str]

MODELS = st.sampled_from(["shop", "cafe"])
VERSIONS = st.sampled_from(["v1", "v2"])
SOURCES = st.sampled_from([Origin("windows", 3), Origin("skew", 1)])
COLUMNS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True)
FOUND = st.dictionaries(
    st.tuples(st.sampled_from(["drift", "nulls"]), st.sampled_from(["", "s=1"])), COLUMNS, max_size=3
)


class _Known:
    """What the rules say of one alert that is open."""

    def __init__(self, at: int, columns: list[str]) -> None:
        self.columns = set(columns)
        self.state, self.silent, self.heard = "firing", 0, at


class AlertMachine(RuleBasedStateMachine):
    """Does the same to all databases, and to a dictionary; a receiver is up or down, and watchers may die."""

    places: ClassVar[Mapping[str, Fresh]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.databases: dict[str, Database] = {name: fresh()() for name, fresh in self.places.items()}
        self.all = {name: Alerts(database) for name, database in self.databases.items()}
        self.now = 1_760_000_000.0
        self.seen: dict[tuple[str, str, str], int] = {}
        self.open: dict[Key, _Known] = {}
        self.posted: list[str] = []
        self.received: list[str] = []
        self.up = True

    def teardown(self) -> None:
        """Close the connections."""
        for database in self.databases.values():
            database.close()

    def agreed(self, call: Callable[[Alerts], Any]) -> Any:
        """Return what the call gives on every database, or the kind of its error."""
        answers = {name: _answer(call, alerts) for name, alerts in self.all.items()}
        first = next(iter(answers.values()))
        for name, answer in answers.items():
            if answer != first:
                raise AssertionError(f"{name} says {answer!r}, others {first!r}")
        return first

    @rule(seconds=st.sampled_from([1.0, 20.0, 600.0, 86_400.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds

    @rule(model=MODELS, version=VERSIONS, source=SOURCES, hours=st.integers(-1, 2), found=FOUND)
    def observe(
        self, model: str, version: str, source: Origin, hours: int, found: dict[tuple[str, str], list[str]]
    ) -> None:
        """Observe the next window, the same again, or an earlier one."""
        place = model, version, source.name
        at = self.seen.get(place, 10 * HOUR) + hours * HOUR
        raised = [moved(*columns, check=check, segment=segment) for (check, segment), columns in found.items()]
        changes = self.agreed(lambda alerts: alerts.observe(model, version, at, raised, now=self.now, source=source))
        expected: list[str] = []
        if at > self.seen.get(place, -1):
            self.seen[place] = at
            expected = self._observed(place, at, source.of, found)
        same(sorted(one.kind for one in changes), sorted(expected))
        self.posted += [one.id for one in changes]

    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        """Acknowledge any alert, whatever has come of it."""
        every = self.agreed(lambda alerts: alerts.list())
        if not every:
            return
        chosen = data.draw(st.sampled_from(every))
        answer = self.agreed(lambda alerts: alerts.acknowledge(chosen.id, who="ada", note="so", now=self.now))
        key = chosen.model, chosen.version, chosen.source, chosen.check, chosen.segment
        if chosen.state == "resolved":
            same(answer, "TrackingError")
            return
        same(answer.state, "acknowledged")
        if chosen.state == "firing":
            self.open[key].state = "acknowledged"
            self.posted.append(f"{chosen.id}-{chosen.changes + 1}")

    @rule(model=MODELS)
    def remind(self, model: str) -> None:
        """Tell again what has been firing for a day, unless it has yet to be told."""
        waits = {one.rpartition("-")[0] for one in self.posted if one not in self.received}
        due = [
            one.id
            for one in self.agreed(lambda alerts: alerts.list("firing", model))
            if one.told + 86_400 <= self.now and one.id not in waits
        ]
        told = self.agreed(lambda alerts: alerts.remind(self.now, 86_400, model))
        same(sorted(one.alert for one in told), sorted(due))
        self.posted += [one.id for one in told]

    @rule()
    def go_down(self) -> None:
        """Have the receiver answer no more."""
        self.up = False

    @rule()
    def come_up(self) -> None:
        """Have it answer again."""
        self.up = True

    @rule(dies_after=st.sampled_from([None, None, 0, 1]))
    def deliver(self, dies_after: int | None) -> None:
        """Deliver what is due; whoever does may die after a receiver took a change, before that is on record."""
        due: list[Change] = self.agreed(lambda alerts: alerts.waiting(self.now))
        waiting = [one for one in self.posted if one not in self.received or one == self._unsure()]
        same([one.id for one in due], waiting if due else [])
        for place, change in enumerate(due):
            if not self.up:
                self.agreed(partial(_failed, change, self.now))
                return
            if change.id not in self.received:
                self.received.append(change.id)
            if place == dies_after:
                return
            self.agreed(partial(_delivered, change, self.now))

    @invariant()
    def every_alert_is_what_the_rules_say(self) -> None:
        """One is open for what shows and for nothing else, in the columns that it has shown in."""
        found = self.agreed(lambda alerts: alerts.open())
        keys = {(one.model, one.version, one.source, one.check, one.segment): one for one in found}
        same(len(keys), len(found))
        same(keys.keys(), self.open.keys())
        for key, known in self.open.items():
            one = keys[key]
            same((set(one.columns), one.state, one.silent), (known.columns, known.state, known.silent))

    @invariant()
    def the_receiver_has_each_change_once_in_order(self) -> None:
        """What was taken is the beginning of what was posted; every alert fires first, and ends once."""
        same(self.received, self.posted[: len(self.received)])
        for alert in self.agreed(lambda alerts: alerts.list()):
            kinds = [one.kind for one in self.agreed(partial(_changes, alert.id))]
            same((kinds[0], kinds.count("firing"), len(kinds)), ("firing", 1, alert.changes))
            same("resolved" in kinds[:-1], False)
            same(kinds[-1] == "resolved", alert.state == "resolved")

    def _unsure(self) -> str | None:
        """The change that a receiver has taken, and of which that is not on record."""
        waiting = self.agreed(lambda alerts: alerts.undelivered())
        return waiting[0].id if waiting and waiting[0].id in self.received else None

    def _observed(
        self, place: tuple[str, str, str], at: int, of: int, found: dict[tuple[str, str], list[str]]
    ) -> list[str]:
        model, version, source = place
        kinds = []
        for key in [key for key in self.open if (key[0], key[2]) == (model, source)]:
            known = self.open[key]
            if key[1] == version and key[3:] in found:
                spread = set(found[key[3:]]) - known.columns
                known.columns |= spread
                known.silent, known.heard = 0, at
                if spread:
                    known.state = "firing"
                    kinds.append("again")
            elif at > known.heard:
                known.silent, known.heard = known.silent + 1, at
                if known.silent >= of:
                    del self.open[key]
                    kinds.append("resolved")
        for (check, segment), columns in found.items():
            key = model, version, source, check, segment
            if key not in self.open:
                self.open[key] = _Known(at, columns)
                kinds.append("firing")
        return kinds


def _failed(change: Change, now: float, alerts: Alerts) -> float:
    return alerts.failed(change, "down", now)


def _delivered(change: Change, now: float, alerts: Alerts) -> None:
    alerts.delivered(change, now)


def _changes(alert: str, alerts: Alerts) -> list[Change]:
    return alerts.changes(alert)


def _answer(call: Callable[[Alerts], Any], alerts: Alerts) -> Any:
    try:
        return call(alerts)
    except MainspringError as error:
        return type(error).__name__


def alert_machine(places: Mapping[str, Fresh]) -> type[AlertMachine]:
    """Return the state machine over these databases."""
    return type("AlertsOfAll", (AlertMachine,), {"places": dict(places)})
