"""The inference pipeline: from raw rows to calibrated quantiles. What is evaluated is what is packaged."""

import numpy as np
from calibration import Calibration, Finish, quantile_name
from features import features_name
from folds import Plan
from model import Fit
from panel import Panel
from windows import raw_rows, signature, stage

from mainspring.package import Built, Models, Parity, Pipeline, Reference, Rule, Spec, Stage
from mainspring.stats import encode_profile, profile_frame

Floats = np.ndarray

# Trees in float32: a row that stands on a threshold may fall to the other side, and a forecast may round the other way,
# which is one unit. `floor` is one unit, so that differences of small forecasts are in units.
RULE = Rule(quantiles=((0.5, 1e-6), (0.99, 1e-3)), maximum=1.0)
LEVELS_OF_PROFILES = 32
YEAR_OF_WINDOWS = 13


def assemble(fit: Fit, learned: Calibration, panel: Panel, plan: Plan, unit: str) -> Pipeline:
    """The inference pipeline of a fit: features, models, and what makes quantiles of what they say."""
    from lightgbm import Booster

    settings = fit.job.settings
    groups: list[tuple[tuple[str, ...], ...]] = []
    models: list[dict[str, Booster]] = [{} for _ in settings.scales]
    for tau, scales in zip(learned.levels, fit.models, strict=False):
        named = []
        for scale, texts in enumerate(scales):
            kind = "model of units" if scale else "model"
            names = tuple(f"{kind} {tau:g}, {number}" for number in range(len(texts)))
            models[scale] |= {name: Booster(model_str=text) for name, text in zip(names, texts, strict=True)}
            named.append(names)
        groups.append(tuple(named))
    features = stage(panel, plan, learned.levels, settings.scales)
    stages: dict[str, Stage] = {"features": features}
    for scale, found in enumerate(models):
        if not found:
            continue
        stages["models-of-units" if scale else "models"] = Models((features_name(scale),), found)
    shares = settings.shares(len(groups))
    plain = (shares, settings.smoothed, settings.start == "usual", features.days)
    stages["calibration"] = Finish(tuple(groups), learned, settings.scales, *plain)
    return Pipeline(signature(panel, plan, unit), stages)


def forecast_at(fitted: Pipeline, panel: Panel, origin: int, plan: Plan) -> Floats:
    """(S, H, Q) what an inference pipeline says of every series at an origin."""
    made = fitted.predict(raw_rows(panel, origin, plan))
    found = [values for name, values in made.items() if name != "date"]
    return np.stack(found, -1).reshape(len(panel.series), plan.horizon, len(found))


def many_rows(panel: Panel, origin: int, plan: Plan, least: int) -> dict[str, np.ndarray]:
    """Raw rows of an origin, and of others before it, a week apart, until there are `least` rows or no more time."""
    count = max(1, -(-least // (len(panel.series) * plan.horizon)))
    origins = [one for one in (origin - panel.season * place for place in range(count)) if one >= 2 * plan.reach]
    parts = [raw_rows(panel, one, plan) for one in origins]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def parity_rows(found: Parity) -> list[dict[str, float | str]]:
    """How the converted pipeline agrees with the fitted one, as a table."""
    return [
        {
            "output": one.output,
            "rows": one.rows,
            **{f"difference at {share:g}": difference for share, difference, _ in one.quantiles},
            "greatest difference": one.maximum,
            "greatest allowed": RULE.maximum,
            "rows that differ": one.differing,
        }
        for one in found.outputs
        if one.quantiles
    ]


def spec(converted: Pipeline, panel: Panel, origin: int, plan: Plan, unit: str) -> Spec:
    """What goes into the package beside the pipeline."""
    finish = converted.stages["calibration"]
    config = {
        "quantiles": {quantile_name(level): level for level in finish.calibration.levels},
        "horizon": plan.horizon,
        "delay": plan.delay,
        "period": "week" if panel.season == 1 else "day",
        "unit": unit,
        "features": list(converted.stages["features"].names),
        "trained until": str(panel.dates[origin].astype("datetime64[D]")),
    }
    return Spec("retail", config, references(converted, panel, origin, plan), RULE)


def references(converted: Pipeline, panel: Panel, origin: int, plan: Plan) -> tuple[Reference, ...]:
    """Profiles of features and forecasts, one for each horizon of the last year; the season is the month."""
    weeks = plan.horizon
    origins = [
        origin - weeks * place for place in reversed(range(YEAR_OF_WINDOWS)) if origin - weeks * place >= plan.reach
    ]
    found = []
    for one in origins:
        raw = raw_rows(panel, one, plan)
        features = converted.stages["features"]
        values = features.transform(raw)["features"]
        columns = {name: values[:, place] for place, name in enumerate(features.names)} | converted.predict(raw)
        del columns["date"]
        first = str(panel.dates[one + 1 + plan.delay].astype("datetime64[D]"))
        profile = encode_profile(profile_frame(columns, limit=LEVELS_OF_PROFILES))
        found.append(Reference(f"from {first}", first[5:7], profile, tuple(columns)))
    return tuple(found)


def contents(built: Built) -> list[dict[str, str]]:
    """What a person wants to know of a package."""
    size = sum(path.stat().st_size for path in built.package.path.rglob("*") if path.is_file())
    rows = {
        "digest": built.package.digest,
        "size": f"{size / 1024:,.0f} KiB",
        "stages": ", ".join(built.pipeline.stages),
        "sources to trust": ", ".join(source[:16] for source in built.sources),
    }
    return [{"what": name, "is": value} for name, value in rows.items()]
