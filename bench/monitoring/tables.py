"""Real tables as windows: the sales of Rossmann's stores and the M5 sample, with what their own records say of days."""

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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

DAY = 86_400
_EPOCH = datetime.date(1970, 1, 1)
Rows = dict[str, np.ndarray]


@dataclass(frozen=True)
class Record:
    """What the table itself says of some days or rows.

    Attributes:
        columns: The columns that it bears on; none named: all.
        days: The days it speaks of.
        others: Of all rows and the days of the reference, whether a row is none that it speaks of.
    """

    columns: tuple[str, ...]
    days: frozenset[int] = frozenset()
    others: Callable[[pl.DataFrame, int], pl.Series] | None = None


@dataclass(frozen=True)
class Table:
    """Rows by day, the columns that are watched, and what is on record.

    Attributes:
        name: What the results call it.
        rows: All rows, by `day`, which counts from the first one.
        first: The first day.
        columns: What is watched.
        records: By kind.
        seasons: The key of each day that is known ahead, where the calendar is not all that is.
        series: What a forecast is made for, and what of: keys, number, and what besides the weekday is known ahead.
    """

    name: str
    rows: pl.DataFrame
    first: datetime.date
    columns: tuple[str, ...]
    records: Mapping[str, Record]
    seasons: Sequence[str]
    series: tuple[tuple[str, ...], str, tuple[str, ...]]

    def date(self, place: int) -> datetime.date:
        return self.first + datetime.timedelta(days=place)

    def by_day(self) -> list[Rows]:
        """The watched columns of each day's rows, as arrays; a number that is missing is NaN."""
        size = len(self.seasons)
        ends = np.searchsorted(self.rows["day"].to_numpy(), np.arange(size + 1))
        whole = {name: _array(self.rows[name]) for name in self.columns}
        return [{name: values[ends[day] : ends[day + 1]] for name, values in whole.items()} for day in range(size)]


def _array(column: pl.Series) -> np.ndarray:
    if column.dtype == pl.String:
        return np.array(column.to_list(), dtype=object)
    return column.to_numpy() if column.dtype == pl.Boolean else column.cast(pl.Float64).to_numpy()


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
    days: list[Rows]
    reference: list[WindowProfile]
    live: list[WindowProfile]

    @property
    def begun(self) -> int:
        """The first day that is checked."""
        return len(self.reference) * self.case.step

    def count(self, place: int, rows: Rows) -> WindowProfile:
        return _count(self.case, self.layout, place, rows)

    def date(self, window: Window) -> datetime.date:
        return _EPOCH + datetime.timedelta(seconds=window.start)


def window_of(case: Case, place: int) -> Window:
    """The window of one day."""
    season = case.table.seasons[place] if case.declared else ""
    return Window((case.table.date(place) - _EPOCH).days * DAY, DAY, season=season)


def _count(case: Case, layout: Layout, place: int, rows: Rows) -> WindowProfile:
    return count_rows(layout, window_of(case, place), rows)


def watch(case: Case, record: Record | None = None) -> Watched:
    """Count all days on a layout that the reference's rows give, and fit the reference; without a record's rows."""
    table = case.table
    if record is not None and record.others is not None:
        table = replace(table, rows=table.rows.filter(record.others(table.rows, case.reference)))
    layout = layout_of_rows(table.rows.filter(pl.col("day") < case.reference).select(table.columns))
    days = table.by_day()
    windows = joined([_count(case, layout, place, rows) for place, rows in enumerate(days)], case.step)
    cut = case.reference // case.step
    return Watched(case, layout, fit_reference(windows[:cut], layout, case.rules), days, windows[:cut], windows[cut:])


def joined(daily: Sequence[WindowProfile], step: int) -> list[WindowProfile]:
    """Windows of some days each: sums of those of the days."""
    if step == 1:
        return list(daily)
    return [merge_windows(daily[start : start + step]) for start in range(0, len(daily) - step + 1, step)]


def rossmann(file: Path, *, only_open: bool = False) -> Table:
    """100 stores by day, 2013-01-01 to 2015-07-31; two of them have no rows in the second half of 2014."""
    rows = pl.read_csv(file, try_parse_dates=True, infer_schema_length=None).sort("Date", "Store")
    first = rows["Date"].min()
    rows = rows.with_columns(day=(pl.col("Date") - first).dt.total_days())
    means = rows.group_by("Date").agg(pl.col("Open", "SchoolHoliday", "Promo").mean()).sort("Date")
    dates = means["Date"].to_list()
    shut = [share < 0.5 and date.weekday() < 6 for date, share in zip(dates, means["Open"], strict=True)]
    holidays = {place for place, one in enumerate(shut) if one}
    around = {place + step for place in holidays for step in (-2, -1, 0, 1)}
    school = {place for place, share in enumerate(means["SchoolHoliday"]) if share >= 0.1}
    counts = rows.group_by("Store").len()
    gone = counts.filter(pl.col("len") < counts["len"].max())["Store"].to_list()
    closures = _closures(rows)
    records = {
        "holiday": Record(("Sales", "Open", ""), frozenset(around)),
        "weeks before Christmas": Record(("Sales",), _december(dates)),
        "school holidays": Record(("SchoolHoliday", "Sales"), frozenset(school)),
        "stores without rows": Record((), others=lambda whole, _: ~whole["Store"].is_in(gone)),
        "stores closed for a week or more": Record((), others=lambda whole, _: ~whole["Store"].is_in(closures)),
    }
    seasons = []
    for place, (date, promotion) in enumerate(zip(dates, means["Promo"], strict=True)):
        christmas = date.month == 12 and 6 < date.day < 24 and date.weekday() < 6
        usual = f"day {date.weekday()}{', promotion' if promotion > 0.5 else ''}"
        seasons.append("holiday" if place in holidays else "before Christmas" if christmas else usual)
    columns = ("Sales", *(() if only_open else ("Open",)), "Promo", "SchoolHoliday", "Promo2", "StoreType")
    return Table(
        "Rossmann",
        rows.filter(pl.col("Open")) if only_open else rows,
        first,
        (*columns, "Assortment", "State"),
        records,
        seasons,
        (("Store",), "Sales", ("Promo",)),
    )


def _december(dates: Sequence[datetime.date]) -> frozenset[int]:
    return frozenset(place for place, date in enumerate(dates) if date.month == 12)


def _closures(rows: pl.DataFrame) -> list[int]:
    """Stores that are closed for more than six days in a row at some time."""
    found = []
    for (store,), one in rows.group_by(["Store"]):
        shut = ~one.sort("Date")["Open"].to_numpy()
        ends = np.flatnonzero(np.diff(np.concatenate([[0], shut.astype(int), [0]])))
        if (np.diff(ends)[::2] > 6).any():
            found.append(int(store))
    return sorted(found)


def m5(file: Path) -> Table:
    """28 products in 10 stores by day, 2011-01-29 to 2016-04-24."""
    rows = pl.read_parquet(file).sort("date", "store_id", "item_id")
    first = rows["date"].min()
    rows = rows.with_columns(day=(pl.col("date") - first).dt.total_days())
    named = rows.group_by("date").agg(pl.col("event_name_1").first()).sort("date")
    dates = named["date"].to_list()
    events = {place for place, name in enumerate(named["event_name_1"]) if name is not None}
    around = {place + step for place in events for step in (-1, 0, 1)}
    records = {
        "event": Record(("units", "event_name_1", "event_type_1"), frozenset(around)),
        "weeks before Christmas": Record(("units",), _december(dates)),
        "new prices, products put on sale": Record(("sell_price",), others=_priced),
    }
    return Table(
        "M5 sample",
        rows,
        first,
        ("units", "sell_price", "item_id", "dept_id", "store_id", "state_id", "snap", "event_name_1", "event_type_1"),
        records,
        [name or f"day {date.weekday()}" for name, date in zip(named["event_name_1"], dates, strict=True)],
        (("item_id", "store_id"), "units", ()),
    )


def _priced(whole: pl.DataFrame, reference: int) -> pl.Series:
    """Rows of products in stores that keep to the prices of the reference, all of whose days they were on sale on."""
    keys = ["item_id", "store_id"]
    before = whole.filter(pl.col("day") < reference).group_by(keys)
    known = before.agg(pl.col("sell_price").unique().alias("known"), pl.col("sell_price").null_count().alias("without"))
    told = whole.join(known, on=keys, how="left", maintain_order="left")
    fresh = ~told["sell_price"].is_in(told["known"]) & told["sell_price"].is_not_null()
    told = told.with_columns(moved=fresh | (told["without"] > 0))
    return ~told.select(pl.col("moved").any().over(keys)).to_series()
