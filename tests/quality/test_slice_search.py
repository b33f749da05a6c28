"""The search for slices: it finds what is planted, and nothing where there is nothing."""

import analysis_samples as made
import numpy as np
import pytest

from mainspring.errors import StatisticsError
from mainspring.quality import Rows, Search, analyse, draw_analysis, regression
from mainspring.quality.grouping import groups_of, together
from mainspring.stats import blocks, crossed_weeks


def test_a_planted_pair_of_columns_is_found_and_confirmed():
    predicted, rows = made.numbers(bad=3.0)
    found = analyse(predicted, rows).found
    first = found.confirmed[0]
    assert first.name == "rain = yes, size = big"
    inside = (rows.columns["rain"] == "yes") & (rows.columns["size"] == "big")
    assert first.rows < inside.sum()  # it is told of the half that was not searched
    assert first.difference == pytest.approx(2.2, abs=0.2)
    assert first.low < first.difference < first.high
    assert first.adjusted <= 0.05
    drawn = draw_analysis(analyse(predicted, rows))
    assert drawn["slices found"].rows[0][:3] == ("rain = yes", "size = big", "yes")


def test_what_was_searched_and_what_was_tested_share_no_series():
    predicted, rows = made.numbers(bad=3.0)
    found = analyse(predicted, rows).found
    assert sum(found.rows) == predicted.rows
    assert found.rows[0] % 56 == found.rows[1] % 56 == 0
    again = analyse(predicted, rows, search=Search(seed=1)).found
    assert again.rows == found.rows
    assert again.slices != found.slices
    assert found == analyse(predicted, rows).found


def test_a_slice_in_one_bad_week_is_not_taken_for_more_than_that():
    """A week that is bad for all looks like a slice; halves share it, so only crossed clusters can tell."""
    actual, error, rows = made.panel()
    week = (np.asarray(rows.keys["date"]).astype("datetime64[D]").astype(int) + 3) // 7
    bad = week == week.min() + 3
    columns = {"sale": np.where(bad, "yes", "no")}
    predicted = regression(actual, actual + error + np.where(bad, 5.0, 0.0))
    crossed = analyse(predicted, Rows(columns, rows.clusters)).found
    assert crossed.slices == ()  # a single week is no support
    alone = analyse(predicted, Rows(columns, blocks(np.arange(actual.size)))).found
    assert alone.confirmed[0].name == "sale = yes"


def test_too_few_clusters_are_said_and_drawn():
    actual, error, rows = made.panel(shops=4)
    found = analyse(regression(actual, actual + error), rows)
    assert found.found.reason == "4 \N{MULTIPLICATION SIGN} 8 clusters are too few to search one half"
    assert draw_analysis(found)["search for slices"].rows[0][0] == "not searched"
    assert "slices found" not in draw_analysis(found)
    with pytest.raises(StatisticsError, match="Slices cannot be searched"):
        Search(level=1.0)


def test_numbers_are_put_in_bins_and_ties_and_gaps_stay_together():
    values = np.array([0.0] * 50 + list(range(1, 51)) + [np.nan])
    groups = groups_of("x", values, 5)
    assert groups.labels[-1] == ("missing",)
    assert np.unique(groups.codes[:50]).size == 1
    assert np.bincount(groups.codes).sum() == 101
    assert all(count >= 10 for count in np.bincount(groups.codes)[:-1])
    few = groups_of("x", np.array([3, 1, 3]))
    assert (few.labels, few.codes.tolist()) == ((("1",), ("3",)), [1, 0, 1])
    texts = groups_of("t", np.array([*[f"{one}" for one in range(40)] * 2, None], dtype=object))
    assert texts.labels[-1] == ("(all others)",)
    assert len(texts.labels) == 31
    dates = groups_of("d", np.datetime64("2024-01-01") + np.arange(100))
    assert dates.labels[0] == ("up to 2024-01-20",)
    both = together(few, groups_of("y", np.array(["a", "b", "a"])))
    assert both.labels == (("1", "b"), ("3", "a"))


def null(rng, *, shops=30, weeks=8):
    """Losses that depend on nothing but their series and their week, and columns that are constant in a series."""
    shop, day = np.repeat(np.arange(shops), 7 * weeks), np.tile(np.arange(7 * weeks), shops)
    loss = 3 + rng.normal(size=shops)[shop] + rng.normal(size=weeks)[day // 7] + rng.normal(size=shop.size)
    columns = {
        "kind": rng.integers(0, 3, shops)[shop],
        "region": rng.integers(0, 4, shops)[shop],
        "weekday": day % 7,
        "price": rng.normal(size=shop.size),
        "promotion": (rng.random((shops, weeks)) < 0.4)[shop, day // 7],
    }
    predicted = regression(np.zeros(shop.size), np.maximum(loss, 0))
    return predicted, columns, shop, np.datetime64("2024-01-01") + day


@pytest.mark.prove
@pytest.mark.timeout(900)
def test_nothing_is_confirmed_where_there_is_nothing():
    """Of 400 tables without a bad slice at most 6.5% have one confirmed; calling rows independent is far off."""
    rng = np.random.default_rng(0)
    wrong = naive = 0
    for seed in range(400):
        predicted, columns, shop, dates = null(rng)
        search = Search(seed=seed)
        wrong += bool(analyse(predicted, Rows(columns, crossed_weeks(shop, dates)), search=search).found.confirmed)
        naive += bool(analyse(predicted, Rows(columns, blocks(np.arange(shop.size))), search=search).found.confirmed)
    assert wrong / 400 <= 0.065
    assert naive / 400 > 0.5
