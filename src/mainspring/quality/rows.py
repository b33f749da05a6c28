"""Rows as columns: taken, joined, compared."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.errors import InputError

__all__ = [
    "Array",
    "Mask",
    "Rows",
    "checked",
    "count_of",
    "differing",
    "joined",
    "repeated",
    "taken",
    "unlike",
    "where",
]

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Rows = Mapping[str, Array]


def checked(rows: Mapping[str, Any], what: str = "The rows") -> dict[str, Array]:
    """Return columns as arrays of one length.

    Raises:
        InputError: There is no column, or they differ in length.
    """
    found = {name: np.asarray(values) for name, values in rows.items()}
    lengths = {name: len(values) if values.ndim else -1 for name, values in found.items()}
    if len({*lengths.values()}) != 1 or -1 in lengths.values():
        raise InputError(f"{what} are not columns of one length: {lengths}", fix="Give one array for each column.")
    return found


def count_of(rows: Rows) -> int:
    """Return how many rows there are."""
    return len(next(iter(rows.values()))) if rows else 0


def taken(rows: Rows, places: Any) -> dict[str, Array]:
    """Return the rows at some places."""
    return {name: values[places] for name, values in rows.items()}


def repeated(rows: Rows, times: int) -> dict[str, Array]:
    """Return the rows, all of them, several times after each other."""
    return dict(rows) if times == 1 else {name: np.concatenate([values] * times) for name, values in rows.items()}


def joined(parts: Sequence[Rows]) -> dict[str, Array]:
    """Return the rows of all parts, which have the same columns."""
    return (
        dict(parts[0]) if len(parts) == 1 else {name: np.concatenate([one[name] for one in parts]) for name in parts[0]}
    )


def unlike(first: Array, second: Array) -> Array:
    """Return, value by value, whether two columns differ; missing values are like each other."""
    found = np.asarray(first != second, bool)
    if first.dtype.kind in "fc" and second.dtype.kind in "fc":
        found &= ~(np.isnan(first) & np.isnan(second))
    elif first.dtype.kind in "mM" and second.dtype.kind in "mM":
        found &= ~(np.isnat(first) & np.isnat(second))
    return found


def differing(first: Rows, second: Rows, names: Iterable[str]) -> Mask:
    """Return, row by row, whether any of some columns differs."""
    found = np.zeros(count_of(first), bool)
    for name in names:
        if first[name] is not second[name]:
            found |= unlike(first[name], second[name]).reshape(len(found), -1).any(axis=1)
    return found


def where(mask: Array, first: Array, second: Array) -> Array:
    """Return rows of the first column where a mask of rows holds, else of the second one; its type is the second's."""
    shaped = mask.reshape(-1, *[1] * (second.ndim - 1)) if mask.ndim == 1 else mask
    return np.where(shaped, first, second).astype(second.dtype, copy=False)
