"""Splits in time: rolling origins with a gap, and days that stay locked."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from mainspring.data.frames import series_of
from mainspring.errors import DefinitionError, InputError

__all__ = ["Fold", "Period", "Rolling", "locked_fold", "rolling_origin"]

Rows = npt.NDArray[np.int64]
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from the first to the last, both among them.

    >>> Period(date(2024, 3, 1), date(2024, 3, 28)).days
    28
    """

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.last - self.first).days + 1

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One split in time.

    Attributes:
        number: From 1, the earliest first; 0 for the locked days.
        train: Days to learn from.
        test: Days to score, after the gap.
        train_rows: Positions of their rows, ascending.
        test_rows: Positions of their rows, ascending.
    """

    number: int
    train: Period
    test: Period
    train_rows: Rows
    test_rows: Rows

    def __str__(self) -> str:
        return f"fold {self.number}: train {self.train}, test {self.test}"


@dataclass(frozen=True, slots=True)
class Rolling:
    """How dates are split: `folds` windows of `test_days`, each `step_days` after the one before.

    The last window ends where the locked days begin. A window is learned for from the `train_days` that end `gap_days`
    before it. All are calendar days, for weekly data too. It can be a table of `config.toml`.

    Attributes:
        folds: How many windows.
        test_days: Days in each.
        gap_days: Days between training and test that nobody sees: how late data arrive.
        step_days: Days from one window to the next.
        train_days: Days to learn from; None for all that there are, which then grow.
        locked_days: Days at the end that no fold touches.

    Raises:
        DefinitionError: A number is out of range.
    """

    folds: int = 5
    test_days: int = 28
    gap_days: int = 0
    step_days: int = 7
    train_days: int | None = None
    locked_days: int = 0

    def __post_init__(self) -> None:
        least = {"folds": 1, "test_days": 1, "gap_days": 0, "step_days": 1, "locked_days": 0, "train_days": 1}
        for name, low in least.items():
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or value < low):
                raise DefinitionError(f"'{name}' is {value!r}", "rolling origin", f"Give an integer from {low}.")

    @property
    def days_needed(self) -> int:
        """The fewest days of data that this takes."""
        tested = self.test_days + (self.folds - 1) * self.step_days
        return (self.train_days or 1) + self.gap_days + tested + self.locked_days


def rolling_origin(dates: object, plan: Rolling) -> tuple[Fold, ...]:
    """Return the folds of a column of dates, the earliest first.

    Args:
        dates: One a row, in any order; dates, or times without a time zone, whose day counts.
        plan: How they are split.

    Raises:
        InputError: There are too few days, a fold would have no row to learn from or to score, or a date is null,
            has a time zone, or is none.

    >>> days = pl.date_range(date(2024, 1, 1), date(2024, 3, 31), eager=True)
    >>> for fold in rolling_origin(days, Rolling(2, 14, gap_days=3, train_days=30, locked_days=14)):
    ...     print(fold, len(fold.train_rows), len(fold.test_rows))
    fold 1: train 2024-01-24 to 2024-02-22, test 2024-02-26 to 2024-03-10 30 14
    fold 2: train 2024-01-31 to 2024-02-29, test 2024-03-04 to 2024-03-17 30 14
    """
    days = _days(dates)
    return tuple(_fold(days, *periods) for periods in _periods(days, plan))


def locked_fold(dates: object, plan: Rolling) -> Fold:
    """Return the split that is scored once, at the end: its test are the locked days.

    Raises:
        DefinitionError: The plan locks no days.
        InputError: As `rolling_origin`.
    """
    if not plan.locked_days:
        raise DefinitionError("The plan locks no days", "rolling origin", "Set locked_days.")
    days = _days(dates)
    span = _span(days, plan)
    test = Period(span.last - (plan.locked_days - 1) * _DAY, span.last)
    return _fold(days, 0, _train(test, span, plan), test)


def _periods(days: pl.Series, plan: Rolling) -> Iterator[tuple[int, Period, Period]]:
    span = _span(days, plan)
    last = span.last - plan.locked_days * _DAY
    for number in range(1, plan.folds + 1):
        end = last - (plan.folds - number) * plan.step_days * _DAY
        test = Period(end - (plan.test_days - 1) * _DAY, end)
        yield number, _train(test, span, plan), test


def _train(test: Period, span: Period, plan: Rolling) -> Period:
    end = test.first - (plan.gap_days + 1) * _DAY
    return Period(span.first if plan.train_days is None else end - (plan.train_days - 1) * _DAY, end)


def _fold(days: pl.Series, number: int, train: Period, test: Period) -> Fold:
    fold = Fold(number, train, test, _rows(days, train), _rows(days, test))
    for name, period, rows in (("learn from", train, fold.train_rows), ("score", test, fold.test_rows)):
        if not len(rows):
            raise InputError(f"There is no row to {name} in {period}", str(fold), "Add the days, or change the plan.")
    return fold


def _rows(days: pl.Series, period: Period) -> Rows:
    found: Rows = days.is_between(period.first, period.last).arg_true().to_numpy().astype(np.int64)
    return found


def _span(days: pl.Series, plan: Rolling) -> Period:
    first, last = days.min(), days.max()
    if not isinstance(first, date) or not isinstance(last, date):
        raise InputError("There are no dates to split", "rolling origin", "Give a column with rows.")
    span = Period(first, last)
    if span.days < plan.days_needed:
        folds = f"{plan.folds} fold{'s' if plan.folds > 1 else ''} of {plan.test_days} days"
        train = "" if plan.train_days is None else f" after {plan.train_days} to learn from"
        apart = f"with {plan.gap_days} between and {plan.locked_days} locked"
        raise InputError(
            f"{folds}{train}, {apart}, take {plan.days_needed} days, and there are {span.days}: {span}",
            "rolling origin",
            "Lower train_days, folds or test_days, or give more data.",
        )
    return span


def _days(dates: Any) -> pl.Series:
    column = series_of(dates, "date")
    kind, where = column.dtype, f"column '{column.name}'"
    zone = getattr(kind, "time_zone", None)
    if zone is not None:
        raise InputError(
            f"The dates have the time zone {zone}",
            where,
            "Convert them to local days: dt.convert_time_zone(…).dt.date().",
        )
    if kind != pl.Date and kind != pl.Datetime:
        raise InputError(f"The dates are of type {kind}", where, "Convert them: pl.col(…).str.to_date().")
    if column.null_count():
        raise InputError(
            f"{column.null_count():,} of {len(column):,} dates are null", where, "Remove the rows, or set them aside."
        )
    return column.dt.date() if kind == pl.Datetime else column
