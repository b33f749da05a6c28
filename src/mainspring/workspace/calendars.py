"""The calendar of a project: the table that `[monitor] calendar` names."""

from pathlib import Path
from typing import Any, Final

import numpy as np

from mainspring.batch.polars import polars
from mainspring.config.homes import config_file
from mainspring.config.monitor import Monitor
from mainspring.data import read
from mainspring.errors import InputError
from mainspring.monitoring import Calendar
from mainspring.workspace.label_files import seconds_of

__all__ = ["calendar_of"]

_DAY: Final = 86_400.0
_HOUR: Final = 3600.0


def calendar_of(monitor: Monitor, home: Path | None = None) -> Calendar | None:
    """Return the calendar by which windows of a model are matched; None where it has none.

    The table, CSV, Parquet, Arrow or JSON lines, has `season` and either `date`, or `begin` and `end`. Dates are whole
    days, the last of them included. Times without a zone are local, as `shift` says.

    Args:
        monitor: How the model is watched.
        home: The home; by default that of the project around the working directory.

    Raises:
        InputError: It is missing, lacks a column, or has a row that is no time.
        MonitoringError: Two of its rows are at the same time.
    """
    if not monitor.calendar:
        return None
    file = config_file(home).parent / monitor.calendar
    table = read(file)
    names = ("date", "date") if "date" in table.columns else ("begin", "end")
    for name in (*names, "season"):
        if name not in table.columns:
            fix = "Give 'season' and 'date', or 'season', 'begin' and 'end'."
            raise InputError(f"The calendar has no column '{name}'", str(file), fix)
    begins = _moments(table[names[0]], monitor.shift, file)
    ends = _moments(table[names[1]], monitor.shift, file, last=True)
    seasons = table["season"].cast(polars().String).fill_null("").to_list()
    _check(begins, ends, seasons, file)
    return Calendar.of(list(zip(begins.tolist(), ends.tolist(), seasons, strict=True)))


def _moments(series: Any, shift: float, file: Path, *, last: bool = False) -> Any:
    """Times in seconds since 1970 UTC; of a date its first moment, or the first one after it."""
    pl = polars()
    whole = series.dtype == pl.Date
    local = whole or (series.dtype == pl.Datetime and series.dtype.time_zone is None)
    return seconds_of(series, str(file)) - (shift * _HOUR if local else 0) + (_DAY if whole and last else 0)


def _check(begins: Any, ends: Any, seasons: list[str], file: Path) -> None:
    for place in np.flatnonzero(np.isnan(begins) | np.isnan(ends) | (np.array(seasons) == "")).tolist():
        fix = "Give each row its time and its season, or leave it out."
        raise InputError("A row of the calendar is not whole", f"{file}, row {place + 1:,}", fix)
