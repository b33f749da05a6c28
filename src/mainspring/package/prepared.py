"""Arrays that are prepared: of the declared types, and without any violation. They are told apart in microseconds.

What is not plainly so is left to `examine`, which knows every policy and says what is wrong.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from mainspring.package.fields import DTYPES, Field, Policy, Signature
from mainspring.package.frames import Array

__all__ = ["Prepared"]

_FEW: Final = 64
_Fits = Callable[[Array], bool]


class Prepared:
    """Tells whether a mapping of arrays fits a signature as it is.

    Args:
        signature: What is expected.
    """

    def __init__(self, signature: Signature) -> None:
        self._drops = signature.policy.extra == "drop"
        self._checks = tuple(
            (one.name, DTYPES[one.type], 1 + len(one.shape), one.shape, _fits(one, signature.policy_of(one)))
            for one in signature.fields
        )

    def columns(self, given: object) -> dict[str, Array] | None:
        """Return the columns of the signature, in its order, when `examine` would find nothing; None: ask it."""
        if type(given) is not dict or (len(given) != len(self._checks) and not self._drops):
            return None
        made: dict[str, Array] = {}
        rows = 0
        for name, kind, dimensions, shape, fits in self._checks:
            values = given.get(name)
            if type(values) is not np.ndarray or values.dtype != kind or values.ndim != dimensions:
                return None
            rows = rows or len(values)
            if not rows or values.shape != (rows, *shape) or not fits(values):
                return None
            made[name] = values
        return made


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
    most = float(np.finfo(DTYPES[field.type]).max)
    low, high = _bounds(field, policy, -most, most)

    def fits(values: Array) -> bool:
        size = values.size
        if size == 1:
            return bool(low <= values.item() <= high)
        if size > _FEW:
            # NaN is the least and the greatest of what it is among, and fits no bound.
            return bool(low <= values.min() and values.max() <= high)
        listed = values.tolist() if values.ndim == 1 else values.ravel().tolist()
        total = sum(listed)  # NaN and infinity do not go away in it
        return bool(total - total == 0.0 and low <= min(listed) and max(listed) <= high)

    return fits


def _integers(field: Field, policy: Policy) -> _Fits:
    low, high = _bounds(field, policy, -np.inf, np.inf)
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
