"""Columns as statistics see them: numbers or codes in NumPy arrays, whatever they came from."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from mainspring.digest import blob_of
from mainspring.errors import StatisticsError

__all__ = ["MEASURED", "Column", "Kind", "column_of", "columns_of_arrays", "label"]

Kind = Literal["number", "category", "boolean", "date", "datetime", "duration", "empty", "other"]
MEASURED: Final = ("number", "date", "datetime", "duration")
"""Kinds whose values are numbers on an axis."""

_EXACT: Final = 1 << 53
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a frame.

    Attributes:
        name: Its name.
        kind: What it holds. `empty` has no value at all, of whatever type; `other` is counted, not looked into.
        type: The type of its values in the words of where they come from.
        values: A float64 for each row where the kind is on an axis: the number, days since 1970 for a date,
            microseconds (since 1970 UTC) for times and durations. The place of its label for a category or boolean.
            What stands where a value is null does not count.
        nulls: True where there is no value. NaN is a value.
        labels: The texts of a category, sorted.
        rounded: Whether integers beyond ±2^53 were rounded to the next float64.
    """

    name: str
    kind: Kind
    type: str
    values: npt.NDArray[Any]
    nulls: npt.NDArray[np.bool_]
    labels: tuple[str, ...] = ()
    rounded: bool = False

    def present(self) -> npt.NDArray[Any]:
        """Return the values that are not null."""
        return self.values[~self.nulls] if self.nulls.any() else self.values

    def taken(self, rows: npt.NDArray[np.int64]) -> "Column":
        """Return the column of some rows, by their places."""
        values = self.values[rows] if self.values.size else self.values
        return replace(self, values=values, nulls=self.nulls[rows])


def label(text: str) -> str:
    """Return a text as it is kept in a profile: a long one by its beginning and its digest, so that it stays itself."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[: _LONGEST - 20]}… {blob_of(text.encode('utf-8', 'surrogatepass'))[:16]}"


def columns_of_arrays(arrays: Mapping[str, Any]) -> tuple[Column, ...]:
    """Return the columns of a dict of arrays or lists.

    Raises:
        StatisticsError: They differ in length.
    """
    columns = tuple(column_of(name, values) for name, values in arrays.items())
    sizes = {len(column.nulls) for column in columns}
    if len(sizes) > 1:
        said = ", ".join(f"{column.name!r} {len(column.nulls):,}" for column in columns)
        raise StatisticsError(f"The columns have different lengths: {said}", fix="Give one value for each row in each.")
    return columns


def column_of(name: str, values: Any) -> Column:
    """Return a column of a NumPy array (masked arrays have nulls where they are masked) or a list (None is null).

    Raises:
        StatisticsError: It has more than one dimension.
    """
    masked = isinstance(values, np.ma.MaskedArray)
    array = np.asarray(values.data) if masked else _array(values)
    if array.ndim != 1:
        raise StatisticsError(f"Column {name!r} has {array.ndim} dimensions, not 1", fix="Give one value for each row.")
    nulls = np.array(np.ma.getmaskarray(values)) if masked else np.zeros(array.size, dtype=bool)
    if array.dtype.kind != "O":
        return _column(name, array, nulls)
    large = any(isinstance(value, int) and abs(value) > _EXACT for value in array)
    return replace(_column(name, *_typed(array, nulls)), rounded=large)


def _array(values: Any) -> npt.NDArray[Any]:
    array = np.asarray(values if hasattr(values, "dtype") else list(values), dtype=None if _plain(values) else object)
    return array


def _plain(values: Any) -> bool:
    """Return whether NumPy may choose the type: it would turn a list of mixed types into texts."""
    return hasattr(values, "dtype") or len({type(value) for value in values}) == 1


def _typed(array: npt.NDArray[Any], nulls: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return an array of objects with the type that all its values share, or as it is; None is null."""
    nulls = nulls | np.fromiter((value is None for value in array), dtype=bool, count=array.size)
    kinds = {type(value) for value in array[~nulls]}
    if not kinds:
        return array, nulls
    for family, kind, filler in _FAMILIES:
        if all(issubclass(one, family) for one in kinds) and (bool in kinds) <= (family is bool):
            filled = np.array([_in_utc(value) for value in array], dtype=object)
            filled[nulls] = filler
            return filled.astype(kind), nulls
    return array, nulls


def _in_utc(value: Any) -> Any:
    """Return a moment of a time zone as the naive one in UTC, which is what NumPy knows; anything else as it is."""
    aware = isinstance(value, datetime.datetime) and value.tzinfo is not None
    return value.astimezone(datetime.UTC).replace(tzinfo=None) if aware else value


_FAMILIES: Final[tuple[tuple[Any, Any, object], ...]] = (
    (bool, bool, False),
    ((int, float, np.integer, np.floating), np.float64, 0.0),
    (str, str, ""),
    (datetime.datetime, "datetime64[us]", np.datetime64(0, "us")),
    (datetime.date, "datetime64[D]", np.datetime64(0, "D")),
    (datetime.timedelta, "timedelta64[us]", np.timedelta64(0, "us")),
)


def _column(name: str, array: npt.NDArray[Any], nulls: npt.NDArray[np.bool_]) -> Column:
    kind, said = array.dtype.kind, str(array.dtype)
    if array.size == int(nulls.sum()) and kind == "O":
        return Column(name, "empty", "null", np.empty(0), nulls)
    if kind == "b":
        return Column(name, "boolean", said, array.astype(np.int64), nulls, ("false", "true"))
    if kind in "iuf":
        large = kind != "f" and array.size > 0 and max(abs(int(array.min())), abs(int(array.max()))) > _EXACT
        return Column(name, "number", said, array.astype(np.float64), nulls, rounded=large)
    if kind in "Mm":
        return _moments(name, array, nulls)
    if kind in "US":
        texts, places = np.unique(array[~nulls].astype(str), return_inverse=True)
        codes = np.zeros(array.size, dtype=np.int64)
        codes[~nulls] = places
        return Column(name, "category", "text", codes, nulls, tuple(label(text) for text in texts.tolist()))
    return Column(name, "other", said, np.empty(0), nulls)


def _moments(name: str, array: npt.NDArray[Any], nulls: npt.NDArray[np.bool_]) -> Column:
    nulls = nulls | np.isnat(array)
    day = array.dtype == np.dtype("datetime64[D]")
    kind: Kind = "duration" if array.dtype.kind == "m" else "date" if day else "datetime"
    unit = "timedelta64[us]" if kind == "duration" else "datetime64[D]" if day else "datetime64[us]"
    numbers = array.astype(unit).astype(np.int64).astype(np.float64)
    return Column(name, kind, str(array.dtype), np.where(nulls, 0.0, numbers), nulls)
