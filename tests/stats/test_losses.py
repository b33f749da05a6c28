"""Losses against scikit-learn and plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, mean_squared_error

from mainspring.errors import StatisticsError
from mainspring.stats import (
    NotApplicable,
    naive_scales,
    pinball,
    pinball_losses,
    point_errors,
    scaled_losses,
    scaled_pinball,
    weighted_pinball,
)

LEVELS = np.array([0.015, 0.25, 0.5, 0.75, 0.95, 0.99])
values = st.floats(-1e6, 1e6)


def sample(seed=0, rows=400):
    rng = np.random.default_rng(seed)
    actual = rng.poisson(3, rows).astype(float)
    return actual, np.sort(rng.poisson(3, (rows, LEVELS.size)), axis=1).astype(float), rng.random(rows) + 0.1


def test_pinball_agrees_with_scikit_learn():
    actual, forecast, weights = sample()
    plain = [mean_pinball_loss(actual, forecast[:, k], alpha=tau) for k, tau in enumerate(LEVELS)]
    weighted = [
        mean_pinball_loss(actual, forecast[:, k], alpha=tau, sample_weight=weights) for k, tau in enumerate(LEVELS)
    ]
    assert np.allclose(pinball(actual, forecast, LEVELS), plain, rtol=1e-12)
    assert np.allclose(weighted_pinball(actual, forecast, LEVELS, weights), weighted, rtol=1e-12)


@given(arrays(float, 20, elements=values), arrays(float, 20, elements=values), st.floats(0.01, 0.99))
def test_the_loss_of_a_row_is_as_defined(actual, forecast, level):
    for y, q, loss in zip(actual, forecast, pinball_losses(actual, forecast, level).ravel(), strict=True):
        expected = level * (y - q) if y >= q else (1 - level) * (q - y)
        assert np.isclose(loss, expected, rtol=1e-9, atol=1e-12)
        assert loss >= 0


@given(arrays(float, st.integers(1, 60), elements=st.integers(0, 9).map(float)), st.floats(0.05, 0.95))
def test_no_constant_has_less_loss_than_the_quantile(actual, level):
    best = np.quantile(actual, level, method="inverted_cdf")
    least = min(pinball(actual, np.full(actual.size, q), level)[0] for q in np.arange(-1, 11, 0.5))
    assert pinball(actual, np.full(actual.size, best), level)[0] <= least + 1e-9


def test_no_rows_have_no_mean_loss():
    assert np.isnan(pinball([], np.empty((0, 6)), LEVELS)).all()
    assert pinball_losses([], np.empty((0, 6)), LEVELS).shape == (0, 6)


@pytest.mark.parametrize(("weights", "why"), [(None, "there are no weights"), ([0.0, 0.0], "all weights are zero")])
def test_without_weights_a_weighted_loss_is_not_applicable(weights, why):
    answer = weighted_pinball([1, 2], [1, 2], 0.5, weights)
    assert isinstance(answer, NotApplicable)
    assert not answer
    assert answer.reason == why


def test_point_errors_agree_with_scikit_learn():
    actual, forecast, weights = sample(3)
    guess = forecast[:, 2]
    for share in (None, weights):
        found = point_errors(actual, guess, weights=share)
        assert np.isclose(found.mae, mean_absolute_error(actual, guess, sample_weight=share), rtol=1e-12)
        assert np.isclose(found.rmse, mean_squared_error(actual, guess, sample_weight=share) ** 0.5, rtol=1e-12)
        factor = np.ones(actual.size) if share is None else share
        assert np.isclose(found.bias, np.sum(factor * (guess - actual)) / factor.sum(), rtol=1e-12)
        assert np.isclose(found.wape, np.sum(factor * abs(guess - actual)) / np.sum(factor * actual), rtol=1e-12)


def test_point_errors_of_nothing():
    assert point_errors([], []) == NotApplicable("there are no rows")
    assert point_errors([1.0], [2.0], weights=[0.0]) == NotApplicable("all weights are zero")
    assert point_errors([0.0], [2.0]).wape == NotApplicable("all actual values are zero")


@pytest.mark.parametrize("lag", [1, 3])
@pytest.mark.parametrize("from_first_sale", [True, False])
def test_naive_scales_are_those_of_a_loop(lag, from_first_sale):
    rng = np.random.default_rng(lag)
    series = rng.permutation(np.repeat([f"s{place}" for place in range(12)], 20))
    history = rng.poisson(0.7, series.size).astype(float)
    found = naive_scales(history, series, lag=lag, from_first_sale=from_first_sale)
    for label, value in zip(found.series, found.values, strict=True):
        own = history[series == label].tolist()
        while from_first_sale and own and own[0] == 0:
            own.pop(0)
        steps = [abs(own[place] - own[place - lag]) for place in range(lag, len(own))]
        assert np.isclose(value, np.mean(steps)) if steps else np.isnan(value)


def test_scaled_pinball_is_that_of_a_loop_and_says_what_it_left_out():
    actual, forecast, _ = sample(5)
    rng = np.random.default_rng(0)
    series = rng.choice(["a", "b", "c", "constant", "new"], actual.size)
    history = np.concatenate([rng.poisson(4, 300), np.full(50, 7)]).astype(float)
    labels = np.concatenate([rng.choice(["a", "b", "c"], 300), np.full(50, "constant")])
    scales = naive_scales(history, labels)
    losses = pinball_losses(actual, forecast, LEVELS)
    found = scaled_pinball(losses, series, scales)
    expected = []
    for label in ("a", "b", "c"):
        own = history[labels == label]
        expected.append(losses[series == label].mean(axis=0) / np.abs(np.diff(own)).mean())
    assert np.allclose(found.values, np.mean(expected, axis=0), rtol=1e-12)
    assert (found.series, found.left_out) == (3, 2)
    rows = scaled_losses(losses, series, scales)
    assert np.array_equal(np.isnan(rows[:, 0]), np.isin(series, ["constant", "new"]))
    assert np.allclose(np.mean([rows[series == label].mean(axis=0) for label in "abc"], axis=0), found.values)


def test_scaled_pinball_where_no_series_has_a_scale():
    scales = naive_scales([1.0, 1.0], ["a", "a"])
    assert scaled_pinball(np.ones((1, 1)), ["a"], scales).reason.startswith("no series has a scale")
    assert scaled_pinball(np.ones((0, 1)), np.array([], dtype=str), scales) == NotApplicable("there are no rows")
    nothing = naive_scales([], np.array([], dtype=str))
    assert np.isnan(nothing.of(["a"])).all()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: pinball([1, np.nan], [1, 2], 0.5),
            r"'actual' has 1 values that are NaN or infinite\. Leave those rows",
        ),
        (lambda: pinball([1, 2], [1, np.inf], 0.5), r"'forecast' has 1 values that are NaN or infinite"),
        (lambda: pinball([1, 2], [1], 0.5), r"'forecast' has 1 rows where 2 are expected"),
        (lambda: pinball([1, 2], np.ones((2, 3)), [0.1, 0.2]), r"'forecast' has the shape \(2, 3\), not \(2, 2\)"),
        (lambda: pinball([[1]], [1], 0.5), r"'actual' has 2 dimensions, not 1"),
        (lambda: pinball(["a"], [1], 0.5), r"'actual' is not an array of numbers"),
        (lambda: pinball([1], [1], 1.0), r"The quantile levels are 1\.0\. Give levels above 0 and below 1"),
        (lambda: pinball([1], [[1, 1]], [0.5, 0.1]), r"The quantile levels are \[0\.5, 0\.1\]"),
        (
            lambda: weighted_pinball([1], [1], 0.5, [-2]),
            r"1 weights are negative, such as -2\. Give weights of at least",
        ),
        (lambda: naive_scales([1.0], ["a"], lag=0), r"A naive forecast cannot look 0 rows back"),
        (lambda: naive_scales([1.0], ["a", "b"]), r"'series' has the shape \(2,\) where 1 rows are expected"),
    ],
)
def test_what_has_no_loss_is_refused(call, said):
    with pytest.raises(StatisticsError, match=said):
        call()
