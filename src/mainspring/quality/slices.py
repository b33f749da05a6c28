"""Parts of the rows that are named, and how the loss there differs from that of all other rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt

from mainspring.quality.beside import Rows
from mainspring.quality.grouping import Groups, groups_of, together
from mainspring.quality.predicted import Predicted
from mainspring.stats import Clusters, contrasts, holm

__all__ = ["Slice", "declared_slices", "means_of", "slice_at"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows with the same values of one or two columns.

    Attributes:
        columns: The columns.
        values: The value, or range, of each.
        rows: How many rows.
        clusters: How many clusters they are from; of series and weeks the fewer.
        loss: Mean loss.
        rest: Mean loss of all other rows; NaN where there are none.
        difference: `loss` - `rest`: above zero is worse.
        low: Lower end of the interval of the difference; NaN where one cluster says nothing.
        high: Upper end.
        p: One-sided p-value of the loss being above that of the rest.
        adjusted: The same, adjusted by Holm for all slices it was looked at with.
        measures: Means of other figures, by name.
        beside: Mean losses of other predictions on the same rows, by name.
    """

    columns: tuple[str, ...]
    values: tuple[str, ...]
    rows: int
    clusters: int
    loss: float
    rest: float
    difference: float
    low: float
    high: float
    p: float
    adjusted: float
    measures: tuple[tuple[str, float], ...] = ()
    beside: tuple[tuple[str, float], ...] = ()

    @property
    def name(self) -> str:
        """Columns and values, such as `promotion = yes, weekday = Mon`."""
        return ", ".join(f"{column} = {value}" for column, value in zip(self.columns, self.values, strict=True))


def means_of(
    predicted: Predicted, beside: Mapping[str, Predicted], codes: npt.NDArray[np.int64], size: int
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Return for each group the means of the measures, and the mean losses of other predictions."""
    kept = codes >= 0
    with np.errstate(invalid="ignore", divide="ignore"):
        count = np.bincount(codes[kept], minlength=size)
        told = {
            name: np.bincount(codes[kept], one.values[kept], size) / count for name, one in predicted.measures.items()
        }
        others = {name: np.bincount(codes[kept], one.loss[kept], size) / count for name, one in beside.items()}
    return told, others


def slice_at(
    groups: Groups,
    place: int,
    predicted: Predicted,
    beside: Mapping[str, Predicted],
    clusters: Clusters,
    level: float,
) -> Slice:
    """Return one group as a slice; its p-value is not adjusted."""
    codes = np.where(groups.codes == place, 0, -1)
    only = Groups(groups.columns, (groups.labels[place],), codes)
    return _slices(only, predicted, beside, clusters, level)[0]


def _slices(
    groups: Groups, predicted: Predicted, beside: Mapping[str, Predicted], clusters: Clusters, level: float
) -> list[Slice]:
    size = len(groups.labels)
    found = contrasts(predicted.loss, groups.codes, size, clusters)
    low, high = found.interval(level)
    told, others = means_of(predicted, beside, groups.codes, size)
    return [
        Slice(
            groups.columns,
            label,
            int(found.rows[place]),
            int(found.clusters[place]),
            float(found.mean[place]),
            float(found.rest[place]),
            float(found.difference[place]),
            float(low[place]),
            float(high[place]),
            found.above(place),
            found.above(place),
            tuple((name, float(values[place])) for name, values in told.items()),
            tuple((name, float(values[place])) for name, values in others.items()),
        )
        for place, label in enumerate(groups.labels)
    ]


def declared_slices(
    predicted: Predicted,
    rows: Rows,
    clusters: Clusters,
    declared: Sequence[str | tuple[str, ...]],
    beside: Mapping[str, Predicted],
) -> tuple[Slice, ...]:
    """Return the slices of each declared column, or tuple of columns, with p-values adjusted for all of them.

    Raises:
        StatisticsError: A declared column is not there.
    """
    found: list[Slice] = []
    for one in declared:
        names = (one,) if isinstance(one, str) else one
        groups = reduce(together, [groups_of(name, rows.column(name)) for name in names])
        found += _slices(groups, predicted, beside, clusters, 0.95) if predicted.rows else []
    adjusted = holm([one.p for one in found])
    return tuple(replace(one, adjusted=float(p)) for one, p in zip(found, adjusted, strict=True))
