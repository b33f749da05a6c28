"""Real days of a table, one after the other: what is known on a day, what is asked on it, what turned out since.

Changes can be planted in the days that are replayed. A day is named by its date; it is lived in the morning, when the
table has the day before as its last one.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from asking import plain
from folds import Plan
from panel import Columns, Panel, arrange
from windows import raw_rows

MORNING = 6 * 3600
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Change:
    """A change that is planted: from a day on, more or less is sold.

    Attributes:
        says: What it stands for.
        since: The first day that is changed.
        factor: By how much sales are multiplied.
    """

    says: str
    since: date
    factor: float


@dataclass(frozen=True)
class Opening:
    """Another one: until a day only the first series are asked about, and from then on all.

    Attributes:
        says: What it stands for.
        since: The first day on which all are asked about.
        before: How many were until then.
    """

    says: str
    since: date
    before: int


@dataclass(frozen=True)
class Question:
    """What is asked about one series on one day: days ahead, with all that is known of it by then."""

    series: str
    body: bytes
    days: tuple[date, ...]


@dataclass(frozen=True)
class World:
    """A table of sales whose days are lived one after the other.

    Attributes:
        table: All days, with what was planted.
        columns: Which column holds what.
        panel: The table as arrays.
        plan: How far is forecast.
        opening: Which series are not asked about at first; None: all are.
    """

    table: pl.DataFrame
    columns: Columns
    panel: Panel
    plan: Plan
    opening: Opening | None = None

    @classmethod
    def of(
        cls,
        table: pl.DataFrame,
        columns: Columns,
        plan: Plan,
        *,
        series: int = 0,
        changes: Sequence[Change] = (),
        opening: Opening | None = None,
    ) -> "World":
        """The world of a table, of its first series; 0 are all. Planted changes are in it."""
        keys = table.select(columns.keys).unique().sort(columns.keys)
        mine = table.join(keys.head(series or keys.height), on=columns.keys, how="semi").select(columns.used)
        for change in changes:
            sold, on = pl.col(columns.target), pl.col(columns.date) >= change.since
            changed = (sold * change.factor).round().cast(mine.schema[columns.target])
            mine = mine.with_columns(pl.when(on).then(changed).otherwise(sold))
        mine = mine.sort([*columns.keys, columns.date])
        return cls(mine, columns, arrange(mine, columns), plan, opening)

    def asked(self, day: date) -> list[int]:
        """The places of the series that are asked about on a day."""
        count = len(self.panel.series)
        return list(range(count if self.opening is None or day >= self.opening.since else self.opening.before))

    def place(self, day: date) -> int:
        """The place of a day in the panel."""
        return (day - self.panel.dates[0].astype("datetime64[D]").item()).days

    def write_before(self, day: date, file: Path) -> int:
        """Write what is known in the morning of a day, in the place of what was known before; returns the rows."""
        known = self.table.filter(pl.col(self.columns.date) < day)
        fresh = file.with_suffix(".fresh")
        known.write_parquet(fresh)
        fresh.replace(file)
        return known.height

    def questions(self, day: date, count: int) -> Iterator[Question]:
        """What is asked in the morning of a day: of each series the next `count` days that are forecast."""
        first = self.plan.delay + 1
        raw = raw_rows(self.panel, self.place(day) - 1, self.plan)
        rows = [{"ahead": ahead} for ahead in range(first, first + count)]
        days = tuple(day + (row["ahead"] - 1) * DAY for row in rows)
        for place in self.asked(day):
            name = self.panel.series[place]
            shared = {column: plain(values[place * self.plan.horizon]) for column, values in raw.items()}
            yield Question(name, json.dumps({"shared": shared, "rows": rows}).encode(), days)

    def sold(self, series: str, day: date) -> float | None:
        """What was sold on a day; None where it was closed, or nothing is known."""
        place, at = self.panel.series.index(series), self.place(day)
        if at >= self.panel.periods or not self.panel.open[place, at]:
            return None
        units = float(self.panel.units[place, at])
        return None if np.isnan(units) else units


def morning(day: date) -> float:
    """When a day is lived, in seconds since 1970 UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + MORNING


@dataclass(frozen=True)
class Label:
    """What turned out of one row of an answer."""

    id: str
    row: int
    value: float


class Waiting:
    """Answers whose days have not come yet."""

    def __init__(self) -> None:
        self._due: dict[date, list[tuple[str, int, str]]] = {}

    def add(self, question: Question, identity: str) -> None:
        """Remember an answer."""
        for row, day in enumerate(question.days):
            self._due.setdefault(day, []).append((identity, row, question.series))

    def known(self, world: World, day: date) -> list[Label]:
        """What the day before has shown, in the morning of a day: a label for each row that asked about it."""
        found = []
        for due in sorted(one for one in self._due if one < day):
            for identity, row, series in self._due.pop(due):
                value = world.sold(series, due)
                if value is not None:
                    found.append(Label(identity, row, value))
        return found


def days(first: date, count: int) -> list[date]:
    return [first + place * DAY for place in range(count)]


def written(labels: Sequence[Label], arrived: float) -> list[dict[str, Any]]:
    """Labels as rows of a file, as `mainspring labels add` takes it."""
    return [{"id": one.id, "row": one.row, "value": one.value, "arrived": arrived} for one in labels]
