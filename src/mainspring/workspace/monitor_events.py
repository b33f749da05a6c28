"""What happened beside the windows of a model: alerts, triggers, runs, gates, the champion's moves."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from mainspring.charts.numbers import count, duration
from mainspring.registry import Registry
from mainspring.tracking import Alert, Change
from mainspring.tracking.loops import Journal, LoopEvent
from mainspring.tracking.promotions import Decision, GateReport
from mainspring.tracking.rows import RunRow
from mainspring.workspace.homes import Home

__all__ = ["KINDS", "Event", "Story", "story_of"]

KINDS: Final = {
    "trigger": "Triggers",
    "run": "Runs",
    "gates": "Gates",
    "promotion": "Champion",
    "probation": "Champion",
    "rollback": "Champion",
}
"""Kinds of events, with the lane of the time line in which they are drawn."""

_TOLD: Final = {
    "trigger": ("trigger", "ran"),
    "held": ("trigger", "skipped"),
    "problem": ("trigger", "failed"),
    "run": ("run", "hit"),
    "run failed": ("run", "failed"),
    "retry": ("run", "failed"),
    "gates failed": ("gates", "failed"),
    "validation failed": ("run", "failed"),
    "unchanged": ("gates", "skipped"),
    "registered": ("gates", "ran"),
    "refused": ("gates", "failed"),
    "promoted": ("promotion", "ran"),
    "probation": ("probation", "running"),
    "kept": ("probation", "hit"),
    "not compared": ("probation", "skipped"),
    "rolled back": ("rollback", "failed"),
    "rollback": ("rollback", "failed"),
}
"""Kinds of what a watch tells, as kind and status here; alerts are told on their own."""

_MOST_RUNS: Final = 500
_MOST_ALERTS: Final = 200
_STATES: Final = {"succeeded": "hit", "lost": "failed"}


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        at: When, in seconds since 1970 UTC.
        kind: One of `KINDS`.
        says: What, in a sentence.
        state: The status whose sign and colour it has.
        about: What it is about: `run`, `version`, `report`, `against`: of a rollback the version
            that is champion again.
        seconds: How long it took, of a run that has ended.
    """

    at: float
    kind: str
    says: str
    state: str
    about: dict[str, str]
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """What happened in a span of time.

    Attributes:
        events: The earliest first.
        elsewhere: How many there are at other times.
        champion: The version that is champion now.
        alerts: Those that are open, and those that held in this time, the newest first.
        changes: What has changed of each of these, the earliest first.
    """

    events: tuple[Event, ...] = ()
    elsewhere: int = 0
    champion: int | None = None
    alerts: tuple[Alert, ...] = ()
    changes: tuple[tuple[Change, ...], ...] = ()

    @property
    def firing(self) -> tuple[Alert, ...]:
        """Alerts that nobody has acknowledged, and that still hold."""
        return tuple(one for one in self.alerts if one.state == "firing")


def story_of(home: Home, model: str, since: float, until: float) -> Story:
    """Return what happened to a model from one moment up to another.

    Args:
        home: Where it is recorded.
        model: The model; empty for none, of which only runs are told.
        since: The first moment.
        until: The last moment.
    """
    registry = Registry(home.facts.database, home.path / "packages")
    events = [_run(row) for row in home.facts.runs.list(_MOST_RUNS)]
    if model:
        events += [_decision(one) for one in registry.decisions(model)]
        events += [_refusal(one) for one in registry.gate_reports(model) if not one.passed]
    told = [_journalled(one) for one in Journal(home.facts.database).between(model=model) if one.kind != "alert"]
    events = sorted([*_untold(events, told), *told], key=lambda one: one.at)
    inside = [one for one in events if since <= one.at <= until]
    champion = registry.aliases(model).get("champion") if model else None
    listed = home.facts.alerts.list(model=model, limit=_MOST_ALERTS) if model else []
    alerts = [one for one in listed if one.state != "resolved" or (one.resolved or one.last) >= since]
    changes = tuple(tuple(home.facts.alerts.changes(one.id)) for one in alerts)
    return Story(tuple(inside), len(events) - len(inside), champion, tuple(alerts), changes)


def _journalled(one: LoopEvent) -> Event:
    kind, state = _TOLD.get(one.kind, ("trigger", "ran"))
    links = msgspec.json.decode(one.links, type=dict[str, Any])
    says = f"{one.says[:1].upper()}{one.says[1:]}"
    return Event(one.at, kind, says, state, {name: str(value) for name, value in links.items() if value is not None})


def _untold(events: list[Event], told: list[Event]) -> Iterator[Event]:
    """Yield what a watch has not told of as well, by its own clock."""
    left = Counter(key for one in told if (key := _key(one)) is not None)
    for one in sorted(events, key=lambda one: one.at):
        key = _key(one)
        if key is not None and left[key]:
            left[key] -= 1
        else:
            yield one


def _key(one: Event) -> tuple[str, str] | None:
    """What tells whether two events are one: a run, or a version that was promoted, refused or rolled back."""
    name = "run" if one.kind == "run" else "against" if one.kind == "rollback" else "version"
    value = one.about.get(name)
    return None if value is None else (one.kind, value)


def _run(row: RunRow) -> Event:
    took = None if row.ended is None else row.ended - row.started
    said = f"Run {row.id} of {row.pipeline}: {row.status}"
    said += "" if took is None else f" after {duration(took)}"
    said += f". {row.error}" if row.error else ""
    state = _STATES.get(row.status, row.status)
    return Event(row.ended or row.started, "run", said, state, {"run": row.id}, took)


def _decision(one: Decision) -> Event:
    came = "at first" if one.source is None else f"in the place of version {one.source}"
    verb = "was promoted" if one.kind == "promotion" else "is champion again by a rollback"
    said = f"Version {one.target} {verb}, {came}, by {one.who}: {one.why}"
    state = "ran" if one.kind == "promotion" else "failed"
    version = "version" if one.kind == "promotion" else "against"
    return Event(one.made, one.kind, said, state, {version: str(one.target), "report": one.report})


def _refusal(one: GateReport) -> Event:
    stopped = [answer for answer in one.answers if answer.answer != "pass"]
    first = f": {stopped[0].gate} {stopped[0].answer}, {stopped[0].says}" if stopped else ": there are no gates"
    more = f" (and {count(len(stopped) - 1, 'gate')} more)" if len(stopped) > 1 else ""
    said = f"Version {one.number} was refused{first}{more}"
    return Event(one.made, "gates", said, "failed", {"version": str(one.number), "report": one.digest})
