"""Seasons: which reference windows a window is compared with, chosen for each column by what predicts it best."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.windows import Window

__all__ = ["SEASONS", "cells_of", "eligible"]

Ints = npt.NDArray[np.int64]
SEASONS: Final = ("none", "hour", "weekday", "hour, workday or weekend", "hour of week", "declared")
_HOUR: Final = 3600
_DAY: Final = 86_400
_LEAST: Final = 3
_MONDAY: Final = 4  # 1970-01-01 was a Thursday: the Monday after it is four days on


def cells_of(windows: Sequence[Window], shift: float) -> dict[str, list[str]]:
    """Return the cell of each window in each season; seasons that their lengths cannot tell apart are left out.

    Args:
        windows: The windows, all of one length.
        shift: Hours by which local time is ahead of UTC.
    """
    starts = np.array([one.start + one.seconds / 2 for one in windows]) + shift * _HOUR
    length = max((one.seconds for one in windows), default=_HOUR)
    hours = ((starts % _DAY) // max(_HOUR, min(length, _DAY))).astype(int)
    days = (((starts // _DAY) - _MONDAY) % 7).astype(int)
    found = {"none": ["" for _ in windows]}
    if length < _DAY:
        found["hour"] = [f"hour {hour}" for hour in hours]
    if length <= _DAY:
        found["weekday"] = [f"day {day}" for day in days]
    if length < _DAY:
        kinds = np.where(days >= 5, "weekend", "workday")
        found["hour, workday or weekend"] = [f"{kind} {hour}" for kind, hour in zip(kinds, hours, strict=True)]
        found["hour of week"] = [f"day {day} hour {hour}" for day, hour in zip(days, hours, strict=True)]
    if any(one.season for one in windows):
        found["declared"] = [one.season for one in windows]
    return found


def eligible(cells: dict[str, list[str]]) -> dict[str, tuple[Ints, tuple[str, ...]]]:
    """Return the seasons of which each cell has at least three reference windows, as numbers and names of cells."""
    found = {}
    for season, labels in cells.items():
        names, places, counts = np.unique(
            np.array(labels, dtype=object).astype(str), return_inverse=True, return_counts=True
        )
        if season == "none" or counts.min() >= _LEAST:
            found[season] = (places.astype(np.int64), tuple(names.tolist()))
    return found
