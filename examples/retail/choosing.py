"""From fits at many origins to forecasts of each fold: what the inner folds choose, and what they calibrate."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from calibration import Calibration, Trust, apply, learn, pinball
from folds import Fold, Plan
from model import Fit, Settings
from panel import Panel
from samples import targets

Floats = np.ndarray


@dataclass(frozen=True)
class Known:
    """What choices are made from.

    Attributes:
        panel: Sales.
        plan: How the time is cut.
        levels: Levels of the quantiles.
        fits: The fit at each origin with each settings.
        simple: (S, H, Q) the simple forecast at each origin.
        trust: How far the inner folds are followed.
    """

    panel: Panel
    plan: Plan
    levels: tuple[float, ...]
    fits: Mapping[tuple[int, Settings], Fit]
    simple: Mapping[int, Floats]
    trust: Trust


@dataclass(frozen=True)
class Chosen:
    """The forecast of one fold.

    Attributes:
        fold: Which.
        settings: The settings with the least loss on the inner folds.
        calibration: What the inner folds taught.
        forecast: (S, H, Q) quantiles in whole units.
        tried: For each of the settings its loss on the inner folds.
    """

    fold: Fold
    settings: Settings
    calibration: Calibration
    forecast: Floats
    tried: tuple[tuple[Settings, float], ...]


def choose(fold: Fold, known: Known) -> Chosen:
    """What a fold forecasts. Only its inner folds, which end before its origin, take part in choices."""
    tried = []
    for settings in dict.fromkeys(settings for _, settings in known.fits):
        calibration, loss = _inner(fold, settings, known)
        tried.append((loss, len(tried), settings, calibration))
    _, _, settings, calibration = min(tried, key=lambda one: one[:2])
    open_ = known.panel.open[:, fold.start : fold.end]
    raw = known.fits[fold.origin, settings].forecast
    forecast = apply(calibration, raw, known.simple[fold.origin], open_)
    return Chosen(fold, settings, calibration, forecast, tuple((one[2], one[0]) for one in tried))


def _inner(fold: Fold, settings: Settings, known: Known) -> tuple[Calibration, float]:
    actual, raw, mixed = [], [], []
    for origin in fold.inner:
        units, counts = targets(known.panel, origin, known.plan)
        actual.append(units[counts])
        raw.append(known.fits[origin, settings].forecast[counts])
        mixed.append(known.simple[origin][counts])
    values, forecast, other = (np.concatenate(parts) for parts in (actual, raw, mixed))
    calibration = learn(values, forecast, other, known.levels, known.trust)
    losses = [pinball(values, forecast[:, place], level) for place, level in enumerate(known.levels)]
    return calibration, float(np.mean(losses))
