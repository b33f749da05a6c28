"""The whole pipeline on small tables, called as a plain function. `mainspring smoke` runs it as a pipeline."""

from dataclasses import replace

import pytest
from folds import Plan
from model import Settings
from pipeline import Choices, Retail, retail
from sales_sample import DAILY, LEVELS, PLAN, WEEKLY, WEEKS, daily, weekly

from mainspring.data import Source
from mainspring.package import load

SMALL = Settings(rounds=4, rate=0.3, leaves=7, stride=28, least=20)


def config(folder, table, columns, plan: Plan, **changes) -> Retail:
    path = folder / "sales.parquet"
    table.write_parquet(path)
    small = Retail(
        sales=Source(str(path)),
        quantiles=LEVELS,
        unit="units",
        months=[3],
        table=columns,
        plan=plan,
        model=SMALL,
        choices=Choices(),
        linear_rows=100,
        parity_rows=200,
    )
    return replace(small, **changes)


def test_a_daily_table_becomes_a_package(tmp_path):
    plan, choices = replace(PLAN, inner=1), Choices(leaves=[2, 7])
    package = retail(config(tmp_path, daily(shops=2, items=2), DAILY, plan, choices=choices))
    loaded = load(package.path, trust=[package.digest])
    assert loaded.config["horizon"] == PLAN.horizon
    assert loaded.parity.ok


def test_a_weekly_table_is_forecast_by_configuration_alone(tmp_path):
    model = replace(SMALL, stride=8, objective="tweedie")
    package = retail(config(tmp_path, weekly(), WEEKLY, replace(WEEKS, outer=1), model=model, months=[]))
    assert load(package.path, trust=[package.digest]).config["period"] == "week"


def test_a_table_that_is_too_short_says_how_much_is_lacking(tmp_path):
    with pytest.raises(ValueError, match="too few for 2 folds of 14 periods"):
        retail(config(tmp_path, daily(days=60, shops=1, items=2), DAILY, PLAN))
