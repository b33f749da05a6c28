"""Where forecasts are good and where they are bad: slices, inputs, the age of models."""

from collections.abc import Mapping, Sequence

import evaluation
import numpy as np
import proofs
from evaluation import DEFAULT, Scored
from features import group_name
from folds import Fold, Plan, outer_folds
from model import Fit
from panel import Panel
from samples import targets
from windows import raw_rows

from mainspring import quality, stats
from mainspring.charts import Axis, Chart, Table
from mainspring.package import Pipeline

Floats = np.ndarray
Drawings = dict[str, Chart | Table]


def analysis(scored: Scored, panel: Panel, folds: Sequence[Fold], unit: str) -> quality.Analysis:
    """The error analysis of the model on open days, beside the best baseline."""
    here = scored.only(scored.open)
    columns = evaluation.columns(here, panel, folds)
    names = {name: np.array(values)[here.series] for name, values in panel.keys.items()}
    date = panel.dates[here.period].astype("datetime64[D]")
    rows = quality.Rows(columns, evaluation.crossed(here, panel), {**names, "date": date}, unit=unit)
    best = min(here.baselines, key=lambda name: here.losses(name).mean())
    said = {name: quality.quantiles(here.actual, here.forecast[name], here.levels) for name in (DEFAULT, best)}
    along = [name for name in columns if name.endswith(" ahead")]
    return quality.analyse(
        said[DEFAULT],
        rows,
        declared=[name for name in columns if name not in along],
        beside={best: said[best]},
        along=along,
    )


def curves(fits: Sequence[Fit], panel: Panel, plan: Plan, levels: Sequence[float], unit: str) -> Drawings:
    """How the loss of the newest outer fold depends on trees, on history, and on when the training ended.

    The forecasts are those of the models, before calibration.
    """
    newest = outer_folds(panel.periods, plan, panel.season)[-1].origin
    units, counts = targets(panel, newest, plan)
    series, ahead = np.nonzero(counts)
    clusters = stats.crossed_weeks(series, panel.dates[newest + 1 + plan.delay + ahead])
    time, loss = "days" if panel.season > 1 else "weeks", Axis("mean pinball, open days", unit)

    def losses(said: Mapping[float, Floats]) -> dict[float, Floats]:
        return {at: stats.pinball_losses(units[counts], one[counts], levels).mean(axis=1) for at, one in said.items()}

    aged = {newest - fit.job.origin: fit.aged for fit in fits if fit.aged is not None}
    settings = next(fit.job.settings for fit in fits if fit.aged is not None)
    here = [fit for fit in fits if fit.job.origin == newest and fit.job.settings == settings]
    mine = next(fit for fit in here if fit.job.train == plan.train)
    trees = dict(mine.curve)
    history = {fit.job.train: fit.forecast for fit in here}
    found = [quality.learning_curve(losses(trees), clusters, axis=Axis("trees"), loss=loss)]
    if len(history) > 1:
        found.append(quality.learning_curve(losses(history), clusters, axis=Axis("history", time), loss=loss))
    older = losses({0: mine.forecast, **aged})
    found.append(quality.staleness(older, clusters, axis=Axis("age of the training data", time), loss=loss))
    proofs.of_age(older, clusters, time)
    drawn = [pair for one in found for pair in quality.draw_curve(one).items()]
    return dict(sorted(drawn, key=lambda pair: isinstance(pair[1], Table)))


def inputs(
    fitted: Pipeline, panel: Panel, fold: Fold, plan: Plan, unit: str, shuffles: int
) -> tuple[quality.Importance, Drawings]:
    """What the inference pipeline owes to its inputs on the days of its fold, and which of them earn their place."""
    rows = raw_rows(panel, fold.origin, plan)
    units, counts = targets(panel, fold.origin, plan)
    series, ahead = np.nonzero(counts)
    clusters = stats.crossed_weeks(series, panel.dates[fold.start + ahead])
    levels = fitted.stages["calibration"].calibration.levels
    scored = counts.ravel()

    def loss(outputs: Mapping[str, Floats]) -> Floats:
        said = np.stack([values for name, values in outputs.items() if name != "date"], -1)
        return stats.pinball_losses(units[counts], said[scored], levels).mean(axis=1)

    groups = together(panel, rows)
    found = quality.importance(fitted.predict, rows, loss, clusters, groups=groups, repeats=shuffles)
    numbers = {
        name: float(sum(rows[one].shape[1] if rows[one].ndim > 1 else 1 for one in columns))
        for name, columns in groups.items()
    }
    told, cost = Axis("pinball", unit), Axis("values in a request")
    earned = quality.draw_earnings(quality.earnings(found, numbers), cost=cost, loss=told)
    return found, quality.draw_importance(found, loss=told) | {"inputs that earn their cost": earned}


def together(panel: Panel, rows: Mapping[str, Floats]) -> dict[str, list[str]]:
    """Raw columns that say the same are one input: a category and what is sold in it.

    The day that is asked for is none, nor is what names a series, which forecasts do not depend on.
    """
    groups = {"sales so far": ["units"], "opening days": ["open", "closings of all"]}
    groups |= {name: [name, group_name(name)] for name in panel.static}
    named = {one for columns in groups.values() for one in columns} | {"origin", "ahead", *panel.keys}
    groups |= {name: [name] for name in rows if name not in named}
    return {name: [one for one in columns if one in rows] for name, columns in groups.items()}
