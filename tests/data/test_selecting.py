"""Features: chosen by rule and frozen, tested before and after training, with their cost as a metric."""

import ast
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.data import (
    Keep,
    Selection,
    feature_tests,
    importance_test,
    logged_cost,
    require,
    select_columns,
    selection,
)
from mainspring.digest import canonical, digest_of, restore
from mainspring.errors import ContractError, DefinitionError, InputError
from mainspring.store import LocalStore, load, save

ROWS = 400


@pytest.fixture
def table() -> pl.DataFrame:
    rng = np.random.default_rng(3)
    lag = rng.normal(size=ROWS)
    return pl.DataFrame(
        {
            "lag": lag,
            "lag in euros": np.exp(lag) * 1.95,
            "down": -lag + 1e-9 * rng.normal(size=ROWS),
            "noise": rng.normal(size=ROWS),
            "year": [2024] * ROWS,
            "one shop": ["north"] * ROWS,
            "shop": rng.choice(["north", "south"], ROWS),
            "rare": [1.0, 2.0] + [None] * (ROWS - 2),
            "broken": [1.0, 2.0, 3.0] + [float("nan")] * (ROWS - 3),
            "empty": pl.Series([None] * ROWS, dtype=pl.Float64),
        }
    )


def test_each_rule_drops_what_it_is_about(table):
    found = select_columns(table)
    assert found.columns == ("lag", "noise", "shop")
    assert {one.column: (one.rule, one.instead) for one in found.dropped} == {
        "lag in euros": ("correlated", "lag"),
        "down": ("correlated", "lag"),
        "year": ("constant", ""),
        "one shop": ("constant", ""),
        "rare": ("missing", ""),
        "broken": ("missing", ""),
        "empty": ("missing", ""),
    }
    assert str(found.dropped[1]) == "'down' goes with 'lag' (correlation of ranks -1.000)"


def test_rules_can_be_left_out(table):
    everything = Keep(missing=None, varying=False, correlated=None)
    assert select_columns(table, everything).columns == tuple(table.columns)


def test_of_two_alike_the_more_important_stays(table):
    weights = dict.fromkeys(table.columns, 1.0) | {"down": 5.0, "noise": 0.0}
    found = select_columns(table, importance=weights)
    assert found.columns == ("down", "shop")
    assert {one.column: one.rule for one in found.dropped}["noise"] == "importance"
    assert select_columns(table, Keep(most=1), importance=weights).columns == ("down",)
    told = {one.column: str(one) for one in select_columns(table, Keep(most=1), importance=weights).dropped}
    assert told["shop"] == "'shop' is less important (1) than as many as may stay"


def test_some_columns_stay_whatever_the_rule_says(table):
    found = select_columns(table, candidates=["lag", "noise", "down"], always=["year", "down"])
    assert found.columns == ("down", "noise", "year")
    weights = {"lag": 1.0, "noise": 3.0, "shop": 2.0}
    found = select_columns(table, Keep(most=2), candidates=list(weights), importance=weights, always=["year"])
    assert found.columns == ("noise", "year")


def test_what_is_dropped_does_not_drop_others(table):
    one = table.select("lag", pl.when(pl.int_range(ROWS) < 9).then("lag").alias("seldom lag"))
    found = select_columns(one, candidates=["seldom lag", "lag"])
    assert found.columns == ("lag",)
    assert found.dropped[0].rule == "missing"


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_choice_is_a_value_that_the_order_of_rows_does_not_change(random):
    rng = np.random.default_rng(random.randrange(2**32))
    base = rng.normal(size=(50, 3))
    frame = pl.DataFrame({"a": base[:, 0], "b": base[:, 1], "c": 2 * base[:, 0] + 1, "d": base[:, 2], "e": [1] * 50})
    found = select_columns(frame)
    assert digest_of(select_columns(frame.sample(fraction=1, shuffle=True, seed=1))) == digest_of(found)
    assert digest_of(select_columns(frame.to_pandas())) == digest_of(found)
    assert restore(canonical(found)) == found


def test_more_rows_than_are_looked_at_give_the_same_choice_again():
    values = np.random.default_rng(5).normal(size=120_000)
    frame = {"a": values, "b": values**3, "c": values[::-1].copy()}
    assert select_columns(frame).columns == select_columns(frame, seed=1).columns == ("a", "c")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"candidates": ["lagg"]}, "no column 'lagg'.*Did you mean 'lag'"),
        ({"candidates": ["lag"], "always": ["yaer"]}, "no column 'yaer'.*Did you mean 'year'"),
        ({"importance": {"lag": 1.0}}, "'lag in euros' has no importance"),
        ({"candidates": ["year", "empty"]}, "None of 2 columns stays: 'empty' has no value in 100.0% of the rows"),
    ],
)
def test_what_cannot_be_chosen_is_told(table, options, told):
    with pytest.raises(InputError, match=told):
        select_columns(table, **options)


def test_a_rule_that_cannot_work_is_told(table):
    for wrong in ({"missing": 1.5}, {"correlated": -0.1}, {"most": 0}):
        with pytest.raises(DefinitionError, match=f"'{next(iter(wrong))}' is"):
            Keep(**wrong)
    with pytest.raises(DefinitionError, match="no importance is given"):
        select_columns(table, Keep(most=3))


class TestStage:
    def test_it_gives_the_columns_that_were_chosen_and_misses_none(self):
        stage = Selection(("price", "lag"))
        columns = {"lag": np.array([1.0]), "noise": np.array([2.0]), "price": np.array([3.0])}
        assert list(stage.transform(columns)) == ["price", "lag"]
        with pytest.raises(ValueError, match="no column 'price', which was selected"):
            stage.transform({"lag": np.array([1.0])})
        assert Selection.from_state(stage.state()) == stage

    def test_its_module_stands_alone(self, monkeypatch):
        path = Path(selection.__file__)
        tree = ast.parse(path.read_text())
        roots = {
            (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
        }
        assert roots - sys.stdlib_module_names == {"numpy"}
        spec = importlib.util.spec_from_file_location("packaged_stage", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "packaged_stage", module)
        spec.loader.exec_module(module)
        assert module.Selection.from_state({"columns": ["lag"]}).transform({"lag": np.ones(1)})

    def test_it_is_kept_as_a_plain_value(self, tmp_path, table):
        blobs = LocalStore(tmp_path)
        found = select_columns(table)
        assert load(save("selection", found, blobs, pickle=False), blobs) == found


class TestBeforeTraining:
    def test_sound_features_pass(self, table):
        found = feature_tests(table, ["lag", "noise", "shop"], ranges={"lag": (-10, 10), "noise": (None, 10)})
        assert [one.holds for one in found] == [True] * 5
        assert found[-1].says == "No two of 3 features are the same"

    def test_each_fault_is_found(self, table):
        infinite = table.with_columns(
            pl.col("lag").replace_strict(pl.col("lag").first(), float("inf"), default=pl.col("lag")).alias("up")
        )
        found = {one.rule: one for one in feature_tests(infinite, ranges={"noise": (0, None)})}
        assert not any(one.holds for one in found.values())
        assert found["features are finite"].says == "1 of 11 features has infinite values: 'up'"
        assert found["features vary"].says == "3 of 11 features have one value alone: 'year', 'one shop', 'empty'"
        assert "'lag' and 'lag in euros' (1.000)" in found["features differ"].says
        low = found["noise is at least 0"]
        assert low.failing == int((table["noise"] < 0).sum())
        assert low.examples.height == 5

    def test_they_stop_where_it_is_declared(self, table):
        require(*feature_tests(table))
        with pytest.raises(ContractError, match="features vary"):
            require(*feature_tests(table.to_pandas(), severity="fail"))

    def test_wrong_names_are_told(self, table):
        with pytest.raises(InputError, match="no column 'lagg'"):
            feature_tests(table, ranges={"lagg": (0, 1)})
        with pytest.raises(DefinitionError, match="no severity 'stop'"):
            feature_tests(table, severity="stop")


class TestAfterTraining:
    def test_a_feature_that_no_tree_uses_is_found(self):
        import lightgbm

        rng = np.random.default_rng(1)
        frame = pd.DataFrame({"lag": rng.normal(size=500), "year": np.full(500, 2024.0)})
        data = lightgbm.Dataset(frame, 3 * frame["lag"])
        model = lightgbm.train({"verbosity": -1, "num_threads": 1}, data, 5)
        gain = dict(zip(model.feature_name(), model.feature_importance("gain"), strict=True))
        found = importance_test(gain)
        assert (found.holds, found.failing) == (False, 1)
        assert found.says == "1 of 2 features has no importance above 0: 'year'"
        assert select_columns(frame, Keep(varying=False), importance=gain).columns == ("lag",)

    def test_one_without_importance_has_none(self):
        assert not importance_test({"lag": 1.0}, ["lag", "price"]).holds
        assert not importance_test({"lag": float("nan")}).holds
        assert importance_test({"lag": 1.0, "price": 0.1}).says == "All 2 features are used"
        with pytest.raises(ContractError, match="'price'"):
            require(importance_test({"price": 0.0}, severity="fail"))


def test_a_cost_is_a_metric_and_never_in_an_artifact(project):
    project.write(
        """
        from mainspring import pipeline, step
        from mainspring.data import logged_cost

        @step
        def features() -> int:
            with logged_cost("rolling means"):
                return sum(number * number for number in range(200_000))

        @step
        def train(total: int) -> int:
            return total + 1

        @pipeline
        def shop() -> int:
            return train(features())
        """
    )
    project.run()
    again = project.run("--force", "features")
    assert again["by_step"] == {"features": "ran", "train": "hit"}
    assert "cost of rolling means" in project.call("runs", "show").stdout


def test_a_block_that_fails_has_no_cost(caplog):
    caplog.set_level("DEBUG", "mainspring")
    with pytest.raises(ZeroDivisionError), logged_cost("nothing"):
        1 / 0
    with logged_cost("something"):
        pass
    assert [record.getMessage().partition(" = ")[0] for record in caplog.records] == ["cost of something"]
