"""Whether features see what they must not: the sales after the origin."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from features import Named, build
from folds import Fold, Plan
from panel import Panel
from windows import cut


def without_future(panel: Panel, origin: int, plan: Plan) -> Panel:
    """The panel as it was at an origin: no sales after it, and nothing at all beyond the horizon."""
    end = origin + plan.reach + 1
    units = panel.units[:, :end].copy()
    units[:, origin + 1 :] = np.nan
    return replace(
        panel,
        dates=panel.dates[:end],
        units=units,
        open=panel.open[:, :end],
        price=None if panel.price is None else panel.price[:, :end],
        known={name: values[:, :end] for name, values in panel.known.items()},
    )


def features_at(panel: Panel, origin: int, plan: Plan) -> Named:
    return build(cut(panel, origin, plan.delay, plan.horizon), relative=True)[0]


def leaks(
    panel: Panel,
    folds: Sequence[Fold],
    plan: Plan,
    features: Callable[[Panel, int, Plan], Named] = features_at,
) -> list[str]:
    """Names of features that change, at the origin of any fold, when the future is cut off."""
    found: dict[str, None] = {}
    for fold in folds:
        whole = features(panel, fold.origin, plan)
        blind = features(without_future(panel, fold.origin, plan), fold.origin, plan)
        differ = [name for name in whole if not np.array_equal(whole[name], blind[name], equal_nan=True)]
        found |= dict.fromkeys(differ)
    return list(found)
