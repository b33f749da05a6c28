"""Checks: what a window shows, and what is found once it shows again and stands among all that was looked at."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.layouts import Layout
from mainspring.monitoring.references import Reference
from mainspring.monitoring.rules import FAMILIES, Rules
from mainspring.monitoring.shapes import Judged
from mainspring.monitoring.stacks import stacked
from mainspring.monitoring.telling import tell
from mainspring.monitoring.windows import Window, WindowProfile
from mainspring.stats import DISTANCES, benjamini_hochberg, partial_conjunction

__all__ = ["Check", "Finding", "Measure", "adjusted", "check_window", "check_windows", "stale"]

Floats = npt.NDArray[np.float64]
_FAMILY: Final = {check: number for number, checks in enumerate(FAMILIES.values()) for check in checks}


@dataclass(frozen=True, slots=True)
class Measure:
    """One check of one column in one window.

    Attributes:
        check: Which; see `FLOORS`.
        column: The column, a quantile of latency, or empty for the window as a whole.
        size: The size of the change; in the unit of its floor.
        value: What the window has.
        expected: What its season has in the reference.
        threshold: The size that is remarkable on its own.
        p: The probability of at least such a change in windows like the reference's; 1 where the size is below its
            floor.
        by: Which distance was the largest, of drift.
    """

    check: str
    column: str
    size: float
    value: float
    expected: float
    threshold: float
    p: float
    by: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A change that has shown in enough of the last windows, and stands among all that was looked at.

    Attributes:
        check: Which check.
        column: The column, or empty for the window as a whole.
        windows: The windows that show it, the latest last.
        measure: What the latest of them shows.
        adjusted: The p-value of so many changed windows, adjusted within the family of the check.
        band: From where to where the figure may go without being remarkable: for drift its size, else its value.
        says: One sentence with the numbers.
        values: New values of a category, the most frequent first.
        examples: Identities of predictions that show it, where rows were at hand.
    """

    check: str
    column: str
    windows: tuple[Window, ...]
    measure: Measure
    adjusted: float
    band: tuple[float, float]
    says: str
    values: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """What came of a window.

    Attributes:
        window: Which.
        rows: How many rows it has.
        measures: Every check of every column.
        findings: What is found, the surest first.
        cold: Whether the reference has too few windows for thresholds that are fitted; only gross changes are found.
        remarks: What else there is to say of it.
    """

    window: Window
    rows: int
    measures: tuple[Measure, ...]
    findings: tuple[Finding, ...]
    cold: bool
    remarks: tuple[str, ...] = ()


def adjusted(judged: Iterable[Judged], rules: Rules) -> dict[str, Floats]:
    """Return the adjusted p-values of each check, for windows that follow each other.

    That a column has changed in at least k of the last m windows has the p-value of a partial conjunction; those of all
    columns of a family are then adjusted by Benjamini and Hochberg. What is at most `Rules.discovery` is found.
    """
    persistent = {one.check: _persistent(_counted(one, rules), rules) for one in judged}
    found: dict[str, Floats] = {}
    for checks in FAMILIES.values():
        mine = [check for check in checks if check in persistent]
        if mine:
            joined = benjamini_hochberg(np.concatenate([persistent[check] for check in mine], axis=1))
            ends = np.cumsum([persistent[check].shape[1] for check in mine])[:-1]
            found |= dict(zip(mine, np.split(joined, ends, axis=1), strict=True))
    return found


def _counted(one: Judged, rules: Rules) -> Floats:
    """P-values, 1 where a change is too small to matter."""
    return np.where(np.abs(one.size) >= rules.floor(one.check), one.p, 1.0)


def _persistent(p: Floats, rules: Rules) -> Floats:
    before = np.ones((rules.of - 1, p.shape[1]))
    padded = np.concatenate([before, p])
    return partial_conjunction(np.stack([padded[place : place + len(p)] for place in range(rules.of)]), rules.least)


def check_windows(profiles: Sequence[WindowProfile], reference: Reference) -> list[Check]:
    """Return what comes of windows that follow each other, the earliest first."""
    checks: list[Check] = []
    for profile in profiles:
        checks.append(check_window(profile, reference, checks[-reference.rules.of :]))
    return checks


def check_window(profile: WindowProfile, reference: Reference, before: Sequence[Check] = ()) -> Check:
    """Return what comes of a window.

    Args:
        profile: The window; no row is read.
        reference: What it is judged by.
        before: The checks of the windows before it, the latest last, as far as there are any.

    Raises:
        MonitoringError: The window was counted on another layout.
    """
    rules = reference.rules
    judged = reference.judge(stacked([profile], reference.layout))
    if not profile.rows:
        judged = [one for one in judged if one.check == "volume"]
    measures = tuple(measure for one in judged for measure in _measures(one, rules))
    recent = list(before[-(rules.of - 1) :]) if rules.of > 1 else []
    named = [_by_name(one.measures) for one in recent]
    findings = []
    for measure, p in zip(measures, _adjusted_now(measures, named, rules), strict=True):
        # Found, and still there: a window that shows nothing itself ends it.
        if p <= rules.discovery and measure.p <= rules.level:
            key = measure.check, measure.column
            shown = [past.window for past, names in zip(recent, named, strict=True) if _shows(names, key, rules)]
            findings.append(_finding(profile, reference.layout, measure, (*shown, profile.window), p))
    findings.sort(key=lambda one: (one.adjusted, -one.measure.size))
    remarks = (_cold(reference),) if reference.cold else ()
    if not profile.rows:
        remarks = (*remarks, "no rows: nothing can be said of its columns")
    return Check(profile.window, profile.rows, measures, tuple(findings), reference.cold, remarks)


def stale(profile: WindowProfile, now: float, at_most: float, *, last: float = 0.0) -> Finding | None:
    """Return the finding that no row has come for too long; None while they come.

    It is a limit and no test, and so found at once.

    Args:
        profile: The newest window that has rows.
        now: In seconds since 1970 UTC.
        at_most: How many seconds may pass without a row.
        last: When the last row came of those that are in no window yet, where there are some.
    """
    age = now - max(profile.last or profile.window.end, last)
    if age <= at_most:
        return None
    measure = Measure("freshness", "", age - at_most, age, 0.0, at_most, 0.0)
    says = f"No row has come for {age:,.0f} seconds, where {at_most:,.0f} are allowed"
    return Finding("freshness", "", (profile.window,), measure, 0.0, (0.0, at_most), says)


def _cold(reference: Reference) -> str:
    return (
        f"cold start: {reference.windows} of {reference.rules.reference} reference windows; only changes "
        "of at least three times the least that matters are found"
    )


def _by_name(measures: Iterable[Measure]) -> dict[tuple[str, str], Measure]:
    return {(one.check, one.column): one for one in measures}


def _shows(names: dict[tuple[str, str], Measure], key: tuple[str, str], rules: Rules) -> bool:
    """Whether a window counts among those that show a change: its own p-value is below the level."""
    return key in names and names[key].p <= rules.level


def _measures(one: Judged, rules: Rules) -> list[Measure]:
    p = _counted(one, rules)[-1].tolist()
    threshold = np.maximum(one.threshold[-1], rules.floor(one.check))
    parts = [part.tolist() for part in (one.size[-1], one.value[-1], one.expected[-1], threshold)]
    names = ["" for _ in p] if one.by is None else [DISTANCES[by] for by in one.by[-1]]
    rows = zip(one.columns, *parts, p, names, strict=True)
    return [Measure(one.check, *row) for row in rows]


def _adjusted_now(
    measures: tuple[Measure, ...], recent: list[dict[tuple[str, str], Measure]], rules: Rules
) -> list[float]:
    """The adjusted p-value of each check of the latest window; where one before lacks it, nothing was seen."""
    values = np.ones((rules.of, len(measures)))
    values[0] = [one.p for one in measures]
    for row, names in enumerate(recent, 1):
        past = [names.get((one.check, one.column)) for one in measures]
        values[row] = [1.0 if one is None else one.p for one in past]
    persistent = partial_conjunction(values, rules.least)
    families = np.array([_FAMILY[one.check] for one in measures])
    for family in range(len(FAMILIES)):
        mine = families == family
        persistent[mine] = benjamini_hochberg(persistent[mine])
    listed: list[float] = persistent.tolist()
    return listed


def _finding(
    profile: WindowProfile, layout: Layout, measure: Measure, windows: tuple[Window, ...], adjusted_p: float
) -> Finding:
    place = layout.names.index(measure.column) if measure.column in layout.names else -1
    values = tuple(value for column, value, _ in profile.novel if column == place)
    sized = measure.check in ("drift", "correlation")
    band = (0.0, measure.threshold) if sized else _band(measure)
    says = tell(measure.check, measure.column, measure.size, measure.value, measure.expected)
    return Finding(
        measure.check,
        measure.column,
        windows,
        measure,
        adjusted_p,
        band,
        says,
        values if measure.check == "new_category" else (),
    )


def _band(measure: Measure) -> tuple[float, float]:
    low = measure.expected - measure.threshold if measure.check == "volume" else 0.0
    return low, measure.expected + measure.threshold
