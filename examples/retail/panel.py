"""A table of sales as arrays: one row a series (a product in a store), one column a day or week.

Any table with a date, a store and what was sold becomes a panel by `Columns` alone.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl

Floats = np.ndarray

SEASONS = {"daily": 7, "weekly": 1}
DAYS = {"daily": 1, "weekly": 7}


@dataclass(frozen=True)
class Columns:
    """Which column of the table holds what. The text "" stands for a column that the table does not have."""

    date: str
    store: str
    target: str
    product: str = ""
    open: str = ""
    price: str = ""
    stock: str = ""
    promotion: str = ""
    known: list[str] = field(default_factory=list)
    static: list[str] = field(default_factory=list)
    frequency: Literal["daily", "weekly"] = "daily"

    @property
    def keys(self) -> list[str]:
        return [name for name in (self.product, self.store) if name]

    @property
    def ahead(self) -> list[str]:
        """What is known of the days to forecast."""
        return [*self.known, *([self.promotion] if self.promotion and self.promotion not in self.known else [])]

    @property
    def used(self) -> list[str]:
        named = [self.date, *self.keys, self.target, self.open, self.price, self.stock, *self.ahead, *self.static]
        return list(dict.fromkeys(name for name in named if name))


@dataclass(frozen=True)
class Panel:
    """Sales and what is known about them. S series, D periods.

    Attributes:
        series: Name of each series.
        keys: What each series is of, by column: its product, its store.
        dates: Date of each period, without gaps; of a week its first day.
        units: (S, D) what was sold; NaN where the table has no row, or stock had run out.
        open: (S, D) whether the series can be sold: known ahead.
        price: (S, D), NaN where there is none; None when the table has no prices.
        known: (S, D) for each column that is known ahead; numbers, or codes of texts.
        static: (S,) for each column that does not change within a series.
        labels: Texts of the codes, for each column of texts.
        flags: Names of known columns that hold only 0 and 1.
        season: Periods in a week.
        closes: Whether a column says which days are open.
    """

    series: tuple[str, ...]
    keys: dict[str, tuple[str, ...]]
    dates: np.ndarray
    units: Floats
    open: np.ndarray
    price: Floats | None
    known: dict[str, Floats]
    static: dict[str, Floats]
    labels: dict[str, tuple[str, ...]]
    flags: tuple[str, ...]
    season: int
    closes: bool
    promotion: str

    @property
    def periods(self) -> int:
        return len(self.dates)


def arrange(table: pl.DataFrame, columns: Columns) -> Panel:
    """Return the panel of a table that `checks.check` has passed."""
    days = DAYS[columns.frequency]
    table = table.sort([*columns.keys, columns.date])
    first, last = table[columns.date].min(), table[columns.date].max()
    dates = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1, days)
    groups = table.select(columns.keys).unique(maintain_order=True).with_row_index("series")
    rows = table.join(groups, on=columns.keys, how="left", maintain_order="left")["series"].to_numpy()
    places = ((table[columns.date] - first).dt.total_days() // days).to_numpy()
    shape = (groups.height, len(dates))

    def spread(values: np.ndarray) -> Floats:
        grid = np.full(shape, np.nan, np.float32)
        grid[rows, places] = values
        return grid

    codes = {name: _codes(table[name]) for name in [*columns.ahead, *columns.static, *columns.keys]}
    start = np.flatnonzero(np.r_[True, np.diff(rows) > 0])
    units = spread(table[columns.target].cast(pl.Float32).to_numpy())
    price = spread(table[columns.price].cast(pl.Float32).to_numpy()) if columns.price else None
    known = {name: spread(codes[name][0]) for name in columns.ahead}
    static = {name: codes[name][0][start] for name in [*columns.static, *columns.keys]}
    keys = {name: tuple(str(one) for one in groups[name]) for name in columns.keys}
    return Panel(
        series=tuple(" · ".join(parts) for parts in zip(*keys.values(), strict=True)),
        keys=keys,
        dates=dates,
        units=_uncensored(units, spread, table, columns),
        open=_open(spread, table, columns, price),
        price=price,
        known=known,
        static={name: values for name, values in static.items() if 1 < len(np.unique(values)) < shape[0]},
        labels={name: labels for name, (_, labels) in codes.items() if labels},
        flags=tuple(name for name in known if np.isin(known[name][~np.isnan(known[name])], (0, 1)).all()),
        season=SEASONS[columns.frequency],
        closes=bool(columns.open),
        promotion=columns.promotion,
    )


def _codes(column: pl.Series) -> tuple[Floats, tuple[str, ...]]:
    """Numbers as they are; texts as places in their sorted list, with -1 for none."""
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return column.cast(pl.Float32).to_numpy(), ()
    texts = column.cast(pl.String)
    labels = tuple(texts.drop_nulls().unique().sort())
    found = texts.replace_strict(labels, range(len(labels)), default=-1, return_dtype=pl.Float32)
    return found.fill_null(-1).to_numpy(), labels


def _open(spread, table: pl.DataFrame, columns: Columns, price: Floats | None) -> np.ndarray:
    there = spread(np.ones(table.height, np.float32)) == 1
    if columns.open:
        there &= spread(table[columns.open].cast(pl.Float32).to_numpy()) > 0
    return there if price is None else there & ~np.isnan(price)


def _uncensored(units: Floats, spread, table: pl.DataFrame, columns: Columns) -> Floats:
    """What was sold on a day on which stock ran out says only that demand was at least that."""
    if not columns.stock:
        return units
    return np.where(spread(table[columns.stock].cast(pl.Float32).to_numpy()) <= 0, np.nan, units)
