"""Means and contrasts of groups with clusters, beside loops that are written out."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from mainspring.errors import StatisticsError
from mainspring.stats import blocks, clusters_within, contrasts, crossed_weeks, group_means, holm, linear_estimate


def squares(influence, labels):
    """Σ over clusters of their sums squared, times G / (G - 1) with G the clusters that `inside` says count."""
    return sum(float(influence[labels == one].sum()) ** 2 for one in np.unique(labels))


def oracle(values, inside, series, weeks):
    """Standard error of the difference, by the definition, one cluster at a time."""
    mean, rest = values[inside].mean(), values[~inside].mean()
    added = np.where(inside, (values - mean) / inside.sum(), -(values - rest) / (~inside).sum())
    parts = []
    for labels in (series, weeks, series * 1000 + weeks):
        many = np.unique(labels[inside]).size
        parts.append(squares(added, labels) * many / (many - 1) if many > 1 else math.nan)
    return math.sqrt(max(parts[0] + parts[1] - parts[2], parts[0], parts[1]))


def table(seed, rows=200):
    rng = np.random.default_rng(seed)
    series, weeks = rng.integers(0, 8, rows), rng.integers(0, 6, rows)
    return rng.gamma(2, 3, rows) + series, series, weeks, rng.integers(0, 3, rows)


def dates_of(weeks):
    return np.datetime64("2024-01-01") + 7 * weeks


@pytest.mark.parametrize("seed", range(4))
def test_standard_errors_are_what_a_loop_over_clusters_says(seed):
    values, series, weeks, codes = table(seed)
    found = contrasts(values, codes, 3, crossed_weeks(series, dates_of(weeks)))
    for place in range(3):
        inside = codes == place
        assert found.difference[place] == pytest.approx(values[inside].mean() - values[~inside].mean())
        assert found.error[place] == pytest.approx(oracle(values, inside, series, weeks))
        assert found.clusters[place] == min(np.unique(series[inside]).size, np.unique(weeks[inside]).size)


def test_rows_that_are_their_own_clusters_have_the_textbook_interval():
    values, _, _, codes = table(5)
    found = group_means(values, codes, 3, blocks(np.arange(values.size)))
    for place in range(3):
        mine = values[codes == place]
        low, high = scipy_stats.t.interval(0.95, mine.size - 1, mine.mean(), scipy_stats.sem(mine))
        assert (found.low[place], found.high[place]) == (pytest.approx(low), pytest.approx(high))


def test_many_clusters_and_groups_are_counted_alike():
    values, _, _, codes = table(6, 3000)
    own = blocks(np.arange(3000))
    wide = contrasts(values, codes * 700, 2000, own)  # more pairs than are counted in a table
    narrow = contrasts(values, codes, 3, own)
    assert np.allclose(wide.error[[0, 700, 1400]], narrow.error)
    assert np.isnan(wide.mean[1])
    assert wide.above(1) == 1.0


def test_a_group_in_one_cluster_or_of_all_rows_has_no_interval():
    values, series, _, _ = table(7)
    clusters = blocks(series)
    alone = contrasts(values, np.where(series == 0, 0, 1), 2, clusters)
    assert np.isnan(alone.error[0])
    assert alone.above(0) == 1.0
    whole = contrasts(values, np.zeros(values.size, int), 1, clusters)
    assert np.isnan(whole.rest[0])
    assert np.isnan(whole.error[0])
    equal = group_means(np.ones(values.size), np.zeros(values.size, int), 1, clusters)
    assert (equal.low[0], equal.high[0]) == (1.0, 1.0)
    none = group_means([], np.zeros(0, int), 2, blocks([]))
    assert np.isnan(none.mean).all()


def test_groups_that_do_not_fit_are_refused():
    for wrong in ([0, 5], [0.5, 1.0], [0]):
        with pytest.raises(StatisticsError, match="not one number from -1 to 1 for each of 2 rows"):
            group_means([1.0, 2.0], wrong, 2, blocks([0, 1]))
    with pytest.raises(StatisticsError, match=r"cannot have the level 1\.5"):
        group_means([1.0, 2.0], [0, 0], 1, blocks([0, 1]), level=1.5)


def test_repeats_widen_an_interval():
    values, series, _, _ = table(8)
    added = (values - values.mean()) / values.size
    plain = linear_estimate(values.mean(), added, blocks(series))
    more = linear_estimate(values.mean(), added, blocks(series), extra=4.0)
    assert plain.low == pytest.approx(group_means(values, np.zeros(200, int), 1, blocks(series)).low[0])
    assert more.high - more.low > 2 * 1.9 * 2
    assert more.estimate == plain.estimate


def test_clusters_of_some_rows_are_numbered_anew():
    clusters = clusters_within(crossed_weeks([5, 5, 7, 9], dates_of(np.array([0, 1, 4, 4]))), np.array([1, 3]))
    assert clusters.sizes == (2, 2)
    assert [codes.tolist() for codes in clusters.codes] == [[0, 1], [0, 1]]


@given(st.lists(st.floats(0, 1), max_size=12))
@settings(max_examples=100, deadline=None)
def test_holm_is_its_definition(values):
    order = sorted(range(len(values)), key=lambda place: values[place])
    expected, reached = [0.0] * len(values), 0.0
    for rank, place in enumerate(order):
        reached = max(reached, min(1.0, values[place] * (len(values) - rank)))
        expected[place] = reached
    assert holm(values).tolist() == pytest.approx(expected)


def test_what_is_no_probability_is_refused():
    with pytest.raises(StatisticsError, match="P-values are from 0 to 1"):
        holm([0.5, 1.5])


@pytest.mark.prove
def test_intervals_of_a_difference_hold_with_effects_of_series_and_weeks():
    """A contrast of rows that share series and weeks: one-sided errors at 5% stay below 6.5%, ordinary ones do not."""
    rng = np.random.default_rng(0)
    series, weeks = np.repeat(np.arange(40), 56), np.tile(np.repeat(np.arange(8), 7), 40)
    kinds, clusters = series % 2, crossed_weeks(series, dates_of(weeks))
    own, wrong, naive = blocks(np.arange(series.size)), 0, 0
    for _ in range(2000):
        values = rng.normal(size=40)[series] + rng.normal(size=8)[weeks] + rng.normal(size=series.size)
        wrong += contrasts(values, kinds, 2, clusters).above(1) <= 0.05
        naive += contrasts(values, kinds, 2, own).above(1) <= 0.05
    assert wrong / 2000 <= 0.065
    assert naive / 2000 > 0.3
