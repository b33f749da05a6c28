"""The ladder of agreement, and what is said of each step when a run was run again."""

from collections.abc import Iterable

from msgspec import Struct

from mainspring.errors import DefinitionError, nearest

__all__ = ["RUNGS", "Agreement", "StepAgreement", "lowest", "reaches", "rung_named"]

BYTES = "bytes equal"
PREDICTIONS = "predictions equal"
TOLERANCE = "within tolerance"
NOISE = "inside seed noise"
DIFFERENT = "different"
RUNGS = (BYTES, PREDICTIONS, TOLERANCE, NOISE, DIFFERENT)


class Agreement(Struct, frozen=True):
    """How one artifact agrees with what it is compared with.

    Attributes:
        name: The artifact.
        rung: One of `RUNGS`.
        says: What differs, in words; empty when nothing does.
        before: The digest that is on record.
        after: The digest of the re-run; empty when there is none.
    """

    name: str
    rung: str
    says: str
    before: str
    after: str = ""


class StepAgreement(Struct, frozen=True):
    """How one step of a re-run agrees.

    Attributes:
        step: The step run.
        rung: The lowest of its artifacts.
        says: What differs, in words.
        root: It was made from equal inputs by equal code, and differs nevertheless.
        changes: What differs in what it was made from, in words; not inputs that differ because of a step before.
        artifacts: Each of its artifacts.
        logged: Names of metrics, tables and figures that it logged and that differ. They do not count for the rung.
        seconds: Wall-clock seconds of the re-run.
    """

    step: str
    rung: str
    says: str = ""
    root: bool = False
    changes: tuple[str, ...] = ()
    artifacts: tuple[Agreement, ...] = ()
    logged: tuple[str, ...] = ()
    seconds: float = 0.0


def lowest(rungs: Iterable[str]) -> str:
    """Return the lowest of some rungs; of none, the highest there is.

    >>> lowest(["bytes equal", "within tolerance"])
    'within tolerance'
    """
    return max(rungs, key=RUNGS.index, default=BYTES)


def reaches(rung: str, wanted: str) -> bool:
    """Return whether a rung is at least another one.

    >>> reaches("predictions equal", "within tolerance")
    True
    """
    return RUNGS.index(rung) <= RUNGS.index(wanted)


def rung_named(text: str) -> str:
    """Return the rung of a text, in which hyphens may stand for blanks.

    Raises:
        DefinitionError: There is none of this name.

    >>> rung_named("within-tolerance")
    'within tolerance'
    """
    name = text.replace("-", " ").replace("_", " ").lower()
    if name in RUNGS:
        return name
    near = nearest(name, RUNGS)
    advice = f"Did you mean '{near}'?" if near else f"There are: {', '.join(RUNGS)}."
    raise DefinitionError(f"There is no rung '{text}'", "--at-least", advice)
