"""Simulation: how often settings alarm while nothing changes, and how soon they find what does, by own windows."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from mainspring.errors import DefinitionError, MonitoringError
from mainspring.monitoring.checking import adjusted
from mainspring.monitoring.layouts import Layout
from mainspring.monitoring.plants import Plant
from mainspring.monitoring.references import Reference, fit_stack
from mainspring.monitoring.rules import FAMILIES, Rules
from mainspring.monitoring.shapes import Judged
from mainspring.monitoring.shifting import CHANGES, Change, able, shifted
from mainspring.monitoring.stacks import Stack, stacked
from mainspring.monitoring.windows import WindowProfile
from mainspring.stats import benjamini_hochberg, partial_conjunction, rate_interval

__all__ = ["FOLDS", "Delay", "FalseAlerts", "Simulated", "Simulation", "delay_of", "false_alerts", "simulate"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
_DAY: Final = 86_400
_MONTH: Final = 30
FOLDS: Final = 7
_FEWEST: Final = 8
_DRAWS: Final = 2_000
_LEVELS: Final = 10
_AT_ONCE: Final = 50
_LEAST: Final = 50
Course = Literal["sudden", "gradual", "seasonal", "recurring"]


@dataclass(frozen=True)
class Simulation:
    """What a simulation asks.

    Attributes:
        changes: The changes that are to be found.
        course: How they come; see `Plant`.
        over: Seconds, for `gradual` and `recurring`.
        period: Seconds, for `seasonal` and `recurring`.
        episodes: How many times each change begins.
        look: Within how many seconds it is to be found.
        seed: What is drawn.

    Raises:
        DefinitionError: Nothing can be found in no time, or in no episode.
    """

    changes: tuple[Change, ...] = CHANGES
    course: Course = "sudden"
    over: float = 7.0 * _DAY
    period: float = 28.0 * _DAY
    episodes: int = 200
    look: float = 7.0 * _DAY
    seed: int = 0

    def __post_init__(self) -> None:
        if self.episodes < 1 or self.look <= 0 or not self.changes:
            raise DefinitionError("Nothing is simulated", fix="Ask for a change, an episode, and some time to find it.")
        self.strength([0.0])

    def strength(self, ages: npt.ArrayLike) -> Floats:
        """Return how much of a change is there so many seconds after it began, from 0 to 1."""
        return Plant("outage", course=self.course, over=self.over, period=self.period).strength(ages)


@dataclass(frozen=True, slots=True)
class FalseAlerts:
    """How often the settings alarm while nothing changes.

    Attributes:
        found: How many alerts there were in the days of the reference, each judged by the others.
        days: How many days that were.
        month: Alerts in 30 days.
        low: The lower end of its 95% interval.
        high: The upper end.
        quiet: The share of months without any, of months that are drawn from those days.
        by_check: How many alerts each check had; checks without any are left out.
        flagged: The share of windows and columns that each check flags on its own, of which nobody is told.
    """

    found: int
    days: int
    month: float
    low: float
    high: float
    quiet: float
    by_check: dict[str, int]
    flagged: dict[str, float]


@dataclass(frozen=True, slots=True)
class Delay:
    """How soon a change is found.

    Attributes:
        change: Which.
        columns: In how many columns it was planted, one at a time.
        episodes: How many times it began.
        found: How many times it was found in time.
        median: Seconds from its beginning until the end of the window that finds it; None: most are not found in time.
        low: The lower end of the median's 95% interval; None as above.
        high: The upper end.
        most: Seconds until nine of ten are found; None as above.
        by_column: The median by column.
    """

    change: Change
    columns: int
    episodes: int
    found: int
    median: float | None
    low: float | None
    high: float | None
    most: float | None
    by_column: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Simulated:
    """What came of a simulation. Every change in it is planted.

    Attributes:
        windows: How many windows of the reference were used.
        seconds: How long they last.
        rows: The median of their rows.
        columns: How many columns are watched.
        cold: Whether there are too few for thresholds that are fitted.
        rules: The settings.
        simulation: What was asked.
        alerts: How often nothing is an alert.
        delays: How soon each change is found.
        errors: How often the error stream of joined labels alarms, where there are labels.
    """

    windows: int
    seconds: int
    rows: float
    columns: int
    cold: bool
    rules: Rules
    simulation: Simulation
    alerts: FalseAlerts
    delays: tuple[Delay, ...]
    errors: FalseAlerts | None = None


def simulate(
    profiles: Sequence[WindowProfile],
    layout: Layout,
    rules: Rules | None = None,
    simulation: Simulation | None = None,
    *,
    watch: Callable[[int, int], object] = lambda _done, _total: None,
) -> Simulated:
    """Return how often settings alarm on the windows of a reference, and how soon they find what is planted in them.

    Days are left out in seven parts, each judged by a reference of the other six, so that no window is judged by
    itself; what is found is an alert by the rules by which alerts fire and resolve. The interval of alerts a month is
    that of a block bootstrap of the days (Künsch 1989), and never narrower than the exact one of so many alerts in so
    many days (Garwood 1936): 28 quiet days cannot promise fewer than 4 a month. Changes begin at random windows and in
    one column after the other; the other columns stay as they were.

    Args:
        profiles: Windows of the reference, the earliest first; nothing has changed in them, as far as is known.
        layout: On which they are counted.
        rules: The settings.
        simulation: What is asked.
        watch: Called with how many of how many parts are done.

    Raises:
        MonitoringError: They are of fewer than eight days, or of different lengths.
    """
    rules, simulation = rules or Rules(), simulation or Simulation()
    folded = _Folded.of([one for one in profiles if one.rows], layout, rules)
    total = len(simulation.changes) + 1
    alerts = _alerts(folded, simulation.seed)
    watch(1, total)
    delays = []
    for place, change in enumerate(simulation.changes):
        found = _delay(folded, change, simulation)
        delays += [found] if found is not None else []
        watch(place + 2, total)
    whole = folded.whole
    return Simulated(
        len(whole.windows),
        whole.windows[0].seconds,
        float(np.median(whole.rows)),
        len(layout.axes),
        len(whole.windows) < rules.reference,
        rules,
        simulation,
        alerts,
        tuple(delays),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Folded:
    """Windows, each with what comes of it by a reference that it is not in."""

    layout: Layout
    rules: Rules
    whole: Stack
    days: Ints
    folds: tuple[tuple[Reference, Ints], ...]
    quiet: dict[str, Judged]

    @classmethod
    def of(cls, profiles: Sequence[WindowProfile], layout: Layout, rules: Rules) -> "_Folded":
        days = np.array([(one.window.start + rules.shift * 3600) // _DAY for one in profiles], dtype=np.int64)
        every = np.unique(days)
        lengths = {one.window.seconds for one in profiles}
        if every.size < _FEWEST or len(lengths) > 1:
            said = f"{every.size} days are too few" if len(lengths) < 2 else f"Windows last {sorted(lengths)} seconds"
            raise MonitoringError(
                f"{said} to simulate settings", fix=f"Give windows of one length, of at least {_FEWEST} days."
            )
        whole = stacked(profiles, layout)
        places = [np.flatnonzero(np.isin(days, part)) for part in np.array_split(every, FOLDS)]
        if len(profiles) >= rules.reference:  # a part that is left out makes no cold start of it
            smallest = len(profiles) - max(one.size for one in places)
            rules = replace(rules, reference=max(_LEAST, min(rules.reference, smallest)))
        folds = []
        for mine in places:
            others = np.setdiff1d(np.arange(days.size), mine)
            folds.append((fit_stack(_part(whole, others), layout, rules), mine))
        made = cls(layout, rules, whole, days, tuple(folds), {})
        return replace(made, quiet=made.judge(whole))

    def judge(self, stack: Stack) -> dict[str, Judged]:
        """What comes of all windows, each by the reference that it is not in, in the checks that all of them have."""
        sides = [{one.check: one for one in fitted.judge(_part(stack, mine))} for fitted, mine in self.folds]
        found = {}
        for check in [one for checks in FAMILIES.values() for one in checks if all(one in side for side in sides)]:
            parts = [side[check] for side in sides]
            joined = {name: np.concatenate([getattr(one, name) for one in parts]) for name in ("p", "size")}
            found[check] = replace(parts[0], p=joined["p"], size=joined["size"], by=None)
        return found

    def counted(self, one: Judged) -> Floats:
        """P-values, 1 where a change is too small to matter."""
        return np.where(np.abs(one.size) >= self.rules.floor(one.check), one.p, 1.0)


def _part(stack: Stack, places: Ints) -> Stack:
    arrays = {name: getattr(stack, name)[places] for name in Stack.__slots__[1:]}
    return Stack(tuple(stack.windows[place] for place in places.tolist()), **arrays)


def _alerts(folded: _Folded, seed: int) -> FalseAlerts:
    rules = folded.rules
    p = adjusted(folded.quiet.values(), rules)
    days = np.unique(folded.days)
    begun = np.zeros(days.size)
    by_check: dict[str, int] = {}
    for check, one in folded.quiet.items():
        shown = ((p[check] <= rules.discovery) & (folded.counted(one) <= rules.level)).any(axis=1)
        at = np.flatnonzero(shown)
        # What has not shown in as many windows as are looked back on is resolved.
        first = at[np.diff(at, prepend=-rules.of - 1) > rules.of]
        if first.size:
            by_check[check] = int(first.size)
            np.add.at(begun, np.searchsorted(days, folded.days[first]), 1)
    flagged = {check: float((folded.counted(one) <= rules.level).mean()) for check, one in folded.quiet.items()}
    block = max(1, math.ceil(rules.of * folded.whole.windows[0].seconds / _DAY))
    return false_alerts(begun, block, seed, (by_check, flagged))


def false_alerts(begun: Floats, block: int, seed: int, said: tuple[dict[str, int], dict[str, float]]) -> FalseAlerts:
    """Return how often there are alerts, from how many began on each day; days are drawn in blocks of so many."""
    count, days = int(begun.sum()), begun.size
    months = _drawn_sums(begun, _MONTH, block, seed)
    again = _drawn_sums(begun, days, block, seed + 1) * _MONTH / days
    exact = rate_interval(count, days / _MONTH)
    low, high = (float(end) for end in np.quantile(again, [0.025, 0.975]))
    quiet = float((months == 0).mean())
    return FalseAlerts(count, days, count * _MONTH / days, min(low, exact[0]), max(high, exact[1]), quiet, *said)


def _drawn_sums(values: Floats, size: int, block: int, seed: int) -> Floats:
    """Sums over so many days, drawn in blocks of days that follow each other, the first after the last."""
    rng = np.random.default_rng([seed, size])
    starts = rng.integers(0, values.size, (_DRAWS, -(-size // block)))
    places = (starts[..., np.newaxis] + np.arange(block)).reshape(_DRAWS, -1)[:, :size] % values.size
    return np.asarray(values[places].sum(axis=1), dtype=np.float64)


def _delay(folded: _Folded, change: Change, simulation: Simulation) -> Delay | None:
    columns = able(change, folded.whole, folded.layout)
    if not columns or change.check not in folded.quiet:
        return None
    seconds = folded.whole.windows[0].seconds
    look = max(1, round(simulation.look / seconds))
    levels = np.rint(simulation.strength((np.arange(look) + 0.5) * seconds) * _LEVELS).astype(np.int64)
    planted = _planted(folded, change, levels, simulation.seed)
    rng = np.random.default_rng([simulation.seed, look])
    windows = len(folded.whole.windows)
    starts = rng.integers(0, windows, simulation.episodes)
    chosen = np.array(columns)[np.arange(simulation.episodes) % len(columns)]
    family = _Family.of(folded, change.check)
    found = []
    for first in range(0, simulation.episodes, _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        found.append(family.delays(planted[levels], starts[part], chosen[part]))
    names = folded.quiet[change.check].columns
    by_column = {names[place]: chosen == place for place in columns}
    return delay_of(change, np.concatenate(found) * seconds, folded.days[starts], by_column)


def _planted(folded: _Folded, change: Change, levels: Ints, seed: int) -> Floats:
    """P-values of the check with a change in every window, by its strength, window and column."""
    quiet = folded.counted(folded.quiet[change.check])
    made = np.broadcast_to(quiet, (_LEVELS + 1, *quiet.shape)).copy()
    for level in np.unique(levels[levels > 0]).tolist():
        weak = change.weakened(level / _LEVELS)
        rng = np.random.default_rng([seed, level])
        stack = shifted(weak, folded.whole, folded.layout, rng)
        made[level] = folded.counted(folded.judge(stack)[change.check])
    return made


@dataclass(frozen=True, slots=True, eq=False)
class _Family:
    """The checks that are adjusted together, while nothing changes, and the place where one of them begins."""

    rules: Rules
    quiet: Floats
    persistent: Floats
    begin: int

    @classmethod
    def of(cls, folded: _Folded, check: str) -> "_Family":
        names = next(names for names in FAMILIES.values() if check in names)
        mine = [one for one in names if one in folded.quiet]
        parts = [folded.counted(folded.quiet[one]) for one in mine]
        quiet = np.concatenate(parts, axis=1)
        begin = sum(part.shape[1] for part in parts[: mine.index(check)])
        return cls(folded.rules, quiet, _persistent(quiet.T, folded.rules).T, begin)

    def delays(self, planted: Floats, starts: Ints, columns: Ints) -> Floats:
        """How many windows it takes until changes are found; infinity: not in time.

        Args:
            planted: P-values with the change: by windows since it began, window, and column of the check.
            starts: The window in which each change begins; after the last window comes the first.
            columns: The column of each.
        """
        look, before = len(planted), self.rules.of - 1
        places = (starts[:, np.newaxis] + np.arange(-before, look)) % len(self.quiet)
        during = planted[np.arange(look), places[:, before:], columns[:, np.newaxis]]
        mine = self.begin + columns
        earlier = self.quiet[places[:, :before], mine[:, np.newaxis]]
        series = _persistent(np.concatenate([earlier, during], axis=1), self.rules)[:, before:]
        joined = self.persistent[places[:, before:]]
        joined[np.arange(starts.size), :, mine] = series
        p = benjamini_hochberg(joined)[np.arange(starts.size), :, mine]
        seen = (p <= self.rules.discovery) & (during <= self.rules.level)
        return np.where(seen.any(axis=1), seen.argmax(axis=1) + 1.0, np.inf)


def _persistent(series: Floats, rules: Rules) -> Floats:
    """The p-values of a change in enough of the last windows, along the second axis."""
    padded = np.concatenate([np.ones((len(series), rules.of - 1)), series], axis=1)
    return partial_conjunction(np.moveaxis(sliding_window_view(padded, rules.of, axis=1), -1, 0), rules.least)


def delay_of(change: Change, delays: Floats, days: Ints, by_column: Mapping[str, Flags]) -> Delay:
    """Return how soon a change is found, from delays in seconds, the days on which it began, and its column."""
    low, high = _median_interval(delays, days)
    return Delay(
        change,
        len(by_column),
        delays.size,
        int(np.isfinite(delays).sum()),
        _known(_quantile(delays, 0.5)),
        _known(low),
        _known(high),
        _known(_quantile(delays, 0.9)),
        {name: _known(_quantile(delays[mine], 0.5)) for name, mine in by_column.items() if mine.any()},
    )


def _median_interval(values: Floats, days: Ints) -> tuple[float, float]:
    """The 95% interval of a median, by drawing the days (bootstrap of clusters)."""
    reached, places = np.unique(values, return_inverse=True)
    every, codes = np.unique(days, return_inverse=True)
    table = np.zeros((every.size, reached.size))
    np.add.at(table, (codes, places), 1)
    drawn = np.random.default_rng(values.size).multinomial(every.size, np.full(every.size, 1 / every.size), _DRAWS)
    below = (drawn @ table).cumsum(axis=1)
    medians = reached[(below >= below[:, -1:] / 2).argmax(axis=1)]
    return _quantile(medians, 0.025), _quantile(medians, 0.975)


def _quantile(values: Floats, share: float) -> float:
    return float(np.quantile(values, share, method="inverted_cdf"))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
