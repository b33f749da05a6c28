"""Requests to a service: what is known of one series and of the days to forecast, in JSON."""

from typing import Any

import numpy as np
from folds import Fold, Plan
from panel import Panel
from windows import raw_rows


def questions(panel: Panel, fold: Fold, plan: Plan) -> dict[str, dict[str, Any]]:
    """For each series the body of a request for the days of a fold, and what was sold on them."""
    raw = raw_rows(panel, fold.origin, plan)
    ahead = [{"ahead": day} for day in range(plan.delay + 1, plan.reach + 1)]
    return {
        name: {
            "body": {
                "shared": {column: _plain(values[place * plan.horizon]) for column, values in raw.items()},
                "rows": ahead,
            },
            "sold": _plain(panel.units[place, fold.start : fold.end]),
        }
        for place, name in enumerate(panel.series)
    }


def _plain(value: Any) -> Any:
    """A raw value in JSON, in which what is unknown is null."""
    if isinstance(value, np.ndarray):
        return [None if np.isnan(one) else one for one in value.tolist()]
    return str(value) if isinstance(value, np.datetime64) else getattr(value, "tolist", lambda: value)()
