"""pandas frames, series, indexes, extension arrays and scalars.

Each is taken apart into NumPy and Arrow arrays, one a column, and plain values. Blocks, chunks, values under a mask,
the levels of a MultiIndex that nothing uses, and `attrs` do not count.
"""

from importlib import import_module
from typing import Any, Final

import numpy as np

from mainspring.errors import UnstorableError
from mainspring.store.codec import Dump, Load, Structural

__all__ = ["ARRAY", "DTYPE", "FRAME", "INDEX", "SCALAR", "SERIES"]

# No stubs: pandas is optional, and absent where mypy may run.
pd: Any = import_module("pandas")


def _column(series: Any) -> Any:
    """The values of a series or index: an ndarray where the dtype is NumPy's, else an extension array."""
    return series.to_numpy() if isinstance(series.dtype, np.dtype) else series.array


def _reduce_frame(frame: Any, _: Dump) -> object:
    columns = [_column(frame.iloc[:, index]) for index in range(frame.shape[1])]
    return (frame.columns, frame.index, columns, frame.flags.allows_duplicate_labels)


def _rebuild_frame(parts: Any, _: Load) -> object:
    names, index, columns, duplicates = parts
    data = {
        position: pd.Series(column, index=index, dtype=column.dtype, copy=False)
        for position, column in enumerate(columns)
    }
    frame = pd.DataFrame(data, index=index)
    frame.columns = names
    frame.flags.allows_duplicate_labels = duplicates
    return frame


def _reduce_series(series: Any, _: Dump) -> object:
    return (series.name, series.index, _column(series), series.flags.allows_duplicate_labels)


def _rebuild_series(parts: Any, _: Load) -> object:
    name, index, values, duplicates = parts
    series = pd.Series(values, index=index, dtype=values.dtype, name=name, copy=False)
    series.flags.allows_duplicate_labels = duplicates
    return series


def _reduce_index(index: Any, _: Dump) -> object:
    if isinstance(index, pd.MultiIndex):
        levels = [index.get_level_values(level) for level in range(index.nlevels)]
        return ("multi", list(index.names), [_column(level) for level in levels])
    if isinstance(index, pd.RangeIndex):
        return ("range", index.name, (index.start, index.stop, index.step))
    return ("index", index.name, _column(index), _frequency(index))


def _frequency(index: Any) -> str | None:
    """The name of the frequency, if it can be made from that name."""
    offset = index.freq if isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) else None
    if offset is None:
        return None
    try:
        same = pd.tseries.frequencies.to_offset(offset.freqstr) == offset
    except ValueError:
        return None
    return str(offset.freqstr) if same else None


def _rebuild_index(parts: Any, _: Load) -> object:
    kind, name, values, *frequency = parts
    if kind == "multi":
        return pd.MultiIndex.from_arrays(values, names=name)
    if kind == "range":
        return pd.RangeIndex(*values, name=name)
    index = pd.Index(values, name=name, dtype=values.dtype, copy=False)
    if frequency[0] is not None:
        index.freq = frequency[0]
    return index


def _reduce_array(array: Any, _: Dump) -> object:
    for kind, (cls, reduce, _rebuild) in _ARRAYS.items():
        if isinstance(array, cls):
            return (kind, *reduce(array))
    name = f"{type(array).__module__}.{type(array).__qualname__}"
    raise UnstorableError(
        f"A pandas column of dtype {array.dtype} ({name}) has no codec", "value", "Convert it with .astype() first."
    )


def _rebuild_array(parts: Any, _: Load) -> object:
    kind, *rest = parts
    return _ARRAYS[kind][2](*rest)


def _reduce_masked(array: Any) -> tuple[object, ...]:
    plain = array.dtype.numpy_dtype if hasattr(array.dtype, "numpy_dtype") else np.dtype(bool)
    return (array.to_numpy(dtype=plain, na_value=plain.type(0)), np.asarray(array.isna()))


def _rebuild_masked(values: Any, mask: Any) -> object:
    kind = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}.get(values.dtype.kind, pd.arrays.IntegerArray)
    return kind(values, mask)


def _reduce_string(array: Any) -> tuple[object, ...]:
    missing = "nan" if array.dtype.na_value is np.nan else "NA"
    if array.dtype.storage == "pyarrow":
        arrow = import_module("pyarrow")
        return ("pyarrow", missing, arrow.chunked_array(array.__arrow_array__()).cast(arrow.large_string()))
    texts = [None if gone else text for text, gone in zip(array.astype(object), array.isna(), strict=True)]
    return ("python", missing, texts)


def _rebuild_string(storage: str, missing: str, values: Any) -> object:
    dtype = pd.StringDtype(storage, na_value=np.nan if missing == "nan" else pd.NA)
    return pd.array(values, dtype=dtype) if storage == "python" else dtype.__from_arrow__(values)


def _reduce_category(array: Any) -> tuple[object, ...]:
    return (array.categories, array.ordered, np.asarray(array.codes))


def _rebuild_category(categories: Any, ordered: bool, codes: Any) -> object:
    return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(categories, ordered))


def _reduce_times(array: Any) -> tuple[object, ...]:
    return (array.to_numpy(dtype=f"M8[{array.unit}]"), array.tz)


def _rebuild_times(values: Any, zone: Any) -> object:
    index = pd.DatetimeIndex(values)
    return (index if zone is None else index.tz_localize("UTC").tz_convert(zone)).array


def _reduce_period(array: Any) -> tuple[object, ...]:
    return (array.asi8, array.freqstr)


def _rebuild_period(ordinals: Any, frequency: str) -> object:
    return pd.PeriodIndex.from_ordinals(ordinals, freq=frequency).array


def _reduce_interval(array: Any) -> tuple[object, ...]:
    return (array.left, array.right, array.closed)


def _rebuild_interval(left: Any, right: Any, closed: str) -> object:
    return pd.arrays.IntervalArray.from_arrays(left, right, closed=closed)


def _reduce_sparse(array: Any) -> tuple[object, ...]:
    fill = array.fill_value
    kept = ~pd.isna(array.sp_values) if pd.isna(fill) else array.sp_values != fill
    places = array.sp_index.to_int_index().indices
    return (array.sp_values[kept], places[kept], np.asarray(fill, array.sp_values.dtype), len(array))


def _rebuild_sparse(values: Any, places: Any, fill: Any, size: int) -> object:
    dense = np.full(size, fill, values.dtype)
    dense[places] = values
    return pd.arrays.SparseArray(dense, fill_value=fill[()])


def _reduce_arrow(array: Any) -> tuple[object, ...]:
    return (import_module("pyarrow").chunked_array(array.__arrow_array__()),)


_ARRAYS: Final[dict[str, tuple[Any, Any, Any]]] = {
    "masked": (
        (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray),
        _reduce_masked,
        _rebuild_masked,
    ),
    "string": ((pd.arrays.StringArray, pd.arrays.ArrowStringArray), _reduce_string, _rebuild_string),
    "arrow": (pd.arrays.ArrowExtensionArray, _reduce_arrow, pd.arrays.ArrowExtensionArray),
    "category": (pd.Categorical, _reduce_category, _rebuild_category),
    "times": (pd.arrays.DatetimeArray, _reduce_times, _rebuild_times),
    "delta": (
        pd.arrays.TimedeltaArray,
        lambda array: (array.to_numpy(),),
        lambda values: pd.TimedeltaIndex(values).array,
    ),
    "period": (pd.arrays.PeriodArray, _reduce_period, _rebuild_period),
    "interval": (pd.arrays.IntervalArray, _reduce_interval, _rebuild_interval),
    "sparse": (pd.arrays.SparseArray, _reduce_sparse, _rebuild_sparse),
    "numpy": (pd.arrays.NumpyExtensionArray, lambda array: (array.to_numpy(),), pd.arrays.NumpyExtensionArray),
}


def _reduce_dtype(dtype: Any, _: Dump) -> object:
    if isinstance(dtype, pd.CategoricalDtype):
        return ("category", dtype.categories, dtype.ordered)
    if isinstance(dtype, pd.StringDtype):
        return ("string", dtype.storage, dtype.na_value is np.nan)
    return ("named", str(dtype))


def _rebuild_dtype(parts: Any, _: Load) -> object:
    kind, *rest = parts
    if kind == "category":
        return pd.CategoricalDtype(*rest)
    if kind == "string":
        return pd.StringDtype(rest[0], na_value=np.nan if rest[1] else pd.NA)
    return pd.api.types.pandas_dtype(rest[0])


def _reduce_scalar(value: Any, _: Dump) -> object:
    if value is pd.NA:
        return ("NA",)
    if value is pd.NaT:
        return ("NaT",)
    if isinstance(value, pd.Timestamp):
        return ("Timestamp", value.asm8, value.tzinfo)
    if isinstance(value, pd.Timedelta):
        return ("Timedelta", value.asm8)
    if isinstance(value, pd.Period):
        return ("Period", value.ordinal, value.freqstr)
    return ("Interval", value.left, value.right, value.closed)


def _rebuild_scalar(parts: Any, _: Load) -> object:
    kind, *rest = parts
    if kind in ("NA", "NaT"):
        return getattr(pd, kind)
    if kind == "Timestamp":
        time, zone = rest
        return pd.Timestamp(time) if zone is None else pd.Timestamp(time).tz_localize("UTC").tz_convert(zone)
    if kind == "Period":
        return pd.Period(ordinal=rest[0], freq=rest[1])
    return getattr(pd, kind)(*rest)


def _frame_summary(frame: Any) -> str:
    return f"{frame.shape[0]:,} rows x {frame.shape[1]:,} columns"


def _array_summary(array: Any) -> str:
    return f"{len(array):,} x {array.dtype}"


FRAME: Final = Structural("pandas-frame/1", _reduce_frame, _rebuild_frame, _frame_summary)
SERIES: Final = Structural("pandas-series/1", _reduce_series, _rebuild_series, _array_summary)
INDEX: Final = Structural("pandas-index/1", _reduce_index, _rebuild_index, lambda index: f"index of {len(index):,}")
ARRAY: Final = Structural("pandas-array/1", _reduce_array, _rebuild_array, _array_summary)
DTYPE: Final = Structural("pandas-dtype/1", _reduce_dtype, _rebuild_dtype, str)
SCALAR: Final = Structural("pandas-scalar/1", _reduce_scalar, _rebuild_scalar, str)
