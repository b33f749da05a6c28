"""Files of labels: what turned out, as people and jobs deliver it."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from mainspring.batch.polars import polars
from mainspring.data import read
from mainspring.errors import InputError, nearest
from mainspring.monitoring import Labels
from mainspring.serving.ids import moment_of

__all__ = ["read_labels", "seconds_of"]

_NEEDED: Final = ("id", "value")
_MILLISECONDS: Final = 1000.0


def read_labels(file: Path, now: float) -> Labels:
    """Return the labels of a table: CSV, Parquet, Arrow or JSON lines.

    `id` is that of the answer and `value` what turned out, a number or a truth value, a category by the number of its
    class; `row` is the row of an answer that has several, 0 where it is not said, and `arrived` when it was known: a
    time, or seconds since 1970 UTC, and where it is not said `now`.

    Args:
        file: The table.
        now: In seconds since 1970 UTC.

    Raises:
        InputError: It cannot be read, lacks a column, or has rows that are no labels.
    """
    table = read(file)
    for name in _NEEDED:
        if name not in table.columns:
            near = nearest(name, table.columns)
            fix = f"Did you mean '{near}'? Call it '{name}'." if near else f"It has {', '.join(table.columns)}."
            raise InputError(f"The labels have no column '{name}'", str(file), fix)
    ids = table["id"].cast(polars().String)
    _check_identities(ids.to_list(), file)
    values = _numbers(table["value"], "value", file)
    _check(np.isfinite(values), table["value"], "value", file)
    rows = _numbers(table["row"].fill_null(0), "row", file) if "row" in table.columns else np.zeros(len(values))
    _check((rows >= 0) & (rows == np.floor(rows)), table["row"] if "row" in table.columns else rows, "row", file)
    arrived = np.full(len(values), now)
    if "arrived" in table.columns:
        said = seconds_of(table["arrived"], str(file))
        arrived = np.where(np.isnan(said), now, said)
    return Labels.of(ids.to_list(), values, arrived, rows)


def seconds_of(series: Any, where: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return times as seconds since 1970 UTC, NaN where there is none: numbers, dates, times, or texts of them.

    Raises:
        InputError: They are no times.
    """
    pl = polars()
    try:
        if series.dtype == pl.String:
            series = series.str.to_datetime(time_zone="UTC", time_unit="ms")
        if series.dtype.is_temporal():
            series = series.cast(pl.Datetime("ms")).cast(pl.Int64).cast(pl.Float64) / _MILLISECONDS
        found: np.ndarray[Any, np.dtype[np.float64]] = series.cast(pl.Float64).to_numpy()
    except pl.exceptions.PolarsError as error:
        fix = "Write times as 2026-01-31T12:00:00Z, or seconds since 1970 UTC."
        raise InputError(f"The column '{series.name}' has no times: {error}".splitlines()[0], where, fix) from error
    return found


def _numbers(series: Any, name: str, file: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    if not (series.dtype.is_numeric() or series.dtype == polars().Boolean):
        fix = "Give numbers or truth values; a category by the number of its class."
        raise InputError(f"The column '{name}' of the labels is of the type {series.dtype}", str(file), fix)
    found: np.ndarray[Any, np.dtype[np.float64]] = series.cast(polars().Float64).fill_null(np.nan).to_numpy()
    return found


def _check(good: np.ndarray[Any, Any], values: Any, name: str, file: Path) -> None:
    wrong = np.flatnonzero(~good)
    if wrong.size:
        first = int(wrong[0])
        raise InputError(
            f"{wrong.size:,} labels have a '{name}' that is none, the first of them {values[first]!r}",
            f"{file}, row {first + 1:,}",
            "Leave out what is not known yet; give it when it is.",
        )


def _check_identities(ids: list[str | None], file: Path) -> None:
    for place, one in enumerate(ids):
        try:
            moment_of(one or "")
        except ValueError:
            raise InputError(
                f"A label has the identity {one!r}, which no service gave",
                f"{file}, row {place + 1:,}",
                "Give the 'id' of the answer; a service says it, and the prediction log has it.",
            ) from None
