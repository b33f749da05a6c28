"""Files of labels: what turned out, as people and jobs deliver it."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.batch.polars import polars
from mainspring.data import read
from mainspring.errors import InputError, nearest
from mainspring.monitoring import Labels
from mainspring.serving.ids import milliseconds

__all__ = ["read_labels", "seconds_of"]

Floats = npt.NDArray[np.float64]

_NEEDED: Final = ("id", "value")
_MILLISECONDS: Final = 1000.0
_ROWS: Final = 2**31
_DAY: Final = 86_400
_IDENTITY: Final = r"^(?i)[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$"
_FINER: Final = {"milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}


def read_labels(file: Path, now: float) -> Labels:
    """Return the labels of a table: CSV, Parquet, Arrow or JSON lines.

    `id` is that of the answer and `value` what turned out, a number or a truth value, a category by the number of its
    class; `row` is the row of an answer that has several, 0 where it is not said, and `arrived` when it was known: a
    time, or seconds since 1970 UTC; NaN where it is not said.

    Args:
        file: The table.
        now: In seconds since 1970 UTC.

    Raises:
        InputError: It cannot be read, lacks a column, has rows that are no labels, or such as were known a
            day before what they are of was predicted, or will be known in a day.
    """
    table = read(file)
    for name in _NEEDED:
        if name not in table.columns:
            near = nearest(name, table.columns)
            fix = f"Did you mean '{near}'? Call it '{name}'." if near else f"It has {', '.join(table.columns)}."
            raise InputError(f"The labels have no column '{name}'", str(file), fix)
    if not table.height:
        return Labels.of([], [], [])
    identities = table["id"].cast(polars().String)
    _check_identities(identities, file)
    ids = identities.to_list()
    values = _numbers(table["value"], "value", file)
    _check(np.isfinite(values), table["value"], "value", file)
    rows = np.zeros(len(values))
    if "row" in table.columns:
        rows = _numbers(table["row"].fill_null(0), "row", file)
        _check((rows >= 0) & (rows < _ROWS) & (rows == np.floor(rows)), table["row"], "row", file)
    arrived = np.full(len(values), np.nan)
    if "arrived" in table.columns:
        arrived = seconds_of(table["arrived"], str(file))
        _check_times(arrived, milliseconds(ids) / _MILLISECONDS, now, file)
    return Labels.of(ids, values, arrived, rows)


def seconds_of(series: Any, where: str) -> Floats:
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
        found: Floats = series.cast(pl.Float64).to_numpy()
    except pl.exceptions.PolarsError as error:
        fix = "Write times as 2026-01-31T12:00:00Z, or seconds since 1970 UTC."
        raise InputError(f"The column '{series.name}' has no times: {error}".splitlines()[0], where, fix) from error
    return found


def _numbers(series: Any, name: str, file: Path) -> Floats:
    if not (series.dtype.is_numeric() or series.dtype == polars().Boolean):
        fix = "Give numbers or truth values; a category by the number of its class."
        raise InputError(f"The column '{name}' of the labels is of the type {series.dtype}", str(file), fix)
    found: Floats = series.cast(polars().Float64).fill_null(np.nan).to_numpy()
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


def _check_identities(identities: Any, file: Path) -> None:
    wrong = np.flatnonzero(~identities.str.contains(_IDENTITY).fill_null(value=False).to_numpy())
    if wrong.size:
        first = int(wrong[0])
        raise InputError(
            f"A label has the identity {identities[first]!r}, which no service gave",
            f"{file}, row {first + 1:,}",
            "Give the 'id' of the answer; a service says it, and the prediction log has it.",
        )


def _check_times(arrived: Floats, made: Floats, now: float, file: Path) -> None:
    """Nothing is known before it was predicted or later than now, but for a day: clocks differ, dates have no hour."""
    wrong = np.flatnonzero(~(np.isnan(arrived) | _possible(arrived, made, now)))
    if not wrong.size:
        return
    first = int(wrong[0])
    said = arrived[first]
    finer = [name for name, parts in _FINER.items() if _possible(said / parts, made[first], now)]
    raise InputError(
        f"{wrong.size:,} labels were known when they cannot have been, the first of them at {said:.16g} s: "
        f"it was predicted at {made[first]:.16g} s, and now is {now:.16g} s",
        f"{file}, row {first + 1:,}, column 'arrived'",
        f"Are these {finer[0]}? Give seconds since 1970 UTC, or a time such as 2026-01-31T12:00:00Z."
        if finer
        else "Give seconds since 1970 UTC, or a time such as 2026-01-31T12:00:00Z; without one it is now.",
    )


def _possible(arrived: Any, made: Any, now: float) -> Any:
    return (arrived >= made - _DAY) & (arrived <= now + _DAY)
