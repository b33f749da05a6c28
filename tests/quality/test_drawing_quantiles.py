"""Reliability and PIT of quantile forecasts as drawings."""

import numpy as np
import pytest

from mainspring.errors import StatisticsError
from mainspring.quality import draw_pit, draw_reliability
from mainspring.stats import pit_bounds, reliability, series_weeks

LEVELS = [0.015, 0.25, 0.5, 0.75, 0.95, 0.99]


def forecasts():
    rng = np.random.default_rng(0)
    dates = np.tile(np.arange("2024-01-01", "2024-02-26", dtype="datetime64[D]"), 20)
    mean = rng.normal(10, 3, (dates.size, 1))
    actual = mean[:, 0] + rng.normal(size=dates.size)
    quantiles = mean + np.array([-2.17, -0.674, 0, 0.674, 1.645, 2.326])
    return actual, quantiles, series_weeks(np.repeat(np.arange(20), 56), dates)


def test_reliability_is_drawn_with_its_intervals():
    actual, quantiles, clusters = forecasts()
    drawn = draw_reliability(reliability(actual, quantiles, LEVELS, clusters))
    right, below, at_most = drawn["reliability"].series
    assert right.quiet
    assert below.x == at_most.x == tuple(LEVELS)
    assert all(low <= y <= high for low, y, high in zip(below.low, below.y, below.high, strict=True))
    assert len(drawn["coverage"].rows) == 6
    alone = draw_reliability(reliability([1.0, 2.0], [1.5, 1.5], 0.5, series_weeks(["a", "a"], ["2024-01-01"] * 2)))
    assert alone["coverage"].rows[0] == (0.5, 2, 0.5, None, None, 0.5, None, None)
    with pytest.raises(StatisticsError, match="There is no reliability to draw"):
        draw_reliability([])


def test_the_transform_of_a_right_forecast_is_drawn_flat():
    actual, quantiles, _ = forecasts()
    chart = draw_pit(*pit_bounds(actual, quantiles, LEVELS), [0, *LEVELS, 1])
    assert np.allclose(chart.counts[0][1][1:5], 1, atol=0.2)
