"""Frames as they come: Polars frames stay, pandas frames become Polars."""

from collections.abc import Sequence
from typing import Any, Final

import polars as pl

from mainspring.errors import InputError, nearest

__all__ = ["Frame", "columns_of", "frame_of", "no_column", "quoted", "require_columns", "series_of"]

_LISTED: Final = 12

Frame = pl.DataFrame | pl.LazyFrame


def frame_of(value: Any) -> Frame:
    """Return a Polars frame, eager or lazy; one of pandas is converted, without its index.

    Raises:
        InputError: It is no frame.
    """
    if isinstance(value, pl.DataFrame | pl.LazyFrame):
        return value
    if _is_pandas(value, "DataFrame"):
        converted: pl.DataFrame = pl.from_pandas(value)
        return converted
    kind = type(value).__qualname__
    raise InputError(f"A {kind} is no frame", None, "Give a Polars or a pandas frame.")


def series_of(values: Any, name: str) -> pl.Series:
    """Return a Polars column; one of pandas, an array or a list is converted.

    Raises:
        InputError: It is no column.
    """
    if isinstance(values, pl.Series):
        return values
    if _is_pandas(values, "Series"):
        converted: Any = pl.from_pandas(values)
        return pl.Series(name, converted)
    try:
        return pl.Series(name, values)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        kind = type(values).__qualname__
        raise InputError(f"A {kind} is no column: {error}", f"'{name}'", "Give a column of a frame.") from error


def columns_of(frame: Frame) -> dict[str, pl.DataType]:
    """Return the type of each column, in order."""
    return dict(frame.collect_schema())


def require_columns(frame: Frame, names: tuple[str, ...], where: str) -> None:
    """Make sure that a frame has these columns.

    Raises:
        InputError: One is missing; the nearest name is beside it.
    """
    present = columns_of(frame)
    for name in names:
        if name not in present:
            what, fix = no_column(name, tuple(present))
            raise InputError(what, where, fix)


def no_column(name: str, present: tuple[str, ...]) -> tuple[str, str]:
    """Return what to say about a column that is missing, and what to do."""
    close = nearest(name, present)
    return f"There is no column '{name}'", f"Did you mean '{close}'?" if close else f"The frame has {quoted(present)}"


def quoted(names: Sequence[str]) -> str:
    """Return the first names in quotes, for a message."""
    listed = ", ".join(f"'{name}'" for name in names[:_LISTED]) or "none"
    return f"{listed} …" if len(names) > _LISTED else listed


def _is_pandas(value: object, name: str) -> bool:
    return any(base.__module__.partition(".")[0] == "pandas" and base.__name__ == name for base in type(value).__mro__)
