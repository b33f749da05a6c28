"""What a prediction owes to its inputs: how much more the inference pipeline loses when they are shuffled."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError, nearest
from mainspring.stats import Clusters, Estimate, linear_estimate
from mainspring.stats.inputs import vector

_FEWEST_MOVED: Final = 0.1

__all__ = ["Earning", "GroupImportance", "Importance", "earnings", "importance"]

Columns = dict[str, npt.NDArray[Any]]
Predict = Callable[[Columns], Mapping[str, npt.NDArray[Any]]]
Loss = Callable[[Mapping[str, npt.NDArray[Any]]], npt.ArrayLike]


@dataclass(frozen=True, slots=True)
class GroupImportance:
    """How much is lost without one group of columns.

    Attributes:
        name: The group.
        columns: Its columns, shuffled together.
        increase: Mean loss with the columns shuffled, less that without: allows for clusters and for the repeats.
        spread: Standard deviation of the mean increase over repeats.
        used: Whether any output changed.
        moved: Share of the rows that got other values; where hardly any did, shuffling says nothing.
    """

    name: str
    columns: tuple[str, ...]
    increase: Estimate
    spread: float
    used: bool
    moved: float


@dataclass(frozen=True, slots=True)
class Importance:
    """Importance of groups of columns, the greatest first. Draw it with `draw_importance`.

    Attributes:
        loss: Mean loss as it is.
        rows: Rows that are scored.
        repeats: How often each group was shuffled.
        groups: The groups.
    """

    loss: float
    rows: int
    repeats: int
    groups: tuple[GroupImportance, ...]


def importance(
    predict: Predict,
    rows: Mapping[str, npt.NDArray[Any]],
    loss: Loss,
    clusters: Clusters,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    repeats: int = 5,
) -> Importance:
    """Return how much more is lost when columns of the input are shuffled (Breiman, Machine Learning 45, 2001).

    Columns that say the same have to be in one group: shuffled alone, each looks as if it were not needed (Strobl and
    others, BMC Bioinformatics 9, 2008). All groups are shuffled in the same orders, from fixed seeds. The interval is
    that of `stats.linear_estimate` of the increase of each row, mean of the repeats, with the variance of the mean of
    the repeats added. A group that no output depends on has an increase of exactly zero. So
    has one that is alike in all rows, such as a promotion that all shops share: give rows in which it differs.

    Args:
        predict: The inference pipeline, such as `Pipeline.predict`: from columns of raw rows to outputs.
        rows: Columns of raw rows.
        loss: From the outputs to (M,) losses of the rows that are scored.
        clusters: Which of the scored rows are not independent.
        groups: For each name the columns that are shuffled together; None: each column alone.
        repeats: How often each group is shuffled.

    Raises:
        StatisticsError: A column is not there, there are no rows, or there is not at least one repeat.
    """
    wanted = {name: tuple(columns) for name, columns in (groups or {name: (name,) for name in rows}).items()}
    given = {name: np.asarray(values) for name, values in rows.items()}
    for column in (one for columns in wanted.values() for one in columns):
        if column not in given:
            near = nearest(column, given)
            fix = f"Did you mean {near!r}?" if near else f"The columns are: {', '.join(given)}."
            raise StatisticsError(f"There is no column {column!r} to shuffle", fix=fix)
    if repeats < 1 or not clusters.rows:
        raise StatisticsError("There is nothing to shuffle", fix="Give rows, and at least one repeat.")
    outputs = predict(dict(given))
    base = vector(loss(outputs), "loss", clusters.rows)
    size = len(next(iter(given.values())))
    orders = [np.random.default_rng((repeat, size)).permutation(size) for repeat in range(repeats)]
    found = []
    for name, columns in wanted.items():
        rises, used, moved = [], False, np.zeros(size, bool)
        for order in orders:
            shuffled = predict({**given, **{column: given[column][order] for column in columns}})
            moved |= _moved(given, columns, order)
            used |= any(not _same(outputs[one], shuffled[one]) for one in outputs)
            rises.append(vector(loss(shuffled), "loss", clusters.rows) - base)
        told = _increase(np.stack(rises), clusters)
        found.append(GroupImportance(name, columns, *told, used, float(moved.mean())))
    return Importance(
        float(base.mean()), base.size, repeats, tuple(sorted(found, key=lambda one: -one.increase.estimate))
    )


def _same(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> bool:
    return bool(np.array_equal(first, second, equal_nan=first.dtype.kind == "f"))


def _moved(given: Columns, columns: Sequence[str], order: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Return for each row whether any of its values is another one in a new order; NaN is like NaN."""
    found = np.zeros(order.size, bool)
    for name in columns:
        values = given[name].reshape(order.size, -1)
        other = values[order]
        found |= ((values != other) & ~((values != values) & (other != other))).any(axis=1)
    return found


def _increase(rises: npt.NDArray[np.float64], clusters: Clusters) -> tuple[Estimate, float]:
    each, means = rises.mean(axis=0), rises.mean(axis=1)
    spread = float(means.std(ddof=1)) if means.size > 1 else 0.0
    mean = float(each.mean())
    return linear_estimate(mean, (each - mean) / each.size, clusters, extra=spread**2 / means.size), spread


@dataclass(frozen=True, slots=True)
class Earning:
    """Whether a group of columns is worth what it costs.

    Attributes:
        name: The group.
        increase: What is lost without it.
        cost: What it costs.
        earns: Whether the lower end of the increase is above what the cost is worth.
        says: The verdict in words.
    """

    name: str
    increase: Estimate
    cost: float
    earns: bool
    says: str


def earnings(found: Importance, cost: Mapping[str, float], *, worth: float = 0.0) -> tuple[Earning, ...]:
    """Return for each group whether it earns its cost, those that do not first.

    Args:
        found: What `importance` returned.
        cost: What each group costs, such as seconds, numbers in a request, or money; what is not named costs nothing.
        worth: How much loss one unit of cost is worth; with 0 a group earns its cost if it lowers the loss at all,
            beyond its interval.

    Raises:
        StatisticsError: A cost is of a group that is not there, or below zero.
    """
    wrong = [name for name in cost if name not in {one.name for one in found.groups} or cost[name] < 0]
    if wrong or worth < 0:
        raise StatisticsError(
            f"There is no group {wrong[0]!r} of that cost" if wrong else "A cost cannot be worth less than nothing",
            fix=f"The groups are: {', '.join(one.name for one in found.groups)}.",
        )
    told = []
    for one in found.groups:
        price = cost.get(one.name, 0.0)
        least = worth * price
        earns = one.increase.low > least
        if one.moved < _FEWEST_MOVED:
            says = "alike in nearly all rows: shuffling cannot tell"
        elif not one.used:
            says = "no output depends on it"
        elif earns:
            says = "earns its cost"
        elif one.increase.high <= least:
            says = "does not earn its cost"
        else:
            says = "not shown to earn its cost"
        told.append(Earning(one.name, one.increase, price, earns, says))
    unused = {one.name for one in found.groups if not one.used}
    return tuple(sorted(told, key=lambda one: (one.name not in unused, one.earns, one.increase.estimate)))
