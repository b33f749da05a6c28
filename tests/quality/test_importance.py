"""Importance, what earns its cost, and curves of loss."""

import numpy as np
import pytest

from mainspring.charts import Axis, Table, to_png
from mainspring.errors import StatisticsError
from mainspring.quality import (
    draw_curve,
    draw_earnings,
    draw_importance,
    earnings,
    importance,
    learning_curve,
    staleness,
)
from mainspring.stats import blocks, crossed_weeks

ROWS, RNG = 900, np.random.default_rng(0)
SERIES = np.repeat(np.arange(30), 30)
CLUSTERS = crossed_weeks(SERIES, np.datetime64("2024-01-01") + np.tile(np.arange(30), 30))
COLUMNS = {
    "a": RNG.normal(size=ROWS),
    "twin": RNG.normal(size=ROWS),
    "noise": RNG.normal(size=ROWS),
    "unused": np.arange(ROWS),
    "vector": RNG.normal(size=(ROWS, 3)),
}
COLUMNS["b"] = COLUMNS["twin"].copy()
TRUTH = 2 * COLUMNS["a"] + COLUMNS["twin"] + COLUMNS["vector"][:, 0] + RNG.normal(size=ROWS) * 0.1


def predict(rows):
    """A model that takes half of a signal from each of two columns that say the same, and adds noise."""
    said = 2 * rows["a"] + (rows["twin"] + rows["b"]) / 2 + rows["vector"][:, 0] + 1e-3 * rows["noise"]
    return {"said": said}


def loss(outputs):
    return np.abs(outputs["said"] - TRUTH)


def test_importance_is_what_shuffling_costs_and_twins_go_together():
    found = importance(predict, COLUMNS, loss, CLUSTERS)
    told = {one.name: one for one in found.groups}
    assert found.groups[0].name == "a"
    assert found.loss == pytest.approx(loss(predict(COLUMNS)).mean())
    assert told["a"].increase.low > 1
    assert told["unused"].increase.estimate == 0
    assert not told["unused"].used
    assert told["noise"].used
    assert told["noise"].increase.low <= 0.001
    grouped = importance(predict, COLUMNS, loss, CLUSTERS, groups={"both": ["twin", "b"], "a": ["a"]}, repeats=3)
    both = next(one for one in grouped.groups if one.name == "both")
    assert both.increase.estimate > told["twin"].increase.estimate + told["b"].increase.estimate
    assert grouped.repeats == 3
    order = np.random.default_rng((0, ROWS)).permutation(ROWS)
    once = importance(predict, COLUMNS, loss, CLUSTERS, groups={"a": ["a"]}, repeats=1).groups[0]
    expected = loss(predict({**COLUMNS, "a": COLUMNS["a"][order]})) - loss(predict(COLUMNS))
    assert once.increase.estimate == pytest.approx(expected.mean())


def test_an_interval_is_wider_where_rows_hang_together():
    shared = {**COLUMNS, "a": np.repeat(RNG.normal(size=30), 30)}
    truth = 2 * shared["a"] * np.repeat(RNG.gamma(1, 3, 30), 30)

    def off(outputs):
        return np.abs(outputs["said"] - truth)

    one = importance(predict, shared, off, CLUSTERS, groups={"a": ["a"]}).groups[0].increase
    alone = importance(predict, shared, off, blocks(np.arange(ROWS)), groups={"a": ["a"]}).groups[0].increase
    assert one.estimate == alone.estimate
    assert one.high - one.low > 1.5 * (alone.high - alone.low)


def test_what_does_not_earn_its_cost_comes_first():
    found = importance(predict, COLUMNS, loss, CLUSTERS)
    told = earnings(found, {"a": 1.0, "noise": 5.0, "unused": 2.0}, worth=0.01)
    assert [(one.name, one.says) for one in told[:2]] == [
        ("unused", "no output depends on it"),
        ("noise", "does not earn its cost"),
    ]
    assert next(one for one in told if one.name == "a").earns
    dear = earnings(found, {"a": 1000.0}, worth=1.0)
    assert next(one for one in dear if one.name == "a").says == "does not earn its cost"
    with pytest.raises(StatisticsError, match="no group 'price' of that cost"):
        earnings(found, {"price": 1.0})
    table = draw_earnings(told, cost=Axis("time", "ms"), loss=Axis("loss", "€"))
    assert (table.columns[1].unit, table.rows[0][0]) == ("ms", "unused")


def test_importance_is_drawn_and_what_is_not_there_is_refused():
    drawn = draw_importance(importance(predict, COLUMNS, loss, CLUSTERS), loss=Axis("absolute error", "€"))
    chart, table = drawn.values()
    assert to_png(chart).startswith(b"\x89PNG")
    assert chart.y.title == "more absolute error when shuffled (€)"
    assert isinstance(table, Table)
    with pytest.raises(StatisticsError, match=r"no column 'vectr' to shuffle. Did you mean 'vector'\?"):
        importance(predict, COLUMNS, loss, CLUSTERS, groups={"x": ["vectr"]})
    with pytest.raises(StatisticsError, match="nothing to shuffle"):
        importance(predict, COLUMNS, loss, CLUSTERS, repeats=0)


def test_a_model_that_ages_is_worse_from_some_age_on_and_one_that_does_not_is_not():
    noise = RNG.gamma(2, 1, ROWS)
    losses = {0: noise, 7: noise + RNG.normal(size=ROWS) * 0.1, 56: noise + 0.5, 28: noise + 0.2}
    found = staleness(losses, CLUSTERS, loss=Axis("pinball", "€"))
    assert (found.reference, [one.at for one in found.points]) == (0, [0, 7, 28, 56])
    assert found.worse == (28, 56)
    assert found.points[-1].ratio == pytest.approx((noise.mean() + 0.5) / noise.mean())
    assert found.points[0].difference.low == found.points[0].difference.high == 0
    chart, table = draw_curve(found).values()
    assert chart.title == "Loss by age of the training data"
    assert to_png(chart).startswith(b"\x89PNG")
    assert len(table.rows) == 4


def test_a_learning_curve_compares_with_the_most_that_was_learned_from():
    noise = RNG.gamma(2, 1, ROWS)
    found = learning_curve({10: noise + 1, 100: noise, 50: noise + 0.1}, CLUSTERS, axis=Axis("rounds"))
    assert (found.reference, found.worse) == (100, (10, 50))
    with pytest.raises(StatisticsError, match="There is no model"):
        learning_curve({}, CLUSTERS, axis=Axis("rounds"))
    with pytest.raises(StatisticsError, match="'losses at 1' has 1 rows"):
        staleness({1: [1.0]}, CLUSTERS)
