"""Columns of Python's or a library's values as plain arrays of the type of a field, and which of them cannot be."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

import numpy as np

from mainspring.package.dtypes import DTYPES
from mainspring.package.fields import Field
from mainspring.package.frames import Array, Given

__all__ = ["Cast", "Odd", "cast"]

_EXACT: Final = {"float32": 1 << 24, "float64": 1 << 53}
_NATIVE: Final[dict[str, tuple[type, ...]]] = {
    "bool": (bool,),
    "int32": (int,),
    "int64": (int,),
    "float32": (float, int),
    "float64": (float, int),
    "string": (str,),
}


class Odd(NamedTuple):
    """Values that are not of the type of their field.

    Attributes:
        what: Why, in words.
        rows: True where; None when it is the column as a whole.
        value: The first of them.
    """

    what: str
    rows: Array | None = None
    value: object = None


class Cast(NamedTuple):
    """A column of the type of its field.

    Attributes:
        values: Its values; what is null or odd is NaN, None, NaT, zero or false there.
        null: True where a value is null; None when none is.
        odd: What is not of the type.
    """

    values: Array
    null: Array | None = None
    odd: tuple[Odd, ...] = ()


class _OddError(Exception):
    """One value that is not of the type."""


def cast(field: Field, given: Given) -> Cast:
    """Return a column as the type of its field."""
    values = given.values
    if values.ndim == 0:
        return Cast(empty(field, 0), odd=(Odd("is a single value, not a column"),))
    if given.zoned:
        return _whole(field, values, "has a time zone: convert it to UTC and drop the zone")
    if values.dtype == DTYPES[field.type] and values.dtype.kind != "O" and given.null is None:
        null = np.isnat(values) if values.dtype.kind == "M" else None
    elif values.dtype.kind == "O":
        made = _of_objects(field, values, given.null)
        values, null = made.values, made.null
        if made.odd:
            return made
    else:
        made = _of_array(field, values, given.null)
        values, null = made.values, made.null
        if made.odd:
            return made
    if values.shape[1:] != field.shape:
        return _whole(field, values, f"has values of shape {values.shape[1:]}, not {field.shape}")
    return Cast(values, null if null is not None and null.any() else None)


def empty(field: Field, rows: int) -> Array:
    """Return a column of what stands for null: NaN, None, NaT, zero or false."""
    filler: Any = {"float32": np.nan, "float64": np.nan, "string": None, "bool": False, "int32": 0, "int64": 0}.get(
        field.type, np.datetime64("NaT")
    )
    return np.full((rows, *field.shape), filler, DTYPES[field.type])


def _whole(field: Field, values: Array, what: str) -> Cast:
    return Cast(empty(field, len(values)), odd=(Odd(what),))


# Objects: Python's values, one by one where they are not all of one type.


def _of_objects(field: Field, values: Array, null: Array | None) -> Cast:
    listed = values.tolist()
    if null is None and (fast := _of_one_type(field, values, listed)) is not None:
        return fast
    to_one, out = _ONE[field.type], empty(field, len(listed))
    missing = np.zeros(len(listed), bool) if null is None else null.copy()
    nan_is_null = field.type == "string"  # what pandas has for a text that is missing
    odd: dict[str, list[int]] = {}
    for row, value in enumerate(listed):
        if missing[row] or _is_null(value, nan=nan_is_null):
            missing[row] = True
            continue
        try:
            out[row] = _vector(field, value) if field.shape else to_one(field, value)
        except _OddError as error:
            odd.setdefault(str(error), []).append(row)
    return Cast(out, missing, tuple(Odd(what, _mask(len(listed), rows), listed[rows[0]]) for what, rows in odd.items()))


def _mask(length: int, rows: list[int]) -> Array:
    mask = np.zeros(length, bool)
    mask[rows] = True
    return mask


def _of_one_type(field: Field, values: Array, listed: list[Any]) -> Cast | None:
    """Values that are all of the very types of the field, or None; most rows are so, and this is fast."""
    kinds = set(map(type, listed))
    null = None
    if type(None) in kinds and field.type in ("float32", "float64", "string"):
        kinds.discard(type(None))
        null = np.fromiter((value is None for value in listed), bool, len(listed))
    if field.shape or not kinds or not kinds.issubset(_NATIVE.get(field.type, ())):
        return None
    if field.type == "string":
        return Cast(values, null)
    try:
        array = np.array(listed, DTYPES["float64"] if field.type in _EXACT else DTYPES[field.type])
    except OverflowError:
        return None
    if field.type not in _EXACT:
        return Cast(array)
    if int in kinds and bool((np.abs(array) >= _EXACT[field.type]).any()):
        return None
    return Cast(_narrow(array, field), null)


def _is_null(value: object, *, nan: bool) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return nan and isinstance(value, float) and value != value


def _type_of(value: object, field: Field) -> _OddError:
    return _OddError(f"is a {type(value).__name__}, not a {field.type}")


def _one_bool(field: Field, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise _type_of(value, field)
    return bool(value)


def _one_number(field: Field, value: Any) -> Any:
    if not isinstance(value, int | float | np.number) or isinstance(value, bool | np.bool_):
        raise _type_of(value, field)
    if isinstance(value, np.complexfloating):
        raise _type_of(value, field)
    return value.item() if isinstance(value, np.number) else value


def _one_int(field: Field, value: Any) -> int:
    number = _one_number(field, value)
    if isinstance(number, float) and not (number - number == 0 and number == int(number)):
        raise _OddError("is no whole number")
    limits = np.iinfo(DTYPES[field.type])
    if not limits.min <= number <= limits.max:
        raise _OddError(f"is beyond {field.type}")
    return int(number)


def _one_float(field: Field, value: Any) -> Any:
    number = _one_number(field, value)
    if isinstance(number, int) and abs(number) > _EXACT[field.type]:
        raise _OddError(f"is an integer that {field.type} cannot hold exactly")
    return _narrow(np.array(float(number)), field)


def _one_string(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _type_of(value, field)
    return str(value)


def _one_moment(field: Field, value: Any) -> np.datetime64:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise _OddError("is no ISO date or time") from None
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise _OddError("has a time zone: convert it to UTC and drop the zone")
        value = np.datetime64(value.replace(tzinfo=UTC).replace(tzinfo=None), "us")
    elif isinstance(value, date):
        value = np.datetime64(value, "us")
    if not isinstance(value, np.datetime64):
        raise _type_of(value, field)
    if field.type == "date" and value.astype("<M8[D]") != value:
        raise _OddError("has a time of day")
    return value


def _vector(field: Field, value: Any) -> Array:
    if isinstance(value, str | bytes) or not hasattr(value, "__len__"):
        raise _type_of(value, field)
    try:
        array = np.array(value)
    except (ValueError, OverflowError) as error:
        raise _OddError(f"does not have the shape {field.shape}") from error
    if array.shape != field.shape:
        raise _OddError(f"does not have the shape {field.shape}")
    if array.dtype.kind == "O" and field.type in _EXACT:
        array = _with_null(array, _EXACT[field.type])
    made = _of_array(field, array.reshape(-1), None) if array.dtype.kind in "iuf" else None
    if made is None or made.odd:
        raise _OddError(made.odd[0].what if made else f"holds values that are no {field.type}")
    return made.values.reshape(field.shape)


def _with_null(array: Array, limit: int) -> Array:
    """Numbers and None as floats, in which None is NaN; what holds anything else, or too large integers, stays."""
    listed = array.reshape(-1).tolist()
    if not set(map(type, listed)) <= {int, float, type(None)}:
        return array
    if any(type(one) is int and abs(one) > limit for one in listed):
        return array
    plain: Array = np.array(listed, np.float64).reshape(array.shape)
    return plain


_ONE: Final[dict[str, Callable[[Field, Any], Any]]] = {
    "bool": _one_bool,
    "int32": _one_int,
    "int64": _one_int,
    "float32": _one_float,
    "float64": _one_float,
    "string": _one_string,
    "date": _one_moment,
    "datetime": _one_moment,
}


# Arrays of one type.


def _of_array(field: Field, values: Array, null: Array | None) -> Cast:
    kinds = {"bool": "b", "string": "UT", "date": "M", "datetime": "M"}.get(field.type, "iuf")
    if values.dtype.kind not in kinds:
        return _whole(field, values, f"is {values.dtype}, not {'a ' if kinds == 'M' else ''}{field.type}")
    if field.type in _EXACT:
        return _floats(field, values, null)
    if field.type in ("int32", "int64"):
        return _ints(field, values, null)
    if kinds == "M":
        return _moments(field, values, null)
    values = values.astype(DTYPES[field.type])
    if null is not None and null.any() and field.type == "string":
        values[null] = None
    return Cast(values, null)


def _floats(field: Field, values: Array, null: Array | None) -> Cast:
    odd = tuple(_inexact(field, values)) if values.dtype.kind in "iu" else ()
    made = _narrow(values, field)
    if null is not None and null.any():
        made = made.copy()
        made[null] = np.nan
    return Cast(made, null, odd)


def _inexact(field: Field, values: Array) -> Iterator[Odd]:
    limit = _EXACT[field.type]
    far = by_row((values > limit) | (values < -limit))
    if far.any():
        yield _odd(f"is an integer that {field.type} cannot hold exactly", far, values)


def _ints(field: Field, values: Array, null: Array | None) -> Cast:
    if null is not None and null.any():
        values = np.where(null.reshape(-1, *[1] * (values.ndim - 1)), 0, values)
    limits, odd = np.iinfo(DTYPES[field.type]), []
    if values.dtype.kind == "f":
        broken = by_row(~(np.isfinite(values) & (np.trunc(values) == values)))
        if broken.any():
            odd.append(_odd("is no whole number", broken, values))
    with np.errstate(invalid="ignore"):
        # 2**63 is the nearest float to the greatest int64, and beyond it.
        above = values >= float(limits.max) + 1 if values.dtype.kind == "f" else values > limits.max
        far = by_row(above | (values < limits.min))
        if far.any():
            odd.append(_odd(f"is beyond {field.type}", far, values))
        made = np.zeros(values.shape, DTYPES[field.type]) if odd else values.astype(DTYPES[field.type])
    return Cast(made, null, tuple(odd))


def _moments(field: Field, values: Array, null: Array | None) -> Cast:
    unknown = np.isnat(values)
    null = unknown if null is None else null | unknown
    odd: tuple[Odd, ...] = ()
    if field.type == "date":
        late = (values.astype("<M8[D]") != values) & ~unknown
        if late.any():
            odd = (_odd("has a time of day", late, values),)
    return Cast(values.astype(DTYPES[field.type]), null, odd)


def _odd(what: str, rows: Array, values: Array) -> Odd:
    first = values[rows][0]
    return Odd(what, rows, first.item() if np.ndim(first) == 0 else None)


def _narrow(values: Array, field: Field) -> Array:
    with np.errstate(over="ignore"):
        made: Array = values.astype(DTYPES[field.type], copy=False)
    return made


def by_row(mask: Any) -> Array:
    """Return which rows of a mask have a true value in them."""
    rows: Array = mask if mask.ndim == 1 else mask.any(axis=tuple(range(1, mask.ndim)))
    return rows
