"""The whole pipeline on a small table."""

from dataclasses import replace

from evaluation import Costs
from folds import Plan
from model import Settings
from pipeline import Choices, Retail, retail
from sales_sample import DAILY, LEVELS, PLAN, WEEKLY, WEEKS, daily, weekly

from mainspring import File, run

SMALL = Settings(rounds=6, rate=0.3, stride=14, least=20)


def config(folder, table, columns, plan: Plan, **changes) -> Retail:
    path = folder / "sales.parquet"
    table.write_parquet(path)
    small = Retail(
        source="",
        quantiles=LEVELS,
        unit="units",
        months=[3],
        table=columns,
        plan=plan,
        model=SMALL,
        choices=Choices(),
        sales=File(path),
    )
    return replace(small, **changes)


def test_a_second_run_finds_everything_and_another_cost_only_scores_again(tmp_path):
    settings = config(tmp_path, daily(), DAILY, PLAN, choices=Choices(leaves=[2, 7]))
    first = run(retail, settings, home=tmp_path / "home")
    assert first.status == "succeeded"
    assert {step.status for step in run(retail, settings, home=tmp_path / "home").steps} == {"hit"}
    priced = run(retail, replace(settings, costs=Costs(over=1.0, under=3.0)), home=tmp_path / "home")
    assert {step.name for step in priced.steps if step.status == "ran"} <= {"evaluate", "test", "report"}


def test_a_weekly_table_is_forecast_by_configuration_alone(tmp_path):
    model = replace(SMALL, stride=4, objective="tweedie")
    settings = config(tmp_path, weekly(), WEEKLY, WEEKS, model=model, months=[])
    assert run(retail, settings, home=tmp_path / "home").status == "succeeded"
