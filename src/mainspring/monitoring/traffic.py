"""Traffic: rows with the moments at which they are asked for, and what turned out, to be replayed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import MonitoringError

if TYPE_CHECKING:
    from mainspring.monitoring.plants import Planted

__all__ = ["Traffic", "day_times"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_DAY: Final = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Traffic:
    """Rows in the order of time. Arrays are of one length, and never changed in place.

    Attributes:
        times: When each row is asked for, in seconds since 1970 UTC.
        columns: The inputs, by column, as they are served.
        labels: What turned out; NaN where that is never known.
        arrived: When that is known; infinity: never.
        slow: How many times as long as usual the answer takes.
        level: Which of the fallback chain answers; 0 is the primary.
        marked: Whether the policy of the signature marks the row.
        touched: Which plants have changed a row: a row for each row, a column for each of `planted`.
        expected: Columns that are computed later as something else than what is served with: before skew was planted.
        planted: What was planted, and what came of it. Whatever is not named here is as it was recorded.
    """

    times: Floats
    columns: Mapping[str, Any]
    labels: Floats
    arrived: Floats
    slow: Floats
    level: Ints
    marked: Flags
    touched: Flags
    expected: Mapping[str, Any] = field(default_factory=dict)
    planted: tuple["Planted", ...] = ()

    @classmethod
    def of(cls, rows: Any, times: npt.ArrayLike, *, labels: Any = None, arrived: Any = None) -> "Traffic":
        """Return recorded rows as traffic, the earliest first.

        Args:
            rows: Arrays by column, or a frame.
            times: When each is asked for: seconds since 1970 UTC, or moments (`datetime64`) in UTC.
            labels: What turned out, where that is known.
            arrived: When that is known, as `times`; by default at the moment of the row.

        Raises:
            MonitoringError: There are no rows, or sides differ in length.
        """
        names = list(rows) if isinstance(rows, Mapping) else list(rows.columns)
        columns = {str(name): _array(rows[name]) for name in names}
        asked = _seconds(times)
        known = np.full(asked.size, np.nan) if labels is None else _numbers(labels)
        come = asked if arrived is None else _seconds(arrived)
        sizes = {asked.size, known.size, come.size, *(len(one) for one in columns.values())}
        if len(sizes) > 1 or not asked.size or not columns:
            raise MonitoringError(
                f"Traffic has {asked.size:,} moments, and rows or labels of other numbers",
                fix="Give a moment for each of at least one row, and a label for each, or none.",
            )
        order = np.argsort(asked, kind="stable")
        return cls(
            asked[order],
            {name: values[order] for name, values in columns.items()},
            known[order],
            np.where(np.isnan(known), np.inf, come)[order],
            np.ones(asked.size),
            np.zeros(asked.size, np.int64),
            np.zeros(asked.size, bool),
            np.zeros((asked.size, 0), bool),
        )

    def __len__(self) -> int:
        return int(self.times.size)

    @property
    def labelled(self) -> bool:
        """Whether it is known of any row what turned out."""
        return bool(np.isfinite(self.labels).any())

    def take(self, places: npt.ArrayLike) -> "Traffic":
        """Return the rows at some places, in that order."""
        chosen = np.asarray(places)
        parts: dict[str, Any] = {
            one.name: value[chosen] for one in fields(self) if isinstance(value := getattr(self, one.name), np.ndarray)
        }
        for name in ("columns", "expected"):
            parts[name] = {column: values[chosen] for column, values in getattr(self, name).items()}
        return replace(self, **parts)

    def between(self, start: float, end: float) -> "Traffic":
        """Return the rows that are asked for from one moment up to another."""
        first, last = np.searchsorted(self.times, [start, end])
        return self.take(np.arange(first, last))

    def moved(self, start: float) -> "Traffic":
        """Return the same traffic as if its first row were asked for at another moment.

        What hangs on weekday and hour keeps them when the moment is whole weeks away from the recorded one. Columns
        that are moments or dates stay as they were recorded.
        """
        by = start - float(self.times[0])
        return replace(self, times=self.times + by, arrived=self.arrived + by)


def day_times(days: npt.ArrayLike, *, hours: tuple[float, float] = (8.0, 20.0), seed: int = 0) -> Floats:
    """Return moments for rows of which only the day is recorded: at random between two hours of it, in UTC.

    Args:
        days: Dates, as `datetime64`, or moments as seconds since 1970 UTC.
        hours: From when to when rows are asked for.
        seed: Which of the possible moments they are.

    >>> day_times(np.array(["2015-06-01"], "datetime64[D]"), hours=(8, 8)).tolist()
    [1433145600.0]
    """
    begins = _seconds(days) // _DAY * _DAY
    drawn = np.random.default_rng(seed).uniform(hours[0], hours[1], begins.size)
    return np.asarray(begins + np.round(drawn * 3600, 3), dtype=np.float64)


def _array(values: Any) -> npt.NDArray[Any]:
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind in "US" else array


def _numbers(values: Any) -> Floats:
    return np.array(np.asarray(values), dtype=np.float64)


def _seconds(moments: Any) -> Floats:
    array = np.asarray(moments)
    if array.dtype.kind == "M":
        return np.asarray(array.astype("datetime64[ms]").astype(np.int64) / 1000, dtype=np.float64)
    return np.array(array, dtype=np.float64)
