"""Features of what is forecast, from what is known at the origin: the same code in training, tests and a package.

A `Window` holds sales up to the origin and, of the periods after it, only what is known ahead: no feature can see what
is to be forecast. `Features` is the stage that makes them from raw rows. This module imports NumPy and the standard
library alone, and becomes part of the package.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

Floats = np.ndarray
Named = dict[str, Floats]

SEASONS_BACK = 60
YEAR = 52
LEAST_LEVEL = 0.5
LEAST_OF_YEAR = 0.5
SPANS = (1, 2, 4, 8, 13, 26, 52)
GROUP_SPANS = (4, 26)
SHARES = (0.25, 0.5, 0.75, 0.9, 0.97)
SMOOTHING = 0.1


@dataclass(frozen=True)
class Window:
    """What is known at an origin of each of S series: L periods of the past, up to the origin, and R after it.

    Attributes:
        origin: (S,) date of the last period that is known.
        units: (S, L) sales; NaN where they are not known or the day was closed.
        open: (S, L + R) 1 or 0; NaN beyond the table.
        price: (S, L + R) or None.
        known: (S, L + R) for each column that is known ahead.
        static: (S,) for each.
        groups: For each static column (S, 2) mean sales of all series with the same value, over `GROUP_SPANS` weeks.
        closings: (S, L + R) how unusual it is, over all series, that a day is closed; None where no day ever is.
        flags: Which of `known` hold only 0 and 1.
        season: Periods in a week.
        days: Days in a period.
        delay: Periods after the origin that are not forecast.
    """

    origin: np.ndarray
    units: Floats
    open: Floats
    price: Floats | None
    known: Named
    static: Named
    groups: Named
    closings: Floats | None
    flags: tuple[str, ...]
    season: int
    days: int
    delay: int

    @property
    def past(self) -> int:
        return self.units.shape[1]

    @property
    def targets(self) -> np.ndarray:
        """Places of the periods to forecast."""
        return np.arange(self.past + self.delay, self.open.shape[1])

    @property
    def dates(self) -> np.ndarray:
        """(S, H) dates of the periods to forecast."""
        ahead = (self.targets - self.past + 1) * self.days
        return self.origin.astype("datetime64[D]")[:, None] + ahead


def build(window: Window, *, relative: bool) -> tuple[Named, Floats]:
    """For each feature (S, H) values, and for each series (S,) its level: the mean of the open days of eight weeks.

    A product that was not delivered for weeks comes back as large as it was: no level is below half the year's mean.

    Args:
        window: What is known.
        relative: Whether features in units are divided by the level, so that series of all sizes are alike.
    """
    means = recent_means(window.units, SPANS, window.season)
    recent = _first_known(means["8"], means["26"], means["52"])
    level = np.maximum(recent, LEAST_OF_YEAR * np.nan_to_num(means["52"]))
    unit = np.maximum(level, LEAST_LEVEL) if relative else np.ones_like(level)
    with np.errstate(all="ignore"):
        by_series = {
            "level": np.log1p(level),
            **{f"mean of {span}": values / unit for span, values in means.items()},
            **_spread(window, unit),
            **_groups(window, relative=relative),
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


def matrices(window: Window, scales: tuple[bool, ...]) -> tuple[list[Floats], Floats, list[tuple[str, ...]]]:
    """For each scale, over the level or not, features (S, H, F) and their names; and levels as (S,)."""
    found = [matrix(window, relative=relative) for relative in scales]
    return [values for values, _, _ in found], found[0][1], [names for _, _, names in found]


def _first_known(*choices: Floats) -> Floats:
    found = choices[0]
    for other in choices[1:]:
        found = np.where(np.isnan(found), other, found)
    return np.nan_to_num(found)


def recent_means(units: Floats, spans: tuple[int, ...], season: int) -> Named:
    """Mean of the last periods that are known, for each number of weeks."""
    sums = np.nancumsum(units[:, ::-1].astype(np.float64), axis=1)
    counts = np.cumsum(~np.isnan(units[:, ::-1]), axis=1)
    with np.errstate(all="ignore"):
        return {str(span): sums[:, span * season - 1] / counts[:, span * season - 1] for span in spans}


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


def _groups(window: Window, *, relative: bool) -> Named:
    """How the series with the same static value went: what one series alone is too sparse to show."""
    found = {}
    for name, means in window.groups.items():
        found[f"trend of {name}"] = means[:, 0] / means[:, 1]
        if not relative:
            found[f"mean of {name}"] = means[:, 0]
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
    dates = window.dates
    month = dates.astype("datetime64[M]")
    parts = {
        "weekday": (dates.astype(np.int64) + 3) % 7,
        "day of month": (dates - month).astype(np.int64) + 1,
        "days to month's end": ((month + 1).astype("datetime64[D]") - dates).astype(np.int64),
        "month": month.astype(np.int64) % 12 + 1,
        "day of year": (dates - dates.astype("datetime64[Y]")).astype(np.int64) + 1,
        "periods ahead": np.broadcast_to(window.targets - window.past + 1, dates.shape),
    }
    return parts if window.season > 1 else {name: parts[name] for name in ("month", "day of year", "periods ahead")}


def _ahead(window: Window) -> Named:
    known = {**window.known, **({} if window.closings is None else {"open": window.open})}
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


def unusual_closings(open_: Floats, past: int, season: int) -> Floats:
    """(S, L + R) how usual it was that a series is open on that weekday, less whether it is: 1 on a holiday."""
    phase = np.arange(open_.shape[1]) % season
    known = open_[:, :past]
    with np.errstate(invalid="ignore"):
        usual = np.stack([_mean(known[:, phase[:past] == place][:, -YEAR:]) for place in range(season)], 1)
    return np.asarray(np.nan_to_num(usual)[:, phase] - np.nan_to_num(open_))


def _closings(window: Window) -> Named:
    """Days that are closed though that weekday is usually open, such as holidays: sales move to the days around."""
    if window.closings is None:
        return {}
    season = window.season
    closed = unusual_closings(window.open, window.past, season)
    found: Named = {}
    for shift in (-2, -1, 0, 1, 2):
        for name, values in {"unusual closing": closed, "unusual closing of all": window.closings}.items():
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


def smoothed(window: Window, levels: tuple[float, ...]) -> Floats:
    """(S, Q) a level and quantiles of its errors: what one series alone says, however long ago it sold; NaN if nothing.

    The level is the exponentially weighted mean of all that is known; its errors are those of a year, of periods as far
    after the level as the middle of what is to be forecast.
    """
    units, ahead = window.units, int(np.median(window.targets)) - window.past + 1
    weight = np.where(np.isnan(units), 0.0, (1 - SMOOTHING) ** -np.arange(window.past, dtype=np.float64))
    with np.errstate(invalid="ignore"):
        level = np.cumsum(np.nan_to_num(units) * weight, axis=1) / np.cumsum(weight, axis=1)
    errors = units[:, ahead:] - level[:, :-ahead]
    found = level[:, -1:] + quantiles(errors[:, -YEAR * window.season :], levels).T
    return np.maximum(found, 0).astype(np.float32)


@dataclass(frozen=True)
class Features:
    """The stage that makes features of raw rows: a row is one series and one period to forecast.

    Rows of one series and origin that follow each other share their window, which is worked out once.

    Attributes:
        known: Columns that are known ahead.
        flags: Which of them hold only 0 and 1.
        static: Columns that do not change within a series.
        labels: Texts that are numbers to the models, by their places, for each static column of texts.
        priced: Whether there is a price.
        closes: Whether days can be closed.
        season: Periods in a week.
        days: Days in a period.
        delay: Periods after the origin that are not forecast.
        scales: Of each matrix of features whether those in units are divided by the level of the series.
        levels: Levels of the usual and the smoothed quantiles.
        names: Names of the features of the first matrix.
    """

    known: tuple[str, ...]
    flags: tuple[str, ...]
    static: tuple[str, ...]
    labels: dict[str, tuple[str, ...]]
    priced: bool
    closes: bool
    season: int
    days: int
    delay: int
    scales: tuple[bool, ...]
    levels: tuple[float, ...]
    names: tuple[str, ...]

    def transform(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Features of each row, a matrix a scale; its level; (rows, Q) usual and smoothed quantiles; is it open."""
        coded = {name: self._coded(name, values) for name, values in columns.items()}
        # Texts that are no numbers to the models say which series it is, and no feature is made of them.
        starts = _starts([one for name, one in coded.items() if name != "ahead" and one.dtype.kind != "O"])
        window = self._window({name: values[starts] for name, values in coded.items()})
        values, level, names = matrices(window, self.scales)
        if names[0] != self.names:
            other = {*names[0]} ^ {*self.names}
            raise ValueError(f"The rows give other features than the models know: {sorted(other)}")
        which, place = np.cumsum(starts) - 1, coded["ahead"] - self.delay - 1
        made = {features_name(scale): one[which, place].astype(np.float64) for scale, one in enumerate(values)}
        return made | {
            "level": level[which].astype(np.float64),
            "usual": usual(window, self.levels)[which, place].astype(np.float64),
            "smoothed": smoothed(window, self.levels)[which].astype(np.float64),
            "is open": (window.open[:, window.targets] > 0)[which, place],
        }

    def _coded(self, name: str, values: np.ndarray) -> np.ndarray:
        if name not in self.labels:
            return values
        places = {label: place for place, label in enumerate(self.labels[name])}
        return np.array([places.get(text, -1) for text in values.tolist()], np.float64)

    def _window(self, rows: Mapping[str, np.ndarray]) -> Window:
        def floats(name: str) -> Floats:
            return rows[name].astype(np.float64)

        return Window(
            origin=rows["origin"],
            units=floats("units"),
            open=floats("open"),
            price=floats("price") if self.priced else None,
            known={name: floats(name) for name in self.known},
            static={name: floats(name) for name in self.static},
            groups={name: floats(group_name(name)) for name in self.static},
            closings=floats("closings of all") if self.closes else None,
            flags=self.flags,
            season=self.season,
            days=self.days,
            delay=self.delay,
        )

    def state(self) -> dict[str, Any]:
        """Return all that it was made of."""
        state = asdict(self)
        labels = {name: list(texts) for name, texts in self.labels.items()}
        return {name: list(part) if isinstance(part, tuple) else part for name, part in state.items()} | {
            "labels": labels
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the stage of a state."""
        labels = {name: tuple(texts) for name, texts in state["labels"].items()}
        lists = {name: tuple(part) for name, part in state.items() if isinstance(part, list)}
        return cls(**(state | lists | {"labels": labels}))


def features_name(scale: int) -> str:
    """The column of the features of a scale."""
    return "features in units" if scale else "features"


def group_name(column: str) -> str:
    """The raw column that holds how the series with the same value of a static column went."""
    return f"sales by {column}"


def _starts(columns: list[np.ndarray]) -> np.ndarray:
    """Where a row differs from the one before it in any column."""
    changed = np.zeros(len(columns[0]), bool)
    changed[:1] = True
    for values in columns:
        plain = np.ascontiguousarray(values if values.ndim > 1 else values[:, None])
        # Bytes, so that NaN equals itself; a package of the same rows then shares the same windows.
        bits = plain.view(np.uint8)
        changed[1:] |= (bits[1:] != bits[:-1]).any(axis=1)
    return changed
