"""Checks of what a monitor does with your own rows: it is quiet on them, and finds what is planted in them."""

import math
from dataclasses import replace

from mainspring.errors import DefinitionError
from mainspring.monitoring import (
    Check,
    Finding,
    Plant,
    Rules,
    Traffic,
    check_windows,
    fit_reference,
    layout_of_rows,
    plant,
    windows_of_traffic,
)

__all__ = ["check_found", "check_quiet"]

_DAY = 86_400
_BY_ROW = ("errors", "skew", "coverage")


def check_quiet(
    traffic: Traffic, *, reference_days: int = 28, seconds: int = 3600, rules: Rules | None = None, at_most: int = 0
) -> list[Check]:
    """Return the checks of the windows after the reference, if no more of them have findings than are allowed.

    Args:
        traffic: Rows in which nothing has changed.
        reference_days: How many days, from the first on, are the reference.
        seconds: How long a window lasts.
        rules: When a window differs.
        at_most: How many windows may have findings.

    Raises:
        AssertionError: More windows have findings.
    """
    checks = _checks(traffic, reference_days, seconds, rules)
    loud = [check for check in checks if check.findings]
    if len(loud) > at_most:
        first = loud[0].findings[0]
        raise AssertionError(
            f"{len(loud)} of {len(checks)} windows have findings, {at_most} may; the first, of "
            f"{loud[0].window.start}: {first.says}"
        )
    return checks


def check_found(
    traffic: Traffic,
    change: Plant,
    *,
    within: int = 6,
    reference_days: int = 28,
    seconds: int = 3600,
    rules: Rules | None = None,
) -> int:
    """Return after how many windows a planted change is found by the check that is meant for it, if that is in time.

    Args:
        traffic: Rows in which nothing has changed; the change is planted in a copy.
        change: What is planted; it begins with the first window after the reference, or when it says, if that is later.
        within: After how many windows it is to be found at the latest.
        reference_days: How many days, from the first on, are the reference.
        seconds: How long a window lasts.
        rules: When a window differs.

    Raises:
        AssertionError: It is not found in time, or the same was found before it was there.
        DefinitionError: The change is none that windows show.
    """
    if change.check in _BY_ROW:
        raise DefinitionError(
            f"'{change.kind}' is not seen in windows", fix="Use fit_errors, skew or the coverage of quality_of."
        )
    end = _end_of_reference(traffic, reference_days, seconds)
    planted = replace(change, since=max(change.since, end))
    checks = _checks(plant(traffic, [planted]), reference_days, seconds, rules)
    seen = [check.window.start for check in checks if any(_is_meant(one, planted) for one in check.findings)]
    begun = planted.since // seconds * seconds
    if seen and seen[0] < begun:
        raise AssertionError(
            f"'{change.check}' was found in {seen[0]}, before the change that is planted at {begun:.0f}"
        )
    after = math.inf if not seen else (seen[0] - begun) / seconds + 1
    if after > within:
        told = f"only after {after:.0f}" if seen else "not at all"
        raise AssertionError(f"'{change.kind}' by {change.size:g} was to be found within {within} windows: {told}")
    return int(after)


def _is_meant(finding: Finding, change: Plant) -> bool:
    return finding.check == change.check and change.column in ("", finding.column)


def _end_of_reference(traffic: Traffic, days: int, seconds: int) -> float:
    return float(traffic.times[0] // seconds * seconds + days * _DAY)


def _checks(traffic: Traffic, days: int, seconds: int, rules: Rules | None) -> list[Check]:
    end = _end_of_reference(traffic, days, seconds)
    first, later = traffic.between(-math.inf, end), traffic.between(end, math.inf)
    if not len(first) or not len(later):
        raise AssertionError(f"There are {len(first):,} rows in the first {days} days, and {len(later):,} after them")
    layout = layout_of_rows(dict(first.columns))
    reference = fit_reference(list(windows_of_traffic(first, layout, seconds=seconds)), layout, rules)
    return check_windows(list(windows_of_traffic(later, layout, seconds=seconds)), reference)
