"""What answers when the model cannot: as the baselines of the same name, from raw rows."""

import baselines
import numpy as np
import pytest
from calibration import whole
from fallbacks import last_week, packaged, usual
from folds import locked_fold
from panel import arrange
from sales_sample import DAILY, LEVELS, PLAN, WEEKLY, WEEKS, daily, weekly
from windows import raw_rows

from mainspring.errors import SignatureError
from mainspring.package import load

TABLES = {"daily": (daily(shops=2, items=2), DAILY, PLAN), "weekly": (weekly(shops=2), WEEKLY, WEEKS)}


@pytest.fixture(params=TABLES)
def case(request):
    table, columns, plan = TABLES[request.param]
    panel = arrange(table, columns)
    fold = locked_fold(panel.periods, plan, panel.season)
    return panel, plan, fold, raw_rows(panel, fold.origin, plan)


def forecast(pipeline, raw, panel, plan):
    given = {field.name: raw[field.name] for field in pipeline.signature.fields}
    made = pipeline.predict(given)
    found = np.stack([made[f"q{level:g}"] for level in LEVELS], -1)
    return made["date"], found.reshape(len(panel.series), plan.horizon, len(LEVELS))


def test_the_usual_quantiles_are_the_rolling_ones(case):
    panel, plan, fold, raw = case
    date, found = forecast(usual(panel, plan, tuple(LEVELS), "units"), raw, panel, plan)
    open_ = panel.open[:, fold.start : fold.end]
    assert not open_.all() or panel.season == 1
    assert np.array_equal(found, whole(baselines.rolling(panel, fold.origin, plan, LEVELS), open_))
    assert np.array_equal(date.reshape(found.shape[:2])[0], panel.dates[fold.start : fold.end])


def test_last_week_is_that_of_the_newest_sales_that_are_known(case):
    panel, plan, fold, raw = case
    _, found = forecast(last_week(panel, plan, tuple(LEVELS), "units"), raw, panel, plan)
    assert np.array_equal(found, baselines.week_ago(panel, fold.origin, plan, LEVELS))
    newest = raw["units"][0]
    unknown = np.where(np.arange(len(newest)) < len(newest) - 2 * panel.season, raw["units"], np.nan)
    _, older = forecast(last_week(panel, plan, tuple(LEVELS), "units"), raw | {"units": unknown}, panel, plan)
    before = fold.origin - 2 * panel.season
    assert np.array_equal(older[:, : panel.season], baselines.week_ago(panel, before, plan, LEVELS)[:, : panel.season])
    none = raw | {"units": np.full_like(raw["units"], np.nan)}
    assert not forecast(last_week(panel, plan, tuple(LEVELS), "units"), none, panel, plan)[1].any()


def test_a_package_needs_only_what_its_forecast_is_made_of(case):
    panel, plan, _, raw = case
    package = packaged(last_week(panel, plan, tuple(LEVELS), "units"), "retail-last-week", raw)
    loaded = load(package.path, trust=[package.digest])
    needed = {name: raw[name] for name in (*panel.keys, "origin", "ahead", "units")}
    assert set(loaded.signature.names) == set(needed)
    with pytest.raises(SignatureError, match="'units' is missing"):
        loaded.predict({name: values for name, values in needed.items() if name != "units"})
