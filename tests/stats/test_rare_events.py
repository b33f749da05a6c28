"""Tails, discoveries, distances and trends against SciPy and against their definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as oracle
from scipy.spatial.distance import jensenshannon

from mainspring.errors import StatisticsError
from mainspring.stats import (
    benjamini_hochberg,
    benjamini_yekutieli,
    count_above,
    cusum,
    cusum_limit,
    distances,
    fit_tails,
    normal_above,
    partial_conjunction,
    trend,
)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 100_000), st.floats(0, 1), st.floats(1e-6, 1 - 1e-6))
def test_tails_of_counts_are_those_of_scipy(rows, part, share):
    count = round(part * rows)
    assert count_above([count], [rows], [share])[0] == pytest.approx(
        oracle.binom.sf(count - 1, rows, share), rel=1e-6, abs=1e-12
    )


def test_counts_may_be_fractions_and_impossible_ones_have_no_chance():
    assert count_above([2.5], [7.5], [0.2])[0] == pytest.approx(oracle.beta.cdf(0.2, 2.5, 6.0), rel=1e-9)
    assert count_above([1.0, 0.0], [10, 10], [0.0, 0.0]).tolist() == [0.0, 1.0]
    assert normal_above([0.0, 3.0]) == pytest.approx(oracle.norm.sf([0.0, 3.0]), rel=1e-12)


def test_adjusted_values_are_those_of_scipy_along_the_last_axis():
    p = np.random.default_rng(0).uniform(size=(4, 30)) ** 2
    for row, one, other in zip(p, benjamini_hochberg(p), benjamini_yekutieli(p), strict=True):
        assert one == pytest.approx(oracle.false_discovery_control(row))
        assert other == pytest.approx(oracle.false_discovery_control(row, method="by"))
    with pytest.raises(StatisticsError, match="not from 0 to 1"):
        benjamini_hochberg([1.2])


def test_a_partial_conjunction_keeps_its_level_though_windows_are_one():
    rng = np.random.default_rng(1)
    same = np.broadcast_to(rng.uniform(size=20_000), (6, 20_000))
    assert (partial_conjunction(same, 3) <= 0.05).mean() <= 0.05
    with pytest.raises(StatisticsError, match="7 of 6"):
        partial_conjunction(same, 7)


def test_distances_are_those_of_their_definitions():
    rng = np.random.default_rng(2)
    first, second = rng.integers(1, 50, (2, 8)).astype(float)
    found = distances(first, second, np.ones(7))
    p, q = first / first.sum(), second / second.sum()
    assert found.jensen_shannon == pytest.approx(jensenshannon(p, q, base=2))
    assert found.wasserstein == pytest.approx(oracle.wasserstein_distance(range(8), range(8), p, q))
    assert found.ks == pytest.approx(np.abs(np.cumsum(p - q)).max())
    equal = np.array([first, second]) * 2_000 / np.array([[first.sum()], [second.sum()]])
    assert distances(*equal, np.ones(7)).chi_square * 1_000 == pytest.approx(
        oracle.chi2_contingency(equal, correction=False).statistic
    )
    near = [(n + 0.5) / (n.sum() + 4) for n in (first, second)]
    assert found.psi == pytest.approx(((near[0] - near[1]) * np.log(near[0] / near[1])).sum())
    assert distances(first * 0, second, np.ones(7)).roots().max() == 0
    unordered = distances(first, second, np.full(7, np.nan))
    assert unordered.ks == unordered.wasserstein == 0
    assert unordered.psi > 0


@pytest.mark.parametrize("law", [oracle.expon(), oracle.t(4), oracle.norm()])
def test_fitted_tails_are_those_of_what_was_drawn_or_heavier(law):
    rng = np.random.default_rng(3)
    tails = fit_tails(np.abs(law.rvs((700, 20), random_state=rng)))
    fresh = np.abs(law.rvs((20_000, 20), random_state=rng))
    assert 0.008 < (tails.above(fresh) <= 0.01).mean() < 0.013
    assert (tails.above(fresh) <= 1e-4).mean() < 2.5e-4
    level = tails.level(0.01)
    assert tails.above(level[np.newaxis]) == pytest.approx(0.01)
    assert tails.above(np.full((1, 20), np.nan)).tolist() == [[1.0] * 20]
    with pytest.raises(StatisticsError, match="too few for a tail"):
        fit_tails(fresh[:20])


def test_a_trend_has_the_slope_of_scipy_and_holds_its_level_on_what_depends_on_the_past():
    rng = np.random.default_rng(4)
    rising = 0.3 * np.arange(40) + rng.normal(size=40)
    assert trend(rising).slope == pytest.approx(oracle.theilslopes(rising).slope)
    assert trend(rising).p < 1e-6
    assert trend([1.0] * 20).p == trend([1.0, 2.0]).p == 1.0
    seen = []
    for _ in range(300):
        noise = rng.normal(size=60)
        for place in range(1, 60):
            noise[place] += 0.6 * noise[place - 1]
        seen.append(trend(noise).p <= 0.01)
    assert np.mean(seen) < 0.06
    plain = rng.normal(size=40)
    assert trend(plain).p >= oracle.kendalltau(np.arange(40), plain).pvalue - 0.01


def series(rng, count, share):
    """Standard normal numbers, each alike the one before."""
    values = rng.normal(size=count + 50) * np.sqrt(1 - share**2)
    for place in range(1, values.size):
        values[place] += share * values[place - 1]
    return values[50:]


@pytest.mark.parametrize("share", [0.0, 0.6])
def test_cumulative_sums_hold_their_limit_whatever_the_reference(share):
    rng = np.random.default_rng(5)
    crossed = []
    for _ in range(10):
        reference = series(rng, 672, share)
        mean, spread = reference.mean(), reference.std()
        limit = cusum_limit((reference - mean) / spread, 720)
        later = [(series(rng, 720, share) - mean) / spread for _ in range(30)]
        crossed += [cusum(one, limit).crossed.size > 0 for one in later]
    assert np.mean(crossed) < 0.1


def test_cumulative_sums_find_a_small_change():
    rng = np.random.default_rng(5)
    reference = rng.normal(size=700)
    limit = cusum_limit(reference, 720)
    moved = cusum(np.concatenate([rng.normal(size=100), rng.normal(1.0, size=60)]), limit)
    assert moved.crossed.size
    assert 90 <= moved.since <= 110
    with pytest.raises(StatisticsError, match="too few for blocks"):
        cusum_limit(reference[:20], 720)
