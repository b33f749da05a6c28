"""The whole pipeline on small tables. One run is shared."""

from dataclasses import replace

import pytest
from evaluation import Costs
from folds import Plan
from model import Settings
from pipeline import Choices, Retail, retail
from sales_sample import DAILY, LEVELS, PLAN, WEEKLY, WEEKS, daily, weekly

from mainspring import run
from mainspring.data import Source
from mainspring.package import load

SMALL = Settings(rounds=4, rate=0.3, leaves=7, stride=28, least=20)
FEW = replace(PLAN, inner=1)


def config(folder, table, columns, plan: Plan, **changes) -> Retail:
    path = folder / "sales.parquet"
    table.write_parquet(path)
    small = Retail(
        quantiles=LEVELS,
        unit="units",
        months=[3],
        table=columns,
        plan=plan,
        model=SMALL,
        choices=Choices(),
        parity_rows=200,
        sales=Source(str(path)),
    )
    return replace(small, **changes)


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    return config(tmp_path_factory.mktemp("table"), daily(shops=2, items=2), DAILY, FEW, choices=Choices(leaves=[2, 7]))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def first(settings, home):
    return run(retail, settings, home=home)


def test_a_run_makes_a_package(first):
    assert first.status == "succeeded"
    package = first.result
    assert load(package.path, trust=[package.digest]).config["horizon"] == PLAN.horizon


@pytest.mark.usefixtures("first")
def test_another_cost_only_scores_again(settings, home):
    priced = run(retail, replace(settings, costs=Costs(over=1.0, under=3.0)), home=home)
    assert priced.status == "succeeded"
    assert {step.name for step in priced.steps if step.status == "ran"} <= {"evaluate", "test", "report"}


def test_a_weekly_table_is_forecast_by_configuration_alone(tmp_path):
    model = replace(SMALL, stride=8, objective="tweedie")
    plan = replace(WEEKS, outer=1)
    settings = config(tmp_path, weekly(), WEEKLY, plan, model=model, months=[])
    assert run(retail, settings, home=tmp_path / "home").status == "succeeded"
