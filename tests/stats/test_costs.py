"""Costs of stock against a loop, and the answer where costs are missing."""

import numpy as np
import pytest

from mainspring.errors import StatisticsError
from mainspring.stats import NotApplicable, pinball, stock_cost


def test_costs_are_those_of_a_loop():
    rng = np.random.default_rng(0)
    actual, stocked, over, under = rng.poisson(3, 50), rng.poisson(3, 50), rng.random(50), rng.random(50)
    found = stock_cost(actual, stocked, over=over, under=under)
    left = sum(h * (s - y) for y, s, h in zip(actual, stocked, over, strict=True) if s > y)
    missing = sum(b * (y - s) for y, s, b in zip(actual, stocked, under, strict=True) if y > s)
    assert np.allclose([found.over_cost, found.under_cost, found.total], [left, missing, left + missing])
    assert found.over_units - found.under_units == stocked.sum() - actual.sum()


def test_the_cost_is_the_pinball_loss_at_the_critical_level():
    rng = np.random.default_rng(1)
    actual, stocked = rng.poisson(3, 99), rng.poisson(3, 99)
    found = stock_cost(actual, stocked, over=1.0, under=19.0)
    assert np.isclose(found.total / 99, 20 * pinball(actual, stocked, 0.95)[0])


@pytest.mark.parametrize(
    ("costs", "why"),
    [
        ({}, "there is no cost of a unit left over"),
        ({"under": 2.0}, "there is no cost of a unit left over"),
        ({"over": 2.0}, "there is no cost of a missing unit"),
    ],
)
def test_without_costs_units_are_known_and_money_is_not_applicable(costs, why):
    found = stock_cost([1, 5], [2, 2], **costs)
    assert (found.over_units, found.under_units) == (1, 3)
    assert found.total == NotApplicable(why)
    assert found.over_cost == (2.0 if "over" in costs else NotApplicable("there is no cost of a unit left over"))


def test_no_rows_cost_nothing():
    assert stock_cost([], [], over=1.0, under=1.0).total == 0


def test_a_negative_cost_is_refused():
    with pytest.raises(StatisticsError, match=r"2 weights are negative"):
        stock_cost([1, 2], [3, 1], over=-1.0)
