"""Where a time axis is written on: at whole hours, days, months or years of this machine's time zone."""

import time
from typing import Final

__all__ = ["clock_of", "day_of", "time_ticks"]

_HOUR: Final = 3600.0
_DAY: Final = 86_400.0
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Units by their place in a tuple of local time, with how many of them are a step and about how long that is.
_STEPS: Final = (
    *((3, many, many * _HOUR) for many in (1, 2, 3, 6, 12)),
    *((2, many, many * _DAY) for many in (1, 2, 4, 7, 14)),
    *((1, many, many * 30.4 * _DAY) for many in (1, 2, 3, 6)),
    *((0, many, many * 365 * _DAY) for many in (1, 2, 5, 10, 20, 50)),
)


def time_ticks(since: float, until: float, most: int = 6) -> list[tuple[float, str]]:
    """Return moments at which an axis is written on, with what stands there.

    Args:
        since: The first moment, in seconds since 1970 UTC.
        until: The last moment.
        most: About how many at most.
    """
    if not until > since:
        return []
    unit, step, _ = next((one for one in _STEPS if (until - since) / one[2] <= most), _STEPS[-1])
    parts = list(time.localtime(since)[:6])
    if unit == 0:
        parts[0] -= parts[0] % step
    elif unit == 1:
        parts[1] -= (parts[1] - 1) % step
    elif unit == 3:
        parts[3] -= parts[3] % step
    for place in range(unit + 1, 6):
        parts[place] = 1 if place in (1, 2) else 0
    found: list[tuple[float, str]] = []
    while (at := time.mktime((parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], 0, 0, -1))) <= until:
        if at >= since:
            found.append((at, _label(at, unit)))
        parts[unit] += step
    return found


def _label(at: float, unit: int) -> str:
    local = time.localtime(at)
    if unit == 0:
        return str(local.tm_year)
    if unit == 1:
        return str(local.tm_year) if local.tm_mon == 1 else _MONTHS[local.tm_mon - 1]
    midnight = not (local.tm_hour or local.tm_min)
    return day_of(at) if unit == 2 or midnight else f"{local.tm_hour:02d}:{local.tm_min:02d}"


def day_of(seconds: float) -> str:
    """Return a day as month and number, such as `Mar 3`."""
    local = time.localtime(seconds)
    return f"{_MONTHS[local.tm_mon - 1]} {local.tm_mday}"


def clock_of(seconds: float) -> str:
    """Return a time to the minute, without its zone, such as `2026-03-01 14:05`."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))
