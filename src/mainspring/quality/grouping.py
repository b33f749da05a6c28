"""Columns as groups of rows: values as they are, numbers in bins of about equally many rows."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.charts.numbers import number

__all__ = ["Groups", "groups_of", "together"]

Ints = npt.NDArray[np.int64]
_MOST_LABELS: Final = 30
_MISSING: Final = "missing"
_OTHERS: Final = "(all others)"


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """N rows in groups.

    Attributes:
        columns: The columns that they are divided by.
        labels: For each group its value of each column.
        codes: (N,) the group of each row.
    """

    columns: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    codes: Ints


def groups_of(name: str, values: npt.NDArray[Any], bins: int = 5) -> Groups:
    """Return the rows of a column in groups.

    Numbers and dates of more than `bins` different values are put in as many bins, between quantiles of type 1 (Hyndman
    and Fan 1996): an edge belongs to the bin below it, and ties are not torn apart, so that there may be fewer. Of
    texts the 30 most frequent stay, the others are one group. NaN, None and dates that are missing are a group. The
    outcome takes no part.
    """
    kind = values.dtype.kind
    if kind in "iufmM":
        return _numbers(name, values, bins)
    texts = np.array([_MISSING if _is_missing(value) else str(value) for value in values.tolist()], dtype=np.str_)
    found, codes, counts = np.unique(texts, return_inverse=True, return_counts=True)
    if found.size <= _MOST_LABELS:
        return Groups((name,), tuple((str(label),) for label in found), codes.astype(np.int64))
    kept = np.sort(np.argsort(-counts, kind="stable")[:_MOST_LABELS])
    place = np.full(found.size, _MOST_LABELS)
    place[kept] = np.arange(_MOST_LABELS)
    labels = [(str(found[one]),) for one in kept]
    return Groups((name,), (*labels, (_OTHERS,)), place[codes].astype(np.int64))


def _is_missing(value: object) -> bool:
    return value is None or value != value


def _numbers(name: str, values: npt.NDArray[Any], bins: int) -> Groups:
    missing = np.isnat(values) if values.dtype.kind in "mM" else np.isnan(values.astype(np.float64))
    known = values[~missing]
    distinct = np.unique(known)
    if distinct.size <= bins:
        labels = [(_said(value),) for value in distinct]
        codes = np.searchsorted(distinct, values)
    else:
        edges = np.unique(np.sort(known)[np.ceil(np.arange(1, bins) / bins * known.size).astype(int) - 1])
        edges = edges[edges < distinct[-1]]
        said = [_said(edge) for edge in edges]
        middle = [(f"{low} to {high}",) for low, high in pairwise(said)]
        labels = [(f"up to {said[0]}",), *middle, (f"above {said[-1]}",)]
        codes = np.searchsorted(edges, values, "left")
    if missing.any():
        labels = [*labels, (_MISSING,)]
        codes = np.where(missing, len(labels) - 1, codes)
    return Groups((name,), tuple(labels), codes.astype(np.int64))


def _said(value: Any) -> str:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    return str(value) if isinstance(value, np.timedelta64) else number(value.item())


def together(first: Groups, second: Groups) -> Groups:
    """Return the rows divided by the columns of both; only pairs that have rows are groups."""
    pairs = first.codes * len(second.labels) + second.codes
    found, codes = np.unique(pairs, return_inverse=True)
    labels = tuple(
        first.labels[one] + second.labels[other]
        for one, other in zip(*np.divmod(found, max(len(second.labels), 1)), strict=True)
    )
    return Groups(first.columns + second.columns, labels, codes.astype(np.int64))
