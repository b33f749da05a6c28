"""What is known of the rows that were predicted: which belong together, what divides them, what names them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError, nearest
from mainspring.stats import Clusters, blocks, clusters_within

__all__ = ["Rows"]

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """N rows beside what was predicted for them.

    Attributes:
        columns: For each name N values: what rows are divided by. Texts, truth values, numbers or dates; NaN and None
            are a group of their own.
        clusters: Which rows belong together, such as `stats.crossed_weeks(series, dates)`; None: each is on its own.
        keys: For each name N values that name a row for a reader, such as its store and its date.
        sensitive: Columns that are never shown row by row, and not searched. Declared, they are shown as groups.
        unit: Unit of outcome and prediction, for axes and headings.
    """

    columns: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    clusters: Clusters | None = None
    keys: Mapping[str, npt.ArrayLike] = field(default_factory=dict)
    sensitive: Collection[str] = ()
    unit: str = ""

    def fitting(self, count: int) -> "Rows":
        """Return the rows with arrays for columns and keys, and clusters for certain.

        Raises:
            StatisticsError: Something has not one value for each of `count` rows.
        """
        parts = {
            kind: {name: _column(name, values, count) for name, values in given.items()}
            for kind, given in (("columns", self.columns), ("keys", self.keys))
        }
        clusters = blocks(np.arange(count)) if self.clusters is None else self.clusters
        if clusters.rows != count:
            raise StatisticsError(
                f"The clusters are of {clusters.rows:,} rows where {count:,} were predicted",
                fix="Give clusters of the same rows.",
            )
        return replace(self, clusters=clusters, columns=parts["columns"], keys=parts["keys"])

    def column(self, name: str) -> Array:
        """Return a column by name.

        Raises:
            StatisticsError: There is none of that name.
        """
        if name not in self.columns:
            near = nearest(name, self.columns)
            known = ", ".join(self.columns) or "none"
            raise StatisticsError(
                f"There is no column {name!r} to divide rows by",
                fix=f"Did you mean {near!r}?" if near else f"The columns are: {known}.",
            )
        return np.asarray(self.columns[name])

    def at(self, places: npt.NDArray[np.int64]) -> "Rows":
        """Return some of the rows, such as the first item of each query."""
        own = None if self.clusters is None else clusters_within(self.clusters, places)
        columns = {name: np.asarray(values)[places] for name, values in self.columns.items()}
        keys = {name: np.asarray(values)[places] for name, values in self.keys.items()}
        return replace(self, clusters=own, columns=columns, keys=keys)

    def shown(self) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return the keys and the other columns that may be shown row by row."""
        named = {name: np.asarray(values) for name, values in self.keys.items() if name not in self.sensitive}
        hidden = {*self.sensitive, *named}
        return named, {name: np.asarray(values) for name, values in self.columns.items() if name not in hidden}


def _column(name: str, values: npt.ArrayLike, count: int) -> Array:
    array = np.asarray(values)
    if array.shape != (count,):
        raise StatisticsError(
            f"The column {name!r} has the shape {array.shape} where {count:,} rows were predicted",
            fix="Give one value for each row.",
        )
    return array
