"""Decisions: whether a run starts, by which trigger, and what holds the others back."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from mainspring.config.triggers import Triggers
from mainspring.triggers.cron import read_cron
from mainspring.triggers.facts import Answer, Decision, Facts, Lost, Shown, Started

__all__ = ["decide", "spent"]

_DAY: Final = 86_400
_SHOWN: Final = 4
_DRIFT: Final = ("drift", "errors")


def decide(policy: Triggers, facts: Facts) -> tuple[Decision, ...]:
    """Return what each trigger decides: those that people or `[triggers]` ask for.

    At most one fires: what is asked for before schedule, data, quality and drift. The others are held, and say why.

    Args:
        policy: The `[triggers]` table.
        facts: What is known now.

    Raises:
        DefinitionError: The schedule is none.
    """
    found = [one for rule in _RULES for one in rule(policy, facts)]
    barrier = _barrier(policy, facts)
    decided: list[Decision] = []
    for one in found:
        if one.answer != "fires":
            decided.append(one)
            continue
        if (one.kind, one.evidence) in facts.acted:
            decided.append(replace(one, answer="quiet", evidence="", says=f"{one.says}: it was acted on"))
            continue
        asked = one.kind == "asked"
        reason = facts.busy or ("" if asked else barrier)
        if not reason and any(before.answer == "fires" for before in decided):
            reason = "one run at a time"
        decided.append(replace(one, answer="held", held=reason) if reason else one)
    return tuple(decided)


def _barrier(policy: Triggers, facts: Facts) -> str:
    """What keeps a run from starting by itself; empty when nothing does."""
    if facts.again:
        return facts.again
    if facts.stopped:
        return f"it would learn a fault: {'; '.join(facts.stopped[:_SHOWN])}"
    if facts.trial:
        return f"the champion is on probation: {facts.trial}"
    if facts.started:
        until = facts.started[0].at + policy.span("cooldown")
        if facts.now < until:
            return f"the last run was at {_moment(facts.started[0].at)}; it cools down until {_moment(until)}"
    if facts.labels < policy.labels:
        return f"{facts.labels:,} labels have come since the last run, of {policy.labels:,}"
    return spent(policy, facts.started, facts.now)


def spent(policy: Triggers, started: Sequence[Started], now: float) -> str:
    """Return that the budget allows for no more runs that start by themselves; empty while it does."""
    within = [one for one in started if one.at > now - policy.budget_days * _DAY]
    took, allowed = sum(one.seconds for one in within), policy.span("budget_time")
    if policy.budget_runs and len(within) >= policy.budget_runs:
        return f"the budget is spent: {len(within)} runs in {policy.budget_days} days"
    if allowed and took >= allowed:
        return f"the budget is spent: runs of {took:,.0f} s in {policy.budget_days} days, of {allowed:,.0f} s"
    return ""


def _asked(_: Triggers, facts: Facts) -> Iterator[Decision]:
    for one in facts.asked:
        yield Decision("asked", "fires", one.id, f"{one.who} asks for it: {one.why}", {"who": one.who, "why": one.why})


def _schedule(policy: Triggers, facts: Facts) -> Iterator[Decision]:
    if not policy.schedule:
        return
    cron = read_cron(policy.schedule, policy.zone)
    due = cron.last(facts.now, facts.since)
    if due is None:
        coming = cron.next(facts.now)
        says = "never due" if coming is None else f"due next at {_moment(coming)}"
        yield Decision("schedule", "quiet", "", says)
        return
    yield Decision("schedule", "fires", _moment(due), f"it was due at {_moment(due)}", {"due": due})


def _data(policy: Triggers, facts: Facts) -> Iterator[Decision]:
    new = facts.new
    if not policy.data or new is None:
        return
    rows = "" if new.rows is None else f", {new.rows:,} rows more"
    says = f"{_count(len(new.files), 'new or changed file')}{rows}: {_listed(new.files)}"
    if not new.files:
        said = f"nothing is new in {policy.data}" if new.there else f"there is no file or folder {policy.data}"
        yield Decision("data", "quiet", "", said)
    elif len(new.files) < policy.files or (new.rows or 0) < policy.rows:
        need = f"{policy.files} files" if len(new.files) < policy.files else f"{policy.rows:,} rows"
        yield Decision("data", "quiet", "", f"{says}; it takes {need}")
    else:
        # Data may be again what they were before: evidence is what they are, after so many runs.
        evidence = f"{new.state}@{len(facts.acted)}" if facts.acted else new.state
        yield Decision("data", "fires", evidence, says, {"files": list(new.files), "rows": new.rows})


def _quality(policy: Triggers, facts: Facts) -> Iterator[Decision]:
    if policy.quality is None:
        return
    recent = facts.losses[-policy.windows :]
    if len(recent) < policy.windows:
        said = f"{len(facts.losses)} windows of the champion have labels, of {policy.windows}"
        yield Decision("quality", "quiet", "", said)
        return
    labelled = sum(one.labelled for one in recent)
    mean = sum(one.loss * one.labelled for one in recent) / labelled
    said = (
        f"a mean loss of {mean:.4g} over {labelled:,} labels of the last {policy.windows} windows, "
        f"where at most {policy.quality:.4g} is allowed"
    )
    answer: Answer = "fires" if mean > policy.quality and _after(recent[-1].end, facts) else "quiet"
    links = {"windows": [one.start for one in recent], "loss": mean, "line": policy.quality}
    yield Decision("quality", answer, _window(recent[-1]) if answer == "fires" else "", said, links)


def _drift(policy: Triggers, facts: Facts) -> Iterator[Decision]:
    if not policy.drift:
        return
    found = [one for one in facts.shown if one.check in _DRIFT and _wanted(one, policy)]
    fresh = [one for one in found if _after(one.until, facts)]
    if not fresh:
        said = "it was acted on" if found else "none is found"
        yield Decision("drift", "quiet", "", f"of {', '.join(policy.drift)}: {said}")
        return
    latest = max(fresh, key=lambda one: one.until)
    columns = sorted({column for one in fresh for column in one.columns if _named(column, policy)})
    alerts = [one.alert for one in fresh if one.alert is not None]
    links = {"alerts": alerts, "columns": columns, "windows": list(latest.windows)}
    says = f"drift of {', '.join(columns)}: {latest.says}"
    yield Decision("drift", "fires", f"{','.join(columns)}@{_moment(latest.until)}", says, links)


def _again(_: Triggers, facts: Facts) -> Iterator[Decision]:
    if facts.again:
        yield Decision("retry", "quiet", "", facts.again)


_RULES: Final[tuple[Callable[[Triggers, Facts], Iterator[Decision]], ...]] = (
    _asked,
    _schedule,
    _data,
    _quality,
    _drift,
    _again,
)


def _wanted(one: Shown, policy: Triggers) -> bool:
    return any(_named(column, policy) for column in one.columns)


def _named(column: str, policy: Triggers) -> bool:
    return "*" in policy.drift or column in policy.drift


def _after(end: float, facts: Facts) -> bool:
    """Whether something showed after the last run began: what was there before has been acted on."""
    return not facts.started or end > facts.started[0].at


def _window(one: Lost) -> str:
    return _moment(one.start)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%MZ")
