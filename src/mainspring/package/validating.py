"""Frames and rows against a signature: plain columns of the declared types, or every violation at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from mainspring.errors import MainspringError, SignatureError, nearest
from mainspring.package.casting import Cast, by_row, cast, empty
from mainspring.package.dtypes import DTYPES
from mainspring.package.fields import Field, Policy, Signature
from mainspring.package.frames import Array, Given, columns_of

__all__ = ["Examined", "Violation", "examine", "read_input", "refused"]

_SHOWN: Final = 40
_NULLABLE: Final = ("float32", "float64", "string", "date", "datetime")
_MISSING: Final = "Add the column."


class Violation(NamedTuple):
    """Something that does not fit, in one column.

    Attributes:
        column: The column.
        rule: `missing`, `null`, `nan`, `infinite`, `range`, `type`, `unknown`, `extra` or `length`.
        what: It in words, without the column and the value: `is below 0`.
        fate: What happens with it: `refuse`; `mark`, `impute`, `null`, `clip`: it passes, and is told.
        rows: True in the rows where it is so; None when it is the column as a whole.
        value: The first value that is so; None where it may not be told.
        fix: What to do about it, where that is known.
    """

    column: str
    rule: Literal["missing", "null", "nan", "infinite", "range", "type", "unknown", "extra", "length"]
    what: str
    fate: str = "refuse"
    rows: Array | None = None
    value: object = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Examined:
    """What became of an input.

    Attributes:
        columns: The columns of the signature, in its order. They are whole when nothing is refused; else, rows that are
            refused hold what stands for null.
        violations: Everything that does not fit; those that are not refused by the policy as well.
        rows: How many rows there are.
    """

    columns: dict[str, Array]
    violations: tuple[Violation, ...]
    rows: int

    @property
    def refused(self) -> tuple[Violation, ...]:
        """The violations that refuse the input."""
        return tuple(one for one in self.violations if one.fate == "refuse")

    @property
    def bad_rows(self) -> Array:
        """True in the rows that are refused; in all rows when a column as a whole is."""
        bad = np.zeros(self.rows, bool)
        for one in self.refused:
            bad |= True if one.rows is None else one.rows
        return bad


def read_input(signature: Signature, given: Any) -> dict[str, Array]:
    """Return the columns of a signature, in its order, each of the type that `DTYPES` has for its field.

    Args:
        signature: What is expected.
        given: A frame of Polars, pandas or Arrow, a list of rows as mappings, or a mapping of arrays.

    Raises:
        SignatureError: Something does not fit; `problems` has every violation, without the values of sensitive fields.
    """
    examined = examine(signature, given)
    wrong = examined.refused
    if wrong:
        raise refused(wrong)
    return examined.columns


def refused(violations: tuple[Violation, ...]) -> SignatureError:
    """Return the error that tells violations."""
    count = f"{len(violations):,} violation{'' if len(violations) == 1 else 's'}"
    return SignatureError(
        f"The input does not fit the signature: {count}",
        fix="Correct the input, or the signature and its policy.",
        problems=tuple(_said(one) for one in violations),
    )


def examine(signature: Signature, given: Any, *, nan_is_null: bool = False) -> Examined:
    """Return the columns of a signature and everything in the input that does not fit it.

    Args:
        signature: What is expected.
        given: As for `read_input`.
        nan_is_null: Whether NaN stands for null, as in formats that have no null: it is accepted where null is.

    Raises:
        SignatureError: The input is no table at all.
    """
    found = columns_of(given)
    lengths = {name: len(one.values) for name, one in found.items() if one.values.ndim}
    rows = max(lengths.values(), default=0)
    wrong = list(_extra(signature, found))
    if len({lengths[name] for name in lengths if name in signature.names}) > 1:
        wrong.append(Violation("", "length", f"columns have different numbers of rows: {lengths}"))
        return Examined({}, tuple(wrong), rows)
    columns: dict[str, Array] = {}
    spare = [name for name in found if name not in signature.names]
    for field in signature.fields:
        policy = signature.policy_of(field)
        if nan_is_null and policy.nan == "refuse":
            policy = replace(policy, nan=policy.null)
        if field.name in found:
            columns[field.name], told = _read(field, policy, found[field.name])
        else:
            columns[field.name], told = _absent(field, policy, rows, spare)
        wrong += told
    order = {"missing": 0, "extra": 1}
    return Examined(columns, tuple(sorted(wrong, key=lambda one: order.get(one.rule, 2))), rows)


def _extra(signature: Signature, found: dict[str, Given]) -> Iterator[Violation]:
    if signature.policy.extra == "drop":
        return
    for name, given in found.items():
        if name not in signature.names:
            rows = None if given.absent is None else ~given.absent
            fate = "mark" if signature.policy.extra == "mark" else "refuse"
            yield Violation(name, "extra", "is no field", fate, rows, None, "Leave it out, or set extra='drop'.")


def _absent(field: Field, policy: Policy, rows: int, spare: list[str]) -> tuple[Array, list[Violation]]:
    """A column that nothing in the input has."""
    if policy.missing == "refuse":
        near = nearest(field.name, spare)
        fix = f"Is it '{near}'?" if near else _MISSING
        return empty(field, rows), [Violation(field.name, "missing", "is missing", fix=fix)]
    return _read(field, policy, Given(np.full(rows, None, object), absent=np.ones(rows, bool)))


def _said(one: Violation) -> MainspringError:
    """A violation in words."""
    if one.rule == "length":
        return MainspringError(one.what)
    whole = one.rule in ("missing", "extra") and one.rows is None
    what = f"{'column ' if whole else ''}'{one.column}' {one.what}"
    if one.value is not None:
        shown = repr(one.value)
        what += f": {shown if len(shown) <= _SHOWN else shown[:_SHOWN] + '…'}"
    if one.rows is not None:
        rows = np.flatnonzero(one.rows)
        single = one.rule == "type" and len(rows) == 1
        what += (
            f", in row {rows[0]}" if single else f", in {len(rows):,} of {len(one.rows):,} rows, first in row {rows[0]}"
        )
    return MainspringError(what, None, one.fix)


class _Column:
    """One column while its policy is applied: rows that were dealt with are not looked at again."""

    def __init__(self, field: Field, made: Cast) -> None:
        self.field = field
        self.values = made.values
        self.done = None if made.null is None else made.null.copy()
        self.told: list[Violation] = []

    def tell(self, rule: Any, what: str, fate: str, rows: Array, value: object = None) -> None:
        """Note a violation, and do what its fate says."""
        if fate != "keep":
            shown = None if self.field.sensitive else value
            self.told.append(Violation(self.field.name, rule, what, fate, rows, shown))
        if fate == "impute":
            self._put(rows, _imputed(self.field))
        if fate in ("impute", "refuse", "null"):
            self.done = rows if self.done is None else self.done | rows

    def open(self, rows: Array) -> Array:
        """Return those of the rows that are still to be looked at."""
        return rows if self.done is None else rows & ~self.done

    def clip(self, rows: Array, bound: float, what: str) -> None:
        """Put the bound in the place of what lies beyond it."""
        self.told.append(Violation(self.field.name, "range", what, "clip", rows))
        clipped = np.minimum if what.startswith("is above") else np.maximum
        self.values = clipped(self.values, np.array(bound).astype(self.values.dtype))

    def _put(self, rows: Array, value: Any) -> None:
        self.values = self.values.copy()
        self.values[rows] = value


def _imputed(field: Field) -> Any:
    return np.datetime64(str(field.impute)) if field.type in ("date", "datetime") else field.impute


def _read(field: Field, policy: Policy, given: Given) -> tuple[Array, list[Violation]]:
    """A column of the type of its field, and what does not fit in it."""
    made = cast(field, given)
    column = _Column(field, made)
    for odd in made.odd:
        if odd.rows is None:
            return made.values, [Violation(field.name, "type", odd.what)]
        if policy.wrong == "refuse" or policy.null == "refuse":
            column.tell("type", odd.what, "refuse", odd.rows, odd.value)
        else:
            column.tell("type", odd.what, "null", odd.rows, odd.value)
            made = made._replace(null=odd.rows if made.null is None else made.null | odd.rows)
    if made.odd:
        # What is odd has no value of the type: what stands for null is put there.
        rows = np.any([odd.rows for odd in made.odd if odd.rows is not None], axis=0)
        column.values = np.where(
            rows.reshape(-1, *[1] * len(field.shape)), empty(field, len(column.values)), column.values
        ).astype(DTYPES[field.type])
    if made.null is not None:
        _nulls(column, policy, made.null, given.absent)
    if column.values.dtype.kind == "f":
        _strange(column, policy)
    _ranges(column, policy)
    if field.categories and not field.shape:
        _categories(column, policy)
    return column.values, column.told


def _nulls(column: _Column, policy: Policy, null: Array, absent: Array | None) -> None:
    field = column.field
    if absent is not None and policy.missing == "refuse":
        column.tell("missing", "is missing", "refuse", absent)
        null = null & ~absent
    if not null.any():
        return
    if policy.null in ("keep", "mark") and field.type not in _NULLABLE:
        column.tell("null", f"is null, which no {field.type} can be: declare it as float64", "refuse", null)
        return
    rule = "missing" if absent is not None and bool(absent[null].all()) else "null"
    column.tell(rule, f"is {rule}", policy.null, null)


def _strange(column: _Column, policy: Policy) -> None:
    finite = np.isfinite(column.values)
    if finite.all():
        return
    nan = np.isnan(column.values)
    for rule, what, fate, mask in (
        ("nan", "is NaN", policy.nan, nan),
        ("infinite", "is infinite", policy.infinite, ~finite & ~nan),
    ):
        rows = column.open(by_row(mask))
        if rows.any():
            column.tell(rule, what, fate, rows)


def _ranges(column: _Column, policy: Policy) -> None:
    field = column.field
    if policy.range == "keep":
        return
    for bound, below, word in ((field.minimum, True, "below"), (field.maximum, False, "above")):
        if bound is None:
            continue
        out = column.open(by_row(column.values < bound if below else column.values > bound))
        if not out.any():
            continue
        worst, what = column.values[out][0], f"is {word} {bound:g}"
        if policy.range == "clip":
            column.clip(out, bound, what)
        else:
            column.tell("range", what, policy.range, out, worst.item() if worst.ndim == 0 else None)


def _categories(column: _Column, policy: Policy) -> None:
    if policy.unknown == "keep":
        return
    known, values = set(column.field.categories), column.values
    unknown = column.open(np.fromiter((value not in known for value in values.tolist()), bool, len(values)))
    if not unknown.any():
        return
    first = values[unknown][0]
    fate = policy.unknown
    if fate == "null":
        if column.field.type == "string":
            column.values = values.copy()
            column.values[unknown] = None
            return
        fate = "refuse"
    shown = first if column.field.type == "string" else int(first)
    column.tell("unknown", "is none of its categories", fate, unknown, shown)
