"""What the loop needs of the world. The adapters are in the workspace; tests have their own."""

from dataclasses import dataclass
from typing import Literal, Protocol

from msgspec import Struct

from mainspring.config.triggers import Triggers
from mainspring.stats import RelativeChange
from mainspring.tracking.loops import LoopEvent
from mainspring.triggers import Lost, New, Shown

__all__ = [
    "Candidate",
    "Compared",
    "Data",
    "Looked",
    "Models",
    "Ports",
    "Promoted",
    "RunState",
    "Runs",
    "Sources",
    "Trials",
]


class Looked(Struct, frozen=True):
    """What there is to see of a model.

    Attributes:
        shown: Findings that hold now.
        stopped: Why a run would learn a fault.
        losses: What windows of the champion have lost, the earliest first.
        labels: How many labels have come since the last run.
        events: What is to be told, by the key that tells it from all others.
    """

    shown: tuple[Shown, ...] = ()
    stopped: tuple[str, ...] = ()
    losses: tuple[Lost, ...] = ()
    labels: int = 0
    events: dict[str, LoopEvent] = {}


class Data(Struct, frozen=True):
    """What there is in the data that are watched.

    Attributes:
        new: What is new beside what was known.
        known: All that is known now, as a text to be kept.
    """

    new: New
    known: str


class Sources(Protocol):
    """Where it is seen that something has changed.

    Threads: the one of the watch. Atomicity: everything may be asked for again, at any time.
    Errors: those of Mainspring; the model that they are about is left alone until the next tick.
    """

    def close(self, now: float) -> None:
        """Make the windows that have ended, and see to what is alerted of without deciding anything."""

    def look(self, model: str, policy: Triggers, since: float, now: float) -> Looked:
        """Return what there is to see of a model, and have people alerted of it.

        Labels are counted that came after `since`.
        """

    def see(self, model: str, policy: Triggers, since: float, now: float) -> Looked:
        """Return what there is to see of a model by what was looked at before; nothing is changed."""

    def data(self, policy: Triggers, known: str | None) -> Data:
        """Return what is new in the data that are watched; nothing is when nothing was known."""

    def tell(self, event: LoopEvent, key: str) -> None:
        """Alert people of something that the loop did, or could not do; the same key is one alert."""

    def settle(self, model: str, now: float, key: str | None = None) -> None:
        """Let people know that what they were alerted of by `tell` is over: all of it, or what has one key."""

    def deliver(self, now: float) -> None:
        """Hand on what people are to be told, and was not handed on yet."""


class RunState(Struct, frozen=True):
    """How a run stands.

    Attributes:
        status: `unknown` when nothing of it is on record.
        says: Why it failed.
        invalid: Whether it was the data that failed: their validation.
        died: Whether this process saw it die, by itself.
        seconds: How long it took.
    """

    status: Literal["unknown", "running", "succeeded", "failed", "lost"]
    says: str = ""
    invalid: bool = False
    died: bool = False
    seconds: float = 0.0


class Runs(Protocol):
    """Runs of the project's pipeline, in processes of their own.

    Atomicity: a run is on record under its id at most once: of two that are started with one id, one ends at once.
    """

    def new(self) -> str:
        """Return the id of a run that is to come."""

    def start(self, run: str, policy: Triggers) -> None:
        """Start a run, and do not wait for it."""

    def state(self, run: str, policy: Triggers) -> RunState:
        """Return how a run stands; one whose process is gone is lost."""


class Candidate(Struct, frozen=True):
    """A version that a run made."""

    number: int
    package: str


class Promoted(Struct, frozen=True):
    """What came of a promotion.

    Attributes:
        passed: Whether the version is the champion now.
        says: What the gates said.
        against: The champion before; None when there was none.
    """

    passed: bool
    says: str
    against: int | None = None


class Models(Protocol):
    """Versions and their champion. Everything may be asked for again: what was done stays done, once."""

    def champion(self, model: str) -> int | None:
        """Return the version that is champion."""

    def register(self, model: str, run: str, policy: Triggers) -> Candidate:
        """Return the version that a run's package is."""

    def judge(self, model: str, number: int) -> Promoted:
        """Return what the gates say of a version; nothing is promoted."""

    def promote(self, model: str, number: int, why: str, evaluated: int | None = None) -> Promoted:
        """Return what came of making a version champion: its gates run first.

        Where it is a refit, what scores is asked of the version that was evaluated.
        """

    def roll_back(self, model: str, number: int, why: str) -> int | None:
        """Return the champion after a version was taken back; None when it is not champion, and was not taken back."""


class Compared(Struct, frozen=True):
    """A champion beside the one before, on what was asked in service since it became champion.

    Attributes:
        predictions: How many predictions it made.
        labelled: Of how many it is known what turned out.
        change: By how much it lost more, as a share; None where that cannot be said.
        reason: Why not.
        broken: Whether it is for a reason that time alone does not mend.
    """

    predictions: int
    labelled: int
    change: RelativeChange | None = None
    reason: str = ""
    broken: bool = False


class Trials(Protocol):
    """Comparisons of a champion on probation. Nothing is changed."""

    def count(self, model: str, number: int, since: float, now: float) -> tuple[int, int]:
        """Return how many predictions a version made since a moment, and how many of them have labels."""

    def compare(self, model: str, versions: tuple[int, int], since: float, policy: Triggers) -> Compared:
        """Return a version beside another, which predicts again what was asked since a moment."""


@dataclass(frozen=True)
class Ports:
    """All of them."""

    sources: Sources
    runs: Runs
    models: Models
    trials: Trials
