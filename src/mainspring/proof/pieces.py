"""Pieces of evidence: what a record is worth, and why it is worth no more."""

from msgspec import Struct

from mainspring.events import Planted

__all__ = ["FULL", "HALF", "Limits", "Piece", "Reading", "judged", "unproven"]

HALF = 0.5
FULL = 1.0
_DAY = 86400.0
_REPEATED = 2


class Limits(Struct, frozen=True, forbid_unknown_fields=True):
    """The table `[testscore]`.

    Attributes:
        days: Age in days after which evidence counts no more.
        attested_days: The same for what people say.
        at_least: The final score below which `mainspring ci` fails.
    """

    days: float = 30.0
    attested_days: float = 180.0
    at_least: float = 0.0


class Piece(Struct, frozen=True):
    """One piece of evidence for one test.

    Attributes:
        test: The test.
        name: What was checked.
        source: Where that happened: `step validate`, `tests test_x.py::test_y`, `attested by Ada`.
        worth: 0, 0.5 or 1 points.
        because: Why it is worth that.
        made: When it was made, in seconds since 1970 UTC.
        passed: Whether the subject passed; None when that is not asked.
        says: What the check said, or somebody.
        planted: The planted faults.
        runs: Runs that it was seen in and that are young enough.
        run: The newest run that made it.
        commit: The Git commit of that run, as far as there is one.
        snapshot: Digest of the source snapshot of that run.
        key: The cache key of the step run.
        digest: Digest of the record.
    """

    test: str
    name: str
    source: str
    worth: float
    because: str
    made: float
    passed: bool | None = None
    says: str = ""
    planted: tuple[Planted, ...] = ()
    runs: int = 0
    run: str | None = None
    commit: str | None = None
    snapshot: str | None = None
    key: str | None = None
    digest: str | None = None


class Reading(Struct, frozen=True):
    """How evidence is judged: at which time, with which limits."""

    now: float
    limits: Limits = Limits()

    def too_old(self, made: float, days: float) -> str:
        """Return why something made then counts no more; empty while it does."""
        age = (self.now - made) / _DAY
        return f"made {age:.0f} days ago; the limit is {days:g}" if age > days else ""


def unproven(planted: tuple[Planted, ...]) -> str:
    """Return why a check with these planted faults shows nothing; empty when each was seen to fail."""
    if not planted:
        return "no fault was planted: nobody has seen this check fail"
    missed = next((one for one in planted if not one.caught), None)
    return "" if missed is None else f"the planted fault '{missed.fault}' was not caught: {missed.says}"


def judged(problem: str, runs: int, *, automated: bool, ever_passed: bool) -> tuple[float, str]:
    """Return what a record is worth and why, by what speaks against it and how often it was made."""
    if problem:
        return 0.0, problem
    if not ever_passed:
        return HALF, "it has never passed, so that it can tell right from wrong is not shown"
    if automated:
        return FULL, "made by an automated mainspring ci"
    if runs >= _REPEATED:
        return FULL, f"seen in {runs} runs"
    return HALF, "seen in one run; a second one makes it a full point"
