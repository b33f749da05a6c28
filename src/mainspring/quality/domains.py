"""Which values a column may have: what half of a search is drawn from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, Self

import numpy as np

from mainspring.errors import DefinitionError, nearest
from mainspring.package import Signature
from mainspring.quality.rows import Array, Rows

__all__ = ["Among", "Between", "Domain", "Made", "Range", "Seen"]

_NULLS: Final = 0.05


class Range(Protocol):
    """The values that one column may have. It is frozen, and drawing changes nothing but the generator."""

    def draw(self, random: np.random.Generator, count: int, like: Array) -> Array:
        """Return so many values, of the type and shape of those of a real column, `like`."""
        ...


@dataclass(frozen=True, slots=True)
class Between:
    """Numbers, dates or times from `low` to `high`, all alike; of a vector, within a range of its own.

    Attributes:
        low: The least value.
        high: The greatest one.
    """

    low: Any
    high: Any

    def draw(self, random: np.random.Generator, count: int, like: Array) -> Array:
        """Return values from the least to the greatest one; whole ones in a column of whole numbers or dates."""
        if like.dtype.kind == "M":
            first, last = (np.datetime64(str(end)).astype(like.dtype).astype(np.int64) for end in (self.low, self.high))
            return random.integers(first, last, count, endpoint=True).astype(like.dtype)
        shape = (count, *like.shape[1:])
        if like.dtype.kind in "iub":
            return random.integers(int(self.low), int(self.high), shape, endpoint=True).astype(like.dtype)
        if like.ndim == 1:
            return np.asarray(np.clip(random.uniform(self.low, self.high, shape), self.low, self.high)).astype(
                like.dtype
            )
        ends = np.sort(random.uniform(self.low, self.high, (2, count)), axis=0).reshape(
            2, count, *[1] * (like.ndim - 1)
        )
        made = ends[0] + (ends[1] - ends[0]) * random.uniform(0, 1, shape)
        return np.asarray(np.clip(made, self.low, self.high)).astype(like.dtype)


@dataclass(frozen=True, slots=True)
class Among:
    """Some values, all alike.

    Attributes:
        values: The values.
    """

    values: Sequence[Any]

    def draw(self, random: np.random.Generator, count: int, like: Array) -> Array:
        """Return values drawn from them; of a vector each element is drawn."""
        kept = np.empty(len(self.values), like.dtype)
        kept[:] = self.values
        return np.asarray(kept[random.integers(0, len(kept), (count, *like.shape[1:]))])


@dataclass(frozen=True, slots=True)
class Made:
    """What a function makes.

    Attributes:
        function: It is given a generator and how many values are wanted.
    """

    function: Callable[[np.random.Generator, int], Any]

    def draw(self, random: np.random.Generator, count: int, like: Array) -> Array:
        """Return what the function makes, as the type of the real column."""
        return np.asarray(self.function(random, count)).astype(like.dtype)


@dataclass(frozen=True, slots=True)
class Seen:
    """Values that real rows have; vectors whole."""

    def draw(self, random: np.random.Generator, count: int, like: Array) -> Array:
        """Return values drawn from those of the real rows."""
        return np.asarray(like[random.integers(0, len(like), count)])


@dataclass(frozen=True)
class Domain:
    """What rows may be, column by column. A column that it does not name has values that real rows have.

    Columns are drawn apart from each other, so that combinations come up that no real row has.

    Attributes:
        ranges: For each column what it may be.
        nulls: Columns that may be null, which a twentieth of what is drawn then is.
        sensitive: Columns whose values are in no counterexample.
    """

    ranges: Mapping[str, Range] = field(default_factory=dict)
    nulls: frozenset[str] = frozenset()
    sensitive: frozenset[str] = frozenset()

    @classmethod
    def of(cls, signature: Signature, ranges: Mapping[str, Range] | None = None) -> Self:
        """Return what a signature declares: ranges, categories, where null may be, and what is sensitive.

        Args:
            signature: That of the inference pipeline.
            ranges: What else is declared; it replaces what the signature says of a column.

        Raises:
            DefinitionError: The signature has no such column.
        """
        declared: dict[str, Range] = {}
        for one in signature.fields:
            if one.categories:
                declared[one.name] = Among(one.categories)
            elif one.minimum is not None and one.maximum is not None:
                declared[one.name] = Between(one.minimum, one.maximum)
        for name in ranges or {}:
            if name not in signature.names:
                near = nearest(name, signature.names)
                raise DefinitionError(
                    f"The domain names the column '{name}', which the signature has not",
                    fix=f"Did you mean '{near}'?" if near else f"It has {', '.join(signature.names)}.",
                )
        kept = [(one.name, signature.policy_of(one), one.type) for one in signature.fields]
        nulls = {
            name for name, policy, kind in kept if policy.null == "keep" and kind in ("float32", "float64", "string")
        }
        nulls &= {name for name, policy, kind in kept if kind == "string" or policy.nan == "keep"}
        return cls({**declared, **(ranges or {})}, frozenset(nulls), signature.sensitive)

    def column(self, name: str, random: np.random.Generator, count: int, real: Rows) -> Array:
        """Return so many values of one column."""
        drawn = self.ranges.get(name, Seen()).draw(random, count, real[name])
        if name not in self.nulls or drawn.dtype.kind not in "fO":
            return drawn
        drawn = drawn.copy()
        gone = random.random(count) < _NULLS
        if drawn.ndim > 1 and drawn.dtype.kind == "f":
            # Of half of these the whole vector, of the others some of it.
            some = (random.random(drawn.shape) < random.random(count)[:, None]) | (random.random(count) < 0.5)[:, None]
            drawn[gone[:, None] & some] = np.nan
        else:
            drawn[gone] = None if drawn.dtype.kind == "O" else np.nan
        return drawn

    def draw(self, random: np.random.Generator, count: int, real: Rows) -> dict[str, Array]:
        """Return so many rows."""
        return {name: self.column(name, random, count, real) for name in real}

    def within(self, name: str, values: Array) -> Array:
        """Return numbers put within the declared range of their column."""
        declared = self.ranges.get(name)
        if not isinstance(declared, Between) or values.dtype.kind not in "fiu":
            return values
        return np.asarray(np.clip(values, declared.low, declared.high)).astype(values.dtype)
