"""Synthetic demand, six quantile models, and the pipeline around them."""

import lightgbm
import numpy as np
from forecast_stages import Calendar, Calibrate

from mainspring.package import Field, Models, Pipeline, Policy, Reference, Rule, Signature, Spec, build

QUANTILES = (0.015, 0.25, 0.5, 0.75, 0.95, 0.99)
NAMES = tuple(f"q{quantile:g}" for quantile in QUANTILES)
INPUTS = ("store", "weekday", "age", "promotion_number", "price", "missing_price", "lag_28", "mean_56")
FIRST = np.datetime64("2013-01-01")
KEEP = Policy(null="keep", nan="keep")
SIGNATURE = Signature(
    (
        Field("date", "date"),
        Field("store", "int64", minimum=1),
        Field("promotion", "bool"),
        Field("price", "float64", unit="EUR", minimum=0, policy=KEEP),
        Field("lag_28", "float64", unit="units", policy=KEEP),
        Field("mean_56", "float64", unit="units"),
        Field("manager", "string", sensitive=True),
    ),
    Policy(extra="drop"),
)
# A whole number may round the other way: a difference of one, where the expected number is one.
RULE = Rule(quantiles=((0.5, 1e-6), (0.99, 1e-6)), maximum=1.0)


def demand(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Raw rows; `units` is what was sold."""
    random = np.random.default_rng(seed)
    date = FIRST + random.integers(0, 900, rows)
    store = random.integers(1, 30, rows)
    promotion = random.random(rows) < 0.3
    price = np.where(random.random(rows) < 0.1, np.nan, np.round(random.gamma(4, 2, rows), 2))
    level = 30 * store + 400 * promotion + 60 * ((date.astype(np.int64) + 3) % 7) + 100
    lag = np.where(random.random(rows) < 0.05, np.nan, random.poisson(level).astype(float))
    return {
        "date": date,
        "store": store,
        "promotion": promotion,
        "price": price,
        "lag_28": lag,
        "mean_56": random.gamma(50, level / 50),
        "manager": np.array([f"Zoltana-{number % 97}-Secretname" for number in range(rows)], object),
        "units": random.poisson(random.gamma(5, level / 5)).astype(float),
    }


def forecaster() -> Pipeline:
    raw = demand(4000, 1)
    calendar = Calendar(FIRST)
    made = {**raw, **calendar.transform(raw)}
    matrix = np.column_stack([made[name] for name in INPUTS])
    models = {}
    for name, quantile in zip(NAMES, QUANTILES, strict=True):
        settings = {"objective": "quantile", "alpha": quantile, "num_leaves": 15, "num_threads": 1, "verbosity": -1}
        settings |= {"deterministic": True, "force_row_wise": True, "seed": 7, "learning_rate": 0.1}
        models[name] = lightgbm.train(settings, lightgbm.Dataset(matrix, raw["units"]), 40)
    stages = {
        "calendar": calendar,
        "quantiles": Models(INPUTS, models),
        "calibrate": Calibrate(NAMES, [-8.0, -2.0, 0.0, 2.5, 4.0, 9.0]),
    }
    return Pipeline(SIGNATURE, stages)


def spec(**changes) -> Spec:
    settings = {
        "name": "demand",
        "config": {"horizon_days": 28, "quantiles": list(QUANTILES)},
        "references": (Reference("2015-06", "summer", b"\x81\xa1x\xcb", ("price", "lag_28")),),
        "rule": RULE,
    }
    return Spec(**(settings | changes))


def build_forecaster(pipeline: Pipeline, out, **changes):
    return build(pipeline, spec(**changes), demand(1000, 2), out)
