"""What triggers decide by, and what they decide. Times are seconds since 1970 UTC."""

from typing import Any, Literal

from msgspec import Struct

__all__ = ["Answer", "Asked", "Decision", "Facts", "Kind", "Lost", "New", "Shown", "Started"]

Kind = Literal["asked", "schedule", "data", "quality", "drift", "retry"]
Answer = Literal["fires", "held", "quiet"]


class Asked(Struct, frozen=True):
    """That somebody asks for a run: its identity, who, why."""

    id: str
    who: str
    why: str


class New(Struct, frozen=True):
    """What is new in the data since the last run.

    Attributes:
        state: The digest of all that is there now.
        files: Files or partitions that are new or have changed.
        rows: How many rows more they have; None where that was not counted.
        there: Whether there are files or partitions at all.
    """

    state: str
    files: tuple[str, ...]
    rows: int | None = None
    there: bool = True


class Lost(Struct, frozen=True):
    """What the predictions of a window have lost, as far as their labels have come."""

    start: int
    end: int
    loss: float
    labelled: int


class Shown(Struct, frozen=True):
    """A finding that holds now.

    Attributes:
        check: Which check.
        columns: The columns that show it.
        until: The end of the latest window that shows it.
        says: It in a sentence.
        alert: The alert that tells of it, where there is one.
        windows: The starts of the windows that show it.
    """

    check: str
    columns: tuple[str, ...]
    until: float
    says: str
    alert: str | None = None
    windows: tuple[int, ...] = ()


class Started(Struct, frozen=True):
    """A run that the loop started: when, and how long it took so far."""

    at: float
    seconds: float = 0.0


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of a model when it is decided whether a run starts.

    Attributes:
        model: The model.
        now: The time.
        since: When it began to be watched, or the last due time that a schedule was acted on.
        asked: Who asks for a run.
        new: What is new in the data; None where no data are watched.
        losses: What windows of the champion have lost, the earliest first.
        shown: Findings that hold now.
        stopped: Why a run would learn a fault: failed validation, skew.
        labels: How many labels have come since the last run.
        started: Runs that the loop has started, the latest first.
        busy: What is going on already; empty when nothing is.
        trial: Why the champion is on probation still; empty when it is not.
        again: What has failed and is to be tried again; empty when nothing is.
        acted: Triggers and evidence that runs were started for.
    """

    model: str
    now: float
    since: float
    asked: tuple[Asked, ...] = ()
    new: New | None = None
    losses: tuple[Lost, ...] = ()
    shown: tuple[Shown, ...] = ()
    stopped: tuple[str, ...] = ()
    labels: int = 0
    started: tuple[Started, ...] = ()
    busy: str = ""
    trial: str = ""
    again: str = ""
    acted: frozenset[tuple[str, str]] = frozenset()


class Decision(Struct, frozen=True):
    """What a trigger decides.

    Attributes:
        kind: The trigger.
        answer: `fires`; `held`, when it would and may not; `quiet`.
        evidence: What it rests on: the same evidence starts one run.
        says: Why, in a sentence.
        links: What it rests on, as JSON has it.
        held: Why it may not.
    """

    kind: Kind
    answer: Answer
    evidence: str
    says: str
    links: dict[str, Any] = {}
    held: str = ""
