"""Frames and rows against a signature: plain columns of the declared types, or every violation at once."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

import numpy as np

from mainspring.errors import MainspringError, SignatureError, nearest
from mainspring.package.fields import DTYPES, Field, Policy, Signature
from mainspring.package.frames import Array, Given, columns_of

__all__ = ["read_input"]

_EXACT: Final = {"float32": 1 << 24, "float64": 1 << 53}
_SHOWN: Final = 40


class _Wrong(NamedTuple):
    """A violation in one column."""

    what: str
    where: Array | int | None = None
    value: object = None


class _RefusedError(Exception):
    """A column whose values cannot be of the declared type at all."""

    def __init__(self, what: str, row: int | None = None, value: object = None) -> None:
        super().__init__(what)
        self.wrong = _Wrong(what, row, value)


def read_input(signature: Signature, given: Any) -> dict[str, Array]:
    """Return the columns of a signature, in its order, each of the type that `DTYPES` has for its field.

    Args:
        signature: What is expected.
        given: A frame of Polars, pandas or Arrow, a list of rows as mappings, or a mapping of arrays.

    Raises:
        SignatureError: Something does not fit; `problems` has every violation, without the values of sensitive fields.
    """
    found = columns_of(given)
    problems = [*_missing(signature, found), *_extra(signature, found)]
    columns: dict[str, Array] = {}
    for field in signature.fields:
        if field.name not in found:
            continue
        columns[field.name], wrong = _read(field, signature.policy_of(field), found[field.name])
        problems += [_said(field, one) for one in wrong]
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) > 1:
        problems.append(MainspringError(f"columns have different numbers of rows: {lengths}"))
    if problems:
        count = f"{len(problems):,} violation{'' if len(problems) == 1 else 's'}"
        raise SignatureError(
            f"The input does not fit the signature: {count}",
            fix="Correct the input, or the signature and its policy.",
            problems=tuple(problems),
        )
    return columns


def _missing(signature: Signature, found: dict[str, Given]) -> Iterator[MainspringError]:
    spare = [name for name in found if name not in signature.names]
    for field in signature.fields:
        if field.name not in found:
            near = nearest(field.name, spare)
            yield MainspringError(
                f"column '{field.name}' is missing", None, f"Is it '{near}'?" if near else "Add the column."
            )


def _extra(signature: Signature, found: dict[str, Given]) -> Iterator[MainspringError]:
    for name in found if signature.policy.extra == "refuse" else ():
        if name not in signature.names:
            yield MainspringError(f"column '{name}' is no field", None, "Leave it out, or set extra='drop'.")


def _said(field: Field, wrong: _Wrong) -> MainspringError:
    """A violation in words; the value is told unless its field is sensitive."""
    what = f"'{field.name}' {wrong.what}"
    if wrong.value is not None and not field.sensitive:
        shown = repr(wrong.value)
        what += f": {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}"
    if isinstance(wrong.where, int):
        what += f", in row {wrong.where}"
    elif wrong.where is not None:
        rows = np.flatnonzero(wrong.where)
        what += f", in {len(rows):,} of {len(wrong.where):,} rows, first in row {rows[0]}"
    return MainspringError(what)


def _read(field: Field, policy: Policy, given: Given) -> tuple[Array, list[_Wrong]]:
    """A column of the type of its field, and what is wrong in it."""
    try:
        values, null = _cast(field, given)
    except _RefusedError as refused:
        return np.zeros((len(given.values), *field.shape), DTYPES[field.type]), [refused.wrong]
    if values.shape[1:] != field.shape:
        return values, [_Wrong(f"has values of shape {values.shape[1:]}, not {field.shape}")]
    wrong = []
    if null is not None and null.any():
        if policy.null == "refuse":
            wrong.append(_Wrong("is null", null))
        elif field.type in ("bool", "int32", "int64"):
            wrong.append(_Wrong(f"is null, which no {field.type} can be: declare it as float64", null))
    if values.dtype.kind == "f":
        wrong += _strange(policy, values, null)
    wrong += _out_of_range(field, values, null)
    if field.categories and not field.shape:
        values, unknown = _categories(field, policy, values, null)
        wrong += unknown
    return values, wrong


def _strange(policy: Policy, values: Array, null: Array | None) -> Iterator[_Wrong]:
    finite = np.isfinite(values)
    if finite.all():
        return
    nan = np.isnan(values)
    infinite = _by_row(~finite & ~nan)
    if null is not None:
        nan = nan & ~null.reshape(-1, *[1] * (values.ndim - 1))
    if policy.nan == "refuse" and nan.any():
        yield _Wrong("is NaN", _by_row(nan))
    if policy.infinite == "refuse" and infinite.any():
        yield _Wrong("is infinite", infinite)


def _out_of_range(field: Field, values: Array, null: Array | None) -> Iterator[_Wrong]:
    for bound, below, word in ((field.minimum, True, "below"), (field.maximum, False, "above")):
        if bound is None:
            continue
        out = _by_row(values < bound if below else values > bound)
        if null is not None:
            out = out & ~null
        if out.any():
            worst = values[out][0]
            yield _Wrong(f"is {word} {bound:g}", out, worst.item() if worst.ndim == 0 else None)


def _categories(field: Field, policy: Policy, values: Array, null: Array | None) -> tuple[Array, list[_Wrong]]:
    known = set(field.categories)
    unknown = np.fromiter((value not in known for value in values.tolist()), bool, len(values))
    if null is not None:
        unknown &= ~null
    if policy.unknown == "keep" or not unknown.any():
        return values, []
    if policy.unknown == "null" and field.type == "string":
        values = values.copy()
        values[unknown] = None
        return values, []
    first = values[unknown][0]
    return values, [_Wrong("is none of its categories", unknown, first if field.type == "string" else int(first))]


def _by_row(mask: Any) -> Array:
    by_row: Array = mask if mask.ndim == 1 else mask.any(axis=tuple(range(1, mask.ndim)))
    return by_row


def _cast(field: Field, given: Given) -> tuple[Array, Array | None]:
    """The values as the type of the field, and where they are null."""
    if given.zoned:
        raise _RefusedError("has a time zone: convert it to UTC and drop the zone")
    values, null = given.values, given.null
    if values.ndim == 0:
        raise _RefusedError("is a single value, not a column")
    if values.dtype == DTYPES[field.type] and values.dtype.kind != "O" and null is None:
        return values, np.isnat(values) if values.dtype.kind == "M" else None
    at_once = _of_one_type(field, values) if values.dtype.kind == "O" and null is None else None
    if at_once is not None:
        values = at_once
    elif values.dtype.kind == "O":
        nan = field.type == "string"  # what pandas has for a text that is missing
        missing = np.fromiter((_is_null(value, nan=nan) for value in values.tolist()), bool, len(values))
        null = missing if null is None else null | missing
        if field.type != "string" and (null.any() or field.shape or not _is_time(field)):
            values = _of_objects(field, values, null)
    elif values.dtype.kind == "M":
        null = np.isnat(values) if null is None else null | np.isnat(values)
    return _CASTS[field.type](field, values, null), null


_NATIVE: Final = {"bool": bool, "int32": int, "int64": int, "float32": float, "float64": float, "string": str}


def _of_one_type(field: Field, values: Array) -> Array | None:
    """The array of Python's values that are all of the very type of the field; most rows are so, and this is fast."""
    listed = values.tolist()
    if field.shape or set(map(type, listed)) != {_NATIVE.get(field.type)}:
        return None
    if field.type == "string":
        return values
    array = np.array(listed)
    return array if array.dtype.kind in "bif" else None


def _is_time(field: Field) -> bool:
    return field.type in ("date", "datetime")


def _is_null(value: object, *, nan: bool) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64):
        return bool(np.isnat(value))
    return nan and isinstance(value, float) and value != value


def _of_objects(field: Field, values: Array, null: Array) -> Array:
    """An array of one type from Python's values, with zero where they are null."""
    if _is_time(field):
        filled = values.copy()
        filled[null] = np.datetime64("NaT", "us")
        return filled
    kinds = (bool, np.bool_) if field.type == "bool" else (int, float, np.number)
    empty: Any = np.zeros(field.shape) if field.shape else False if field.type == "bool" else 0
    filled_list = []
    for row, value in enumerate(values.tolist()):
        if not null[row] and not field.shape and (not isinstance(value, kinds) or _odd_bool(field, value)):
            raise _RefusedError(f"is a {type(value).__name__}, not a {field.type}", row, value)
        filled_list.append(empty if null[row] else value)
    try:
        array = np.array(filled_list) if filled_list else np.zeros((0, *field.shape), DTYPES[field.type])
    except (ValueError, OverflowError) as error:
        raise _RefusedError(f"does not have the shape {field.shape} in every row") from error
    if field.type in _EXACT:
        array = _no_number(array, null, field)
    return array


def _odd_bool(field: Field, value: object) -> bool:
    return field.type != "bool" and isinstance(value, bool | np.bool_)


def _no_number(array: Array, null: Array, field: Field) -> Array:
    """The array with NaN where it is null, unless its integers would lose digits by becoming floats."""
    if array.dtype.kind == "f" or null.any():
        _check_exact(array, field)
        array = array.astype(np.float64)
        array[null] = np.nan
    return array


def _check_exact(values: Array, field: Field) -> None:
    if values.dtype.kind in "iuO" and values.size:
        high, low = values.max(), values.min()
        limit = _EXACT[field.type]
        if high > limit or low < -limit:
            value = high if high > limit else low
            raise _RefusedError(f"is an integer that {field.type} cannot hold exactly", None, int(value))


def _to_bool(_: Field, values: Array, __: Array | None) -> Array:
    if values.dtype.kind != "b":
        raise _RefusedError(f"is {values.dtype}, not bool")
    return values


def _to_int(field: Field, values: Array, null: Array | None) -> Array:
    wanted = DTYPES[field.type]
    if values.dtype.kind not in "iufO":
        raise _RefusedError(f"is {values.dtype}, not {field.type}")
    if null is not None and null.any():
        values = np.where(null.reshape(-1, *[1] * (values.ndim - 1)), 0, values)
    limits = np.iinfo(wanted)
    if values.dtype.kind == "f":
        whole = np.isfinite(values) & (np.trunc(values) == values)
        if not whole.all():
            row = int(np.flatnonzero(_by_row(~whole))[0])
            raise _RefusedError("is no whole number", row, values[row].item() if values.ndim == 1 else None)
    if values.size and (values.max() > limits.max or values.min() < limits.min):
        row = int(np.flatnonzero(_by_row((values > limits.max) | (values < limits.min)))[0])
        raise _RefusedError(f"is beyond {field.type}", row)
    return values.astype(wanted)


def _to_float(field: Field, values: Array, null: Array | None) -> Array:
    if values.dtype.kind not in "iufO":
        raise _RefusedError(f"is {values.dtype}, not {field.type}")
    _check_exact(values, field)
    with np.errstate(over="ignore"):
        values = values.astype(DTYPES[field.type])
    if null is not None and null.any():
        values = values.copy()
        values[null] = np.nan
    return values


def _to_string(_: Field, values: Array, null: Array | None) -> Array:
    if values.dtype.kind == "U":
        return values.astype(object)
    if values.dtype.kind not in "OT":
        raise _RefusedError(f"is {values.dtype}, not string")
    if null is None and set(map(type, values.tolist())) == {str}:
        return values
    out = np.empty(len(values), object)
    for row, value in enumerate(values.tolist()):
        if null is not None and null[row]:
            continue
        if not isinstance(value, str):
            raise _RefusedError(f"is a {type(value).__name__}, not a string", row, value)
        out[row] = str(value)
    return out


def _to_date(field: Field, values: Array, _: Array | None) -> Array:
    return _moments(field, values).astype("<M8[D]")


def _to_datetime(field: Field, values: Array, _: Array | None) -> Array:
    return _moments(field, values).astype("<M8[us]")


def _moments(field: Field, values: Array) -> Array:
    """Times in microseconds, or finer as given; a date has no time of day."""
    if values.dtype.kind == "O":
        moments = [_moment(value, row, field) for row, value in enumerate(values.tolist())]
        values = np.array(moments, "<M8[us]") if moments else np.zeros(0, "<M8[us]")
    if values.dtype.kind != "M":
        raise _RefusedError(f"is {values.dtype}, not a {field.type}")
    if field.type == "date":
        late = (values.astype("<M8[D]") != values) & ~np.isnat(values)
        if late.any():
            raise _RefusedError("has a time of day", int(np.flatnonzero(late)[0]))
    return values


def _moment(value: object, row: int, field: Field) -> object:
    if isinstance(value, np.datetime64):
        return value
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise _RefusedError("is no ISO date or time", row, value) from None
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            raise _RefusedError("has a time zone: convert it to UTC and drop the zone", row)
        return np.datetime64(value.replace(tzinfo=UTC).replace(tzinfo=None), "us")
    if isinstance(value, date):
        return np.datetime64(value, "us")
    raise _RefusedError(f"is a {type(value).__name__}, not a {field.type}", row, value)


_Cast = Callable[[Field, Array, Array | None], Array]
_CASTS: Final[dict[str, _Cast]] = {
    "bool": _to_bool,
    "int32": _to_int,
    "int64": _to_int,
    "float32": _to_float,
    "float64": _to_float,
    "string": _to_string,
    "date": _to_date,
    "datetime": _to_datetime,
}
