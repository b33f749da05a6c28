"""Intervals against SciPy and loops, and how often they miss the truth in simulated worlds."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mainspring.errors import StatisticsError
from mainspring.stats import NotApplicable, blocks, crossed_weeks, paired_bootstrap, ratio_interval, series_weeks
from mainspring.stats.tails import student_quantile

DAYS = np.arange("2024-01-01", "2024-02-26", dtype="datetime64[D]")  # eight weeks from a Monday


def panel(seed, series=20, by_series=0.0, by_week=0.0, weeks=8):
    """Differences that share something within a series, a week, and a week of a series; their mean is 0."""
    rng = np.random.default_rng(seed)
    cells = (
        rng.normal(0, by_series, (series, 1)) + rng.normal(0, by_week, (1, weeks)) + rng.normal(0, 1, (series, weeks))
    )
    days = np.arange("2024-01-01", np.datetime64("2024-01-01") + 7 * weeks, dtype="datetime64[D]")
    values = np.repeat(cells, 7, axis=1) + rng.normal(0, 1, (series, days.size))
    return values.ravel(), np.repeat(np.arange(series), days.size), np.tile(days, series)


@pytest.mark.parametrize("seed", range(3))
def test_bca_agrees_with_scipy(seed):
    rng = np.random.default_rng(seed)
    values = rng.exponential(size=60) ** 1.5
    mine = paired_bootstrap(values, blocks(np.arange(60)), seed=seed, resamples=20_000)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=seed).confidence_interval
    width = theirs.high - theirs.low
    assert abs(mine.low - theirs.low) < 0.02 * width
    assert abs(mine.high - theirs.high) < 0.02 * width
    assert (mine.estimate, mine.method, mine.clusters) == (pytest.approx(values.mean()), "BCa, blocks drawn", (60,))


def test_the_ratio_of_blocks_agrees_with_scipy():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(40), 5)
    second = rng.gamma(2, 1, 200) + np.repeat(rng.gamma(2, 1, 40), 5)
    first = second * rng.uniform(0.7, 1.1, 200)
    mine = ratio_interval(first, second, blocks(labels), resamples=20_000)
    sums = [side.reshape(40, 5).sum(axis=1) for side in (first, second)]
    theirs = stats.bootstrap(
        sums,
        lambda a, b, axis: a.sum(axis=axis) / b.sum(axis=axis),
        n_resamples=20_000,
        paired=True,
        method="BCa",
        vectorized=True,
        rng=1,
    ).confidence_interval
    assert np.allclose([mine.low, mine.high], theirs, atol=0.02 * (theirs.high - theirs.low))
    assert mine.estimate == pytest.approx(first.sum() / second.sum())


def test_crossed_draws_are_those_of_a_loop():
    values, series, dates = panel(1, series=6)
    clusters = crossed_weeks(series, dates)
    mine = paired_bootstrap(values, clusters, level=0.8, resamples=20_000)
    rng = np.random.default_rng(7)
    drawn = []
    for _ in range(4000):
        times = rng.multinomial(6, np.full(6, 1 / 6))[series] * rng.multinomial(8, np.full(8, 1 / 8))[clusters.codes[1]]
        drawn.append((times * values).sum() / times.sum())
    tail = stats.norm.cdf(-stats.t.ppf(0.9, 5) * np.sqrt(6 / 5))
    low, high = np.quantile(drawn, [tail, 1 - tail])
    assert np.allclose([mine.low, mine.high], [low, high], atol=0.08 * (high - low))
    assert mine.clusters == (6, 8)


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 8, 31, 400, 401, 5000])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.975, 0.9995])
def test_quantiles_of_student_agree_with_scipy(level, freedom):
    assert student_quantile(level, freedom) == pytest.approx(stats.t.ppf(level, freedom), rel=1e-8, abs=1e-12)


def test_weeks_begin_on_monday_and_folds_of_a_date_stay_together():
    dates = ["2024-01-07", "2024-01-08", "2024-01-14", "2024-01-08", "2024-01-08"]
    clusters = series_weeks(["a", "a", "a", "b", "a"], dates)
    codes = clusters.codes[0].tolist()
    assert codes[1] == codes[2] == codes[4]
    assert len({codes[0], codes[1], codes[3]}) == 3 == clusters.sizes[0]
    crossed = crossed_weeks(["a", "a", "a", "b", "a"], dates)
    assert ([code.tolist() for code in crossed.codes], crossed.sizes) == ([[0, 0, 0, 1, 0], [0, 1, 1, 1, 1]], (2, 2))


def test_a_row_that_is_in_several_folds_makes_the_interval_no_shorter():
    values, series, dates = panel(3)
    once = paired_bootstrap(values, series_weeks(series, dates))
    thrice = paired_bootstrap(np.tile(values, 3), series_weeks(np.tile(series, 3), np.tile(dates, 3)))
    assert np.allclose([once.low, once.high], [thrice.low, thrice.high])


@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-5, 5))
@settings(max_examples=15, deadline=None)
def test_intervals_move_and_stretch_with_the_data(seed, scale, shift):
    values, series, dates = panel(seed)
    for clusters in (series_weeks(series, dates), crossed_weeks(series, dates)):
        one = paired_bootstrap(values, clusters, resamples=200)
        other = paired_bootstrap(values * scale + shift, clusters, resamples=200)
        assert np.allclose(
            [other.low, other.high], [one.low * scale + shift, one.high * scale + shift], rtol=1e-6, atol=1e-6
        )


def test_weights_count_as_repeated_rows():
    values, series, dates = panel(4, series=5)
    times = np.random.default_rng(0).integers(1, 4, values.size)
    again = np.repeat(np.arange(values.size), times)
    one = paired_bootstrap(values, series_weeks(series, dates), weights=times)
    other = paired_bootstrap(values[again], series_weeks(series[again], dates[again]))
    assert np.allclose([one.estimate, one.low, one.high], [other.estimate, other.low, other.high])


def test_the_same_seed_gives_the_same_interval():
    values, series, dates = panel(5)
    clusters = crossed_weeks(series, dates)
    one = paired_bootstrap(values, clusters, seed=3)
    assert paired_bootstrap(values, clusters, seed=3) == one
    assert paired_bootstrap(values, clusters, seed=4) != one
    assert replace(one, low=-1.0, high=1.0).excludes(2)
    assert not replace(one, low=-1.0, high=1.0).excludes(1)


def test_where_all_blocks_are_equal_the_interval_is_a_point():
    for make in (series_weeks, crossed_weeks):
        found = paired_bootstrap(np.zeros(DAYS.size * 2), make(np.repeat([0, 1], DAYS.size), np.tile(DAYS, 2)))
        assert (found.estimate, found.low, found.high) == (0, 0, 0)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: paired_bootstrap([], blocks(np.array([], int))), "there are no rows"),
        (
            lambda: paired_bootstrap([1, 2], blocks([0, 0])),
            "there is only one block, which says nothing about how they differ",
        ),
        (
            lambda: paired_bootstrap([1, 2], crossed_weeks([0, 1], ["2024-01-01"] * 2)),
            "there is only one week, which says",
        ),
        (lambda: paired_bootstrap(np.ones(56), crossed_weeks([0] * 56, DAYS)), "there is only one series, which says"),
        (lambda: paired_bootstrap([1, 2], blocks([0, 1]), weights=[0, 0]), "all weights are zero"),
        (lambda: ratio_interval([1, 2], [0, 0], blocks([0, 1])), "what it would be divided by is zero"),
    ],
)
def test_where_there_is_no_interval_the_answer_says_why(call, why):
    answer = call()
    assert isinstance(answer, NotApplicable)
    assert answer.reason.startswith(why)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: paired_bootstrap([1, np.nan], blocks([0, 1])), r"'differences' has 1 values that are NaN or infinite"),
        (lambda: paired_bootstrap([1, 2, 3], blocks([0, 1])), r"'differences' has 3 rows where 2 are expected"),
        (lambda: paired_bootstrap([1, 2], blocks([0, 1]), level=95), r"An interval cannot have the level 95 from 2000"),
        (
            lambda: paired_bootstrap([1, 2], blocks([0, 1]), resamples=9),
            r"from 9 resamples\. Give a level inside \(0, 1\)",
        ),
        (lambda: series_weeks(["a"], ["NaT"]), r"1 of 1 dates are missing"),
        (lambda: series_weeks(["a"], ["first of May"]), r"The dates cannot be read"),
        (lambda: series_weeks(["a"], DAYS[:2]), r"'series' has the shape \(1,\) where 2 rows are expected"),
    ],
)
def test_what_has_no_interval_is_refused(call, said):
    with pytest.raises(StatisticsError, match=said):
        call()


def test_half_a_million_rows_and_two_thousand_resamples_take_little_time():
    rng = np.random.default_rng(0)
    dates = DAYS[rng.integers(0, DAYS.size, 500_000)]
    series, values = rng.integers(0, 280, dates.size), rng.normal(size=dates.size)
    started = time.process_time()
    for make in (series_weeks, crossed_weeks):
        paired_bootstrap(values, make(series, dates))
    assert time.process_time() - started < 5


def false_alarms(make, seeds, resamples, **world):
    """The share of worlds without a difference in which a 95% interval excludes zero."""
    missed = 0
    for seed in range(seeds):
        values, series, dates = panel(seed, **world)
        missed += paired_bootstrap(values, make(series, dates), seed=seed, resamples=resamples).excludes(0)
    return missed / seeds


def test_the_share_of_false_alarms():
    assert 0.02 <= false_alarms(series_weeks, 200, 300) <= 0.11
    assert false_alarms(crossed_weeks, 200, 300) <= 0.03
    assert false_alarms(crossed_weeks, 200, 300, by_series=0.5, by_week=0.5) <= 0.09


def test_blocks_are_wrong_where_weeks_or_series_share_something():
    """The reason for `crossed_weeks`: what its alternative does to data that it does not suit."""
    assert false_alarms(series_weeks, 60, 200, by_week=0.5) > 0.2
    assert false_alarms(series_weeks, 60, 200, by_series=1.0) > 0.2


def test_a_difference_is_found():
    for make in (series_weeks, crossed_weeks):
        found = 0
        for seed in range(40):
            values, series, dates = panel(seed, series=100, by_series=0.3, by_week=0.1)
            found += paired_bootstrap(values + 0.35, make(series, dates), resamples=300).excludes(0)
        assert found >= 36


@pytest.mark.prove
@pytest.mark.parametrize("series", [20, 100])
@pytest.mark.parametrize("world", [{}, {"by_series": 0.5}, {"by_week": 0.5}, {"by_series": 0.5, "by_week": 0.5}])
def test_the_share_of_false_alarms_over_many_worlds(series, world):
    """Of crossed draws at most the nominal share, whatever is shared; of blocks the nominal one where nothing is."""
    rate = false_alarms(crossed_weeks, 1500, 2000, series=series, **world)
    assert rate <= 0.065
    if not world:
        assert 0.04 <= false_alarms(series_weeks, 1500, 2000, series=series) <= 0.07


@pytest.mark.prove
def test_the_interval_of_a_ratio_covers_it():
    missed = []
    for seed in range(1500):
        rng = np.random.default_rng(seed)
        second = rng.gamma(1.5, 1, (150, 7)) * rng.gamma(3, 1, (150, 1))
        first = second * 0.9 * rng.gamma(20, 1 / 20, (150, 1))
        found = ratio_interval(first.ravel(), second.ravel(), blocks(np.repeat(np.arange(150), 7)), resamples=1000)
        missed.append(found.excludes(0.9))
    assert 0.035 <= np.mean(missed) <= 0.075
