"""Relative changes against a slow oracle that leaves out clusters one by one."""

import numpy as np
import pytest
from scipy import stats as oracle

from mainspring.errors import StatisticsError
from mainspring.stats import NotApplicable, blocks, crossed_weeks, relative_change

RNG = np.random.default_rng(4)
DAYS = np.datetime64("2024-01-01") + np.arange(70)


def panel(series: int = 12, days=DAYS):
    names = np.repeat(np.arange(series), days.size)
    bottom = RNG.gamma(2.0, 1.0, names.size) * (1 + names)
    top = bottom * RNG.uniform(0.7, 1.4, names.size)
    return top, bottom, names, np.tile(days, series)


def slow(top, bottom, names, days):
    """The formulas of the docstring, written out by leaving rows out."""
    weeks = (days - np.datetime64("2024-01-01")).astype(int) // 7
    variance, parts = 0.0, []
    for labels, is_week in ((names, False), (weeks, True)):
        found = np.unique(labels)
        sums = np.array([bottom[labels == one].sum() for one in found])
        apart = np.array([top[labels != one].sum() / bottom[labels != one].sum() for one in found])
        apart -= top.sum() / bottom.sum()
        share = (found.size - 1) / found.size
        one = share * (apart**2).sum()
        if is_week:
            one += max(0.0, 2 * share * (apart[1:] * apart[:-1]).sum())
        freedom = (sums.sum() ** 2 / (sums**2).sum() - 1) * (2 / 3 if is_week else 1)
        parts.append((one, freedom))
        variance += one
    freedom = variance**2 / sum(one**2 / many for one, many in parts)
    return top.sum() / bottom.sum() - 1, np.sqrt(variance), freedom


def test_it_is_what_leaving_rows_out_gives():
    top, bottom, names, days = panel()
    found = relative_change(top, bottom, crossed_weeks(names, days))
    estimate, error, freedom = slow(top, bottom, names, days)
    assert np.allclose((found.estimate, found.error, found.freedom), (estimate, error, freedom), rtol=1e-10)
    assert (found.rows, found.series, found.weeks) == (840, 12, 10)
    wide = oracle.t.ppf(0.95, int(freedom)) * error
    assert np.allclose((found.low, found.high), (estimate - wide, estimate + wide))
    assert found.end(1, 0.99) > found.high


def test_neither_the_unit_nor_the_order_of_rows_matters():
    top, bottom, names, days = panel()
    order = RNG.permutation(top.size)
    first = relative_change(top, bottom, crossed_weeks(names, days))
    second = relative_change(7 * top[order], 7 * bottom[order], crossed_weeks(names[order], days[order]))
    assert np.allclose((first.low, first.high), (second.low, second.high))


def test_equal_methods_are_equal_for_sure():
    _, bottom, names, days = panel()
    found = relative_change(bottom, bottom, crossed_weeks(names, days))
    assert found.estimate == 0
    assert abs(found.low) < 1e-12
    assert abs(found.high) < 1e-12


def test_weeks_that_are_alike_their_neighbours_make_it_wider():
    _, bottom, names, days = panel()
    week = (days - DAYS[0]).astype(int) // 7
    wave = 1 + 0.3 * np.sin(2 * np.pi * np.arange(10) / 10)
    alternating = wave[[0, 5, 1, 6, 2, 7, 3, 8, 4, 9]]
    wide = relative_change(bottom * wave[week], bottom, crossed_weeks(names, days))
    narrow = relative_change(bottom * alternating[week], bottom, crossed_weeks(names, days))
    assert wide.error > 1.3 * narrow.error


def test_one_series_is_judged_by_its_weeks():
    top, bottom, names, days = panel(1)
    found = relative_change(top, bottom, crossed_weeks(names, days))
    assert (found.series, found.weeks) == (1, 10)
    assert 0 < found.freedom <= 6


@pytest.mark.parametrize(
    ("days", "why"),
    [(DAYS[:0], "there are no rows"), (DAYS[:7], "there is only one week"), (DAYS, "divided by is zero")],
)
def test_what_cannot_be_said_is_not_applicable(days, why):
    top, bottom, names, dates = panel(3, days)
    found = relative_change(top, 0 * bottom, crossed_weeks(names, dates))
    assert isinstance(found, NotApplicable)
    assert why in found.reason


def test_where_all_is_in_one_cluster_nothing_can_be_said():
    top, bottom, names, days = panel(3)
    found = relative_change(top, np.where(names == 1, bottom, 0.0), crossed_weeks(names, days))
    assert str(found) == "not applicable: all that is lost is in one series"


def test_what_does_not_fit_is_refused():
    top, bottom, names, days = panel(3)
    with pytest.raises(StatisticsError, match="clusters that are blocks"):
        relative_change(top, bottom, blocks(names))
    with pytest.raises(StatisticsError, match=r"at the level 0\.4"):
        relative_change(top, bottom, crossed_weeks(names, days), level=0.4)
    with pytest.raises(StatisticsError, match="below zero"):
        relative_change(top, -bottom, crossed_weeks(names, days))
