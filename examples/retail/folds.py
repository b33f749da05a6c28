"""Which periods a model may know, and which it is scored on.

    ... training ...........|origin|delay|..... horizon .....|          outer folds, a week apart
                                                      ...|.. locked ..| the last periods: no choice uses them

An origin is the place of the last period that is known. A fold's inner folds have test periods that end at or before
its origin: what they choose and calibrate has seen nothing that came later.
"""

from dataclasses import dataclass
from typing import Annotated

from mainspring import Meta


@dataclass(frozen=True)
class Plan:
    """How the time is cut, in periods (days or weeks) where nothing else is said."""

    horizon: Annotated[int, Meta(ge=1)] = 28
    delay: Annotated[int, Meta(ge=0)] = 3
    outer: Annotated[int, Meta(ge=1)] = 5
    outer_step: Annotated[int, Meta(ge=1)] = 7
    inner: Annotated[int, Meta(ge=1)] = 3
    inner_step: Annotated[int, Meta(ge=1)] = 14
    train: Annotated[int, Meta(ge=1)] = 730
    locked: Annotated[int, Meta(ge=0)] = 28

    @property
    def reach(self) -> int:
        """Periods from the origin to the last one that is forecast."""
        return self.delay + self.horizon


@dataclass(frozen=True)
class Fold:
    name: str
    origin: int
    start: int
    end: int
    inner: tuple[int, ...] = ()


def fold_at(name: str, origin: int, plan: Plan, season: int) -> Fold:
    nearest = origin - season * -(-plan.reach // season)
    inner = tuple(nearest - plan.inner_step * place for place in range(plan.inner))
    start = origin + 1 + plan.delay
    return Fold(name, origin, start, start + plan.horizon, inner)


def outer_folds(periods: int, plan: Plan, season: int) -> list[Fold]:
    """The folds that methods are compared on; the last one ends where the locked periods begin."""
    newest = periods - plan.locked - plan.reach - 1
    origins = [newest - plan.outer_step * place for place in reversed(range(plan.outer))]
    found = [fold_at(f"fold {number}", origin, plan, season) for number, origin in enumerate(origins, 1)]
    needed = min(found[0].inner) - plan.reach
    if needed < 0:
        raise ValueError(
            f"The table has {periods} periods, {-needed} too few for {plan.outer} folds of {plan.horizon} periods with "
            f"a delay of {plan.delay} and {plan.inner} inner folds each. Give more history, a shorter `plan.horizon` "
            "or fewer folds in config.toml."
        )
    return found


def locked_fold(periods: int, plan: Plan, season: int) -> Fold | None:
    """The last periods, which are scored once; None when none are locked."""
    return fold_at("locked", periods - plan.locked - plan.delay - 1, plan, season) if plan.locked else None


def all_folds(periods: int, plan: Plan, season: int) -> list[Fold]:
    locked = locked_fold(periods, plan, season)
    return outer_folds(periods, plan, season) + ([locked] if locked else [])


def train_origins(origin: int, plan: Plan, stride: int) -> list[int]:
    """Origins, `stride` periods apart, of which at least one target lies in the training periods of a fold."""
    oldest = max(origin - plan.train - plan.reach, 0)
    return list(range(origin - stride, oldest, -stride))
