"""What is asked: of a service one series in JSON, of a batch every series as a table."""

import json
from typing import Any

import numpy as np
import polars as pl
from folds import Fold, Plan
from panel import Panel
from windows import raw_rows


def questions(panel: Panel, fold: Fold, plan: Plan) -> str:
    """JSON, a line a series: its name, the body of a request for the days of a fold, and what was sold on them."""
    raw = raw_rows(panel, fold.origin, plan)
    ahead = [{"ahead": day} for day in range(plan.delay + 1, plan.reach + 1)]
    lines = []
    for place, name in enumerate(panel.series):
        shared = {column: plain(values[place * plan.horizon]) for column, values in raw.items()}
        sold = plain(panel.units[place, fold.start : fold.end])
        lines.append(json.dumps({"series": name, "body": {"shared": shared, "rows": ahead}, "sold": sold}))
    return "\n".join(lines) + "\n"


def table(panel: Panel, fold: Fold, plan: Plan) -> pl.DataFrame:
    """Raw rows of every series and every day of a fold."""
    return pl.DataFrame({name: pl.Series(name, values) for name, values in raw_rows(panel, fold.origin, plan).items()})


def plain(value: Any) -> Any:
    """A raw value in JSON, in which what is unknown is null."""
    if isinstance(value, np.ndarray):
        return [None if np.isnan(one) else one for one in value.tolist()]
    if isinstance(value, np.datetime64):
        return str(value)
    return value.item() if isinstance(value, np.generic) else value
