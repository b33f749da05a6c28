"""What a version predicted in service, beside what turned out: read from the log as it streams by."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.batch.polars import polars
from mainspring.monitoring import LabelShelf, join
from mainspring.serving.predlog import PREDICTIONS
from mainspring.workspace.closing import opened
from mainspring.workspace.labelled import LABELS, predictions
from mainspring.workspace.rolled import INPUT, read_part
from mainspring.workspace.rolled import Part as Logged
from mainspring.workspace.traffic import DAY, HOUR, answered, given

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
    """When labels came. What was counted of a day is remembered until others come, or the log has other rows of it.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._shelf = LabelShelf(home / LABELS)
        self._kept: dict[tuple[str, int], tuple[object, int]] = {}

    def any(self) -> bool:
        """Return whether there are labels at all."""
        return bool(self._shelf.names(0, _EVER))

    def since(self, model: str, moment: float) -> int:
        """Return of how many predictions of a model a label came after a moment that says what was not known before.

        Predictions are those that the log has, of every version. A label that comes again with the same value says
        nothing new.
        """
        names: dict[int, list[str]] = {}
        for name in self._shelf.names(0, _EVER):
            names.setdefault(int(name.partition("/")[0]), []).append(name)
        if not names:
            return 0
        with opened(self._home, HOUR) as (log, _, catalogue):
            rows: dict[int, dict[tuple[int, int], int]] = {}
            for key, count in catalogue.rows(catalogue.places(model)).items():
                rows.setdefault(key[1] // DAY * DAY, {})[key] = count
            for day in names.keys() & rows.keys():
                state = (moment, names[day], rows[day])
                if self._kept.get((model, day), (None, 0))[0] != state:
                    parts = [part for part, _ in catalogue.touching(log, set(rows[day]))]
                    self._kept[model, day] = (state, self._of_day(day, model, moment, parts))
        return sum(self._kept[model, day][1] for day in names.keys() & rows.keys())

    def _of_day(self, day: int, model: str, moment: float, parts: Iterable[Logged]) -> int:
        labels = self._shelf.between(day, day + DAY)
        newer = labels.arrived > moment
        if not newer.any():
            return 0
        mine = [
            frame.select("id", "row") for part in parts for row, frame in given(read_part(part)) if row.name == model
        ]
        if not mine:
            return 0
        logged = polars().concat(mine)
        ids, rows = logged["id"].to_numpy().astype("S36"), logged["row"].to_numpy()
        now, before = (join(ids, rows, known).values for known in (labels, labels.only(~newer)))
        return int((np.isfinite(now) & (now != before)).sum())


def _values(series: Any) -> Array:
    if series.dtype == polars().String:
        return np.array(series.to_list(), dtype=object)
    return np.asarray(series.to_numpy())
