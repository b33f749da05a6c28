"""Skew is found row by row, and shown with key, feature and both values."""

import datetime

import numpy as np
import pytest

from mainspring.errors import MonitoringError
from mainspring.monitoring import Difference, skew


def sides(rows, columns=20):
    rng = np.random.default_rng(0)
    served = {"id": np.arange(rows), **{f"x{place}": rng.normal(size=rows) for place in range(columns)}}
    return served, {name: values.copy() for name, values in served.items()}


def test_one_value_of_one_row_in_ten_thousand_is_found_and_shown():
    served, expected = sides(10_000)
    expected["x7"][4_321] += 1e-6
    order = np.random.default_rng(1).permutation(10_000)
    found = skew(served, {name: values[order] for name, values in expected.items()})
    assert found.differing == {"x7": 1}
    assert found.examples == (Difference("4321", "", "x7", served["x7"][4_321], expected["x7"][4_321]),)


def test_none_is_found_on_a_million_clean_rows():
    served, expected = sides(1_000_000, 2)
    assert not skew(served, expected)


def test_rows_join_by_key_and_time_and_what_only_one_side_has_is_said():
    served = {
        "shop": ["a", "a", "b"],
        "day": np.array(["2026-01-01", "2026-01-02", "2026-01-01"], "M8[D]"),
        "stock": [1, 2, 3],
    }
    expected = {
        "shop": ["a", "b", "c"],
        "day": np.array(["2026-01-02", "2026-01-01", "2026-01-01"], "M8[D]"),
        "stock": [2, 4, 5],
        "price": [1, 1, 1],
    }
    found = skew(served, expected, key="shop", time="day")
    assert (found.rows, found.served_only, found.expected_only) == (2, 1, 1)
    assert found.missing == ("price",)
    assert found.examples == (Difference("b", "2026-01-01", "stock", 3, 4),)


def test_missing_values_equal_each_other_and_nothing_else():
    day = datetime.date(2026, 1, 1)
    served = {
        "id": [1, 2, 3],
        "x": np.array([np.nan, np.nan, 1.0]),
        "y": np.array(["a", None, None], object),
        "z": [day, day, day],
    }
    expected = {
        "id": [1, 2, 3],
        "x": np.array([np.nan, 0.0, 1.0]),
        "y": np.array(["a", None, "b"], object),
        "z": [day, day, day],
    }
    assert skew(served, expected).differing == {"x": 1, "y": 1}


def test_rows_that_cannot_be_told_apart_are_refused():
    served, expected = sides(10)
    served["id"][1] = 0
    with pytest.raises(MonitoringError, match="served rows have a row twice by id"):
        skew(served, expected)
    with pytest.raises(MonitoringError, match="expected rows have no column 'key'"):
        skew({"key": [1]}, expected, key="key")
