"""Arrays that are prepared: of the declared types, and without any violation. They are told apart in microseconds.

What is not plainly so is left to `examine`, which knows every policy and says what is wrong.
"""

from collections.abc import Callable, Sequence
from math import prod
from operator import attrgetter, itemgetter, le
from typing import Any, Final, Self

import numpy as np

from mainspring.package.dtypes import DTYPES
from mainspring.package.fields import Field, Policy, Signature
from mainspring.package.frames import Array

__all__ = ["PlainRows", "Prepared"]

_FEW: Final = 64
_TOGETHER: Final = 1 << 18
_NOTHING: Final[Any] = None
_EXACT: Final = float(1 << 53)
_DTYPE: Final = attrgetter("dtype")
_NDIM: Final = attrgetter("ndim")
_ITEM: Final = np.ndarray.item
_SHAPE: Final = attrgetter("shape")
_Fits = Callable[[Array], bool]


class Prepared:
    """Tells whether a mapping of arrays fits a signature as it is.

    What all columns have in common is compared at once, and of one row the plain numbers too: a loop over columns would
    cost more than the prediction.

    Args:
        signature: What is expected.
    """

    def __init__(self, signature: Signature) -> None:
        fields = signature.fields
        self._drops = signature.policy.extra == "drop"
        self._names = signature.names
        self._kinds = [DTYPES[one.type] for one in fields]
        self._arrays = [np.ndarray] * len(fields)
        self._shapes = [one.shape for one in fields]
        self._of_one = [(1, *one.shape) for one in fields]
        self._fits = [_fits(one, signature.policy_of(one)) for one in fields]
        self._others = [place for place, one in enumerate(fields) if not _is_plain(one)]
        self._plain = [
            (place, *_number_bounds(one, signature.policy_of(one)))
            for place, one in enumerate(fields)
            if _is_plain(one)
        ]
        self._groups = [
            _Group([one for one in self._plain if self._kinds[one[0]] == kind])
            for kind in {self._kinds[place]: None for place, _, _ in self._plain}
        ]

    def columns(self, given: object) -> dict[str, Array] | None:
        """Return the columns of the signature, in its order, when `examine` would find nothing; None: ask it."""
        if type(given) is not dict or (len(given) != len(self._names) and not self._drops):
            return None
        taken: list[Array] = [given.get(name, _NOTHING) for name in self._names]
        if [*map(type, taken)] != self._arrays or [*map(_DTYPE, taken)] != self._kinds:
            return None
        shapes = [*map(_SHAPE, taken)]
        rows = shapes[0][:1]
        if shapes != self._of_one and (rows < (1,) or shapes != [(*rows, *shape) for shape in self._shapes]):
            return None
        fit = self._fits_one(taken) if rows == (1,) else self._fits_all(taken, rows[0])
        return dict(zip(self._names, taken, strict=True)) if fit else None

    def _fits_one(self, taken: list[Array]) -> bool:
        return all(low <= taken[place].item() <= high for place, low, high in self._plain) and all(
            self._fits[place](taken[place]) for place in self._others
        )

    def _fits_all(self, taken: list[Array], rows: int) -> bool:
        if rows * len(taken) > _TOGETHER:
            return all(fits(values) for fits, values in zip(self._fits, taken, strict=True))
        return all(group.fits(taken, rows) for group in self._groups) and all(
            self._fits[place](taken[place]) for place in self._others
        )


class _Group:
    """Columns of one type, whose ranges are looked at together: calls cost more than a few thousand numbers."""

    def __init__(self, columns: Sequence[tuple[int, float, float]]) -> None:
        self._places = [place for place, _, _ in columns]
        self._lows, self._highs = (np.array([one[side] for one in columns]) for side in (1, 2))

    def fits(self, taken: list[Array], rows: int) -> bool:
        numbers = np.concatenate([taken[place] for place in self._places]).reshape(-1, rows)
        return _within(numbers, self._lows, self._highs)


class PlainRows:
    """Tells whether a mapping of arrays is rows of plain numbers that fit, and what they are.

    Each array is read once: for what comes with a prediction, that is a large part of what it costs.

    Args:
        fields: What is expected, as `of` has found it possible.
        policies: What holds for each.
    """

    def __init__(self, fields: Sequence[Field], policies: Sequence[Policy]) -> None:
        names = [one.name for one in fields]
        self.sizes = {one.name: prod(one.shape) for one in fields}
        self._take = itemgetter(*names) if len(names) > 1 else lambda given: (given[names[0]],)
        self._arrays = [np.ndarray] * len(fields)
        self._kinds = [DTYPES[one.type] for one in fields]
        self._dimensions = [1 + len(one.shape) for one in fields]
        self._shape = (1, *fields[0].shape)
        self._vector = bool(fields[0].shape)
        bounds = [
            bound
            for one, policy in zip(fields, policies, strict=True)
            for bound in [_exact_bounds(one, policy)] * prod(one.shape)
        ]
        self._lows, self._highs = [low for low, _ in bounds], [high for _, high in bounds]
        self._all_low, self._all_high = np.array(self._lows), np.array(self._highs)

    @classmethod
    def of(cls, signature: Signature) -> Self | None:
        """Return what tells the rows of a signature; None when it has more than numbers, or a vector beside others."""
        fields = signature.fields
        kinds = {DTYPES[one.type].kind for one in fields}
        if not kinds <= {"f", "i", "b"} or any(one.categories for one in fields):
            return None
        if len(fields) > 1 and any(one.shape for one in fields):
            return None
        return cls(fields, [signature.policy_of(one) for one in fields])

    def numbers(self, given: object) -> list[float] | Array | None:
        """Return the numbers of one row as a list, of a few thousand as a matrix, in the order of the fields.

        None: they are not plain, or `examine` has to look at them, or they are better left as they are.
        """
        if type(given) is not dict or len(given) != len(self._kinds):
            return None
        try:
            taken = self._take(given)
        except KeyError:
            return None
        if (
            [*map(type, taken)] != self._arrays
            or [*map(_DTYPE, taken)] != self._kinds
            or [*map(_NDIM, taken)] != self._dimensions
        ):
            return None
        if taken[0].shape != self._shape:
            return None if self._vector else self._matrix(taken)
        try:
            numbers = taken[0].ravel().tolist() if self._vector else [*map(_ITEM, taken)]
        except ValueError:  # one has more rows
            return None
        fit = all(map(le, self._lows, numbers)) and all(map(le, numbers, self._highs))  # NaN fits no bound
        return numbers if fit else None

    def _matrix(self, taken: tuple[Array, ...]) -> Array | None:
        rows = len(taken[0])
        if not 0 < rows * len(taken) <= _TOGETHER or {*map(len, taken)} != {rows}:
            return None
        columns = np.concatenate(taken, dtype=np.float64, casting="same_kind").reshape(-1, rows)
        return columns.T if _within(columns, self._all_low, self._all_high) else None


def _within(columns: Array, lows: Array, highs: Array) -> bool:
    """Whether the numbers of each row of a matrix are within its bounds: NaN is the least and the greatest there."""
    return bool((lows <= columns.min(axis=1)).all() and (columns.max(axis=1) <= highs).all())


def _exact_bounds(field: Field, policy: Policy) -> tuple[float, float]:
    """The bounds of a field, and of those that a float64 has exactly: rounding twice is not rounding once."""
    low, high = _number_bounds(field, policy)
    return (max(low, -_EXACT), min(high, _EXACT)) if DTYPES[field.type].kind == "i" else (low, high)


def _is_plain(field: Field) -> bool:
    return DTYPES[field.type].kind in "fi" and not field.shape and not field.categories


def _number_bounds(field: Field, policy: Policy) -> tuple[float, float]:
    most = float(np.finfo(DTYPES[field.type]).max) if DTYPES[field.type].kind == "f" else np.inf
    return _bounds(field, policy, -most, most)


def _fits(field: Field, policy: Policy) -> _Fits:
    kind = DTYPES[field.type].kind
    if kind == "f" and not field.categories:
        return _floats(field, policy)
    if kind == "i":
        return _integers(field, policy)
    if kind == "b":
        return _always
    if kind == "O" and not field.shape:
        return _texts(field, policy)
    if kind == "M" and field.minimum is None and field.maximum is None:
        return _times
    return _never


def _bounds(field: Field, policy: Policy, least: float, most: float) -> tuple[float, float]:
    """The bounds as they are compared with values of the type: rounded to it."""
    if policy.range == "keep":
        return least, most
    kind = DTYPES[field.type].type if field.type.startswith("float") else float
    low = least if field.minimum is None else float(kind(field.minimum))
    high = most if field.maximum is None else float(kind(field.maximum))
    return low, high


def _floats(field: Field, policy: Policy) -> _Fits:
    low, high = _number_bounds(field, policy)

    def fits(values: Array) -> bool:
        if values.size > _FEW:
            # NaN is the least and the greatest of what it is among, and fits no bound.
            return bool(low <= values.min() and values.max() <= high)
        listed = values.tolist() if values.ndim == 1 else values.ravel().tolist()
        total = sum(listed)  # NaN and infinity do not go away in it
        return bool(total - total == 0.0 and low <= min(listed) and max(listed) <= high)

    return fits


def _integers(field: Field, policy: Policy) -> _Fits:
    low, high = _number_bounds(field, policy)
    known = frozenset(field.categories) if field.categories and policy.unknown != "keep" else None
    if known is not None and field.shape:
        return _never

    def fits(values: Array) -> bool:
        if known is not None:
            return known.issuperset(values.tolist()) and bool(low <= values.min() and values.max() <= high)
        return bool(low <= values.min() and values.max() <= high)

    return fits


def _texts(field: Field, policy: Policy) -> _Fits:
    known = frozenset(field.categories) if field.categories and policy.unknown != "keep" else None

    def fits(values: Array) -> bool:
        listed: list[Any] = values.tolist()
        return set(map(type, listed)) == {str} and (known is None or known.issuperset(listed))

    return fits


def _times(values: Array) -> bool:
    return not np.isnat(values).any()


def _always(_: Array) -> bool:
    return True


def _never(_: Array) -> bool:
    return False
