"""What it costs to have stocked a forecast: units left over and units missing."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mainspring.stats.answers import NotApplicable
from mainspring.stats.inputs import Floats, vector, weights_of

__all__ = ["StockCost", "stock_cost"]


@dataclass(frozen=True, slots=True)
class StockCost:
    """Units and money of stocking too much and too little.

    Attributes:
        rows: How many rows it is of.
        over_units: Units left over.
        under_units: Units that were asked for and not there.
        over_cost: What the units left over cost; not applicable where no such cost is known.
        under_cost: What the missing units cost; not applicable where no such cost is known.
        total: Both costs; not applicable where either is.
    """

    rows: int
    over_units: float
    under_units: float
    over_cost: float | NotApplicable
    under_cost: float | NotApplicable
    total: float | NotApplicable


def stock_cost(
    actual: npt.ArrayLike,
    stocked: npt.ArrayLike,
    *,
    over: float | npt.ArrayLike | None = None,
    under: float | npt.ArrayLike | None = None,
) -> StockCost:
    """Return what it costs to stock s units where y are asked for: Σ over·max(s - y, 0) + Σ under·max(y - s, 0).

    This is the cost of the newsvendor (Arrow, Harris, Marschak, Econometrica 19, 1951); the quantile at
    under / (under + over) makes it least. Rows where both are equal cost nothing; no rows cost nothing. Each row is a
    time of its own: what is left over is not carried on.

    Args:
        actual: Units asked for in each row.
        stocked: Units stocked, such as a quantile forecast.
        over: What a unit left over costs: one number, one for each row, or None where it is not known.
        under: What a missing unit costs, such as its margin, in the same form.

    Raises:
        StatisticsError: Lengths differ, values are not finite, or a cost is negative.

    >>> stock_cost([2, 5], [4, 4], over=0.5).over_cost, str(stock_cost([2, 5], [4, 4], over=0.5).under_cost)
    (1.0, 'not applicable: there is no cost of a missing unit')
    """
    asked = vector(actual, "actual")
    surplus = vector(stocked, "stocked", asked.size) - asked
    left, missing = np.maximum(surplus, 0), np.maximum(-surplus, 0)
    over_cost = _cost(left, over, "there is no cost of a unit left over")
    under_cost = _cost(missing, under, "there is no cost of a missing unit")
    total: float | NotApplicable
    if isinstance(over_cost, NotApplicable):
        total = over_cost
    else:
        total = under_cost if isinstance(under_cost, NotApplicable) else over_cost + under_cost
    return StockCost(asked.size, float(left.sum()), float(missing.sum()), over_cost, under_cost, total)


def _cost(units: Floats, price: float | npt.ArrayLike | None, missing: str) -> float | NotApplicable:
    if price is None:
        return NotApplicable(missing)
    each = np.broadcast_to(price, units.shape) if np.ndim(price) == 0 else price
    return float(units @ weights_of(each, units.size))
