"""The gates that hold an interval against a limit: champion, baseline, slices."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mainspring.config.gates import Gates
from mainspring.quality.holdout import Array, Holdout
from mainspring.quality.report import Answer, Compared, Gate
from mainspring.stats import NotApplicable, RelativeChange, crossed_weeks, relative_change

__all__ = ["against_baseline", "against_champion", "in_slices"]

_WEEKS = "Wait for more weeks, or score on a longer holdout."


@dataclass(frozen=True)
class Pair:
    """Two losses a row, and which rows they are of."""

    mine: Array
    theirs: Array
    series: Array
    times: Array

    def only(self, keep: Array) -> "Pair":
        return Pair(self.mine[keep], self.theirs[keep], self.series[keep], self.times[keep])

    def change(self, level: float) -> RelativeChange | NotApplicable:
        return relative_change(self.mine, self.theirs, crossed_weeks(self.series, self.times), level=level)


def _pair(holdout: Holdout, mine: Array, theirs: Array) -> Pair:
    return Pair(mine, theirs, holdout.series, holdout.times)


def against_champion(holdout: Holdout, mine: Array, theirs: Array, policy: Gates) -> Gate:
    """Return whether a candidate is better than the champion, or not worse by more than the margin."""
    limit = 0.0 if policy.goal == "superior" else policy.margin
    return _held("champion", _pair(holdout, mine, theirs), limit, policy.level)


def against_baseline(holdout: Holdout, mine: Array, theirs: Array, policy: Gates) -> Gate:
    """Return whether a candidate is better than the simple baseline, or not worse by more than the margin."""
    limit = 0.0 if policy.baseline == "superior" else policy.margin
    return _held("baseline", _pair(holdout, mine, theirs), limit, policy.level)


def _held(what: str, pair: Pair, limit: float, level: float) -> Gate:
    found = pair.change(level)
    if isinstance(found, NotApplicable):
        return Gate(what, "inconclusive", f"cannot be compared: {found.reason}", _WEEKS)
    answer = _answer(found, limit, found.low)
    compared = _compared(what, pair, found, limit, answer)
    return Gate(what, answer, _said(f"the {what}", compared), _fix(compared, found), (compared,))


def _answer(found: RelativeChange, limit: float, low: float) -> Answer:
    if found.high < limit:
        return "pass"
    return "fail" if low > limit or (low == found.high == limit and limit == 0) else "inconclusive"


def _compared(what: str, pair: Pair, found: RelativeChange, limit: float, answer: Answer | None) -> Compared:
    means = float(pair.mine.mean()), float(pair.theirs.mean())
    sizes = found.rows, found.series, found.weeks
    return Compared(what, found.estimate, found.low, found.high, limit, *sizes, *means, answer)


def percent(share: float) -> str:
    """Return a share as a percentage with its sign: `+3.1 %`."""
    return f"{100 * share:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _said(whom: str, one: Compared) -> str:
    limit = f"has to stay below {percent(one.limit)}" if one.limit else "has to stay below zero"
    over = f", over by {100 * (one.high - one.limit):.1f} points" if one.answer != "pass" else ""
    change = f"{100 * abs(one.estimate):.1f} % {'less' if one.estimate < 0 else 'more'} than {whom}"
    return (
        f"loses {change} ({percent(one.low)} to {percent(one.high)}; {one.series:,} series, {one.weeks} weeks); "
        f"the upper end {limit}{over}"
    )


def _fix(one: Compared, found: RelativeChange) -> str:
    """What would make it pass: more weeks where the estimate is right, a better model where it is not."""
    if one.answer == "pass":
        return ""
    better = f"a loss {_lower(one):.1f} % lower"
    room = one.limit - one.estimate
    if room <= 0:
        return f"It takes {better}, at this spread."
    weeks = math.ceil(found.weeks * ((one.high - one.estimate) / room) ** 2)
    return f"It takes about {weeks} weeks like these instead of {found.weeks}, or {better}."


def _lower(one: Compared) -> float:
    """By how many percent the loss would have to be lower, for the whole interval to be below the limit."""
    return 100 * (1 - (1 + one.limit) / (1 + one.high))


def in_slices(holdout: Holdout, mine: Array, theirs: Array, policy: Gates, whom: str) -> Gate:
    """Return whether no part of the rows is worse by more than its margin.

    A part passes when its own upper end stays below the margin; all have to, so that each is held at the full level:
    the rule of the intersection-union test (Berger, Technometrics 24, 1982). That one *fails* is said only when its
    lower end is above the margin at a level corrected for the number of parts (Bonferroni), so that of many good parts
    none is called bad. Parts with few series are shown and not judged.
    """
    wanted = list(holdout.slices) if policy.slices is None else list(policy.slices)
    missing = [name for name in wanted if name not in holdout.slices]
    if missing:
        has = ", ".join(holdout.slices) or "none"
        says = f"the holdout has no slices {', '.join(missing)}"
        return Gate("slices", "fail", says, f"It has: {has}. Name those, or add them.")
    pair = _pair(holdout, mine, theirs)
    parts = list(_parts(holdout, pair, wanted, policy))
    judged = sum(few for _, _, few in parts)
    level = 1 - (1 - policy.level) / max(judged, 1)
    made = tuple(_part(label, part, judge, level, policy) for label, part, judge in parts)
    found = tuple(one for one in made if one is not None)
    return _worst(found, len(parts), whom)


def _parts(holdout: Holdout, pair: Pair, wanted: list[str], policy: Gates) -> Iterator[tuple[str, Pair, bool]]:
    for name in wanted:
        labels = holdout.slices[name].astype(str)
        for label in np.unique(labels):
            part = pair.only(labels == label)
            yield f"{name} = {label}", part, np.unique(part.series.astype(str)).size >= policy.slice_series


def _part(label: str, part: Pair, judged: bool, level: float, policy: Gates) -> Compared | None:
    found = part.change(policy.level)
    if isinstance(found, NotApplicable):
        return None
    answer = _answer(found, policy.slice_margin, found.end(-1, level)) if judged else None
    return _compared(label, part, found, policy.slice_margin, answer)


def _worst(found: tuple[Compared, ...], parts: int, whom: str) -> Gate:
    judged = [one for one in found if one.answer is not None]
    aside = f"; {parts - len(judged)} too small to be judged" if parts > len(judged) else ""
    if not judged:
        return Gate("slices", "pass", f"no part is large enough to be judged{aside}", "", found)
    worst = max(judged, key=lambda one: ({"pass": 0, "inconclusive": 1, "fail": 2}[str(one.answer)], one.high))
    bad = [one.what for one in judged if one.answer != "pass"]
    if not bad:
        said = f"each of {len(judged)} parts stays below {percent(worst.limit)}; nearest to it {worst.what}, "
        return Gate("slices", "pass", f"{said}{percent(worst.high)} at most{aside}", "", found)
    said = f"{', '.join(bad[:4])} {'is' if len(bad) == 1 else 'are'} not as good: {worst.what} {_said(whom, worst)}"
    fix = f"It takes a loss there that is {_lower(worst):.1f} % lower, or more weeks or series."
    return Gate("slices", worst.answer or "fail", f"{said}{aside}", fix, found)
