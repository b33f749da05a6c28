"""Calendars: what is known ahead of some times, such as promotions and holidays, by which windows are matched."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from mainspring.errors import MonitoringError
from mainspring.monitoring.windows import Window

__all__ = ["Calendar"]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Times that are declared, each from its begin up to its end, in seconds since 1970 UTC.

    Attributes:
        begins: When each begins, in their order.
        ends: When each ends.
        seasons: What each is called.
    """

    begins: tuple[float, ...]
    ends: tuple[float, ...]
    seasons: tuple[str, ...]

    @classmethod
    def of(cls, entries: Sequence[tuple[float, float, str]]) -> "Calendar":
        """Return a calendar of begins, ends and names, in any order.

        Raises:
            MonitoringError: One ends before it has begun, or two are at the same time.
        """
        ordered = sorted(entries)
        for begin, end, name in ordered:
            if not begin < end:
                raise MonitoringError(f"'{name}' ends before it has begun", "[monitor] calendar", "Mend the calendar.")
        for (_, end, first), (begin, _, second) in pairwise(ordered):
            if begin < end:
                fix = "Let one end before the next begins, or give the time that both have a name of its own."
                raise MonitoringError(f"'{first}' and '{second}' are at the same time", "[monitor] calendar", fix)
        begins, ends, seasons = zip(*ordered, strict=True) if ordered else ((), (), ())
        return cls(begins, ends, seasons)

    def on(self, window: Window) -> Window:
        """Return a window with what is declared of its middle as its season; nothing where nothing is."""
        middle = window.start + window.seconds / 2
        place = bisect_right(self.begins, middle) - 1
        inside = place >= 0 and middle < self.ends[place]
        return replace(window, season=self.seasons[place] if inside else "")
