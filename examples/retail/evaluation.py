"""How good forecasts are: losses, calibration, bias and cost on the test periods of folds, with paired intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from folds import Fold
from panel import Panel

from mainspring import stats

Floats = np.ndarray
Answer = float | str

DEFAULT = "model"
TOLERANCES = ((0.02, 0.01), (0.94, 0.03), (0.98, 0.02), (1.0, 0.01))


@dataclass(frozen=True)
class Costs:
    """What one unit costs; None where nobody said so, and then nothing that needs it is reported."""

    over: float | None = None
    under: float | None = None


@dataclass(frozen=True)
class Scored:
    """N rows, one for each fold, series and target of which the sales are known.

    Attributes:
        levels: Levels of the Q quantiles.
        actual: (N,) what was sold.
        open: (N,) whether the series could be sold: these rows are scored, the others are shown beside them.
        series: (N,) places in the panel.
        period: (N,) places in the panel.
        fold: (N,) places in the list of folds.
        forecast: For each method (N, Q) quantiles.
    """

    levels: tuple[float, ...]
    actual: Floats
    open: np.ndarray
    series: np.ndarray
    period: np.ndarray
    fold: np.ndarray
    forecast: dict[str, Floats]

    @property
    def methods(self) -> list[str]:
        return list(self.forecast)

    @property
    def baselines(self) -> list[str]:
        return [name for name in self.forecast if name != DEFAULT]

    def only(self, keep: np.ndarray) -> "Scored":
        parts = {name: values[keep] for name, values in self.forecast.items()}
        rows = [values[keep] for values in (self.actual, self.open, self.series, self.period, self.fold)]
        return Scored(self.levels, *rows, parts)

    def losses(self, method: str) -> Floats:
        """(N, Q) pinball losses in units."""
        return stats.pinball_losses(self.actual, self.forecast[method], self.levels)


def collect(
    panel: Panel, folds: Sequence[Fold], found: Sequence[Mapping[str, Floats]], levels: Sequence[float]
) -> Scored:
    """Forecasts (S, H, Q) of each method in each fold, as rows."""
    actual = np.stack([panel.units[:, fold.start : fold.end] for fold in folds])
    known = ~np.isnan(actual)
    opened = np.stack([panel.open[:, fold.start : fold.end] for fold in folds])
    fold, series, ahead = np.nonzero(known)
    start = np.array([fold.start for fold in folds])
    forecast = {name: np.stack([one[name] for one in found])[known].astype(np.float64) for name in found[0]}
    period = start[fold] + ahead
    return Scored(tuple(levels), actual[known].astype(np.float64), opened[known], series, period, fold, forecast)


def scoreboard(scored: Scored, panel: Panel, first_origin: int) -> list[dict[str, Answer]]:
    """For each method its figures on open days, and its loss on all days."""
    here = scored.only(scored.open)
    scales = _scales(panel, first_origin)
    price = None if panel.price is None else panel.price[here.series, here.period]
    middle = int(np.abs(np.asarray(scored.levels) - 0.5).argmin())
    rows = []
    for name in scored.methods:
        losses, forecast = here.losses(name), here.forecast[name]
        scaled = stats.scaled_pinball(losses, here.series, scales)
        weighted = stats.weighted_pinball(here.actual, forecast, here.levels, price)
        errors = stats.point_errors(here.actual, forecast[:, middle])
        rows.append(
            {
                "method": name,
                "pinball": float(losses.mean()),
                "pinball, all days": float(scored.losses(name).mean()),
                "pinball, scaled": _answer(scaled, lambda found: float(np.mean(found.values))),
                "pinball, weighted by price": _answer(weighted, lambda found: float(np.mean(found))),
                "bias of the median": _answer(errors, lambda found: found.bias),
                "MAE": _answer(errors, lambda found: found.mae),
                "RMSE": _answer(errors, lambda found: found.rmse),
                "WAPE": _answer(errors, lambda found: _answer(found.wape, float)),
            }
        )
    return rows


def _answer(found, number) -> Answer:
    return "not applicable" if isinstance(found, stats.NotApplicable) else number(found)


def stock(scored: Scored, costs: Costs) -> list[dict[str, Answer]]:
    """For each method what is left over and what is missing, on open days."""
    here = scored.only(scored.open)
    return [{"method": name, **_stock(here, name, costs)} for name in here.methods]


def _stock(here: Scored, name: str, costs: Costs) -> dict[str, Answer]:
    """Of stocking the quantile that the two costs ask for, or the highest below 1 where nobody said what they are."""
    wanted = 0.95 if costs.over is None or costs.under is None else costs.under / (costs.under + costs.over)
    place = int(np.abs(np.asarray(here.levels) - wanted).argmin())
    found = stats.stock_cost(here.actual, here.forecast[name][:, place], over=costs.over, under=costs.under)
    return {
        "stocked at": here.levels[place],
        "units left over, a day": found.over_units / found.rows,
        "units missing, a day": found.under_units / found.rows,
        "cost of overstock": _answer(found.over_cost, float),
        "cost of out-of-stock": _answer(found.under_cost, float),
        "cost": _answer(found.total, float),
    }


def _scales(panel: Panel, first_origin: int) -> stats.NaiveScales:
    """What scaled losses are divided by: from the time before the first fold, on open days."""
    history = np.where(panel.open, panel.units, np.nan)[:, : first_origin + 1]
    series, places = np.nonzero(~np.isnan(history))
    return stats.naive_scales(history[series, places], series)


def by_level(scored: Scored) -> list[dict[str, Answer]]:
    """For each method its loss at each level, on open days."""
    here = scored.only(scored.open)
    return [
        {"method": name, **{f"{level:g}": float(loss) for level, loss in zip(here.levels, row, strict=True)}}
        for name in here.methods
        for row in [here.losses(name).mean(axis=0)]
    ]


def clusters(scored: Scored, panel: Panel) -> stats.Clusters:
    """A block for each series and calendar week: a date is drawn with all folds that it is in."""
    return stats.series_weeks(scored.series, panel.dates[scored.period])


def crossed(scored: Scored, panel: Panel) -> stats.Clusters:
    """Series and calendar weeks drawn apart: wider intervals, which allow for what all series of a week share."""
    return stats.crossed_weeks(scored.series, panel.dates[scored.period])


def differences(scored: Scored, panel: Panel, *, of: str = DEFAULT) -> list[dict[str, Answer]]:
    """Mean loss of a method less that of each other one, and their ratio, with paired 95 % intervals on open days."""
    here = scored.only(scored.open)
    drawn, apart = clusters(here, panel), crossed(here, panel)
    mine = here.losses(of).mean(axis=1)
    rows = []
    for name in here.methods:
        if name == of:
            continue
        theirs = here.losses(name).mean(axis=1)
        less = stats.paired_bootstrap(mine - theirs, drawn)
        ratio = stats.ratio_interval(mine, theirs, drawn)
        row = {"against": name, **_interval("difference", less), **_interval("ratio", ratio)}
        rows.append(row | _interval("weeks apart", stats.ratio_interval(mine, theirs, apart), middle=False))
    return rows


def ratios(
    scored: Scored, panel: Panel, *, of: str = DEFAULT, among: Sequence[str] | None = None
) -> list[dict[str, Answer]]:
    """At each level the loss of a method over that of the best of others, with its interval, on open days.

    `among` says which others; without it all of them.
    """
    here = scored.only(scored.open)
    drawn, apart = clusters(here, panel), crossed(here, panel)
    mine = here.losses(of)
    others = {name: here.losses(name) for name in among or here.methods if name != of}
    rows = []
    for place, level in enumerate(here.levels):
        best = min(others, key=lambda name: others[name][:, place].mean())
        pair = mine[:, place], others[best][:, place]
        row = {"level": level, "best baseline": best, **_interval("ratio", stats.ratio_interval(*pair, drawn))}
        rows.append(row | _interval("weeks apart", stats.ratio_interval(*pair, apart), middle=False))
    return rows


def _interval(name: str, found, *, middle: bool = True) -> dict[str, Answer]:
    lacking = isinstance(found, stats.NotApplicable)
    low, estimate, high = ("not applicable",) * 3 if lacking else (found.low, found.estimate, found.high)
    return ({name: estimate} if middle else {}) | {f"{name}, low": low, f"{name}, high": high}


def tolerance(level: float) -> float:
    """How far coverage may be off: 0.01 in the tails, 0.02 near them, 0.03 between."""
    return next(allowed for limit, allowed in TOLERANCES if level < limit)


def coverage(scored: Scored, *, of: str = DEFAULT) -> list[dict[str, Answer]]:
    """For each level the shares of open days below the quantile and at most at it, and whether it lies between."""
    here = scored.only(scored.open)
    return [
        {
            "level": found.level,
            "P(y < q)": found.below,
            "P(y <= q)": found.at_most,
            "tolerance": tolerance(found.level),
            "calibrated": found.within(tolerance(found.level)),
        }
        for found in stats.coverage(here.actual, here.forecast[of], here.levels)
    ]


def columns(scored: Scored, panel: Panel, folds: Sequence[Fold]) -> dict[str, np.ndarray]:
    """What rows are divided by to see where a forecast is bad."""
    found = {
        name: _labels(panel, name)[values[scored.series].astype(int)]
        if name in panel.labels
        else _text(values[scored.series])
        for name, values in panel.static.items()
        if len(np.unique(values)) <= 30
    }
    if panel.season > 1:
        days = np.array(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])
        found["weekday"] = days[(panel.dates[scored.period].astype("datetime64[D]").astype(np.int64) + 3) % 7]
    for name in panel.flags:
        found[name] = np.where(panel.known[name][scored.series, scored.period] > 0, "yes", "no")
    if panel.price is not None:
        found["price"] = panel.price[scored.series, scored.period]
    started = np.argmax(panel.open & ~np.isnan(panel.units), axis=1)
    years = (scored.period - started[scored.series]) // (52 * panel.season)
    found["years of history"] = np.where(years >= 3, "3 or more", years.astype(str))
    before = np.where(panel.open, panel.units, np.nan)[:, : folds[0].origin + 1]
    with np.errstate(invalid="ignore"):
        sold = np.nansum(before, axis=1) / (~np.isnan(before)).sum(axis=1)
    found["mean sales"] = sold[scored.series]
    found["days ahead" if panel.season > 1 else "weeks ahead"] = ahead(scored, folds)
    return found


def ahead(scored: Scored, folds: Sequence[Fold]) -> np.ndarray:
    """How many periods after the origin of its fold each row lies."""
    return scored.period - np.array([fold.origin for fold in folds])[scored.fold]


def _labels(panel: Panel, name: str) -> np.ndarray:
    return np.array([*panel.labels[name], "none"])


def _text(values: Floats) -> np.ndarray:
    return np.array([f"{value:g}" for value in values])
