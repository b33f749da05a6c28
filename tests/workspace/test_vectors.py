"""Vectors in windows: each place of a short one; the ends and the whole of a long one."""

import numpy as np
import polars as pl
import pytest

from mainspring.workspace.vectors import SHORT, spread


def vectors(rows, width, kind=pl.Float32):
    return pl.Series("days", rows, dtype=pl.Array(kind, width))


def test_a_short_vector_is_watched_at_each_place():
    found = spread(vectors([[1.0, 2.0, 3.0], [4.0, 5.0, None]], 3), "days")
    assert {one.name: one.to_list() for one in found} == {
        "days[0]": [1.0, 4.0],
        "days[1]": [2.0, 5.0],
        "days[2]": [3.0, None],
    }


def test_a_long_vector_is_watched_at_its_ends_and_as_a_whole():
    width = SHORT + 1
    half = [float("nan")] * 8 + [1.0] * 8 + [None]
    series = vectors([list(range(width)), half, None, [None] * width], width)
    found = {one.name: one.to_list() for one in spread(series, "days")}
    assert list(found) == [
        "days[0]",
        f"days[{width - 1}]",
        *(f"days[{name}]" for name in ("mean", "least", "greatest", "missing")),
    ]
    assert found["days[mean]"] == [8.0, 1.0, None, None]
    assert found["days[least]"] == [0.0, 1.0, None, None]
    assert found["days[greatest]"] == [16.0, 1.0, None, None]
    assert found["days[missing]"] == pytest.approx([0.0, 9 / 17, None, 1.0])
    assert found[f"days[{width - 1}]"] == [16.0, None, None, None]


def test_it_says_what_numpy_says():
    random = np.random.default_rng(0)
    values = np.where(random.random((50, 40)) < 0.3, np.nan, random.normal(size=(50, 40)))
    found = {one.name: one.to_numpy() for one in spread(vectors(values.tolist(), 40, pl.Float64), "x")}
    assert found["x[mean]"] == pytest.approx(np.nanmean(values, axis=1))
    assert found["x[least]"] == pytest.approx(np.nanmin(values, axis=1))
    assert found["x[greatest]"] == pytest.approx(np.nanmax(values, axis=1))
    assert found["x[missing]"] == pytest.approx(np.isnan(values).mean(axis=1))


def test_whole_numbers_and_texts():
    numbers = spread(vectors([list(range(20))], 20, pl.Int64), "n")
    assert [one.to_list() for one in numbers] == [[0], [19], [9.5], [0.0], [19.0], [0.0]]
    texts = spread(vectors([["a"] * 20, ["b"] * 20], 20, pl.String), "t")
    assert {one.name: one.to_list() for one in texts} == {"t[0]": ["a", "b"], "t[19]": ["a", "b"]}


def test_no_rows():
    assert all(one.len() == 0 for one in spread(vectors([], 20), "n"))
