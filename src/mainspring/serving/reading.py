"""Rows in JSON against a signature: what is right is read by a compiled decoder, what is not is told in full."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import reduce
from operator import attrgetter
from types import GenericAlias
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta

from mainspring.package.dtypes import DTYPES
from mainspring.package.fields import Field, Policy, Signature
from mainspring.package.frames import Array
from mainspring.package.validating import examine
from mainspring.serving.refusing import Problem, RefusedError, marks_of
from mainspring.serving.settings import Limits

__all__ = ["Input", "Reader", "decode", "droppable"]

PATH: Final = "rows[{row}].{column}"
_EXACT: Final = {"float32": float(1 << 24), "float64": float(1 << 53)}
_Make = Callable[[list[Any]], Array]


class Input(NamedTuple):
    """An input that fits its signature.

    Attributes:
        columns: The columns of the signature.
        rows: How many rows it has.
        marks: What the answer has to tell about it.
    """

    columns: dict[str, Array]
    rows: int
    marks: tuple[Problem, ...] = ()


class Reader:
    """Reads bodies `{"rows": [{…}, …]}` into the columns of one signature. It may be used by several threads.

    With `"shared": {…}`, a whole row, each of the rows says only what differs from it.

    Args:
        signature: What is expected.
        limits: How many rows and how much nesting are accepted.
    """

    def __init__(self, signature: Signature, limits: Limits) -> None:
        self.signature = signature
        self._limits = limits
        places = [f"f{number}" for number in range(len(signature.fields))]
        row = msgspec.defstruct(
            "Row",
            [
                _struct_field(place, field, signature.policy_of(field))
                for place, field in zip(places, signature.fields, strict=True)
            ],
            forbid_unknown_fields=signature.policy.extra != "drop",
            gc=False,
            kw_only=True,
        )
        body = msgspec.defstruct(
            "Body", [("rows", _list_of(row, 1, limits.rows))], forbid_unknown_fields=True, gc=False
        )
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(body).decode
        self._columns = tuple(
            (field.name, _column(place, DTYPES[field.type]))
            for place, field in zip(places, signature.fields, strict=True)
        )

        plain = [place for place, one in zip(places, signature.fields, strict=True) if _is_plain(one)]
        # With one name alone it would return no tuple.
        self._floats = attrgetter(*plain) if len(plain) > 1 else None
        self._places = [plain.index(place) if place in plain else None for place in places]

    def read(self, body: bytes) -> Input:
        """Return the columns of a body.

        Raises:
            RefusedError: It is not as it should be; every field that is wrong is told.
        """
        try:
            rows: list[Any] = self._decode(body).rows
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return self._examined(body)
        if len(rows) == 1:
            return Input(self._one(rows), 1)
        return Input({name: make(rows) for name, make in self._columns}, len(rows))

    def _one(self, rows: list[Any]) -> dict[str, Array]:
        """The columns of a single row: its plain floats are made into one array, of which each column is a part."""
        if self._floats is None:
            return {name: make(rows) for name, make in self._columns}
        together: Array = np.array(self._floats(rows[0]), np.float64)
        return {
            name: together[place : place + 1] if place is not None else make(rows)
            for (name, make), place in zip(self._columns, self._places, strict=True)
        }

    def _examined(self, body: bytes) -> Input:
        given = decode(body, self._limits.nesting)
        rows = self._rows_of(given)
        if "shared" in given:
            rows = self._complete(given["shared"], rows)
        examined = examine(self.signature, rows)
        if wrong := examined.refused:
            raise RefusedError.of_violations(wrong, len(rows), PATH)
        return Input(examined.columns, len(rows), marks_of(examined.violations, len(rows), PATH))

    def _rows_of(self, given: Any) -> list[dict[str, Any]]:
        if not isinstance(given, dict):
            raise _malformed("", f"is {_word(given)}, not an object with 'rows'")
        problems = [
            Problem(name, "extra", "is not known; there are 'rows' and 'shared'")
            for name in given
            if name not in ("rows", "shared")
        ]
        rows = given.get("rows")
        if "rows" not in given:
            problems.append(Problem("rows", "missing", "is missing"))
        elif not isinstance(rows, list):
            problems.append(Problem("rows", "type", f"is {_word(rows)}, not an array of objects"))
        elif not rows:
            problems.append(Problem("rows", "length", "is empty"))
        else:
            problems += [
                Problem(f"rows[{place}]", "type", f"is {_word(row)}, not an object")
                for place, row in enumerate(rows)
                if not isinstance(row, dict)
            ][:100]
        if isinstance(rows, list) and len(rows) > self._limits.rows:
            raise RefusedError(413, f"The body has {len(rows):,} rows, and at most {self._limits.rows:,} are accepted")
        if problems:
            raise RefusedError(422, "The body does not have the form that is expected", problems)
        found: list[dict[str, Any]] = rows or []
        return found

    def _complete(self, shared: Any, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Rows that say only what differs from the one that they share."""
        if not isinstance(shared, dict):
            raise _malformed("shared", f"is {_word(shared)}, not an object")
        if len(msgspec.json.encode(shared)) * len(rows) > self._limits.body:
            what = f"The rows have more than {self._limits.body:,} bytes, each with what it shares"
            raise RefusedError(413, what)
        if wrong := examine(self.signature, [shared]).refused:
            raise RefusedError.of_violations(wrong, 1, "shared.{column}")
        return [shared | row for row in rows]


def droppable(signature: Signature) -> Signature:
    """Return a signature that takes no offence at columns that it does not know."""
    return replace(signature, policy=replace(signature.policy, extra="drop"))


def decode(body: bytes, nesting: int) -> Any:
    """Return what a body of JSON says.

    Raises:
        RefusedError: It is no JSON, or is nested too deep.
    """
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise _too_deep(nesting) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        said = "its text is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise RefusedError(400, f"The body is no JSON: {said}") from None
    if _deeper(value, nesting):
        raise _too_deep(nesting)
    return value


def _too_deep(nesting: int) -> RefusedError:
    return RefusedError(400, f"The body is nested deeper than {nesting} levels")


def _deeper(value: Any, levels: int) -> bool:
    """Whether a value has more levels than that."""
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_deeper(one, levels - 1) for one in inner if isinstance(one, dict | list))


def _malformed(path: str, message: str) -> RefusedError:
    return RefusedError(422, "The body does not have the form that is expected", [Problem(path, "type", message)])


def _word(value: Any) -> str:
    """A type as JSON calls it."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _is_plain(field: Field) -> bool:
    return field.type == "float64" and not field.shape


def _column(place: str, dtype: np.dtype[Any]) -> _Make:
    """What makes a column of decoded rows."""
    if dtype.kind == "O":
        return lambda rows: np.fromiter([getattr(row, place) for row in rows], object, len(rows))
    return lambda rows: np.array([getattr(row, place) for row in rows], dtype)


def _struct_field(place: str, field: Field, policy: Policy) -> tuple[Any, ...]:
    """A field of the struct that only rows without any violation fit."""
    kind = _value_type(field, policy)
    nullable = policy.null == "keep" and field.type not in ("bool", "int32", "int64") and not field.shape
    if nullable:
        kind = kind | None
    if nullable and policy.missing == "null":
        return (place, kind, msgspec.field(name=field.name, default=None))
    return (place, kind, msgspec.field(name=field.name))


def _value_type(field: Field, policy: Policy) -> Any:
    """The type of a value that violates nothing. What it does not cover is examined in full, and may still pass."""
    if field.categories and policy.unknown != "keep" and not field.shape:
        return Literal[field.categories]
    plain: dict[str, Any] = {"bool": bool, "string": str, "date": date}
    if field.type in plain:
        return plain[field.type]
    if field.type == "datetime":
        return Annotated[datetime, Meta(tz=False)]
    number = _number_type(field, ranged=policy.range != "keep")
    if field.shape and field.type in _EXACT and policy.nan == "keep":
        number = number | None
    return reduce(
        lambda kind, size: _list_of(kind, size, size),
        reversed(field.shape),
        number,
    )


def _list_of(kind: Any, least: int, most: int) -> Any:
    """The type of a list of what is known only now."""
    annotated: Any = Annotated
    return annotated[GenericAlias(list, (kind,)), Meta(min_length=least, max_length=most)]


def _number_type(field: Field, *, ranged: bool) -> Any:
    low = field.minimum if ranged else None
    high = field.maximum if ranged else None
    if field.type in _EXACT:
        # Beyond these an integer may have lost digits when it became a float.
        exact = _EXACT[field.type]
        return Annotated[
            float, Meta(ge=max(-exact, -exact if low is None else low), le=min(exact, exact if high is None else high))
        ]
    limits = np.iinfo(DTYPES[field.type])
    least = limits.min if low is None else max(limits.min, math.ceil(low))
    most = limits.max if high is None else min(limits.max, math.floor(high))
    return Annotated[int, Meta(ge=least, le=most)]
