"""Probation: what a champion has to show beside the one before, however often one looks."""

from msgspec import Struct

from mainspring.config.triggers import Triggers
from mainspring.loop.ports import Compared

__all__ = ["Verdict", "due", "judge_trial"]


class Verdict(Struct, frozen=True):
    """What a look at a champion on probation says.

    Attributes:
        answer: `kept`, `worse`, or `open`.
        says: Why, with the numbers.
        looks: How many looks there were by now.
    """

    answer: str
    says: str
    looks: int


def due(policy: Triggers, looks: int) -> int:
    """Return how many labelled predictions the next look takes: twice as many as the one before."""
    return policy.probation_labels << looks


def judge_trial(found: Compared, policy: Triggers, looks: int) -> Verdict:
    """Return what a look says; the caller has seen to it that there are labels enough for it.

    The first look may err with half of what `probation_level` leaves, the next one with a quarter, and so on: together
    with no more than that, whenever they are (Bonferroni over looks, as in group-sequential tests). Worse is a champion
    whose loss is surely more than the margin above that of the one before, on the same inputs and labels; kept is one
    whose loss surely is not.
    """
    if found.change is None:
        return Verdict("open", f"it cannot be compared yet: {found.reason}", looks)
    level = 1 - (1 - policy.probation_level) / 2 ** (looks + 1)
    low, high = found.change.end(-1, level), found.change.end(1, level)
    margin = policy.probation_margin
    said = (
        f"it loses {_percent(found.change.estimate)} ({_percent(low)} to {_percent(high)}) against the champion "
        f"before, on {found.labelled:,} labelled predictions; the margin is {_percent(margin)}"
    )
    if low > margin:
        return Verdict("worse", said, looks + 1)
    if high < margin:
        return Verdict("kept", said, looks + 1)
    return Verdict("open", f"{said}; it is looked at again at {due(policy, looks + 1):,} labels", looks + 1)


def _percent(share: float) -> str:
    return f"{100 * share:+.1f} %".replace("-", "\N{MINUS SIGN}")
