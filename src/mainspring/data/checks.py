"""Checks of a whole table: is it fresh, is there enough of it, is anything in it twice."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from mainspring.data.findings import ROW, Finding, Severity, checked_severity
from mainspring.data.frames import columns_of, frame_of, quoted, require_columns
from mainspring.errors import DefinitionError, InputError

__all__ = ["duplicates", "freshness", "volume"]

_SHOWN = 5


def freshness(
    frame: object, column: str, at_most: timedelta, *, now: date | datetime, severity: Severity = "fail"
) -> Finding:
    """Return whether the newest row is recent enough, and not from the future.

    Args:
        frame: The data.
        column: A column of dates or times.
        at_most: How old the newest row may be.
        now: What counts as now, a date for a column of dates; with a time zone where the column has one.
        severity: What happens when it is too old.

    Raises:
        InputError: There is no such column, it holds no dates, or `now` and it do not agree about the time zone.

    >>> sales = pl.DataFrame({"day": [date(2024, 3, 1)]})
    >>> freshness(sales, "day", timedelta(days=2), now=date(2024, 3, 4)).says
    "The newest 'day' is 2024-03-01, 3 days before 2024-03-04; at most 2 days are allowed"
    """
    rule = f"{column} is fresh"
    checked_severity(severity, rule)
    table = frame_of(frame)
    require_columns(table, (column,), "freshness")
    _check_clock(columns_of(table)[column], column, now)
    seen, newest = table.lazy().select(pl.len(), pl.col(column).max().alias(column)).collect().row(0)
    if newest is None:
        return Finding(rule, severity, False, f"There is no '{column}' in {seen:,} rows", 0, seen)
    age: timedelta = now - newest
    says = f"The newest '{column}' is {newest}, {_days(age)} before {now}; at most {_days(at_most)} are allowed"
    if age < timedelta(0):
        says = f"The newest '{column}' is {newest}, {_days(-age)} after {now}"
        return Finding(rule, severity, False, says, 0, seen, fix="Correct the dates, or the clock.")
    late = "Load newer data, or allow more." if age > at_most else ""
    return Finding(rule, severity, age <= at_most, says, 0, seen, fix=late)


def volume(
    frame: object,
    *,
    at_least: int = 1,
    at_most: int | None = None,
    against: int | None = None,
    ratio: float = 0.5,
    severity: Severity = "fail",
) -> Finding:
    """Return whether there are as many rows as expected.

    Args:
        frame: The data.
        at_least: The fewest rows that are allowed.
        at_most: The most rows that are allowed.
        against: The number of rows of an earlier time, of which the number may not differ by more than `ratio`.
        ratio: By which share of `against`; 0.5 allows half to one and a half times as many.
        severity: What happens when there are fewer or more.

    >>> volume(pl.DataFrame({"day": [1, 2]}), against=10).says
    'There are 2 rows; expected are 5 to 15, as there were 10 before'
    """
    checked_severity(severity, "volume")
    low, high, why = float(at_least), float("inf") if at_most is None else float(at_most), ""
    if against is not None:
        low, high = max(low, against * (1 - ratio)), min(high, against * (1 + ratio))
        why = f", as there were {against:,} before"
    if ratio < 0 or low > high:
        raise DefinitionError(f"No number of rows lies between {low:,g} and {high:,g}", "volume", "Widen the bounds.")
    found: int = frame_of(frame).lazy().select(pl.len()).collect().item()
    expected = f"at least {low:,.0f}" if high == float("inf") else f"{low:,.0f} to {high:,.0f}"
    says = f"There are {found:,} rows; expected are {expected}{why}"
    fix = "Look at what the source left out or sent twice, or widen the bounds."
    return Finding("volume", severity, low <= found <= high, says, 0, found, fix=fix)


def duplicates(frame: object, keys: Sequence[str], *, severity: Severity = "fail") -> Finding:
    """Return whether any key occurs more than once, with the rows of the first ones; null equals null.

    Args:
        frame: The data.
        keys: The columns that tell rows apart.
        severity: What happens when a key occurs twice.

    Raises:
        InputError: There is no such column.
    """
    names = tuple(keys)
    rule = f"{', '.join(names)} is unique"
    checked_severity(severity, rule)
    if not names:
        raise DefinitionError("A key without columns", "duplicates", "Name the columns of the key.")
    table = frame_of(frame)
    require_columns(table, names, "duplicates")
    again = table.lazy().with_row_index(ROW).filter(pl.len().over(*names) > 1).sort(*names, ROW).collect()
    rows: int = table.lazy().select(pl.len()).collect().item()
    kinds = again.n_unique(list(names)) if again.height else 0
    says = f"{again.height:,} of {rows:,} rows share {kinds:,} keys of {quoted(names)}"
    fix = "Remove the copies, or add the column that tells them apart."
    return Finding(rule, severity, not again.height, says, again.height, rows, again.head(_SHOWN), fix)


def _check_clock(kind: pl.DataType, column: str, now: Any) -> None:
    if kind != pl.Date and kind != pl.Datetime:
        raise InputError(
            f"Column '{column}' is of type {kind}, not a date", "freshness", "Convert it: pl.col(…).str.to_date()."
        )
    timed, zoned = isinstance(now, datetime), bool(getattr(now, "tzinfo", None))
    if timed != (kind == pl.Datetime) or zoned != bool(getattr(kind, "time_zone", None)):
        raise InputError(
            f"Column '{column}' is {kind} and now is {now!r}",
            "freshness",
            "Give now as a date for dates, as a datetime for times, with a time zone where the column has one.",
        )


def _days(age: timedelta) -> str:
    if age % timedelta(days=1) == timedelta(0):
        return f"{age.days:,} day{'' if age.days == 1 else 's'}"
    hours = age / timedelta(hours=1)
    return f"{hours:,.1f} hours"
