"""Bins against sorted data: quantiles, counts, and a merge that equals the whole."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mainspring.stats.bins import Bins, bins_of, common_bins, merge_bins

finite = st.floats(allow_nan=False, allow_infinity=False)
columns = arrays(np.float64, st.integers(0, 300), elements=finite)
tame = arrays(np.float64, st.integers(1, 300), elements=st.floats(-1e6, 1e6).map(lambda value: round(value, 3)))


@given(columns, columns)
def test_the_merge_of_two_parts_is_the_whole_bit_for_bit(one, other):
    whole = bins_of(np.concatenate([one, other]), limit=16)
    assert merge_bins(bins_of(one, limit=16), bins_of(other, limit=16)) == whole
    assert merge_bins(bins_of(other, limit=16), bins_of(one, limit=16)) == whole


@given(columns, columns)
def test_of_two_limits_the_smaller_one_holds(one, other):
    whole = bins_of(np.concatenate([one, other]), limit=16)
    assert merge_bins(bins_of(one, limit=40), bins_of(other, limit=16)) == whole


@given(columns)
def test_every_number_is_counted_in_a_bin_that_contains_it(values):
    bins = bins_of(values, limit=16)
    low, high = bins.edges()
    assert bins.counts().sum() == values.size
    assert bins.size <= 16
    assert np.all(low <= high)
    assert np.all(low[1:] >= high[:-1])
    for value in values:
        assert np.any((low <= value) & (value <= high))
    zero = bins.counts()[bins.places() == 0].sum()
    assert zero == np.count_nonzero(values == 0)


@given(tame, st.floats(0, 1))
def test_a_quantile_lies_in_the_bin_of_the_number_at_its_rank(values, level):
    rank = min(values.size, max(1, int(np.ceil(values.size * level - 1e-9 * values.size**0.5))))
    true = np.sort(values)[rank - 1]
    for limit in (16, 1000):
        bins = bins_of(values, limit=limit)
        found = bins.quantile(level)[0]
        assert abs(found - true) <= bins.resolution * abs(true) * 1.0000001
        assert limit == 16 or found == true


@pytest.mark.parametrize("powers", [15, 16, 33, 200, 1000])
def test_the_resolution_is_the_width_of_the_widest_bin_where_bins_join_whole_powers_of_two(powers):
    bins = bins_of(2.0 ** np.arange(-500, powers - 500), limit=16)
    low, high = bins.edges()
    assert ((high - low) / low).max() == bins.resolution


def test_the_resolution_is_infinite_where_one_bin_joins_all_powers_of_two():
    assert bins_of(np.array([-1.0, 1e-300, 1e-100, 1.0]), limit=2).resolution == np.inf


@pytest.mark.parametrize("seed", range(5))
def test_quantiles_agree_with_numpy(seed):
    values = np.random.default_rng(seed).gamma(0.5, 100, size=4_999).round(seed)
    levels = np.linspace(0, 1, 101)
    expected = np.quantile(values, levels, method="inverted_cdf")
    bins = bins_of(values)
    assert np.allclose(bins.quantile(levels), expected, rtol=max(bins.resolution, 1e-15), atol=0)


@given(tame, st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6, unique=True))
def test_histograms_agree_with_numpy_where_bins_are_single_numbers(values, edges):
    bins = bins_of(values, limit=1000)
    assert bins.exact
    assert bins.histogram(sorted(edges)).tolist() == np.histogram(values, sorted(edges))[0].tolist()


@given(tame, st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=6, unique=True))
def test_a_histogram_is_wrong_by_at_most_the_bins_that_its_edges_cut(values, edges):
    edges = np.array(sorted(edges))
    bins = bins_of(values, limit=16)
    low, high = bins.edges()
    cut = [bins.counts()[(low <= edge) & (edge <= high)].sum() for edge in edges]
    wrong = np.abs(bins.histogram(edges) - np.histogram(values, edges)[0])
    assert np.all(wrong <= np.add(cut[:-1], cut[1:]) + 1e-9)


@given(tame, st.floats(-1e6, 1e6))
def test_counts_below_and_up_to_a_point_differ_by_ties(values, point):
    bins = bins_of(values, limit=1000)
    for at in (point, values[0]):
        assert bins.below(at)[0] == np.count_nonzero(values < at)
        assert bins.at_most(at)[0] == np.count_nonzero(values <= at)


def test_nothing_is_known_of_no_numbers():
    bins = bins_of(np.empty(0))
    assert np.isnan(bins.quantile([0.5])).all()
    assert bins.histogram([0, 1, 2]).tolist() == [0, 0]
    assert merge_bins(bins, bins) == bins
    assert bins.exact


def test_the_largest_and_the_smallest_numbers_have_bins():
    values = np.array([-np.finfo(float).max, -5e-324, -0.0, 0.0, 5e-324, np.finfo(float).max])
    bins = bins_of(values)
    assert bins.counts().tolist() == [1, 1, 2, 1, 1]
    assert bins.quantile([0, 1]).tolist() == [values[0], values[-1]]
    assert np.all(np.isfinite(bins_of(values, limit=3).edges()))


def test_what_is_far_from_zero_is_resolved_as_finely_as_what_is_near():
    values = np.random.default_rng(1).normal(300.0, 1.0, size=200_000)
    bins = bins_of(values)
    assert bins.resolution * 300 < 0.01
    assert abs(bins.quantile(0.9)[0] - np.quantile(values, 0.9)) < 0.01


def test_one_grid_for_two_distributions_keeps_both():
    one, other = np.array([1.0, 2.0, 2.0]), np.random.default_rng(0).normal(size=500)
    places, mine, theirs, level = common_bins(bins_of(one, limit=64), bins_of(other, limit=64))
    assert (mine.sum(), theirs.sum()) == (3, 500)
    assert np.all(np.diff(places) > 0)
    assert level == bins_of(other, limit=64).level


def test_a_million_numbers_take_little_time():
    values = np.random.default_rng(0).lognormal(size=1_000_000)
    started = time.process_time()
    bins = Bins.of(values)
    assert time.process_time() - started < 1
    assert len(bins.steps) + len(bins.tallies) < 20_000
