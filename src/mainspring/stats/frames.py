"""Frames of Polars and pandas as columns. Polars is imported when such a frame comes in, and here alone."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.columns import Column, Kind, columns_of_arrays, label

__all__ = ["columns_of"]

_EXACT: Final = 1 << 53


def columns_of(frame: Any) -> tuple[Column, ...]:
    """Return the columns of a frame.

    Args:
        frame: A Polars frame (a lazy one is computed), a pandas frame, a dict of arrays or lists, or columns, which
            are given back.

    Raises:
        StatisticsError: It is none of these.
    """
    if isinstance(frame, tuple) and all(isinstance(column, Column) for column in frame):
        return frame
    if isinstance(frame, Mapping):
        return columns_of_arrays(frame)
    root = type(frame).__module__.partition(".")[0]
    if root == "pandas" and hasattr(frame, "columns"):
        frame = import_module("polars").from_pandas(frame)
    elif root == "polars" and hasattr(frame, "collect"):
        frame = frame.collect()
    elif root != "polars" or not hasattr(frame, "get_columns"):
        raise StatisticsError(
            f"A {type(frame).__qualname__} is no frame", fix="Give a Polars or pandas frame, or a dict of arrays."
        )
    return tuple(_column(series) for series in frame.get_columns())


def _column(series: Any) -> Column:
    nulls = series.is_null().to_numpy()
    kind, convert = _converted(series.dtype)
    said = str(series.dtype)
    if kind == "category":
        return _category(series, nulls)
    if convert is None:
        return Column(series.name, kind, said, np.empty(0), nulls)
    if kind == "boolean":
        codes = series.fill_null(False).to_numpy().astype(np.int64)
        return Column(series.name, kind, said, codes, nulls, ("false", "true"))
    large = series.dtype.is_integer() and any(abs(end) > _EXACT for end in (series.min(), series.max()) if end)
    return Column(series.name, kind, said, _floats(convert(series)), nulls, rounded=large)


def _converted(dtype: Any) -> tuple[Kind, Any]:
    """Return the kind of a column, and how its values become numbers; None where they do not."""
    polars = import_module("polars")
    if dtype.is_numeric():
        return "number", lambda series: series
    micro = polars.Datetime("us", getattr(dtype, "time_zone", None))
    kinds: dict[Any, tuple[Kind, Any]] = {
        polars.Boolean: ("boolean", lambda series: series),
        polars.String: ("category", None),
        polars.Categorical: ("category", None),
        polars.Enum: ("category", None),
        polars.Date: ("date", lambda series: series.to_physical()),
        polars.Datetime: ("datetime", lambda series: series.cast(micro).to_physical()),
        polars.Duration: ("duration", lambda series: series.cast(polars.Duration("us")).to_physical()),
        polars.Time: ("duration", lambda series: series.to_physical() // 1000),
        polars.Null: ("empty", None),
    }
    return kinds.get(dtype.base_type(), ("other", None))


def _floats(series: Any) -> npt.NDArray[np.float64]:
    polars = import_module("polars")
    return np.ascontiguousarray(series.cast(polars.Float64).fill_null(0.0).to_numpy(), dtype=np.float64)


def _category(series: Any, nulls: npt.NDArray[np.bool_]) -> Column:
    polars = import_module("polars")
    texts = series.cast(polars.String)
    found = texts.drop_nulls().unique().sort()
    codes = texts.cast(polars.Enum(found)).to_physical().cast(polars.Int64).fill_null(0).to_numpy()
    labels = tuple(label(text) for text in found.to_list())
    return Column(series.name, "category", str(series.dtype), np.asarray(codes, dtype=np.int64), nulls, labels)
