"""Skew: the features that a prediction was made with, against those computed later for the same key and time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import MonitoringError

__all__ = ["Difference", "Skew", "skew"]

_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that was served and is not what it should have been.

    Attributes:
        key: The identity of the row.
        time: As of when.
        column: The feature.
        served: What was served with.
        expected: What was computed later.
    """

    key: str
    time: str
    column: str
    served: object
    expected: object


@dataclass(frozen=True, slots=True)
class Skew:
    """What serving and training disagree about.

    Attributes:
        rows: Rows that both sides have.
        served_only: Rows that were served and not computed later.
        expected_only: Rows that were computed and not served.
        differing: How many rows differ, by column; columns that differ in none are not there.
        examples: The first of each column, at most twenty.
        missing: Columns that only one side has.
    """

    rows: int
    served_only: int
    expected_only: int
    differing: dict[str, int]
    examples: tuple[Difference, ...]
    missing: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.differing or self.missing)


def skew(
    served: Mapping[str, Any],
    expected: Mapping[str, Any],
    *,
    key: str = "id",
    time: str | None = None,
    tolerance: float = 1e-9,
) -> Skew:
    """Return where features differ, row by row.

    Rows are joined exactly, by key and, where it is named, by time: what was computed as of another moment is another
    row. Numbers differ when they are further apart than the tolerance, relative to the larger, or to 1 where both are
    smaller; NaN, None and NaT equal each other and nothing else. One differing row is a finding: there is no test.

    Args:
        served: Arrays by column, as logged.
        expected: Arrays by column, as fetched and preprocessed later, as of the same time.
        key: The column that tells rows apart.
        time: The column that says as of when.
        tolerance: The largest difference of numbers that does not count.

    Raises:
        MonitoringError: A side lacks the key or the time, or has a row twice.
    """
    names = [key] if time is None else [key, time]
    sides = [_places(side, names, said) for side, said in ((served, "served"), (expected, "expected"))]
    pairs = _pairs(sides[0], sides[1])
    shared = [name for name in served if name in expected and name not in names]
    missing = sorted((set(served) ^ set(expected)) - set(names))
    left, right = pairs
    differing: dict[str, int] = {}
    examples: list[Difference] = []
    for name in shared:
        values = np.asarray(served[name])[left], np.asarray(expected[name])[right]
        unequal = np.flatnonzero(_unequal(*values, tolerance))
        if unequal.size:
            differing[name] = int(unequal.size)
            for place in unequal[:_SHOWN].tolist():
                row = int(left[place])
                at = str(np.asarray(served[time])[row]) if time else ""
                said = str(np.asarray(served[key])[row])
                examples.append(Difference(said, at, name, _plain(values[0][place]), _plain(values[1][place])))
    return Skew(
        int(left.size),
        len(sides[0]) - int(left.size),
        len(sides[1]) - int(left.size),
        differing,
        tuple(examples),
        tuple(missing),
    )


def _places(side: Mapping[str, Any], names: list[str], said: str) -> list[Any]:
    for name in names:
        if name not in side:
            raise MonitoringError(f"The {said} rows have no column '{name}'", fix=f"There are {', '.join(side)}.")
    columns = [np.asarray(side[name]).tolist() for name in names]
    keys: list[Any] = columns[0] if len(columns) == 1 else list(zip(*columns, strict=True))
    if len(set(keys)) < len(keys):
        raise MonitoringError(
            f"The {said} rows have a row twice by {' and '.join(names)}", fix="Name what tells rows apart."
        )
    return keys


def _pairs(served: list[Any], expected: list[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    if served == expected:
        both = np.arange(len(served))
        return both, both
    place_of = {one: place for place, one in enumerate(expected)}
    right = np.fromiter((place_of.get(one, -1) for one in served), np.int64, len(served))
    left = np.flatnonzero(right >= 0)
    return left, right[left]


def _unequal(first: npt.NDArray[Any], second: npt.NDArray[Any], tolerance: float) -> npt.NDArray[np.bool_]:
    kinds = {first.dtype.kind, second.dtype.kind}
    if kinds <= set("biuf"):
        one, other = first.astype(np.float64), second.astype(np.float64)
        both = np.isnan(one) & np.isnan(other)
        with np.errstate(invalid="ignore"):
            near = np.abs(one - other) <= tolerance * np.maximum(1.0, np.maximum(np.abs(one), np.abs(other)))
        return np.asarray(~(near | both | (one == other)), dtype=np.bool_)
    if kinds <= set("mM"):
        return np.asarray(~((first == second) | (np.isnat(first) & np.isnat(second))), dtype=np.bool_)
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return np.fromiter((_differs(*pair, tolerance) for pair in pairs), bool, first.size)


def _differs(one: Any, other: Any, tolerance: float) -> bool:
    gone = [value is None or value != value for value in (one, other)]
    if any(gone):
        return not all(gone)
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) > tolerance * max(1.0, abs(one), abs(other))
    return bool(one != other)


def _plain(value: Any) -> object:
    return value.item() if isinstance(value, np.generic) else value
