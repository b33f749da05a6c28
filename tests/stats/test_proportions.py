"""Exact bounds of shares, tails and Holm's correction, against SciPy and what the bounds promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as oracle

from mainspring.errors import StatisticsError
from mainspring.stats import binomial_at_most, holm, share_upper, student_above


@pytest.mark.parametrize("rows", [1, 2, 17, 300, 5000, 1_000_000])
@pytest.mark.parametrize("part", [0.0, 0.001, 0.05, 0.5, 0.99, 1.0])
def test_bounds_and_tails_are_those_of_scipy(rows, part):
    count = round(rows * part)
    for level in (0.5, 0.95, 0.999):
        expected = 1.0 if count == rows else oracle.beta.ppf(level, count + 1, rows - count)
        assert share_upper(count, rows, level) == pytest.approx(expected, rel=1e-9)
    for share in (1e-6, 0.01, 0.3, 0.9):
        expected = oracle.binom.cdf(count, rows, share)
        assert binomial_at_most(count, rows, share) == pytest.approx(expected, rel=1e-7, abs=1e-14)


@given(st.floats(-60, 60), st.integers(1, 5000))
@settings(max_examples=200, deadline=None)
def test_tails_of_student_are_those_of_scipy(value, freedom):
    assert student_above(value, freedom) == pytest.approx(oracle.t.sf(value, freedom), rel=1e-8, abs=1e-15)


@given(st.lists(st.floats(0, 1), max_size=12))
@settings(max_examples=200, deadline=None)
def test_holm_rejects_what_the_steps_of_the_definition_reject(values):
    adjusted = holm(values)
    for level in (0.01, 0.05, 0.3):
        rejected = set()
        for place, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
            if (len(values) - place) * values[index] > level:
                break
            rejected.add(index)
        assert {index for index, one in enumerate(adjusted) if one <= level} == rejected
    assert all(one >= before for one, before in zip(adjusted, values, strict=True))


def test_a_bound_of_95_per_cent_is_below_the_truth_in_at_most_one_case_of_twenty():
    random = np.random.default_rng(0)
    for rows, share in ((50, 0.02), (300, 0.01), (300, 0.2)):
        counts = random.binomial(rows, share, 20_000)
        bounds = {int(count): share_upper(int(count), rows) for count in np.unique(counts)}
        assert np.mean([bounds[int(count)] < share for count in counts]) <= 0.054


def test_nothing_seen_bounds_nothing():
    assert share_upper(0, 0) == 1.0
    assert binomial_at_most(0, 0, 0.5) == 1.0
    assert holm([]) == ()
    assert (student_above(float("inf"), 3), student_above(float("-inf"), 3)) == (0.0, 1.0)
    assert binomial_at_most(3, 7, 1.0) == 0.0


def test_what_cannot_be_is_refused():
    with pytest.raises(StatisticsError, match="There cannot be 4 of 3 rows"):
        share_upper(4, 3)
    with pytest.raises(StatisticsError, match="A bound cannot have the level 1"):
        share_upper(0, 3, 1)
    with pytest.raises(StatisticsError, match=r"A p-value cannot be 1\.5"):
        holm([0.5, 1.5])
    with pytest.raises(StatisticsError, match="degrees of freedom"):
        student_above(1.0, 0)
