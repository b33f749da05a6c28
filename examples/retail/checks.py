"""What a table of sales has to be. Rules of severity `fail` stop the run, those of `warn` are reported."""

from pathlib import Path

import polars as pl
from panel import DAYS, Columns

from mainspring import File, data
from mainspring.data import (
    Contract,
    Outcome,
    Rule,
    aggregate,
    check,
    column,
    group,
    in_range,
    no_gaps,
    not_null,
    ordered,
    series_length,
    unique,
)

MOST_UNITS = 10**9
TYPES_FROM = 10_000  # rows of a CSV file that say what its columns hold: all of them would take seconds


def read(sales: File) -> pl.DataFrame:
    """The table of a file."""
    text = Path(sales).suffix in (".csv", ".tsv")
    return data.read(Path(sales), options={"infer_schema_length": TYPES_FROM} if text else None)


def contract(columns: Columns, horizon: int) -> Contract:
    """The rules of a table with these columns."""
    date, target, keys = columns.date, columns.target, columns.keys
    rules = [
        column(date, pl.Date),
        *(column(name) for name in columns.used if name not in (date, target, columns.price, columns.stock)),
        *(column(name, int, float) for name in (target, columns.price, columns.stock) if name),
        *(not_null(name) for name in (date, *keys)),
        unique(*keys, date),
        in_range(target, 0, MOST_UNITS),
        not_null(target, severity="warn"),
        ordered(date, by=keys, severity="warn"),
        no_gaps(date, f"{DAYS[columns.frequency]}d", by=keys, severity="warn"),
        series_length(*keys, at_least=horizon, severity="warn"),
        group("each series was sold", pl.col(target).sum() > 0, by=keys, severity="warn"),
    ]
    if columns.frequency == "weekly":
        weekday = pl.col(date).dt.weekday()
        rules.append(Rule("all weeks begin on the same weekday", weekday == weekday.first()))
    if columns.price:
        rules.append(aggregate(f"{columns.price} is there", pl.col(columns.price).is_not_null().any()))
        rules.append(in_range(columns.price, 0))
    return Contract(*rules)


def validate(table: pl.DataFrame, columns: Columns, horizon: int) -> Outcome:
    """What the contract says of a table; its other columns are left as they are.

    Raises:
        ContractError: Rules of severity `fail` are broken.
    """
    date = columns.date
    kind = table.schema.get(date)
    if isinstance(kind, pl.Datetime) and kind.time_zone is None:
        midnight = (table[date].dt.truncate("1d") == table[date]).all()
        table = table.with_columns(pl.col(date).cast(pl.Date)) if midnight else table
    return check(table, contract(columns, horizon), where="the table of sales")
