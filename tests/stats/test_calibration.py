"""Coverage and PIT against counts and SciPy; right forecasts are rarely called wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from mainspring.errors import StatisticsError
from mainspring.stats import coverage, pit_bounds, pit_histogram, randomised_pit, reliability, series_weeks

LEVELS = np.array([0.015, 0.25, 0.5, 0.75, 0.95, 0.99])
EDGES = np.concatenate([[0], LEVELS, [1]])
small = st.integers(0, 4).map(float)


@given(arrays(float, 30, elements=small), arrays(float, (30, 6), elements=small))
def test_coverage_counts_ties_apart(actual, forecast):
    for place, one in enumerate(coverage(actual, forecast, LEVELS)):
        column = forecast[:, place].tolist()
        assert one.below == sum(y < q for y, q in zip(actual, column, strict=True)) / 30
        assert one.at_most == sum(y <= q for y, q in zip(actual, column, strict=True)) / 30
        assert (one.level, one.rows) == (LEVELS[place], 30)


@given(arrays(float, st.integers(1, 80), elements=small), st.floats(0.01, 0.99))
def test_the_level_of_a_true_quantile_lies_between_both_shares(actual, level):
    quantile = np.quantile(actual, level, method="inverted_cdf")
    (one,) = coverage(actual, np.full(actual.size, quantile), level)
    assert one.within(1e-9)


def test_a_wrong_forecast_is_seen_and_nothing_agrees_with_no_rows():
    (one,) = coverage([0, 0, 0, 9], [1, 1, 1, 1], 0.5)
    assert (one.below, one.at_most, one.within(0.2), one.within(0.25)) == (0.75, 0.75, False, True)
    (none,) = coverage([], [], 0.5)
    assert np.isnan(none.below)
    assert not none.within(0.5)


def test_reliability_has_intervals_around_both_shares():
    rng = np.random.default_rng(0)
    dates = np.tile(np.arange("2024-01-01", "2024-02-26", dtype="datetime64[D]"), 30)
    clusters = series_weeks(np.repeat(np.arange(30), 56), dates)
    actual = rng.poisson(2, dates.size)
    found = reliability(actual, np.tile(stats.poisson.ppf(LEVELS, 2), (dates.size, 1)), LEVELS, clusters)
    for one in found:
        assert one.coverage.within(0.02)
        assert one.below.low <= one.coverage.below <= one.below.high
        assert one.at_most.low <= one.coverage.at_most <= one.at_most.high
        assert one.at_most.high >= one.coverage.level


def test_bounds_between_levels_and_at_ties():
    low, high = pit_bounds([0.5, 1, 1.5, 2, 9], np.tile([1.0, 2.0], (5, 1)), [0.2, 0.6])
    assert np.allclose(low, [0, 0.1, 0.2, 0.4, 0.6])
    assert np.allclose(high, [0.2, 0.4, 0.6, 0.8, 1])
    low, high = pit_bounds([0, 0], [[0, 0, 1], [0, 1, 0]], [0.2, 0.4, 0.9], least=0)
    assert np.allclose([low, high], [[0, 0], [0.65, 0.65]])


def ks_share(make, seeds=300):
    return np.mean([stats.kstest(make(seed), "uniform").pvalue < 0.05 for seed in range(seeds)])


def poisson_pit(seed, wrong=1.0):
    rng = np.random.default_rng(seed)
    mean = rng.gamma(2, 1, 300)
    actual = rng.poisson(mean)
    return randomised_pit(
        stats.poisson.cdf(actual - 1, mean * wrong), stats.poisson.cdf(actual, mean * wrong), seed=seed
    )


def test_the_randomised_pit_of_a_right_forecast_of_counts_is_uniform():
    assert 0.02 <= ks_share(poisson_pit) <= 0.09
    assert ks_share(lambda seed: poisson_pit(seed, 1.3), 40) > 0.8


def quantile_shares(seed, wrong=0.0):
    rng = np.random.default_rng(seed)
    mean = rng.normal(size=(2000, 1))
    actual = mean[:, 0] + rng.normal(wrong, 1, 2000)
    return pit_histogram(*pit_bounds(actual, mean + stats.norm.ppf(LEVELS), LEVELS), EDGES)


def test_shares_between_levels_of_a_right_forecast_are_the_widths():
    pvalues = np.array(
        [stats.chisquare(quantile_shares(seed) * 2000, np.diff(EDGES) * 2000).pvalue for seed in range(200)]
    )
    assert 0.01 <= np.mean(pvalues < 0.05) <= 0.10
    wrong = [stats.chisquare(quantile_shares(seed, 0.2) * 2000, np.diff(EDGES) * 2000).pvalue for seed in range(20)]
    assert max(wrong) < 0.01


def test_the_histogram_is_the_mean_of_many_draws():
    rng = np.random.default_rng(0)
    ends = np.sort(rng.random((50, 2)), axis=1)
    ends[0] = 0.3, 0.3
    ends[1] = 1.0, 1.0
    marks = [0, 0.2, 0.3, 0.8, 1]
    drawn = np.mean([np.histogram(randomised_pit(*ends.T, seed=seed), marks)[0] / 50 for seed in range(4000)], axis=0)
    assert np.allclose(pit_histogram(*ends.T, marks), drawn, atol=0.003)
    assert np.isclose(pit_histogram(*ends.T, marks).sum(), 1)


def test_the_pit_of_small_counts_by_a_few_quantiles_is_an_approximation():
    """The error that the docstring admits, measured: a right forecast, its shares over their widths."""
    rng = np.random.default_rng(1)
    for mean in (0.3, 1, 3, 10, 40):
        actual = rng.poisson(mean, 50_000)
        forecast = np.tile(stats.poisson.ppf(LEVELS, mean), (actual.size, 1))
        bounds = pit_bounds(actual, forecast, LEVELS, least=0)
        middle = (pit_histogram(*bounds, EDGES) / np.diff(EDGES))[1:5]
        assert np.all((middle > 0.6) & (middle < 1.4))
        assert all(one.within(0.01) for one in coverage(actual, forecast, LEVELS))


def test_of_no_rows_there_is_no_pit():
    assert randomised_pit([], []).size == 0
    assert np.isnan(pit_histogram([], [], [0, 1])).all()


def test_draws_repeat_with_their_seed():
    ends = np.zeros(9), np.ones(9)
    assert np.array_equal(randomised_pit(*ends, seed=4), randomised_pit(*ends, seed=4))
    assert not np.array_equal(randomised_pit(*ends, seed=4), randomised_pit(*ends, seed=5))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: randomised_pit([0.5], [0.4]), r"1 rows do not have 0 <= low <= high <= 1"),
        (
            lambda: pit_histogram([0.5], [0.6], [0.1, 1]),
            r"The edges are \[0\.1, 1\.0\]\. Give edges that ascend from 0 to 1",
        ),
        (lambda: coverage([np.nan], [1], 0.5), r"'actual' has 1 values that are NaN or infinite"),
    ],
)
def test_what_has_no_pit_is_refused(call, said):
    with pytest.raises(StatisticsError, match=said):
        call()
