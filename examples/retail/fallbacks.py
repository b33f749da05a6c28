"""Packages that answer when the model cannot: quantiles of a year need sales and open days, last week sales alone."""

from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import numpy as np
from features import YEAR
from folds import Plan
from panel import Panel
from weekday import SameWeekday
from windows import days_of, signature

from mainspring.package import Package, Pipeline, Spec, build

NEAR = 8
SAMPLES = 200


class Fallbacks(NamedTuple):
    usual: Package
    last_week: Package


def usual(panel: Panel, plan: Plan, levels: tuple[float, ...], unit: str) -> Pipeline:
    """Quantiles of the same weekday over a year."""
    return _pipeline(panel, plan, unit, ("origin", "ahead", "units", "open"), (YEAR, YEAR, levels))


def last_week(panel: Panel, plan: Plan, levels: tuple[float, ...], unit: str) -> Pipeline:
    """The last known value of the same weekday, at every level."""
    return _pipeline(panel, plan, unit, ("origin", "ahead", "units"), (1, NEAR, levels))


def _pipeline(
    panel: Panel, plan: Plan, unit: str, needed: tuple[str, ...], how: tuple[int, int, tuple[float, ...]]
) -> Pipeline:
    """A pipeline that takes only those of the model's raw columns that it needs, and what says which series it is."""
    whole = signature(panel, plan, unit)
    fields = tuple(field for field in whole.fields if field.name in (*panel.keys, *needed))
    stage = SameWeekday(*how, panel.season, days_of(panel))
    return Pipeline(replace(whole, fields=fields), {"same-weekday": stage})


def packaged(pipeline: Pipeline, name: str, raw: dict[str, np.ndarray]) -> Package:
    """The package of a pipeline, with golden samples from raw rows."""
    samples = {field.name: raw[field.name][:SAMPLES] for field in pipeline.signature.fields}
    return build(pipeline, Spec(name), samples, Path(mkdtemp()) / name).package
