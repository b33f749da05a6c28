"""Tries: what has failed for a reason that may pass is done again later, so often and no more."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct

from mainspring.config.triggers import Triggers
from mainspring.tracking.loops import Action, Loops
from mainspring.triggers import Started

__all__ = ["RUNS", "Again", "follow_up", "later", "pending", "rests", "started"]

RUNS: Final = ("run", "refit")
_UNTIL: Final = "until"
_AGAIN: Final = "again"


class Again(Struct, frozen=True):
    """That something is tried again: for the how many-th time, and when."""

    number: int
    until: float
    says: str


def pending(action: Action) -> float | None:
    """Return when an act that has failed is to be tried again; None when it is not."""
    until = action.about.get(_UNTIL)
    return None if action.state != "begun" or until is None else float(str(until))


def rests(action: Action, now: float) -> bool:
    """Return whether nothing is to be done of an act now: it has ended, or is to be tried again later."""
    return action.state != "begun" or (pending(action) or 0.0) > now


def later(about: Mapping[str, Any], policy: Triggers, now: float) -> Again | None:
    """Return when an act with this record, which has failed now, is tried again; None when no more."""
    done = len(about.get(_AGAIN, []))
    if done >= policy.retries:
        return None
    until = now + policy.span("retry_after") * 2.0**done
    said = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%dT%H:%MZ")
    return Again(done + 1, until, f"it is tried again at {said}, retry {done + 1} of {policy.retries}")


def follow_up(action: Action, now: float) -> dict[str, Any]:
    """Return the record of an act that goes on now, where it was to be tried again as one that is."""
    about: dict[str, Any] = dict(action.about)
    if about.pop(_UNTIL, None) is not None:
        about[_AGAIN] = [*about.get(_AGAIN, []), now]
    return about


def started(loops: Loops, model: str) -> tuple[Started, ...]:
    """Return the runs of a model that the loop started, the latest first: each try counts."""
    took: dict[int, float] = {}
    tries: dict[int, list[float]] = {}
    for one in (action for kind in RUNS for action in loops.all_actions(model, kind)):
        took[one.decision] = took.get(one.decision, 0.0) + float(str(one.about.get("seconds", 0.0)))
        again: Any = one.about.get(_AGAIN, [])
        tries.setdefault(one.decision, []).extend(again)
    found = [Started(one.made, took.get(one.id, 0.0)) for one in loops.fired(model)]
    found += [Started(at) for times in tries.values() for at in times]
    return tuple(sorted(found, key=lambda one: -one.at))
