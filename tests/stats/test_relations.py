"""Correlation against SciPy, predictive power against a loop, and planted leaks that are caught."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from mainspring.errors import StatisticsError
from mainspring.stats import columns_of, correlation, leakage_suspects, predictive_power, relations

cells = st.one_of(st.just(float("nan")), st.integers(-3, 3).map(float), st.floats(-1e6, 1e6))


@given(arrays(float, (25, 3), elements=cells))
@settings(deadline=None, max_examples=40)
def test_correlations_agree_with_pandas_pair_by_pair(values):
    frame = pd.DataFrame(values, columns=["a", "b", "c"])
    for method in ("pearson", "spearman"):
        found = correlation(columns_of({name: frame[name].to_numpy() for name in frame}), method=method)
        assert np.array_equal(found.rows, frame.notna().astype(int).T @ frame.notna().astype(int))
        for one in frame:
            for other in frame:
                both = frame[[one, other]].dropna() if one != other else frame[[one]].dropna()
                sides = [stats.rankdata(side) if method == "spearman" else side for side in (both[one], both[other])]
                if len(both) < 2 or any(np.ptp(side) <= 1e-6 * np.abs(side).max() for side in sides):
                    continue
                expected = stats.pearsonr(*sides).statistic
                assert found.of(one, other) == pytest.approx(expected, abs=1e-6)


def test_spearman_agrees_with_scipy_and_a_constant_has_no_correlation():
    rng = np.random.default_rng(0)
    units, price = rng.poisson(2, 500), rng.lognormal(size=500)
    found = correlation(columns_of({"units": units, "price": price, "same": np.ones(500), "shop": ["a"] * 500}))
    assert found.names == ("units", "price", "same")
    assert found.of("units", "price") == pytest.approx(stats.spearmanr(units, price).statistic, abs=1e-12)
    assert np.isnan(found.of("units", "same"))
    assert found.of("price", "price") == pytest.approx(1)


def test_values_at_the_ends_of_the_range_correlate():
    values = np.random.default_rng(0).normal(size=50)
    (row, *_) = correlation(columns_of({"a": values * 1e300, "b": values * 1e-300}), method="pearson").values
    assert row[1] == pytest.approx(1)


def test_of_fewer_than_two_rows_there_is_no_correlation():
    assert np.isnan(correlation(columns_of({"a": [1.0], "b": [2.0]})).of("a", "b"))
    assert correlation(columns_of({"a": np.empty(0), "b": np.empty(0)})).rows == ((0, 0), (0, 0))


def test_predictive_power_is_that_of_a_loop():
    rng = np.random.default_rng(3)
    groups = rng.integers(0, 6, 120)
    groups[0] = 6  # alone in its group
    outcome = (groups * 0.5 + rng.normal(size=120))[:, np.newaxis]
    folds = np.random.default_rng(9).permutation(120) % 5
    missed = total = 0.0
    for row in range(120):
        others = folds != folds[row]
        own = others & (groups == groups[row])
        base = outcome[others].mean()
        missed += (outcome[row, 0] - (outcome[own].mean() if own.any() else base)) ** 2
        total += (outcome[row, 0] - base) ** 2
    assert predictive_power(groups, outcome, seed=9) == pytest.approx(1 - missed / total, rel=1e-12)


def frame(rows=3000, seed=0):
    rng = np.random.default_rng(seed)
    units = rng.poisson(rng.gamma(2, 3, rows)).astype(float)
    day = np.datetime64("2024-01-01") + np.arange(rows) % 300
    return {
        "units": units,
        "promotion": rng.random(rows) < 0.2,
        "lag": units + rng.normal(0, 2, rows),
        "noise": rng.normal(size=rows),
        "id": [f"row {place}" for place in range(rows)],
        "weekday": rng.choice(["Mon", "Tue", "Wed"], rows),
        "date": day,
        "ordered": day - 3,
    }


def test_what_a_column_tells_is_ordered_and_identifiers_tell_nothing():
    found = relations(columns_of(frame()), "units")
    powers = {relation.column: relation.power for relation in found}
    assert found[0].column == "lag"
    assert 0.7 < powers["lag"] < 0.98
    assert max(powers[name] for name in ("id", "noise", "weekday", "promotion", "date")) < 0.02
    lag = found[0]
    table = frame()
    assert lag.spearman == pytest.approx(stats.spearmanr(table["lag"], table["units"]).statistic)
    assert next(one for one in found if one.column == "weekday").pearson is None


def test_an_honest_table_has_no_suspect():
    for seed in range(20):
        assert leakage_suspects(columns_of(frame(400, seed)), "units", known_at="date") == ()


PLANTED = {
    "copy": lambda table: table["units"],
    "linear copy": lambda table: 3 * table["units"] - 1,
    "power": lambda table: (table["units"] - 30) ** 3 + 5,
    "nulls": lambda table: [None if units > 5 else 1.0 for units in table["units"]],
    "later": lambda table: table["date"] + np.arange(3000) % 2,
}


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_leak_is_caught(rule):
    table = frame()
    target = "units"
    if rule == "nulls":
        table["returned"] = table["units"] > 5
        target = "returned"
        table.pop("lag")
        table.pop("units")
    leak = PLANTED[rule](frame())
    found = leakage_suspects(columns_of({**table, "leak": leak}), target, known_at="date")
    assert [(one.column, one.rule) for one in found] == [("leak", rule)]
    assert "'leak'" in str(found[0])


def test_a_leak_into_classes_is_caught():
    classes = np.random.default_rng(0).choice(["gone", "stays"], 500, p=[0.1, 0.9])
    table = {
        "class": classes,
        "copy": classes.copy(),
        "code": np.where(classes == "gone", "x", "y"),
        "other": ["a", "b"] * 250,
    }
    found = {one.column: one.rule for one in leakage_suspects(columns_of(table), "class")}
    assert found == {"copy": "copy", "code": "power"}


def test_classes_beyond_the_fifty_most_common_are_one():
    labels = np.array([f"c{place % 70:02}" for place in range(2000)])
    (one,) = relations(columns_of({"class": labels, "same": labels}), "class")
    assert one.power > 0.9


def test_rows_without_a_target_do_not_count():
    table = pl.DataFrame({"y": [1.0, None, 2.0, float("nan")] * 50, "x": [1, 9, 2, 9] * 50, "none": [None] * 200})
    found = {one.column: one for one in relations(columns_of(table), "y")}
    assert (found["x"].rows, found["x"].power > 0.99, found["none"].power) == (100, True, 0)
    nothing = relations(columns_of({"y": [float("nan")] * 3, "x": [1, 2, 3]}), "y")
    assert (nothing[0].rows, nothing[0].power) == (0, 0)


def test_moments_and_days_compare():
    day = datetime.date(2024, 5, 1)
    moments = [datetime.datetime(2024, 5, 1, hour, tzinfo=datetime.UTC) for hour in range(12)] * 2
    table = pl.DataFrame({"y": [float(place) for place in range(24)], "day": [day] * 24, "seen": moments})
    (found,) = leakage_suspects(columns_of(table), "y", known_at="day")
    assert (found.rule, found.value) == ("later", 22 / 24)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda columns: relations(columns, "unit"), r"There is no column 'unit'\. Did you mean 'units'\?"),
        (lambda columns: relations(columns, "none"), r"Column 'none' is of the kind 'empty' and cannot be a target"),
        (
            lambda columns: leakage_suspects(columns, "units", known_at="units"),
            r"'units' is of the kind 'number', not of dates",
        ),
    ],
)
def test_what_cannot_be_related_is_refused(call, said):
    with pytest.raises(StatisticsError, match=said):
        call(columns_of({"units": [1.0], "none": [None]}))
