"""What the windows of a version are compared with: its own first days, or before there are as many, the days before."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from mainspring.charts.numbers import count
from mainspring.monitoring import Layout, Reference, Rules, Shelf, Window, WindowProfile, fit_reference
from mainspring.monitoring.inputs import fit_inputs, input_layout, input_window
from mainspring.monitoring.shelf import EARLIER
from mainspring.workspace.traffic import DAY

__all__ = ["Referred", "referred", "say_days"]


@dataclass(frozen=True, slots=True, eq=False)
class Referred:
    """What the windows of a version are compared with.

    Attributes:
        layout: The axes; inputs alone where other versions answered some of it.
        windows: The windows of the reference.
        until: Its end: from then on windows are judged, in seconds since 1970 UTC.
        before: Of how many days before the version's first answer it is; 0 where it is all its own.
        days: Of how many days it is.
    """

    layout: Layout
    windows: tuple[WindowProfile, ...]
    until: int
    before: int
    days: int

    def fit(self, rules: Rules) -> Reference:
        """Return what windows are judged by.

        Raises:
            MonitoringError: The reference has no window with rows, or was counted on another layout.
        """
        return (fit_inputs if self.before else fit_reference)(self.windows, self.layout, rules)

    def cut(self, profiles: Iterable[WindowProfile]) -> Iterator[WindowProfile]:
        """Yield windows of the version with the columns that are compared."""
        for one in profiles:
            yield input_window(one, self.layout) if self.before else one


def referred(shelf: Shelf, like: Window, layout: Layout, days: int) -> Referred | None:
    """Return what the windows of a version are compared with; None where there are none of it.

    Its own first days, as soon as there is a window after them. Before that it is the traffic of as many days before
    its first answer, whichever versions answered it, and where that has not lasted as long, the version's first days
    with it.

    Args:
        shelf: The windows of a home.
        like: Any window of the version, segment and length.
        layout: How windows of the version are counted.
        days: How many days a reference has.
    """
    begun = shelf.first(like)
    if begun is None:
        return None
    until = begun + days * DAY
    earlier: list[WindowProfile] = []
    if next(shelf.between(like, until, np.inf), None) is None:
        before = Shelf(shelf.folder.with_name(EARLIER), shelf.calendar)
        earlier = [one for one in before.between(like, begun - days * DAY, begun) if one.rows]
    if not earlier:
        return Referred(layout, tuple(shelf.between(like, begun, until)), until, 0, days)
    first = earlier[0].window.start
    inputs, until = input_layout(layout), first + days * DAY
    own = [input_window(one, inputs) for one in shelf.between(like, begun, until)]
    return Referred(inputs, (*earlier, *own), until, math.ceil((begun - first) / DAY), days)


def say_days(before: int, days: int, version: str) -> str:
    """Return in words of which days a reference is.

    >>> say_days(0, 28, "version 3")
    'the first 28 days of version 3'
    >>> say_days(10, 28, "version 3")
    'the 10 days before version 3, and its first 18 days'
    """
    if not before:
        return f"the first {count(days, 'day')} of {version}"
    own = f", and its first {count(days - before, 'day')}" if days > before else ""
    return f"the {count(before, 'day')} before {version}{own}"
