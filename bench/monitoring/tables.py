"""Real tables as windows: the sales of Rossmann's stores and the M5 sample, with what their own records say of days."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from mainspring.monitoring import (
    Layout,
    Reference,
    Rules,
    Window,
    WindowProfile,
    count_rows,
    fit_reference,
    layout_of_rows,
    merge_windows,
)
from mainspring.stats import columns_of

DAY = 86_400
_EPOCH = datetime.date(1970, 1, 1)
Season = Callable[[pl.DataFrame], str]
Leave = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Record:
    """What the table itself says of some days or rows.

    Attributes:
        columns: The columns that it bears on; none named: all.
        days: The days it speaks of.
        without: Given the rows of the reference, gives what leaves out the rows it speaks of, where it speaks of rows.
    """

    columns: tuple[str, ...]
    days: frozenset[int] = frozenset()
    without: Callable[[pl.DataFrame], Leave] | None = None


@dataclass(frozen=True)
class Table:
    """Rows by day, the columns that are watched, and what is on record.

    Attributes:
        name: What the results call it.
        days: The rows of each day.
        first: The first day.
        columns: What is watched.
        records: By kind.
        season: The key of a day that is known ahead, where the calendar is not all that is.
        series: What a forecast is made for, and what of: keys, number, and what besides the weekday is known ahead.
    """

    name: str
    days: Sequence[pl.DataFrame]
    first: datetime.date
    columns: tuple[str, ...]
    records: Mapping[str, Record]
    season: Season
    series: tuple[tuple[str, ...], str, tuple[str, ...]]

    def date(self, place: int) -> datetime.date:
        return self.first + datetime.timedelta(days=place)


@dataclass(frozen=True)
class Case:
    """One way to watch a table."""

    title: str
    table: Table
    reference: int  # days
    step: int = 1  # days of a window
    declared: bool = False
    rules: Rules = field(default_factory=Rules)


@dataclass(frozen=True)
class Watched:
    """A case with its windows."""

    case: Case
    layout: Layout
    fitted: Reference
    reference: list[WindowProfile]
    live: list[WindowProfile]

    @property
    def begun(self) -> int:
        """The first day that is checked."""
        return len(self.reference) * self.case.step

    def count(self, place: int, rows: pl.DataFrame) -> WindowProfile:
        return count(self.case, self.layout, place, rows)

    def date(self, window: Window) -> datetime.date:
        return _EPOCH + datetime.timedelta(seconds=window.start)


def count(case: Case, layout: Layout, place: int, rows: pl.DataFrame) -> WindowProfile:
    """The profile of one day."""
    start = (case.table.date(place) - _EPOCH).days * DAY
    season = case.table.season(case.table.days[place]) if case.declared else ""
    return count_rows(layout, Window(start, DAY, season=season), columns_of(rows.select(case.table.columns)))


def watch(case: Case, without: Callable[[pl.DataFrame], Leave] | None = None) -> Watched:
    """Count all days on a layout that the reference's rows give, and fit the reference."""
    days = case.table.days
    if without is not None:
        leave = without(pl.concat(days[: case.reference]))
        days = [leave(rows) for rows in days]
    layout = layout_of_rows(pl.concat(days[: case.reference]).select(case.table.columns))
    daily = [count(case, layout, place, rows) for place, rows in enumerate(days)]
    windows = joined(daily, case.step)
    cut = case.reference // case.step
    return Watched(case, layout, fit_reference(windows[:cut], layout, case.rules), windows[:cut], windows[cut:])


def joined(daily: Sequence[WindowProfile], step: int) -> list[WindowProfile]:
    """Windows of some days each: sums of those of the days."""
    if step == 1:
        return list(daily)
    return [merge_windows(daily[start : start + step]) for start in range(0, len(daily) - step + 1, step)]


def rossmann(file: Path, *, only_open: bool = False) -> Table:
    """100 stores by day, 2013-01-01 to 2015-07-31; two of them have no rows in the second half of 2014."""
    rows = pl.read_csv(file, try_parse_dates=True, infer_schema_length=None).sort("Date", "Store")
    first = rows["Date"].min()
    shares = rows.group_by("Date").agg(pl.col("Open").mean(), pl.col("SchoolHoliday").mean(), pl.len()).sort("Date")
    dates = shares["Date"].to_list()
    shut = [share < 0.5 and date.weekday() < 6 for date, share in zip(dates, shares["Open"], strict=True)]
    holidays = {place for place, one in enumerate(shut) if one}
    around = {place + step for place in holidays for step in (-2, -1, 0, 1)}
    christmas = {place for place, date in enumerate(dates) if (date.month, date.day) >= (12, 1)}
    school = {place for place, share in enumerate(shares["SchoolHoliday"]) if share >= 0.1}
    counts = rows.group_by("Store").len()
    gone = counts.filter(pl.col("len") < counts["len"].max())["Store"].to_list()
    closures = _closures(rows)
    records = {
        "holiday": Record(("Sales", "Open", ""), frozenset(around)),
        "weeks before Christmas": Record(("Sales",), frozenset(christmas)),
        "school holidays": Record(("SchoolHoliday", "Sales"), frozenset(school)),
        "stores without rows": Record((), without=lambda _: lambda day: day.filter(~pl.col("Store").is_in(gone))),
        "stores closed for a week or more": Record(
            (), without=lambda _: lambda day: day.filter(~pl.col("Store").is_in(closures))
        ),
    }
    kept = rows.filter(pl.col("Open")) if only_open else rows
    columns = ("Sales", *(() if only_open else ("Open",)), "Promo", "SchoolHoliday", "Promo2", "StoreType")
    return Table(
        "Rossmann",
        kept.partition_by("Date", maintain_order=True),
        first,
        (*columns, "Assortment", "State"),
        records,
        lambda day: _rossmann_season(day, holidays, first),
        (("Store",), "Sales", ("Promo",)),
    )


def _closures(rows: pl.DataFrame) -> list[int]:
    """Stores that are closed for more than six days in a row at some time."""
    found = []
    for (store,), one in rows.group_by(["Store"]):
        shut = ~one.sort("Date")["Open"].to_numpy()
        ends = np.flatnonzero(np.diff(np.concatenate([[0], shut.astype(int), [0]])))
        if (np.diff(ends)[::2] > 6).any():
            found.append(int(store))
    return sorted(found)


def _rossmann_season(day: pl.DataFrame, holidays: set[int], first: datetime.date) -> str:
    date = day["Date"][0]
    if (date - first).days in holidays:
        return "holiday"
    if date.month == 12 and 6 < date.day < 24 and date.weekday() < 6:
        return "before Christmas"
    return f"day {date.weekday()}{', promotion' if day['Promo'].mean() > 0.5 else ''}"


def m5(file: Path) -> Table:
    """28 products in 10 stores by day, 2011-01-29 to 2016-04-24."""
    rows = pl.read_parquet(file).sort("date", "store_id", "item_id")
    first = rows["date"].min()
    named = rows.group_by("date").agg(pl.col("event_name_1").first(), pl.col("snap").mean()).sort("date")
    events = {place for place, name in enumerate(named["event_name_1"]) if name is not None}
    around = {place + step for place in events for step in (-1, 0, 1)}
    christmas = {place for place, date in enumerate(named["date"]) if (date.month, date.day) >= (12, 1)}
    records = {
        "event": Record(("units", "event_name_1", "event_type_1"), frozenset(around)),
        "weeks before Christmas": Record(("units",), frozenset(christmas)),
        "prices that the reference does not have": Record(("sell_price",), without=_priced),
    }
    return Table(
        "M5 sample",
        rows.partition_by("date", maintain_order=True),
        first,
        ("units", "sell_price", "item_id", "dept_id", "store_id", "state_id", "snap", "event_name_1", "event_type_1"),
        records,
        _m5_season,
        (("item_id", "store_id"), "units", ()),
    )


def _priced(reference: pl.DataFrame) -> Leave:
    """Leaves rows whose price that product had in that store in the reference, and those without one."""
    keys = ["item_id", "store_id", "sell_price"]
    known = reference.select(keys).unique()
    return lambda day: pl.concat([day.join(known, on=keys, how="semi"), day.filter(pl.col("sell_price").is_null())])


def _m5_season(day: pl.DataFrame) -> str:
    return day["event_name_1"][0] or f"day {day['date'][0].weekday()}"
