"""Vectors in windows: a short one is watched at each of its places, a long one by what it is as a whole.

A year of days is one input, and hundreds of columns of a window: what one place of it says, its neighbours say too, and
with every day that passes all of it has moved on by one. So a long vector is watched at its ends, where a series is
oldest and newest, and by its mean, its least and its greatest number, and how many of its places say nothing.
"""

from typing import Any, Final

import numpy as np

from mainspring.batch.polars import polars

__all__ = ["SHORT", "spread"]

SHORT: Final = 16
"""The most places of a vector that are watched one by one."""


def spread(series: Any, name: str) -> list[Any]:
    """Return the columns that a column of vectors is watched by.

    `NAME[PLACE]` is one place. Of a vector of more than `SHORT` places these are the first and the last one, and of
    numbers also `NAME[mean]`, `NAME[least]` and `NAME[greatest]` of those that are there, null where none is, and
    `NAME[missing]`, the share of places that are null or NaN.

    Args:
        series: A column of Polars whose type is an array.
        name: What it is called.
    """
    size = series.dtype.size
    places = range(size) if size <= SHORT else (0, size - 1)
    found = [series.arr.get(place).alias(f"{name}[{place}]") for place in places]
    if size > SHORT and series.dtype.inner.is_numeric():
        found += _whole(series, name)
    return found


def _whole(series: Any, name: str) -> list[Any]:
    pl = polars()
    there = ~series.is_null()
    rows = series.filter(there)
    values = np.asarray(rows.to_numpy(), dtype=np.float64).reshape(rows.len(), series.dtype.size)
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    some = count > 0
    made = {
        "mean": np.where(known, values, 0).sum(axis=1) / np.maximum(count, 1),
        "least": np.where(known, values, np.inf).min(axis=1),
        "greatest": np.where(known, values, -np.inf).max(axis=1),
    }
    columns = {what: pl.Series(np.where(some, one, np.nan)).fill_nan(None) for what, one in made.items()}
    columns["missing"] = pl.Series(1 - count / values.shape[1])
    # A row without any vector says nothing of it.
    at = pl.Series(np.flatnonzero(there.to_numpy()), dtype=pl.UInt32)
    index = pl.DataFrame({"at": pl.Series(np.arange(series.len()), dtype=pl.UInt32)})
    whole = index.join(pl.DataFrame({"at": at, **columns}), on="at", how="left", maintain_order="left")
    return [whole[what].alias(f"{name}[{what}]") for what in columns]
