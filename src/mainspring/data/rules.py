"""Rules of a data contract: what each row, each group of rows, and the frame as a whole has to satisfy.

A rule is an expression that is true where it is kept. Null is neither: a rule about values lets it pass, as `CHECK` in
SQL does, and `not_null` catches it. NaN breaks every range.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal

import polars as pl

from mainspring.data.findings import Severity, checked_severity
from mainspring.data.frames import series_of
from mainspring.errors import DefinitionError

__all__ = [
    "Rule",
    "aggregate",
    "column",
    "finite",
    "group",
    "in_range",
    "matches",
    "no_gaps",
    "not_null",
    "null_share",
    "one_of",
    "ordered",
    "references",
    "row",
    "series_length",
    "unique",
]

_SHOWN: Final = 6
_INTEGERS: Final = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
_PYTHON: Final[dict[type, tuple[Any, ...]]] = {
    bool: (pl.Boolean,),
    int: _INTEGERS,
    float: (pl.Float32, pl.Float64),
    str: (pl.String, pl.Categorical, pl.Enum),
    date: (pl.Date,),
    datetime: (pl.Datetime,),
    time: (pl.Time,),
    timedelta: (pl.Duration,),
}


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule.

    An expression that gives one value for the whole frame, such as `pl.col("units").sum() > 0`, is a rule about the
    frame; any other gives a truth value for each row. `column` makes the rules that have no expression.

    Attributes:
        name: What messages call it; unique in a contract.
        expression: True where the rule is kept.
        severity: `fail` refuses the data, `quarantine` sets the rows aside, `warn` only tells.
        where: Rows that the rule is about; by default all.
        column: The column that has to be there, for a rule without expression.
        types: Polars types that it may have; none for any.

    Raises:
        DefinitionError: It cannot work whatever the data are.

    >>> Rule("sold and paid", pl.col("revenue") >= pl.col("units") * pl.col("cost"), "warn").severity
    'warn'
    """

    name: str
    expression: pl.Expr | None = None
    severity: Severity = "fail"
    where: pl.Expr | None = None
    column: str = ""
    types: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        checked_severity(self.severity, self.name)
        if (self.expression is None) == (not self.column):
            raise self._wrong("has neither or both of an expression and a column", "Give one of them.")
        for part in (self.expression, self.where):
            if part is not None:
                self._check_expression(part)
        if self.severity == "quarantine" and self.about_frame:
            raise self._wrong("is about the whole frame, which has no rows to set aside", "Use 'fail' or 'warn'.")

    def _check_expression(self, part: Any) -> None:
        if not isinstance(part, pl.Expr):
            raise self._wrong(f"is given a {type(part).__qualname__}", "Give a Polars expression: pl.col(…) > 0.")
        if part.meta.has_multiple_outputs():
            raise self._wrong("gives several truth values a row", "Join them: pl.all_horizontal(…).")
        if not part.meta.is_scalar() and not part.meta.is_length_preserving():
            raise self._wrong("gives neither one truth value a row nor one in all", "Use .over(…) for groups.")

    @property
    def about_frame(self) -> bool:
        """Whether the rule gives one answer for the whole frame."""
        return self.expression is None or bool(self.expression.meta.is_scalar())

    @property
    def broken(self) -> pl.Expr:
        """The expression that is true where the rule is broken, and never null."""
        if self.expression is None:
            raise self._wrong("has no expression", "Look at its column.")
        broken = self.expression.not_().fill_null(value=False)
        return broken if self.where is None else broken & self.where.fill_null(value=False)

    def needed(self) -> tuple[str, ...]:
        """Return the columns that the rule is about."""
        parts = [part for part in (self.expression, self.where) if part is not None]
        found = [name for part in parts for name in part.meta.root_names()]
        return tuple(dict.fromkeys([self.column, *found] if self.column else found))

    def _wrong(self, what: str, fix: str) -> DefinitionError:
        return DefinitionError(f"Rule '{self.name}' {what}", None, fix)


def column(name: str, *types: Any, severity: Severity = "fail") -> Rule:
    """Return the rule that a column is there and has one of these types.

    Args:
        name: The column.
        types: Polars types, or `bool`, `int` (of up to 64 bits), `float`, `str`, `date`, `datetime`, `time`,
            `timedelta`; none for any type. `datetime` and `pl.Datetime` are without a time zone:
            `pl.Datetime("us", "UTC")` is with one.
        severity: What happens when it is not so.
    """
    known = [kind for one in types for kind in (_PYTHON.get(one, (one,)) if isinstance(one, type) else (one,))]
    for kind in known:
        if not isinstance(kind, pl.DataType) and not (isinstance(kind, type) and issubclass(kind, pl.DataType)):
            raise DefinitionError(
                f"{kind!r} is no type of a column", f"column '{name}'", "Give a Polars type, or int, float, str, date …"
            )
    return Rule(f"column {name}", None, severity, None, name, tuple(known))


def not_null(name: str, *, severity: Severity = "fail", where: pl.Expr | None = None) -> Rule:
    """Return the rule that a column has no null; NaN is none."""
    return Rule(f"{name} is not null", pl.col(name).is_not_null(), severity, where)


def null_share(name: str, at_most: float, *, severity: Severity = "fail") -> Rule:
    """Return the rule that at most this share of a column is null, and that it is not null from end to end."""
    if not 0 <= at_most <= 1:
        raise DefinitionError(f"A share of {at_most!r}", f"column '{name}'", "Give one between 0 and 1.")
    share = pl.col(name).is_null().mean()
    said = f"at most {at_most:.4g} of {name} is null, and not all"
    return Rule(said, (share <= at_most) & (share < 1), severity)


def finite(name: str, *, severity: Severity = "fail", where: pl.Expr | None = None) -> Rule:
    """Return the rule that a column of floats is neither NaN nor infinite."""
    return Rule(f"{name} is finite", pl.col(name).is_finite(), severity, where)


def in_range(
    name: str,
    minimum: Any = None,
    maximum: Any = None,
    *,
    severity: Severity = "fail",
    where: pl.Expr | None = None,
) -> Rule:
    """Return the rule that values lie between two bounds, both allowed; None leaves a side open. NaN breaks it."""
    value = pl.col(name)
    if minimum is None and maximum is None:
        raise DefinitionError("A range without a bound", f"column '{name}'", "Give a minimum, a maximum or both.")
    if maximum is None:
        kept, said = value.ge(minimum), f"{name} is at least {minimum}"
        if isinstance(minimum, int | float):
            kept &= value.le(float("inf"))  # NaN is above every number to Polars
    elif minimum is None:
        kept, said = value.le(maximum), f"{name} is at most {maximum}"
    elif minimum > maximum:
        raise DefinitionError(f"A range from {minimum} to {maximum}", f"column '{name}'", "Swap the bounds.")
    else:
        kept, said = value.is_between(minimum, maximum), f"{name} is between {minimum} and {maximum}"
    return Rule(said, kept, severity, where)


def one_of(name: str, values: Iterable[Any], *, severity: Severity = "fail", where: pl.Expr | None = None) -> Rule:
    """Return the rule that a column has these values alone."""
    known = list(values)
    shown = ", ".join(str(value) for value in known[:_SHOWN]) + (" …" if len(known) > _SHOWN else "")
    return Rule(f"{name} is one of {shown}", pl.col(name).is_in(known), severity, where)


def matches(name: str, pattern: str, *, severity: Severity = "fail", where: pl.Expr | None = None) -> Rule:
    """Return the rule that the whole text of a column matches a regular expression, in the syntax of Rust."""
    return Rule(f"{name} matches {pattern}", pl.col(name).str.contains(f"^(?:{pattern})$"), severity, where)


def references(
    name: str, known: object, *, to: str = "", severity: Severity = "fail", where: pl.Expr | None = None
) -> Rule:
    """Return the rule that each value of a column is one of another table: a product that exists.

    Args:
        name: The column.
        known: The column of the other table.
        to: What messages call the other table.
        severity: What happens when it is not so.
        where: Rows that the rule is about.
    """
    values = series_of(known, name).unique()
    said = f"{name} is known{f' in {to}' if to else ''}"
    return Rule(said, pl.col(name).is_in(values.implode()), severity, where)


def unique(
    *names: str, keep: Literal["none", "first"] = "none", severity: Severity = "fail", where: pl.Expr | None = None
) -> Rule:
    """Return the rule that no two rows have the same key; null equals null.

    Args:
        names: The columns of the key.
        keep: `none` breaks the rule for each of the equal rows, `first` for all but the first.
        severity: What happens when it is not so.
        where: Rows that the rule is about; the others still count as equal.
    """
    if not names:
        raise DefinitionError("A key without columns", "rule 'unique'", "Name the columns of the key.")
    alone = pl.len().over(*names) == 1
    kept = alone if keep == "none" else pl.struct(*names).is_first_distinct()
    return Rule(f"{', '.join(names)} is unique", kept, severity, where)


def ordered(name: str, *, by: Sequence[str] = (), strictly: bool = False, severity: Severity = "fail") -> Rule:
    """Return the rule that a column ascends from row to row, within each series.

    Args:
        name: The column, such as a date.
        by: Columns that name a series.
        strictly: Whether equal neighbours break it.
        severity: What happens when it is not so.
    """
    before = pl.col(name).shift(1).over(*by) if by else pl.col(name).shift(1)
    kept = pl.col(name) > before if strictly else pl.col(name) >= before
    return Rule(f"{name} ascends{_within(by)}", kept, severity)


def no_gaps(name: str, every: str = "1d", *, by: Sequence[str] = (), severity: Severity = "fail") -> Rule:
    """Return the rule that no date is missing between the first and the last one; the row after a gap breaks it.

    Args:
        name: The column of dates. Rows need no order.
        every: How far dates may be apart, in the words of Polars: `1d`, `1w`, `1mo`.
        by: Columns that name a series.
        severity: What happens when it is not so.
    """
    before = pl.col(name).shift(1).over(*by, order_by=name)
    said = f"{name} has no gap over {every}{_within(by)}"
    return Rule(said, pl.col(name) <= before.dt.offset_by(every), severity)


def series_length(*by: str, at_least: int, severity: Severity = "fail") -> Rule:
    """Return the rule that each series has enough rows, such as for a horizon; all rows of a short one break it."""
    return group(f"each {', '.join(by)} has at least {at_least} rows", pl.len() >= at_least, by=by, severity=severity)


def row(name: str, expression: pl.Expr, *, severity: Severity = "fail", where: pl.Expr | None = None) -> Rule:
    """Return the rule of an expression that is true for each row that keeps it."""
    return Rule(name, expression, severity, where)


def group(name: str, expression: pl.Expr, *, by: Sequence[str], severity: Severity = "fail") -> Rule:
    """Return the rule of an expression that gives one truth value a group; all rows of a group break it together.

    >>> group("each shop sells", pl.col("units").sum() > 0, by=["shop"]).needed()
    ('units', 'shop')
    """
    if not by or not expression.meta.is_scalar():
        raise DefinitionError(
            f"Rule '{name}' does not give one truth value a group", None, "Aggregate: pl.col(…).sum() > 0, by=['shop']."
        )
    return Rule(name, expression.over(*by), severity)


def aggregate(name: str, expression: pl.Expr, *, severity: Severity = "fail") -> Rule:
    """Return the rule of an expression that gives one truth value for the whole frame."""
    rule = Rule(name, expression, severity)
    if not rule.about_frame:
        raise DefinitionError(f"Rule '{name}' gives a value for each row", None, "Aggregate: pl.col(…).mean() < 10.")
    return rule


def _within(by: Sequence[str]) -> str:
    return f" within {', '.join(by)}" if by else ""
