"""Which rung two values are on."""

from dataclasses import dataclass

import lightgbm
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

from linear_packages import linear
from mainspring import File
from mainspring.errors import DefinitionError
from mainspring.proof.agreement import agree, distance, noise_covers
from mainspring.proof.flattening import flatten
from mainspring.proof.ladder import RUNGS, lowest, reaches, rung_named
from mainspring.proof.predicting import Golden, golden_rows

DRAWN = np.random.default_rng(5)


@dataclass
class Scores:
    name: str
    values: np.ndarray


def rung(before, after) -> str:
    return agree(before, after, Golden())[0]


def test_the_lowest_counts():
    assert lowest([]) == "bytes equal"
    assert lowest(["within tolerance", "different", "bytes equal"]) == "different"
    assert [reaches(one, "within tolerance") for one in RUNGS] == [True, True, True, False, False]
    with pytest.raises(DefinitionError, match=r"There is no rung 'byte-equal'.*Did you mean 'bytes equal'\?"):
        rung_named("byte-equal")


VALUES = [
    1.5,
    [1.0, 2.0, 3.0],
    {"a": 1.0, "b": (2.0, "x")},
    np.linspace(1, 2, 50),
    Scores("x", np.ones(4)),
    pl.DataFrame({"name": ["a", "b"], "score": [0.5, None]}),
    pd.DataFrame({"name": ["a", "b"], "score": [0.5, np.nan]}),
    pd.Series([1.0, 2.0], name="s"),
]


def moved(value, by: float):
    """The value with every float in it a little larger."""
    if isinstance(value, dict):
        return {key: moved(inner, by) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(moved(inner, by) for inner in value)
    if isinstance(value, Scores):
        return Scores(value.name, moved(value.values, by))
    if isinstance(value, pl.DataFrame):
        return value.with_columns(pl.col("score") * (1 + by))
    if isinstance(value, pd.DataFrame):
        return value.assign(score=value["score"] * (1 + by))
    return value if isinstance(value, str) else value * (1 + by)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_numbers_are_within_tolerance_as_far_as_it_says(value):
    assert rung(value, moved(value, 5e-10)) == "within tolerance"
    assert rung(value, moved(value, 5e-9)) == "different"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ([1, 2], [1, 3], "1 of 1 whole numbers differ (at 1)"),
        ({"a": 1.0}, {"b": 1.0}, "'a' is 'b' now"),
        ("x", "y", "'x' is 'y' now"),
        ([1.0], [1.0, 2.0], "is ('float64', (2,)) now"),
        (pl.DataFrame({"n": ["a"]}), pl.DataFrame({"n": ["b"]}), "'a' is 'b' now (at n / 0)"),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0]), "times the tolerance"),
        (True, 1, "is"),
    ],
)
def test_what_is_no_float_has_to_be_equal(before, after, says):
    found = agree(before, after, Golden())
    assert found[0] == "different"
    assert says in found[1]


def test_small_numbers_are_measured_by_the_size_of_all():
    big = np.array([1000.0, 1e-8])
    assert rung(big, big + np.array([0.0, 1e-7])) == "within tolerance"
    assert rung(np.array([1e-8]), np.array([1.1e-8])) == "different"


def test_single_precision_has_its_own_tolerance():
    values = np.linspace(1, 2, 9, dtype=np.float32)
    assert rung(values, values * np.float32(1 + 5e-6)) == "within tolerance"
    assert rung(values, values * np.float32(1 + 5e-5)) == "different"


def test_numbers_in_a_file_are_numbers(tmp_path):
    for name, text in (("a", "x 1.0 y"), ("b", "x 1.0000000001 y"), ("c", "x 1.1 y"), ("d", "z 1.0 y")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.csv").write_text(text)
    one, close, far, other = (File(str(tmp_path / name / "t.csv")) for name in "abcd")
    assert rung(one, close) == "within tolerance"
    assert rung(one, far) == rung(one, other) == "different"


def test_models_that_predict_the_same_are_equal_in_what_counts():
    rows = golden_rows(3)
    target = rows[:, 0] / 1000
    one, two = LinearRegression().fit(rows, target), LinearRegression(copy_X=False).fit(rows.copy(), target)
    assert one.get_params() != two.get_params()
    assert agree({"m": one}, {"m": one}, Golden())[0] == "predictions equal"
    assert rung(one, two) in ("predictions equal", "within tolerance")
    assert rung(one, LinearRegression().fit(rows, target * 2)) == "different"


def test_boosters_are_told_by_what_they_predict():
    rows = DRAWN.normal(size=(200, 2))
    settings = {"verbose": -1, "num_leaves": 4, "deterministic": True, "force_row_wise": True, "num_threads": 1}
    one = lightgbm.train(settings, lightgbm.Dataset(rows, rows[:, 0]), 3)
    two = lightgbm.Booster(model_str=one.model_to_string())
    two.params = {"num_threads": 7}
    assert agree(one, two, Golden()) == ("predictions equal", "models differ inside, and predict the same")
    assert rung(one, lightgbm.train(settings, lightgbm.Dataset(rows, rows[:, 0]), 4)) == "different"


def test_packages_are_asked_their_golden_samples(tmp_path):
    one = linear(tmp_path / "one").package
    config = linear(tmp_path / "two", config={"horizon": 3}).package
    other = linear(tmp_path / "three", weights=(2.0, 3.5)).package
    assert one.digest != config.digest
    assert rung(one, config) == "predictions equal"
    assert rung(one, other) == "different"


def test_noise_covers_what_seeds_spread_as_far():
    draw = [DRAWN.normal(10, 1, size=200) for _ in range(7)]
    found = noise_covers(draw[0], draw[1], draw[2:], Golden())
    assert "5 other seeds spread by" in found[1]
    assert noise_covers(draw[1] + 0.01, draw[1], draw[2:], Golden())[0] == "inside seed noise"
    assert noise_covers(draw[0] + 3, draw[1], draw[2:], Golden())[0] == "different"
    fixed = [np.ones(3)] * 5
    assert noise_covers(np.ones(3) + 0.1, np.ones(3), fixed, Golden())[0] == "different"
    assert noise_covers({"a": 1.0}, {"b": 1.0}, [{"b": 2.0}], Golden())[0] == "different"
    assert distance(flatten([1.0]), flatten(["x"])) == float("inf")


@pytest.mark.prove
@pytest.mark.parametrize("size", [1, 100])
def test_how_often_noise_is_taken_for_a_difference_and_a_difference_found(size):
    drawn = np.random.default_rng(11)
    apart = found = 0
    for _ in range(2_000):
        one, two, *others = drawn.normal(10, 1, size=(7, size))
        apart += noise_covers(one, two, others, Golden())[0] == "different"
        found += noise_covers(one + 6, two, others, Golden())[0] == "different"
    assert apart / 2_000 <= 0.12
    assert found / 2_000 >= 0.85
