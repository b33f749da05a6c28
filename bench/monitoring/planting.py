"""Changes planted into real rows: what is changed, from which day on, and whether it is found there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from tables import Rows, Watched, joined

from mainspring.monitoring import Check, check_window

LOOK = 28  # days
MOMENTS = 12


@dataclass(frozen=True)
class Moment:
    """When something is planted: which day of the episode, from 1, and on which weekday; and what chance there is."""

    day: int
    weekday: int
    rng: np.random.Generator


Change = Callable[[Rows, Moment], Rows]


@dataclass(frozen=True)
class Fault:
    """What is planted: its kind and size, the column where it is to be found (empty: the window), and the change."""

    kind: str
    size: str
    column: str
    change: Change


def faults(number: str, category: str, flag: str, part: tuple[str, str]) -> list[Fault]:
    """The changes for a table with such columns, in all rows, or in those with one value of one column."""
    where, value = part

    def times(factor: float) -> Change:
        return lambda rows, _: _put(rows, number, np.rint(rows[number] * factor))

    def ramp(rows: Rows, moment: Moment) -> Rows:
        return _put(rows, number, np.rint(rows[number] * (1 + 0.4 * moment.day / LOOK)))

    def weekend(rows: Rows, moment: Moment) -> Rows:
        return times(1.4)(rows, moment) if moment.weekday >= 5 else rows

    def unit(rows: Rows, _: Moment) -> Rows:
        return _put(rows, number, np.where(rows[where] == value, np.floor(rows[number] / 100), rows[number]))

    def mixed(column: str, share: float, other) -> Change:
        return lambda rows, moment: _put(rows, column, np.where(_hit(rows, moment, share), other, rows[column]))

    def first(share: float) -> Change:
        return lambda rows, moment: mixed(category, share, min(rows[category]))(rows, moment)

    def never(rows: Rows, _: Moment) -> Rows:
        return _put(rows, flag, np.zeros_like(rows[flag]))

    found = [Fault("jump", f"+{share} %", number, times(1 + share / 100)) for share in (5, 10, 20, 40)]
    found += [
        Fault("gradual", f"to +40 % in {LOOK} days", number, ramp),
        Fault("weekends only", "+40 %", number, weekend),
        Fault("other unit", "÷ 100 in one state", number, unit),
    ]
    found += [Fault("more nulls", f"{points} points", number, mixed(number, points / 100, np.nan)) for points in (2, 5)]
    found += [Fault("new category", f"{share} %", category, mixed(category, share / 100, "new")) for share in (2, 5)]
    found += [Fault("one category for others", f"{share} %", category, first(share / 100)) for share in (10, 30)]
    return [
        *found,
        Fault("flag never set", "", flag, never),
        Fault("rows twice", "10 %", "", lambda rows, moment: _taken(rows, moment, 1.1)),
        Fault("rows lost", "30 %", "", lambda rows, moment: _taken(rows, moment, 0.7)),
    ]


def _put(rows: Rows, column: str, values: np.ndarray) -> Rows:
    return {**rows, column: values}


def _size(rows: Rows) -> int:
    return len(next(iter(rows.values())))


def _some(rows: Rows, moment: Moment, share: float) -> np.ndarray:
    """Places of a share of the rows, in expectation."""
    whole = _size(rows) * share
    return moment.rng.permutation(_size(rows))[: int(whole + moment.rng.random())]


def _hit(rows: Rows, moment: Moment, share: float) -> np.ndarray:
    mask = np.zeros(_size(rows), bool)
    mask[_some(rows, moment, share)] = True
    return mask


def _taken(rows: Rows, moment: Moment, share: float) -> Rows:
    """So many of the rows, or all of them and some twice."""
    places = np.arange(_size(rows))
    places = np.append(places, _some(rows, moment, share - 1)) if share > 1 else _some(rows, moment, share)
    return {name: values[places] for name, values in rows.items()}


def episodes(watched: Watched, clean: list[Check], wanted: list[Fault]) -> Iterator[dict]:
    """Each change at twelve moments: in which window it is found, and which other columns are named by then.

    What is found without the change as well does not count, neither as found nor as another column.
    """
    step, look = watched.case.step, max(LOOK, 6 * watched.case.step) // watched.case.step
    last = len(watched.live) - look
    places = np.linspace(watched.fitted.rules.of, last, MOMENTS).astype(int).tolist()
    for number, fault in enumerate(wanted):
        found = [_episode(watched, clean, fault, range(place, place + look), number) for place in places]
        delays = sorted(delay for delay, _ in found if delay)
        yield {
            "kind": fault.kind,
            "size": fault.size,
            "column": fault.column,
            "episodes": len(found),
            "found": len(delays),
            "days": [delay * step for delay in delays],
            "elsewhere": sum(bool(others) for _, others in found),
            "columns elsewhere": sorted({name for _, others in found for name in others}),
        }


def _episode(watched: Watched, clean: list[Check], fault: Fault, places: range, number: int) -> tuple[int, set[str]]:
    """After how many windows the change is found, 0 for not at all; and other columns that were named by then."""
    rng = np.random.default_rng([number, places.start])
    checks, others, step, of = list(clean[: places.start]), set[str](), watched.case.step, watched.fitted.rules.of
    first = watched.begun + places.start * step
    for place in places:
        parts = []
        for day in range(watched.begun + place * step, watched.begun + (place + 1) * step):
            moment = Moment(day - first + 1, watched.case.table.date(day).weekday(), rng)
            parts.append(watched.count(day, fault.change(watched.days[day], moment)))
        check = check_window(joined(parts, step)[0], watched.fitted, checks[-of:])
        checks.append(check)
        usual = {(one.check, one.column) for one in clean[place].findings}
        new = {one.column for one in check.findings if (one.check, one.column) not in usual}
        if fault.column in new:
            return place - places.start + 1, others | (new - {fault.column})
        others |= new
    return 0, others
