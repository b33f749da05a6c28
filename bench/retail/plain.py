"""A plain LightGBM script, as one writes it first: lags that respect the horizon, rolling means, calendar, columns.

Nothing is scaled, weighted, calibrated or tuned; one model a quantile, of all series together.
"""

import lightgbm
import numpy as np
from folds import Plan
from panel import Panel

LAGS = (0, 1, 2, 3, 4, 7, 14, 21, 28, 333)
WINDOWS = (7, 28, 91)


def forecast(panel: Panel, origin: int, plan: Plan, levels: list[float]) -> np.ndarray:
    """(S, H, Q) quantiles; lags count from the last day that is known for every target."""
    first = max(0, origin - plan.train + 1)
    train = np.arange(first, origin + 1)
    features = _features(
        panel, plan, np.concatenate([train, np.arange(origin + 1 + plan.delay, origin + 1 + plan.reach)])
    )
    known = features[:, : len(train)], panel.units[:, train], (panel.open & ~np.isnan(panel.units))[:, train]
    rows, label = known[0][known[2]], known[1][known[2]]
    wanted = features[:, len(train) :].reshape(-1, features.shape[-1])
    found = []
    for level in levels:
        model = lightgbm.LGBMRegressor(
            objective="quantile",
            alpha=level,
            n_estimators=200,
            learning_rate=0.1,
            random_state=0,
            n_jobs=1,
            deterministic=True,
            force_row_wise=True,
            verbose=-1,
        )
        found.append(model.fit(rows, label).predict(wanted))
    return np.stack(found, -1).reshape(len(panel.series), plan.horizon, len(levels))


def _features(panel: Panel, plan: Plan, periods: np.ndarray) -> np.ndarray:
    series = len(panel.series)
    sums = np.cumsum(np.nan_to_num(panel.units), axis=1)
    columns = [_at(panel.units, periods - plan.reach - lag) for lag in LAGS]
    for window in WINDOWS:
        end = periods - plan.reach
        columns.append((_at(sums, end) - _at(sums, end - window)) / window)
    dates = panel.dates[periods].astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    calendar = [
        (dates.astype(np.int64) + 3) % 7,
        (dates - month).astype(np.int64),
        month.astype(np.int64) % 12,
        (dates - dates.astype("datetime64[Y]")).astype(np.int64),
    ]
    columns += [np.broadcast_to(values, (series, len(periods))) for values in calendar]
    columns += [values[:, periods] for values in panel.known.values()]
    columns += [values[:, periods] for values in ([] if panel.price is None else [panel.price])]
    columns += [np.broadcast_to(values[:, None], (series, len(periods))) for values in panel.static.values()]
    return np.stack(columns, -1).astype(np.float32)


def _at(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    found = values[:, np.maximum(places, 0)].astype(np.float32)
    return np.where(places >= 0, found, np.nan)
