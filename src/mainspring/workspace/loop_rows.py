"""What a version predicted in service, beside what turned out: read from the log as it streams by."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.batch.polars import polars
from mainspring.monitoring import LabelShelf, join
from mainspring.serving.predlog import PREDICTIONS
from mainspring.workspace.labelled import LABELS, predictions
from mainspring.workspace.rolled import INPUT
from mainspring.workspace.traffic import DAY, answered

__all__ = ["Arrivals", "Part", "served"]

Array = npt.NDArray[Any]
_EVER: Final = 1e12


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some rows that a version predicted.

    Attributes:
        frame: The rows of the log.
        times: When each was predicted, in seconds since 1970 UTC.
        made: What was predicted.
        actual: What turned out; NaN where that is not known.
    """

    frame: Any
    times: Array
    made: Array
    actual: Array

    @property
    def known(self) -> Array:
        """Which rows have labels, of those of which something was predicted."""
        return np.asarray(np.isfinite(self.actual) & np.isfinite(self.made))

    def inputs(self, keep: Array) -> dict[str, Array]:
        """Return the raw inputs of rows, as a package takes them."""
        rows = self.frame.filter(polars().Series(keep))
        names = [name for name in rows.columns if name.startswith(INPUT)]
        return {name.removeprefix(INPUT): _values(rows[name]) for name in names}


def served(home: Path, of: tuple[str, str], output: str, since: float) -> Iterator[Part]:
    """Yield what a version answered since a moment, a file of the log at a time.

    Args:
        home: The home.
        of: The model, and the digest of the package.
        output: What labels are of: an output, or one place of it, such as `sales[0]`.
        since: In seconds since 1970 UTC.

    Raises:
        MonitoringError: The output is no number.
    """
    pl = polars()
    shelf = LabelShelf(home / LABELS)
    for row, frame in answered(home / PREDICTIONS):
        if (row.name, row.package) != of:
            continue
        mine = frame.filter(pl.col("time").cast(pl.Int64) >= round(since * 1000))
        if mine.height:
            times = mine["time"].cast(pl.Int64).to_numpy() / 1000
            labels = shelf.between(float(times.min()) - 1, float(times.max()) + 1)
            found = join(mine["id"].to_numpy().astype("S36"), mine["row"].to_numpy(), labels)
            yield Part(mine, times, predictions(mine, output), found.values)


class Arrivals:
    """When labels came. What was counted is remembered until others come.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._shelf = LabelShelf(home / LABELS)
        self._kept: tuple[object, int] = (None, 0)

    def any(self) -> bool:
        """Return whether there are labels at all."""
        return bool(self._shelf.names(0, _EVER))

    def since(self, moment: float) -> int:
        """Return how many labels arrived after a moment, a day of predictions at a time."""
        names = self._shelf.names(0, _EVER)
        state = (moment, names)
        if self._kept[0] != state:
            days = sorted({int(name.partition("/")[0]) for name in names})
            counts = (int((self._shelf.between(day, day + DAY).arrived > moment).sum()) for day in days)
            self._kept = (state, sum(counts))
        return self._kept[1]


def _values(series: Any) -> Array:
    if series.dtype == polars().String:
        return np.array(series.to_list(), dtype=object)
    return np.asarray(series.to_numpy())
