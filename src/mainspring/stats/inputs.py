"""Numbers as statistics take them: checked once, at the door."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError

__all__ = ["Floats", "Ints", "codes_of", "levels_of", "matrix", "vector", "weights_of"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def vector(values: npt.ArrayLike, name: str, rows: int | None = None) -> Floats:
    """Return one finite number for each row.

    Raises:
        StatisticsError: It is not one column of numbers, has another length, or has NaN or infinite values.
    """
    array = _numbers(values, name)
    if array.ndim != 1:
        raise StatisticsError(
            f"{name!r} has {array.ndim} dimensions, not 1", fix="Give one number for each row, as one column."
        )
    return _checked(array, name, rows)


def matrix(values: npt.ArrayLike, name: str, rows: int, columns: int) -> Floats:
    """Return finite numbers of that shape; one column may come flat.

    Raises:
        StatisticsError: The shape is another one, or there are NaN or infinite values.
    """
    array = _numbers(values, name)
    if array.ndim == 1 and columns == 1:
        array = array[:, np.newaxis]
    if array.ndim != 2 or array.shape[1] != columns:
        raise StatisticsError(
            f"{name!r} has the shape {array.shape}, not ({rows}, {columns})",
            fix="Give one row for each actual value and one column for each level.",
        )
    return _checked(array, name, rows)


def _numbers(values: npt.ArrayLike, name: str) -> Floats:
    try:
        return np.ascontiguousarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise StatisticsError(f"{name!r} is not an array of numbers: {error}", fix="Convert it to numbers.") from error


def _checked(array: Floats, name: str, rows: int | None) -> Floats:
    if rows is not None and len(array) != rows:
        raise StatisticsError(
            f"{name!r} has {len(array):,} rows where {rows:,} are expected", fix="Give one value for each row."
        )
    unusable = int(array.size - np.isfinite(array).sum())
    if unusable:
        raise StatisticsError(
            f"{name!r} has {unusable:,} values that are NaN or infinite",
            fix="Leave those rows out, in all inputs alike, and say how many they were.",
        )
    return array


def levels_of(levels: float | npt.ArrayLike) -> Floats:
    """Return quantile levels, ascending and inside (0, 1).

    Raises:
        StatisticsError: They are not.
    """
    array = np.atleast_1d(np.asarray(levels, dtype=np.float64))
    inside = array.ndim == 1 and array.size > 0 and bool(np.all((array > 0) & (array < 1)))
    if not inside or np.any(np.diff(array) <= 0):
        raise StatisticsError(
            f"The quantile levels are {np.asarray(levels).tolist()}",
            fix="Give levels above 0 and below 1, the smallest first, each once.",
        )
    return array


def weights_of(weights: npt.ArrayLike, rows: int) -> Floats:
    """Return one weight of at least zero for each row.

    Raises:
        StatisticsError: A weight is negative, or their number is wrong.
    """
    array = vector(weights, "weights", rows)
    if np.any(array < 0):
        raise StatisticsError(
            f"{int((array < 0).sum()):,} weights are negative, such as {array.min():g}",
            fix="Give weights of at least zero.",
        )
    return array


def codes_of(labels: Any, name: str, rows: int | None = None) -> tuple[Ints, npt.NDArray[Any]]:
    """Return a number from zero for each row, equal for equal labels, and the label of each number, sorted.

    Raises:
        StatisticsError: There is not one label for each row.
    """
    array = np.asarray(labels)
    if array.ndim != 1 or (rows is not None and len(array) != rows):
        raise StatisticsError(
            f"{name!r} has the shape {array.shape}" + ("" if rows is None else f" where {rows:,} rows are expected"),
            fix="Give one label for each row.",
        )
    found, codes = np.unique(array.astype(str) if array.dtype.kind == "O" else array, return_inverse=True)
    return codes.astype(np.int64), found
