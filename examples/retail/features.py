"""Features of what is forecast, from what is known at the origin. NumPy alone: the same code runs in a service.

`cut` is the only way from a panel to features. What it returns holds sales up to the origin and, of the periods after
it, only what is known ahead: no feature can see what is to be forecast.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from panel import Panel

Floats = np.ndarray
Named = dict[str, Floats]

SEASONS_BACK = 60
YEAR = 52
LEAST_LEVEL = 0.5
SPANS = (1, 2, 4, 8, 13, 26, 52)
SHARES = (0.25, 0.5, 0.75, 0.9, 0.97)


@dataclass(frozen=True)
class Window:
    """What is known at an origin: L periods of the past, up to the origin, and R after it.

    Attributes:
        units: (S, L) sales; NaN where they are not known or the day was closed.
        open: (S, L + R) 1 or 0; NaN beyond the table.
        price: (S, L + R) or None.
        known: (S, L + R) for each column that is known ahead.
        static: (S,) for each.
        flags: Which of `known` hold only 0 and 1.
        dates: (L + R,).
        season: Periods in a week.
        delay: Periods after the origin that are not forecast.
        closes: Whether days can be closed.
    """

    units: Floats
    open: Floats
    price: Floats | None
    known: Named
    static: Named
    flags: tuple[str, ...]
    dates: np.ndarray
    season: int
    delay: int
    closes: bool

    @property
    def past(self) -> int:
        return self.units.shape[1]

    @property
    def targets(self) -> np.ndarray:
        """Places of the periods to forecast."""
        return np.arange(self.past + self.delay, len(self.dates))


def cut(panel: "Panel", origin: int, delay: int, horizon: int) -> Window:
    """The window of a panel at an origin: nothing of the sales after it is in it."""
    past, ahead = SEASONS_BACK * panel.season, delay + horizon
    first, end = origin + 1 - past, origin + 1 + ahead
    sold = np.where(panel.open[:, : origin + 1], panel.units[:, : origin + 1], np.nan)
    step = panel.dates[1] - panel.dates[0]
    return Window(
        units=_span(sold, first, origin + 1),
        open=_span(panel.open, first, end),
        price=None if panel.price is None else _span(panel.price, first, end),
        known={name: _span(values, first, end) for name, values in panel.known.items()},
        static=panel.static,
        flags=panel.flags,
        dates=panel.dates[origin] + step * np.arange(1 - past, ahead + 1),
        season=panel.season,
        delay=delay,
        closes=panel.closes,
    )


def _span(values: np.ndarray, first: int, end: int) -> Floats:
    """Columns from `first` to before `end`, NaN where there are none."""
    rows, columns = values.shape
    found = np.full((rows, end - first), np.nan, np.float32)
    low, high = max(first, 0), min(end, columns)
    found[:, low - first : high - first] = values[:, low:high]
    return found


def build(window: Window, *, relative: bool) -> tuple[Named, Floats]:
    """For each feature (S, H) values, and for each series (S,) its level: the mean of its last open days.

    Args:
        window: What is known.
        relative: Whether features in units are divided by the level, so that series of all sizes are alike.
    """
    means = _means(window.units, [span * window.season for span in SPANS])
    level = _first_known(means["8"], means["26"], means["52"])
    unit = np.maximum(level, LEAST_LEVEL) if relative else np.ones_like(level)
    with np.errstate(all="ignore"):
        by_series = {
            "level": np.log1p(level),
            **{f"mean of {span}": values / unit for span, values in means.items()},
            **_spread(window, unit),
            **_groups(window, means, relative=relative),
            **window.static,
        }
        by_target = {
            **_weekdays(window, unit),
            **_same_conditions(window, unit),
            **_last_year(window, unit),
            **_calendar(window),
            **_ahead(window),
            **_closings(window),
            **_prices(window),
        }
    count = len(window.targets)
    found = {name: np.repeat(values[:, None], count, 1) for name, values in by_series.items()} | by_target
    return {name: values.astype(np.float32) for name, values in found.items()}, np.maximum(level, LEAST_LEVEL)


def matrix(window: Window, *, relative: bool) -> tuple[Floats, Floats, tuple[str, ...]]:
    """Features as (S, H, F), levels as (S,), and the names of the features."""
    found, level = build(window, relative=relative)
    return np.stack(list(found.values()), -1), level.astype(np.float32), tuple(found)


def _first_known(*choices: Floats) -> Floats:
    found = choices[0]
    for other in choices[1:]:
        found = np.where(np.isnan(found), other, found)
    return np.nan_to_num(found)


def _means(units: Floats, lengths: list[int]) -> Named:
    """Mean of the last periods that are known, for each length, named by its number of weeks."""
    sums = np.nancumsum(units[:, ::-1].astype(np.float64), axis=1)
    counts = np.cumsum(~np.isnan(units[:, ::-1]), axis=1)
    with np.errstate(all="ignore"):
        return {
            str(span): (sums[:, length - 1] / counts[:, length - 1])
            for span, length in zip(SPANS, lengths, strict=True)
        }


def quantiles(values: Floats, levels: tuple[float, ...]) -> Floats:
    """(number of levels, S) linear quantiles of each row of (S, n), NaN left out; NaN where all are."""
    ordered = np.sort(values, axis=1)
    last = (~np.isnan(values)).sum(axis=1) - 1
    place = np.asarray(levels)[:, None] * np.maximum(last, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(last, 0))
    rows = np.arange(len(values))
    return np.asarray(ordered[rows, low] * (1 - (place - low)) + ordered[rows, high] * (place - low))


def _mean(values: Floats) -> Floats:
    return np.nansum(values, axis=1) / (~np.isnan(values)).sum(axis=1)


def _spread(window: Window, unit: Floats) -> Named:
    units, season = window.units, window.season
    quarter = units[:, -13 * season :]
    centre = _mean(quarter)
    sold = np.where(units > 0, np.arange(window.past), -1).max(axis=1)
    found = {
        "spread": np.sqrt(_mean((quarter - centre[:, None]) ** 2)) / unit,
        "share of zeros": _mean(np.where(np.isnan(quarter), np.nan, quarter == 0)),
        "periods since a sale": np.float32(window.past - 1) - sold,
        "periods known": (~np.isnan(units)).sum(axis=1),
    }
    for span in (4, 13, 52):
        rows = quantiles(units[:, -span * season :], SHARES) / unit
        found |= {f"quantile {share:g} of {span}": row for share, row in zip(SHARES, rows, strict=True)}
    return found


def _groups(window: Window, means: Named, *, relative: bool) -> Named:
    """How the series with the same static value went: what one series alone is too sparse to show."""
    found = {}
    for name, codes in window.static.items():
        _, places = np.unique(codes, return_inverse=True)
        sums = {span: np.bincount(places, np.nan_to_num(means[span])) for span in ("4", "26")}
        found[f"trend of {name}"] = (sums["4"] / sums["26"])[places]
        if not relative:
            found[f"mean of {name}"] = (sums["4"] / np.bincount(places))[places]
    return found


def _same_weekday(window: Window, target: int, count: int) -> np.ndarray:
    """Places of the last periods at the same place in the week, the newest first."""
    newest = target - window.season * -(-(target - window.past + 1) // window.season)
    return np.arange(newest, -1, -window.season)[:count]


def _weekdays(window: Window, unit: Floats) -> Named:
    targets = window.targets
    found: Named = {}
    for place in range(min(window.season, len(targets))):
        past = window.units[:, _same_weekday(window, targets[place], YEAR)]
        low, middle, high = quantiles(past, (0.1, 0.5, 0.9))
        parts = {"last": past[:, 0], "4": _mean(past[:, :4]), "13": _mean(past[:, :13]), "52": _mean(past)}
        parts |= {"low": low, "middle": middle, "high": high}
        for name, values in parts.items():
            grid = found.setdefault(f"same weekday {name}", np.empty((len(past), len(targets))))
            grid[:, place :: window.season] = (values / unit)[:, None]
    return found


def _same_conditions(window: Window, unit: Floats) -> Named:
    """Sales on the same weekday when a flag, such as a promotion, was as it will be."""
    found: Named = {}
    half = slice(window.past - 26 * window.season, window.past)
    for name in window.flags:
        flag, units = window.known[name], window.units
        columns = []
        for target in window.targets:
            past = _same_weekday(window, target, 39)
            columns.append(_mean(np.where(flag[:, past] == flag[:, [target]], units[:, past], np.nan)) / unit)
        found[f"same weekday and {name}"] = np.stack(columns, 1)
        on, off = (_mean(np.where(flag[:, half] == value, units[:, half], np.nan)) for value in (1, 0))
        found[f"uplift of {name}"] = np.repeat((on / off)[:, None], len(window.targets), 1)
    return found


def _last_year(window: Window, unit: Floats) -> Named:
    """Sales a year before, over the level that the series had then, times its level now when features are in units."""
    year, near = YEAR * window.season, window.season // 2
    units, level = window.units, _mean(window.units[:, -8 * window.season :])
    then = np.maximum(_mean(units[:, : window.past - year]), LEAST_LEVEL)
    scale = level / (then * unit)
    day, week = [], []
    for target in window.targets - year:
        day.append(units[:, target] * scale)
        week.append(_mean(units[:, target - near : min(target + near + 1, window.past)]) * scale)
    return {"last year": np.stack(day, 1), "last year's week": np.stack(week, 1)}


def _calendar(window: Window) -> Named:
    dates = window.dates[window.targets].astype("datetime64[D]")
    month = dates.astype("datetime64[M]")
    parts = {
        "weekday": (dates.astype(np.int64) + 3) % 7,
        "day of month": (dates - month).astype(np.int64) + 1,
        "days to month's end": ((month + 1).astype("datetime64[D]") - dates).astype(np.int64),
        "month": month.astype(np.int64) % 12 + 1,
        "day of year": (dates - dates.astype("datetime64[Y]")).astype(np.int64) + 1,
        "periods ahead": window.targets - window.past + 1,
    }
    parts = parts if window.season > 1 else {name: parts[name] for name in ("month", "day of year", "periods ahead")}
    return {name: np.repeat(values[None], len(window.units), 0) for name, values in parts.items()}


def _ahead(window: Window) -> Named:
    known = {**window.known, **({"open": window.open} if window.closes else {})}
    found: Named = {}
    for name, values in known.items():
        for shift in (-2, -1, 0, 1, 2):
            if (name, shift) != ("open", 0) and (abs(shift) < 2 or name == "open"):
                label = name if shift == 0 else f"{name} {shift:+d}"
                found[label] = _shifted(values, window.targets + shift)
    week = np.arange(-window.season + 1, 1)
    for name in window.flags:
        runs = [np.nansum(window.known[name][:, target + week], axis=1) for target in window.targets]
        found[f"{name} in the week before"] = np.stack(runs, 1)
    return found


def _closings(window: Window) -> Named:
    """Days that are closed though that weekday is usually open, such as holidays: sales move to the days around."""
    if not window.closes:
        return {}
    season, past, opened = window.season, window.past, np.nan_to_num(window.open)
    phase = np.arange(opened.shape[1]) % season
    usual = np.stack([_mean(window.open[:, :past][:, phase[:past] == place][:, -YEAR:]) for place in range(season)], 1)
    closed = np.nan_to_num(usual)[:, phase] - opened
    every = np.broadcast_to(closed.mean(axis=0), closed.shape)
    found: Named = {}
    for shift in (-2, -1, 0, 1, 2):
        for name, values in {"unusual closing": closed, "unusual closing of all": every}.items():
            if (name, shift) != ("unusual closing", 0):
                found[f"{name} {shift:+d}"] = _shifted(values, window.targets + shift)
    days = np.arange(1, season + 1)
    after, before = (np.stack([_shifted(closed, window.targets + sign * day) for day in days]) for sign in (1, -1))
    found["days to a closing"] = _first_above(after)
    found["days since a closing"] = _first_above(before)
    near = np.arange(-(season // 2), season // 2 + 1)
    found["open days around"] = np.nansum([_shifted(window.open, window.targets + shift) for shift in near], axis=0)
    return found


def _first_above(values: Floats) -> Floats:
    """How many steps it takes until a value is above a half; one more than there are where none is."""
    above = np.nan_to_num(values) > 0.5
    return np.where(above.any(axis=0), above.argmax(axis=0) + 1, len(values) + 1)


def _shifted(values: Floats, places: np.ndarray) -> Floats:
    found = values[:, np.minimum(places, values.shape[1] - 1)]
    return np.where(places < values.shape[1], found, np.nan)


def _prices(window: Window) -> Named:
    if window.price is None:
        return {}
    past, ahead = window.price[:, : window.past], window.price[:, window.targets]
    usual = _mean(past[:, -26 * window.season :])
    return {
        "price": np.log(ahead),
        "price over usual": ahead / usual[:, None],
        "price over last": ahead / past[:, [-1]],
    }


def usual(window: Window, levels: tuple[float, ...]) -> Floats:
    """(S, H, Q) quantiles of the last year's sales on the same weekday, open days: where models may start from."""
    found = [quantiles(window.units[:, _same_weekday(window, target, YEAR)], levels).T for target in window.targets]
    return np.nan_to_num(np.stack(found, 1)).astype(np.float32)
