"""mlforecast on one fold: a model of the mean over lags and calendar, and conformal intervals, as it documents.

python forecast.py TASK.json TABLE.parquet FORECAST.parquet
"""

import json
import sys
from pathlib import Path

import lightgbm
import pandas as pd
from mlforecast import MLForecast
from mlforecast.lag_transforms import ExpandingMean, RollingMean, SeasonalRollingMean
from mlforecast.utils import PredictionIntervals


def main() -> None:
    task = json.loads(Path(sys.argv[1]).read_text())
    table = pd.read_parquet(sys.argv[2])
    horizon, ahead, static = task["horizon"], task["ahead"], task["static"]
    known = table[table["period"] <= task["origin"]].drop(columns="period")
    future = table[table["period"] > task["origin"]].drop(columns=["period", "y", *static])
    # Rounds and rate: what a user starts with; the seed makes runs alike.
    model = lightgbm.LGBMRegressor(
        n_estimators=300, learning_rate=0.05, num_leaves=31, random_state=0, n_jobs=1, verbose=-1, deterministic=True
    )
    forecaster = MLForecast(
        models={"lightgbm": model},
        freq=task["frequency"],
        lags=[1, 7, 14, 21, 28, 364],
        lag_transforms={
            1: [RollingMean(7), RollingMean(28), ExpandingMean()],
            7: [SeasonalRollingMean(season_length=7, window_size=4)],
        },
        date_features=["dayofweek", "day", "month", "dayofyear"],
    )
    forecaster.fit(
        known, static_features=static, prediction_intervals=PredictionIntervals(n_windows=task["windows"], h=ahead)
    )
    # A central interval of p % has its ends at the levels (50 ± p / 2) %.
    widths = sorted({round(200 * abs(level - 0.5), 6) for level in task["levels"]} - {0.0})
    found = forecaster.predict(h=ahead, X_df=future, level=widths)
    found = found.groupby("unique_id", sort=False).tail(horizon)
    named = {width: f"{width:g}" for width in widths}
    columns = []
    for level in task["levels"]:
        width = round(200 * abs(level - 0.5), 6)
        side = "lo" if level < 0.5 else "hi"
        matching = [
            c for c in found.columns if c.startswith(f"lightgbm-{side}-") and float(c.rsplit("-", 1)[1]) == width
        ]
        columns.append("lightgbm" if level == 0.5 else matching[0])
    result = found[["unique_id", "ds", *columns]].copy()
    result.columns = ["unique_id", "ds", *(f"q{level:g}" for level in task["levels"])]
    result.to_parquet(sys.argv[3])
    print(json.dumps({"widths": list(named.values())}))


if __name__ == "__main__":
    main()
