"""What a forecast has to beat: each gives (S, H, Q) quantiles at an origin, from sales up to it."""

import numpy as np
from features import YEAR, quantiles
from folds import Plan
from panel import Panel
from samples import Samples, targets

Floats = np.ndarray

NAMES = ("week ago", "rolling quantiles", "linear quantiles", "exponential smoothing")
SMOOTHING = (0.02, 0.05, 0.1, 0.2, 0.4)


def _same_weekdays(panel: Panel, origin: int, plan: Plan, weeks: int) -> list[Floats]:
    """For each target (S, up to `weeks`) sales on the same weekday, the newest first; on closed days none."""
    found = []
    for target in range(origin + 1 + plan.delay, origin + 1 + plan.reach):
        newest = target - panel.season * -(-(target - origin) // panel.season)
        found.append(panel.units[:, np.arange(newest, -1, -panel.season)[:weeks]])
    return found


def week_ago(panel: Panel, origin: int, plan: Plan, levels: list[float]) -> Floats:
    """The newest known value of the same weekday, at every level."""
    past = np.stack([values[:, 0] for values in _same_weekdays(panel, origin, plan, 1)], 1)
    return np.repeat(np.nan_to_num(past)[:, :, None], len(levels), 2)


def rolling(panel: Panel, origin: int, plan: Plan, levels: list[float]) -> Floats:
    """Quantiles of the same weekday over the last year."""
    past = _same_weekdays(panel, origin, plan, YEAR)
    return np.nan_to_num(np.stack([quantiles(values, tuple(levels)).T for values in past], 1))


def smoothed(panel: Panel, origin: int, plan: Plan, levels: list[float]) -> Floats:
    """Exponential smoothing (coreforecast) of sales over their usual size on that weekday.

    The weight of each series is the one that would have forecast best as far ahead as the middle of the horizon;
    quantiles are those of its errors at that distance.
    """
    from coreforecast.exponentially_weighted import exponentially_weighted_mean

    year, ahead = YEAR * panel.season, plan.delay + (plan.horizon + 1) // 2
    first = max(0, origin + 1 - 2 * year)
    sold = np.where(panel.open, panel.units, np.nan)[:, first : origin + 1]
    phase = np.arange(first, origin + 1) % panel.season
    usual = _usual(sold[:, -year:], phase[-year:], panel.season)
    even = np.ascontiguousarray(np.nan_to_num(sold / usual[:, phase], nan=np.nan, posinf=np.nan), np.float32)
    places = np.arange(origin + 1 + plan.delay, origin + 1 + plan.reach) % panel.season
    found = np.zeros((len(sold), plan.horizon, len(levels)))
    for series, values in enumerate(even):
        if np.isnan(values).all():
            continue
        tried = []
        for weight in SMOOTHING:
            start = int(np.flatnonzero(~np.isnan(values))[0])
            level = np.full(len(values), np.nan)
            level[start:] = exponentially_weighted_mean(values[start:], weight, skipna=True)
            errors = (values[ahead:] - level[:-ahead])[-year:]
            errors = errors[~np.isnan(errors)]
            tried.append((np.abs(errors).mean() if len(errors) else np.inf, level[-1], errors))
        _, level, errors = min(tried, key=lambda one: one[0])
        spread = np.quantile(errors, levels) if len(errors) else np.zeros(len(levels))
        found[series] = usual[series, places][:, None] * (level + spread)
    return np.maximum(np.nan_to_num(found), 0)


def _usual(sold: Floats, phase: np.ndarray, season: int) -> Floats:
    """(S, season) mean of each weekday, that of all days where there is none."""
    with np.errstate(invalid="ignore"):
        every = np.nansum(sold, 1) / (~np.isnan(sold)).sum(1)
        each = [np.nansum(sold[:, phase == p], 1) / (~np.isnan(sold[:, phase == p])).sum(1) for p in range(season)]
    found = np.where(np.isnan(each), every, each).T
    return np.where(found > 0, found, np.nan)


def linear(panel: Panel, samples: Samples, origin: int, plan: Plan, levels: list[float], most: int) -> Floats:
    """Linear quantile regression (scikit-learn) on a few features, on at most so many rows of the last year."""
    from sklearn.linear_model import QuantileRegressor

    places = [samples.place(one) for one in range(origin - plan.reach, max(origin - 365, 0), -panel.season)]
    places = [place for place in places if samples.origins[place] + plan.reach <= origin]
    label, design, weight = [], [], []
    for place in places:
        units, counts = targets(panel, int(samples.origins[place]), plan)
        level = np.repeat(samples.level[place][:, None], plan.horizon, 1)
        design.append(_design(samples, place, panel.season)[counts])
        label.append((units / level)[counts])
        weight.append(level[counts])
    features, values, weights = (np.concatenate(parts) for parts in (design, label, weight))
    share = weights / weights.sum()
    drawn = np.random.default_rng(0).choice(len(values), min(most, len(values)), replace=False, p=share)
    place = samples.place(origin)
    wanted = _design(samples, place, panel.season)
    found = []
    for level in levels:
        model = QuantileRegressor(quantile=level, alpha=1e-4, solver="highs").fit(features[drawn], values[drawn])
        found.append(model.predict(wanted.reshape(-1, wanted.shape[-1])).reshape(wanted.shape[:2]))
    together = np.stack(found, -1) * samples.level[place][:, None, None]
    return np.sort(np.maximum(together, 0), axis=-1)


def _design(samples: Samples, place: int, season: int) -> Floats:
    """(S, H, columns): a few features over the level, and one column for each weekday."""
    values, names = samples.values[place], samples.names
    unit = 1.0 if samples.relative else samples.level[place][:, None, None]
    chosen = ["same weekday 4", "same weekday 13", "same weekday 52", "mean of 4", "last year"]
    chosen += [name for name in names if name.startswith("same weekday and ")]
    found = values[:, :, [names.index(name) for name in chosen]] / unit
    found = np.clip(np.where(np.isnan(found), 1.0, found), 0, 10)
    if season == 1:
        return found
    weekday = values[:, :, names.index("weekday")]
    return np.concatenate([found, weekday[:, :, None] == np.arange(1, season)], axis=-1)


def all_at(
    panel: Panel, samples: Samples, origin: int, plan: Plan, levels: list[float], most: int
) -> dict[str, Floats]:
    """Every baseline at one origin; a regression learns from at most so many rows."""
    simple = {"week ago": week_ago, "rolling quantiles": rolling, "exponential smoothing": smoothed}
    found = {name: make(panel, origin, plan, levels) for name, make in simple.items()}
    found["linear quantiles"] = linear(panel, samples, origin, plan, levels, most)
    return {name: found[name].astype(np.float32) for name in NAMES}
