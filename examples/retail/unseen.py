"""The rows that gates score on: the locked days, which no training and no choice has seen."""

import numpy as np
from calibration import quantile_name
from evaluation import Scored, columns
from folds import Plan, locked_fold
from panel import Panel
from windows import raw_rows

from mainspring.quality import Holdout

SIMPLE = "rolling quantiles"


def holdout_of(locked: Scored, panel: Panel, plan: Plan) -> Holdout:
    """Open days of the locked periods as raw rows, with what was sold and what the simple forecast says.

    Slices are kinds of stores: of four weeks each weekday is four days, which says too little to judge it by.
    """
    fold = locked_fold(panel.periods, plan, panel.season)
    here = locked.only(locked.open)
    raw = raw_rows(panel, fold.origin, plan)
    rows = here.series * plan.horizon + here.period - fold.start
    parts = {name: labels for name, labels in columns(here, panel, [fold]).items() if name in panel.static}
    simple = {quantile_name(level): here.forecast[SIMPLE][:, at] for at, level in enumerate(here.levels)}
    return Holdout(
        inputs={name: values[rows] for name, values in raw.items()},
        outcomes={"units": here.actual},
        series=np.array(panel.series)[here.series],
        times=panel.dates[here.period],
        slices=parts,
        baseline=simple,
    )


def trained_until(panel: Panel, origin: int) -> str:
    """The last day that a model of an origin knows."""
    return str(panel.dates[origin].astype("datetime64[D]"))
