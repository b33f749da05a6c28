"""A check and its planted faults, run together: what a step, or a test, can show for itself."""

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, TypeVar

from msgspec import Struct

from mainspring.errors import DefinitionError, nearest
from mainspring.events.scope import scope

__all__ = ["TESTS", "Finding", "Planted", "evidence", "examine"]

T = TypeVar("T")

# The 28 tests of the ML Test Score (Breck et al. 2017), by section; `mainspring.proof.rubric` says what each asks for.
TESTS = (
    "data.expectations",
    "data.benefit",
    "data.cost",
    "data.policy",
    "data.privacy",
    "data.new-features",
    "data.feature-code",
    "model.review",
    "model.online-offline",
    "model.tuning",
    "model.staleness",
    "model.baseline",
    "model.slices",
    "model.inclusion",
    "infrastructure.reproducible",
    "infrastructure.model-code",
    "infrastructure.integration",
    "infrastructure.quality-gate",
    "infrastructure.debugging",
    "infrastructure.canary",
    "infrastructure.rollback",
    "monitoring.dependencies",
    "monitoring.invariants",
    "monitoring.skew",
    "monitoring.staleness",
    "monitoring.numerics",
    "monitoring.performance",
    "monitoring.quality",
)
# A check that ends like this on a planted fault has broken down; it has not caught anything.
_BREAKDOWNS = (NameError, AttributeError, TypeError, ImportError, SyntaxError)
_LONGEST = 500


class Planted(Struct, frozen=True):
    """A fault that was planted, whether the check caught it, and what it said."""

    fault: str
    caught: bool
    says: str


class Finding(Struct, frozen=True):
    """What a check said of its subject and of each planted fault.

    Attributes:
        test: Which of the 28 tests it is evidence for.
        name: What is checked, in the words of its readers.
        passed: Whether the subject passed.
        says: What the check said of it, or what was found.
        planted: The planted faults.
        seconds: How long all of it took.
        by: `run`, `tests`, `ci`; `automation` for what `mainspring ci` does where nobody started it by hand.
    """

    test: str
    name: str
    passed: bool
    says: str = ""
    planted: tuple[Planted, ...] = ()
    seconds: float = 0.0
    by: str = "run"


def evidence(
    test: str,
    name: str,
    check: Callable[[T], object],
    subject: T,
    *,
    faults: Mapping[str, Callable[[T], T]],
    says: str = "",
) -> bool:
    """Return whether a subject passes a check, which is also run on planted faults; all of it is kept as evidence.

    The record belongs to the step run, like what `log` keeps: a hit shows that of the run that computed it, with its
    true age. `mainspring testscore` counts it for one of the 28 tests of the ML Test Score, if every planted fault was
    caught.

    Args:
        test: The test, such as `data.expectations`; `mainspring testscore` lists them.
        name: What is checked, in the words of its readers. The same check has the same name in each run.
        check: Returns True or nothing when its argument is right; False, a text that says what is wrong, or an
            exception when it is not. An exception of the subject itself that no check raises on purpose, such as a
            `TypeError`, is raised.
        subject: What is checked: a table, a model, a function.
        faults: By name, functions that return the subject with a fault in it. They leave the subject itself alone.
        says: What was found, for the reader of the score.

    Outside a run, as in a unit test, the check and its faults are run, and nothing is kept unless `mainspring ci` runs
    the test.

    Raises:
        DefinitionError: There is no such test.

    >>> faults = {"a negative age": lambda ages: [-1, *ages]}
    >>> evidence("data.expectations", "ages", lambda ages: min(ages) >= 0, [30, 41], faults=faults)
    True
    """
    finding = examine(test, name, check, subject, faults=faults, says=says)
    active = scope.get()
    if active is None:
        import_module("logging").getLogger("mainspring").debug("%s", finding)
    else:
        active.evidence(finding)
    return finding.passed


def examine(
    test: str,
    name: str,
    check: Callable[[T], object],
    subject: T,
    *,
    faults: Mapping[str, Callable[[T], T]],
    says: str = "",
) -> Finding:
    """Return what `evidence` would keep, without keeping it."""
    if test not in TESTS:
        near = nearest(test, TESTS)
        advice = f"Did you mean '{near}'?" if near else "`mainspring testscore` lists the 28 tests."
        raise DefinitionError(f"There is no test '{test}' in the ML Test Score", f"evidence {name!r}", advice)
    start = time.perf_counter()
    passed, said, broken = _judge(check, subject, name)
    if broken is not None:
        raise broken
    planted = tuple(_plant(check, subject, fault, make) for fault, make in faults.items())
    return Finding(
        test,
        name,
        passed,
        _short("; ".join(text for text in (said, says) if text)),
        planted,
        time.perf_counter() - start,
    )


def _plant(check: Callable[[Any], object], subject: Any, fault: str, make: Callable[[Any], Any]) -> Planted:
    passed, said, broken = _judge(check, make(subject), fault)
    if broken is not None:
        return Planted(fault, False, _short(f"the check broke down: {said}"))
    return Planted(fault, not passed, "it was not noticed" if passed else _short(said))


def _judge(check: Callable[[Any], object], subject: Any, name: str) -> tuple[bool, str, Exception | None]:
    """Return whether a check passes, what it says, and the exception that it broke down with."""
    try:
        found = check(subject)
    except _BREAKDOWNS as error:
        return False, _line(error), error
    except Exception as error:  # noqa: BLE001 - whatever else a check raises is what it says
        return False, _line(error), None
    if found is None or isinstance(found, str):
        return not found, found or "", None
    if getattr(found, "ndim", 0) == 0 and type(found).__name__ in ("bool", "bool_"):
        return bool(found), "" if found else "the check returned False", None
    kind = type(found).__qualname__
    what = f"The check returned a value of type {kind}, which says neither yes nor no"
    return False, what, DefinitionError(what, f"evidence {name!r}", "Return True, False, None or a text.")


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__qualname__}: {text}" if text else type(error).__qualname__


def _short(text: str) -> str:
    return text[:_LONGEST].encode("utf-8", "replace").decode()
