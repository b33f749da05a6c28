"""What a version predicted in service, beside what turned out: read from the log as it streams by."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from mainspring.batch.polars import polars
from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError
from mainspring.monitoring import LOSSES, LabelShelf, Quality, Window, join
from mainspring.serving.predlog import PREDICTIONS
from mainspring.workspace.rolled import INPUT, OUTPUT, frames
from mainspring.workspace.windows import LABELS

__all__ = ["Part", "ServedRows"]

_DAY: Final = 86_400
T = TypeVar("T")
Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some rows that a version predicted.

    Attributes:
        frame: The rows of the log.
        times: When each was predicted, in seconds since 1970 UTC.
        actual: What turned out; NaN where that is not known.
        output: The column of the frame that labels are of.
    """

    frame: Any
    times: Array
    actual: Array
    output: str

    @property
    def known(self) -> Array:
        """Which rows have labels."""
        return np.asarray(np.isfinite(self.actual))

    def inputs(self, keep: Array) -> dict[str, Array]:
        """Return the raw inputs of rows, as a package takes them."""
        rows = self.frame.filter(polars().Series(keep))
        names = [name for name in rows.columns if name.startswith(INPUT)]
        return {name.removeprefix(INPUT): _values(rows[name]) for name in names}


class ServedRows:
    """The rows of a home. What was counted is remembered until labels come, or the log begins another file.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._log = home / PREDICTIONS
        self._labels = LabelShelf(home / LABELS)
        self._kept: dict[tuple[Any, ...], tuple[str, Any]] = {}

    def parts(self, model: str, package: str, since: float, monitor: Monitor) -> Iterator[Part]:
        """Yield what a version answered since a moment, a file of the log at a time."""
        pl = polars()
        for row, frame in frames(self._log) if self._log.is_dir() else ():
            if (row.name, row.package) != (model, package):
                continue
            start = round(since * 1000)
            mine = frame.filter(~pl.col("shadow") & ~pl.col("erased") & (pl.col("time").cast(pl.Int64) >= start))
            if not mine.height:
                continue
            output = _output(mine, monitor)
            times = mine["time"].cast(pl.Int64).to_numpy() / 1000
            labels = self._labels.between(float(times.min()) - 1, float(times.max()) + 1)
            found = join(mine["id"].to_numpy().astype("S36"), mine["row"].to_numpy(), labels)
            yield Part(mine, times, found.values, output)

    def count(self, model: str, package: str, since: float, monitor: Monitor) -> tuple[int, int]:
        """Return how many rows a version answered since a moment, and how many of them have labels."""

        def counted() -> tuple[int, int]:
            rows, known = 0, 0
            for part in self.parts(model, package, since, monitor):
                rows, known = rows + part.times.size, known + int(part.known.sum())
            return rows, known

        return self._remembered(("count", model, package, since), counted)

    def qualities(self, model: str, package: str, monitor: Monitor) -> tuple[Quality, ...]:
        """Return how good the windows of a version were as far as that is known, the earliest first."""

        def summed() -> tuple[Quality, ...]:
            sums: dict[int, tuple[int, int, float, float]] = {}
            for part in self.parts(model, package, 0.0, monitor):
                losses = np.full(part.times.size, np.nan)
                known = part.known
                losses[known] = LOSSES[monitor.loss](part.frame[part.output].to_numpy()[known], part.actual[known])
                starts = (part.times // monitor.window * monitor.window).astype(np.int64)
                for start in np.unique(starts).tolist():
                    here = losses[starts == start]
                    mine = here[np.isfinite(here)]
                    found = here.size, mine.size, float(mine.sum()), float((mine**2).sum())
                    before = sums.get(start, (0, 0, 0.0, 0.0))
                    sums[start] = tuple(x + y for x, y in zip(before, found, strict=True))
            return tuple(
                _quality(Window(start, monitor.window, model, package), *figures)
                for start, figures in sorted(sums.items())
            )

        return self._remembered(("losses", model, package, monitor.window, monitor.loss), summed)

    @property
    def labelled(self) -> bool:
        """Whether there are any labels."""
        return any(self._labels.folder.glob("[0-9]*"))

    def labels_since(self, since: float) -> int:
        """Return how many labels have arrived since a moment."""

        def counted() -> int:
            found = 0
            for folder in self._labels.folder.glob("[0-9]*"):
                labels = self._labels.between(float(folder.name), float(folder.name) + _DAY)
                found += int((labels.arrived > since).sum())
            return found

        return self._remembered(("labels", since), counted)

    def changed(self) -> str:
        """Return a text that is another one as soon as labels came, or the log has begun another file.

        Rows that are only added to the newest file belong to windows that are not over: they are seen with the labels
        that come for them, or when the next file begins.
        """
        said = [path.name for path in sorted(self._log.rglob("*"))]
        for path in sorted(self._labels.folder.rglob("*")):
            try:
                held = path.stat()
            except FileNotFoundError:  # renamed since it was listed, as what is being written is
                continue
            said.append(f"{path.name} {held.st_size} {held.st_mtime_ns}")
        return "\n".join(said)

    def _remembered(self, key: tuple[Any, ...], make: Callable[[], T]) -> T:
        state = self.changed()
        kept = self._kept.get(key)
        if kept is None or kept[0] != state:
            # Of one kind and model the newest question is remembered: others are not asked again.
            self._kept = {one: value for one, value in self._kept.items() if one[:2] != key[:2]}
            kept = self._kept[key] = (state, make())
        found: T = kept[1]
        return found


def _quality(window: Window, predictions: int, labelled: int, total: float, squares: float) -> Quality:
    if not labelled:
        return Quality(window, predictions, 0, None, None)
    mean = total / labelled
    return Quality(window, predictions, labelled, mean, max(0.0, squares / labelled - mean**2) ** 0.5)


def _output(frame: Any, monitor: Monitor) -> str:
    names = [name for name in frame.columns if name.startswith(OUTPUT)]
    wanted = OUTPUT + monitor.output
    if not monitor.output and len(names) == 1:
        return str(names[0])
    if wanted in names:
        return wanted
    listed = ", ".join(name.removeprefix(OUTPUT) for name in names)
    raise MonitoringError(
        f"Labels are of no output '{monitor.output}'" if monitor.output else f"There are {len(names)} outputs",
        "[monitor] output",
        f"Name what labels are of: one of {listed}.",
    )


def _values(series: Any) -> Array:
    if series.dtype == polars().String:
        return np.array(series.to_list(), dtype=object)
    return np.asarray(series.to_numpy())
