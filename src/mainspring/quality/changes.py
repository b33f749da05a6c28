"""How a row is changed, before a model is asked again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np

from mainspring.errors import DefinitionError, nearest
from mainspring.quality.domains import Domain
from mainspring.quality.rows import Array, Rows, count_of, where

__all__ = [
    "Assign",
    "Change",
    "Changed",
    "Changing",
    "Keep",
    "Noise",
    "Rename",
    "Replace",
    "Scale",
    "Shift",
    "Shrinks",
    "World",
]

Shrinks = Literal["elements", "columns", "together", "no"]
Names = str | Sequence[str]


class World(NamedTuple):
    """What a change may draw from.

    Attributes:
        random: The generator.
        real: All real rows.
        domain: What rows may be.
    """

    random: np.random.Generator
    real: Rows
    domain: Domain


class Changed(NamedTuple):
    """Rows that were changed.

    Attributes:
        columns: The columns that may have changed, for each row.
        amount: By how much each row was changed, where that is one number.
    """

    columns: dict[str, Array]
    amount: Array | None = None


class Change(Protocol):
    """A way to change rows. It is frozen; what it draws it draws from the world that it is given."""

    @property
    def shrinks(self) -> Shrinks:
        """What may be taken back when a change is shrunk and still be such a change.

        Single elements of vectors, single columns, a part of its amount in all columns together, or nothing.
        """
        ...

    def apply(self, rows: Rows, world: World) -> Changed:
        """Return changed rows. Those that were given must not be written to."""
        ...


def _named(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _column(rows: Rows, name: str) -> Array:
    if name not in rows:
        near = nearest(name, rows)
        raise DefinitionError(
            f"A property changes the column '{name}', which the rows have not",
            fix=f"Did you mean '{near}'?" if near else f"They have {', '.join(rows)}.",
        )
    return rows[name]


def _spread(drawn: Array, like: Array) -> Array:
    return np.asarray(drawn.reshape(-1, *[1] * (like.ndim - 1)))


@dataclass(frozen=True, slots=True)
class Shift:
    """Numbers are moved: up by an amount from `low` to `high`, or down where these are negative.

    Attributes:
        columns: The columns; each is moved by an amount of its own.
        low: The least amount.
        high: The greatest one.
        relative: Whether amounts are shares of the value.
        at: Which elements of a vector are moved, all by the same amount; None for all.
    """

    columns: Names
    low: float
    high: float
    relative: bool = False
    at: slice | None = None

    @property
    def shrinks(self) -> Shrinks:
        """Single elements may stay as they were."""
        return "elements"

    def apply(self, rows: Rows, world: World) -> Changed:
        """Return rows with these columns moved, within their declared ranges."""
        made = {}
        for name in _named(self.columns):
            before = _column(rows, name)
            amount = _spread(world.random.uniform(self.low, self.high, len(before)), before)
            moved = before * (1 + amount) if self.relative else before + amount
            if before.dtype.kind in "iu":
                moved = np.rint(moved)
            after = world.domain.within(name, moved.astype(before.dtype))
            if self.at is not None:
                kept = after
                after = before.copy()
                after[:, self.at] = kept[:, self.at]
            made[name] = after
        return Changed(made)


@dataclass(frozen=True, slots=True)
class Scale:
    """Columns are multiplied by one factor: another unit, or a larger customer.

    Attributes:
        columns: The columns, which share the factor.
        low: The least factor.
        high: The greatest one; factors between are alike on a logarithmic scale.
    """

    columns: Names
    low: float
    high: float

    @property
    def shrinks(self) -> Shrinks:
        """The factor may come nearer to one, in all columns together."""
        return "together"

    def apply(self, rows: Rows, world: World) -> Changed:
        """Return rows with these columns multiplied, and the factor of each row."""
        factor = np.exp(world.random.uniform(np.log(self.low), np.log(self.high), count_of(rows)))
        made = {}
        for name in _named(self.columns):
            before = _column(rows, name)
            made[name] = (before * _spread(factor, before)).astype(before.dtype)
        return Changed(made, factor)


@dataclass(frozen=True, slots=True)
class Noise:
    """Small normal noise on every number, and on every element of a vector.

    Attributes:
        columns: The columns.
        size: Standard deviation, as a share of the value, or plain.
        relative: Whether it is a share of the value.
    """

    columns: Names
    size: float
    relative: bool = True

    @property
    def shrinks(self) -> Shrinks:
        """Single elements may stay as they were."""
        return "elements"

    def apply(self, rows: Rows, world: World) -> Changed:
        """Return rows with noise, within their declared ranges."""
        made = {}
        for name in _named(self.columns):
            before = _column(rows, name)
            drawn = self.size * world.random.standard_normal(before.shape)
            made[name] = world.domain.within(
                name, (before * (1 + drawn) if self.relative else before + drawn).astype(before.dtype)
            )
        return Changed(made)


@dataclass(frozen=True, slots=True)
class Replace:
    """Values of other real rows, or of the declared domain, half and half.

    Attributes:
        columns: The columns, each of which is replaced; none named: all of them, each with the chance `share`.
        share: The chance of a column when none is named.
    """

    columns: Names = ()
    share: float = 0.3

    @property
    def shrinks(self) -> Shrinks:
        """Single columns may stay as they were."""
        return "columns"

    def apply(self, rows: Rows, world: World) -> Changed:
        """Return rows with values of others."""
        random, count, made = world.random, count_of(rows), {}
        for name in _named(self.columns) or tuple(rows):
            before = _column(rows, name)
            other = world.real[name][random.integers(0, len(world.real[name]), count)]
            drawn = world.domain.column(name, random, count, world.real)
            after = where(random.random(count) < 0.5, other, drawn)
            made[name] = after if self.columns else where(random.random(count) < self.share, after, before)
        return Changed(made)


@dataclass(frozen=True, slots=True)
class Keep:
    """Nothing is changed: real rows are looked at as they are."""

    @property
    def shrinks(self) -> Shrinks:
        """There is nothing to take back."""
        return "no"

    def apply(self, rows: Rows, world: World) -> Changed:
        """Return no column."""
        del rows, world
        return Changed({})


@dataclass(frozen=True, slots=True)
class Rename:
    """Values are replaced by others that mean the same, such as synonyms; other values stay.

    Attributes:
        names: For each column the value that each value becomes.
    """

    names: Mapping[str, Mapping[Any, Any]]

    @property
    def shrinks(self) -> Shrinks:
        """Single columns may stay as they were."""
        return "columns"

    def apply(self, rows: Rows, world: World) -> Changed:
        """Return rows with the other names."""
        del world  # nothing is drawn
        made = {}
        for name, others in self.names.items():
            before = _column(rows, name)
            made[name] = before.copy()
            for old, new in others.items():
                made[name][before == old] = new
        return Changed(made)


@dataclass(frozen=True, slots=True)
class Assign:
    """Columns are given a value: the same for every row.

    Attributes:
        values: For each column its value; None is null, which is NaN in a column of numbers.
        at: Which elements of vectors are given it; None for all.
    """

    values: Mapping[str, Any]
    at: slice | None = None

    @property
    def shrinks(self) -> Shrinks:
        """Single columns may stay as they were."""
        return "columns"

    def apply(self, rows: Rows, world: World) -> Changed:
        """Return rows with these values."""
        del world  # nothing is drawn
        made = {}
        for name, value in self.values.items():
            after = _column(rows, name).copy()
            after[(slice(None), self.at) if self.at is not None else slice(None)] = (
                np.nan if value is None and after.dtype.kind == "f" else value
            )
            made[name] = after
        return Changed(made)


@dataclass(frozen=True, slots=True)
class Changing:
    """What the user's own function does.

    Attributes:
        function: It is given columns and a generator, and returns the columns that it changes.
        amount: The key, among what it returns, of by how much each row was changed; it is no column.
        shrinks: What may be taken back of it: nothing, when nobody says what the function keeps together.
    """

    function: Callable[[Rows, np.random.Generator], Mapping[str, Any]]
    amount: str = ""
    shrinks: Shrinks = "no"

    def apply(self, rows: Rows, world: World) -> Changed:
        """Return what the function returns."""
        found = {name: np.asarray(values) for name, values in self.function(rows, world.random).items()}
        amount = found.pop(self.amount, None) if self.amount else None
        return Changed({name: values.astype(_column(rows, name).dtype) for name, values in found.items()}, amount)
