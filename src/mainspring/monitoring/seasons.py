"""Seasons: which reference windows a window is compared with, chosen for each column by what predicts it best."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.windows import Window

__all__ = ["DECLARED", "SEASONS", "cells_of", "closed", "eligible"]

Ints = npt.NDArray[np.int64]
DECLARED: Final = "declared"  # what the names of seasons begin with that are not of the calendar alone
SEASONS: Final = (
    "none",
    "hour",
    "weekday",
    "hour, workday or weekend",
    "hour of week",
    DECLARED,
    f"{DECLARED}, hour",
    f"{DECLARED}, weekday",
)
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
    said = [one.season for one in windows]
    found[DECLARED] = said
    for unit in ("hour", "weekday"):
        if unit in found:
            found[f"{DECLARED}, {unit}"] = [f"{one}, {cell}" for one, cell in zip(said, found[unit], strict=True)]
    return found


def eligible(cells: dict[str, list[str]]) -> dict[str, tuple[Ints, tuple[str, ...]]]:
    """Return the seasons whose cells have at least three reference windows, as numbers and names of cells.

    A season of the calendar needs that in each cell. Of one that is declared, cells with fewer are left out, such as a
    holiday that comes once a year: the number of their windows is -1.
    """
    found = {}
    for season, labels in cells.items():
        names, places, counts = np.unique(
            np.array(labels, dtype=object).astype(str), return_inverse=True, return_counts=True
        )
        kept = counts >= _LEAST if season.startswith(DECLARED) else np.ones(counts.size, bool)
        if season == "none" or (kept.any() and counts[kept].min() >= _LEAST):
            numbers = np.where(kept, np.cumsum(kept) - 1, -1)
            found[season] = (numbers[places].astype(np.int64), tuple(names[kept].tolist()))
    return found


def closed(windows: Sequence[Window], empty: Sequence[Window], shift: float) -> list[Window]:
    """Return the windows without rows in which none are to be expected, such as those of nights and Sundays.

    These are the windows of an hour of the week, of a weekday or of a declared season of which at least three, and as
    many as have rows, are without. Others are gaps: an outage of the past is no reason to expect one.

    Args:
        windows: Those of a reference that have rows.
        empty: Those that were given without any; besides, what is missing between the first and the last.
        shift: Hours by which local time is ahead of UTC.
    """
    if not windows:
        return []
    first = min(windows)
    there = {one.start for one in (*windows, *empty)}
    starts = range(min(there), max(there), first.seconds)
    gone = [*empty, *(replace(first, start=start, season="") for start in starts if start not in there)]
    cells = cells_of([*windows, *gone], shift)
    finest = next(name for name in ("hour of week", "weekday", "none") if name in cells)
    labels = [said or cell for said, cell in zip(cells[DECLARED], cells[finest], strict=True)]
    open_, shut = (Counter(part) for part in (labels[: len(windows)], labels[len(windows) :]))
    kept = [
        one for one, label in zip(gone, labels[len(windows) :], strict=True) if shut[label] >= max(_LEAST, open_[label])
    ]
    return sorted(kept)
