"""Columns of whatever users have: frames of any library, rows, prepared arrays. No frame library is imported."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from mainspring.errors import SignatureError

__all__ = ["Array", "Given", "columns_of"]

Array = np.ndarray[Any, Any]
_ABSENT: Final = object()


class Given(NamedTuple):
    """One column as it was given.

    Attributes:
        values: Its values; objects where they are not all of one plain type.
        null: True where a value is null; None when none can be told from the values themselves.
        zoned: Whether its times have a time zone.
        absent: True where a row does not have the column; None when all have it. The value there is None.
    """

    values: Array
    null: Array | None = None
    zoned: bool = False
    absent: Array | None = None


def columns_of(given: Any) -> dict[str, Given]:
    """Return the columns of a frame, of a mapping of columns, or of rows: a list of mappings.

    Raises:
        SignatureError: It is none of them.
    """
    if isinstance(given, Mapping):
        return {str(name): _column(values) for name, values in given.items()}
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return _of_rows(given)
    lazy = hasattr(given, "collect")
    names = None if lazy else getattr(given, "column_names", None)
    if names is None and not lazy:
        names = getattr(given, "columns", None)
    if names is None or callable(names) or not hasattr(given, "__getitem__"):
        raise SignatureError(
            f"A {type(given).__name__} is neither a frame nor rows",
            fix="Pass a frame, a list of rows as mappings, or a mapping of columns; collect a lazy frame first.",
        )
    return {str(name): _column(given[name]) for name in names}


def _of_rows(rows: Sequence[Any]) -> dict[str, Given]:
    wrong = next((place for place, row in enumerate(rows) if not isinstance(row, Mapping)), None)
    if wrong is not None:
        raise SignatureError(
            f"Row {wrong} is a {type(rows[wrong]).__name__}", fix="Pass each row as a mapping of names to values."
        )
    names = dict.fromkeys(name for row in rows for name in row)
    return {str(name): _of_row_values([row.get(name, _ABSENT) for row in rows]) for name in names}


def _of_row_values(values: list[Any]) -> Given:
    if not any(value is _ABSENT for value in values):
        return Given(_objects(values))
    absent = np.fromiter((value is _ABSENT for value in values), bool, len(values))
    return Given(_objects([None if value is _ABSENT else value for value in values]), absent=absent)


def _column(values: Any) -> Given:
    if isinstance(values, np.ndarray):
        return Given(values)
    if isinstance(values, list | tuple | range):
        return Given(_objects(values))
    to_numpy = getattr(values, "to_numpy", None)
    if to_numpy is None:
        return Given(_objects(list(values)) if isinstance(values, Iterable) else _objects([values]))
    array = np.asarray(to_numpy())
    return Given(array, _nulls(values, array), zoned=_zoned(values))


def _objects(values: Sequence[Any]) -> Array:
    """An array of the values as they are: NumPy's own guess would make texts of numbers, and rows of lists."""
    return np.fromiter(values, object, len(values))


def _nulls(column: Any, array: Array) -> Array | None:
    """Which rows a library calls null. In a plain float column of pandas NaN and null are the same: it is NaN."""
    asked = getattr(column, "is_null", None)
    plain_float = isinstance(getattr(column, "dtype", None), np.dtype) and array.dtype.kind == "f"
    if asked is None and not plain_float:
        asked = getattr(column, "isna", None)
    return None if asked is None else np.asarray(asked()).astype(bool)


def _zoned(column: Any) -> bool:
    kind = getattr(column, "dtype", None)
    if kind is None:
        kind = getattr(column, "type", None)
    return any(getattr(kind, name, None) is not None for name in ("time_zone", "tz"))
