"""Cron schedules: the five fields of POSIX, in a time zone."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from mainspring.errors import DefinitionError

__all__ = ["Cron", "read_cron"]

_FIELDS: Final = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMED: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}
_YEARS: Final = 366 * 8  # 29 February may be eight years away


class Cron(Struct, frozen=True):
    """A schedule: what each field allows, and in which time zone.

    Where both the day of the month and the weekday are restricted, either will do (POSIX). A time that the clock skips
    in spring is due as much later; one that it passes twice in autumn is due the first time.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    zone: str

    def last(self, now: float, since: float) -> float | None:
        """Return the last time, after `since` and up to `now`, at which it was due; None when there is none."""
        zone = ZoneInfo(self.zone)
        day = datetime.fromtimestamp(now, zone).date()
        first = datetime.fromtimestamp(since, zone).date()
        for _ in range(_YEARS):
            if day < first:
                return None
            if self._on(day):
                found = [at for at in self._times(day, zone) if since < at <= now]
                if found:
                    return max(found)
            day -= timedelta(days=1)
        return None

    def next(self, now: float) -> float | None:
        """Return the next time, after `now`, at which it is due; None where there is none, as on 31 February."""
        zone = ZoneInfo(self.zone)
        day = datetime.fromtimestamp(now, zone).date()
        for _ in range(_YEARS):
            if self._on(day):
                found = [at for at in self._times(day, zone) if at > now]
                if found:
                    return min(found)
            day += timedelta(days=1)
        return None

    def _on(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        fits = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return any(fits) if self.either else all(fits)

    def _times(self, day: date, zone: ZoneInfo) -> list[float]:
        local = (datetime.combine(day, time(hour, minute), zone) for hour in self.hours for minute in self.minutes)
        return [at.astimezone(UTC).timestamp() for at in local]


def read_cron(text: str, zone: str = "UTC") -> Cron:
    """Return the schedule of five fields, or of a name such as `@daily`.

    Args:
        text: Minute, hour, day of the month, month, weekday: numbers, `*`, lists, ranges, steps; months and weekdays
            also by their first three letters. Sunday is 0 or 7.
        zone: A time zone, such as `Europe/Berlin`.

    Raises:
        DefinitionError: It is no schedule, or there is no such time zone.

    >>> read_cron("30 3 * * mon-fri").hours
    (3,)
    """
    parts = _NAMED.get(text.strip(), text).split()
    where = "[triggers] schedule"
    if len(parts) != len(_FIELDS):
        raise DefinitionError(
            f"{text!r} is no schedule: it has {len(parts)} fields, not 5", where, 'Write, such as, "0 3 * * 1".'
        )
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DefinitionError(
            f"There is no time zone {zone!r}", "[triggers] zone", 'Write, such as, "Europe/Berlin".'
        ) from error
    found = [_allowed(part, place, text) for place, part in enumerate(parts)]
    minutes, hours, days, months, weekdays = found
    either = not parts[2].startswith("*") and not parts[4].startswith("*")
    week = frozenset(day % 7 for day in weekdays)
    return Cron(tuple(sorted(minutes)), tuple(sorted(hours)), frozenset(days), frozenset(months), week, either, zone)


def _allowed(part: str, place: int, text: str) -> set[int]:
    name, low, high = _FIELDS[place]
    allowed: set[int] = set()
    for one in part.lower().split(","):
        span, _, step = one.partition("/")
        first, dash, last = span.partition("-")
        try:
            begin, end = (low, high) if span == "*" else (_number(first, place), _number(last or first, place))
            if step and not dash and span != "*":
                end = high
            every = int(step) if step or "/" in one else 1
            fits = low <= begin <= end <= high and every > 0
        except ValueError:
            fits = False
        if not fits:
            raise DefinitionError(
                f"{text!r} is no schedule: {one!r} is no {name}",
                "[triggers] schedule",
                f"A {name} is from {low} to {high}: write one, a list 1,2, a range 1-5, or a step */2.",
            )
        allowed |= set(range(begin, end + 1, every))
    return allowed


def _number(text: str, place: int) -> int:
    names = {3: _MONTHS, 4: _DAYS}.get(place, ())
    return names.index(text) + (place == 3) if text in names else int(text)
