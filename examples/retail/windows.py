"""From the panel to what is known at an origin: as a window for training, and as raw rows, as a package takes them."""

import numpy as np
from features import (
    GROUP_SPANS,
    SEASONS_BACK,
    Features,
    Floats,
    Named,
    Window,
    group_name,
    matrix,
    recent_means,
    unusual_closings,
)
from folds import Plan
from panel import Panel

from mainspring.package import Field, Policy, Signature

UNKNOWN = Policy(null="keep", nan="keep")
NEW = Policy(null="keep", unknown="null")


def cut(panel: Panel, origin: int, delay: int, horizon: int) -> Window:
    """The window of a panel at an origin: nothing of the sales after it is in it."""
    past, ahead = SEASONS_BACK * panel.season, delay + horizon
    first, end = origin + 1 - past, origin + 1 + ahead
    sold = np.where(panel.open[:, : origin + 1], panel.units[:, : origin + 1], np.nan)
    units, opened = _span(sold, first, origin + 1), _span(panel.open, first, end)
    closings = None
    if panel.closes:
        every = unusual_closings(opened, past, panel.season).mean(axis=0)
        # As a package gets it, whose raw columns are float32.
        closings = np.broadcast_to(every.astype(np.float32).astype(np.float64), opened.shape)
    return Window(
        origin=np.full(len(units), panel.dates[origin], "datetime64[D]"),
        units=units,
        open=opened,
        price=None if panel.price is None else _span(panel.price, first, end),
        known={name: _span(values, first, end) for name, values in panel.known.items()},
        static={name: values.astype(np.float64) for name, values in panel.static.items()},
        groups=_groups(panel, units),
        closings=closings,
        flags=panel.flags,
        season=panel.season,
        days=days_of(panel),
        delay=delay,
    )


def days_of(panel: Panel) -> int:
    """Days in a period."""
    return int((panel.dates[1] - panel.dates[0]).astype("timedelta64[D]").astype(int))


def _groups(panel: Panel, units: Floats) -> Named:
    means = recent_means(units, GROUP_SPANS, panel.season)
    found = {}
    for name, codes in panel.static.items():
        _, places = np.unique(codes, return_inverse=True)
        sums = [np.bincount(places, np.nan_to_num(means[str(span)])) / np.bincount(places) for span in GROUP_SPANS]
        found[name] = np.stack(sums, 1)[places].astype(np.float32).astype(np.float64)
    return found


def _span(values: np.ndarray, first: int, end: int) -> Floats:
    """Columns from `first` to before `end`, NaN where there are none."""
    rows, columns = values.shape
    found = np.full((rows, end - first), np.nan)
    low, high = max(first, 0), min(end, columns)
    found[:, low - first : high - first] = values[:, low:high]
    return found


def stage(panel: Panel, plan: Plan, levels: tuple[float, ...], scales: tuple[bool, ...]) -> Features:
    """The stage that makes the features of a panel from raw rows."""
    window = cut(panel, panel.periods - plan.reach - 1, plan.delay, plan.horizon)
    return Features(
        known=tuple(panel.known),
        flags=panel.flags,
        static=tuple(panel.static),
        labels={name: panel.labels[name] for name in panel.static if name in panel.labels},
        priced=panel.price is not None,
        closes=panel.closes,
        season=panel.season,
        days=days_of(panel),
        delay=plan.delay,
        scales=scales,
        levels=levels,
        names=matrix(window, relative=scales[0])[2],
    )


def signature(panel: Panel, plan: Plan, unit: str) -> Signature:
    """The raw columns: one row is one series and one period to forecast; what is known of days comes as vectors."""
    past = SEASONS_BACK * panel.season
    span = past + plan.reach
    length = "weeks" if panel.season == 1 else "days"
    fields = [
        *(Field(name, "string", policy=UNKNOWN) for name in panel.keys if name not in panel.static),
        Field("origin", "date"),
        Field("ahead", "int32", unit=length, minimum=plan.delay + 1, maximum=plan.reach),
        Field("units", "float32", (past,), unit, policy=UNKNOWN),
        Field("open", "float32", (span,), minimum=0, maximum=1, policy=UNKNOWN),
    ]
    if panel.price is not None:
        fields.append(Field("price", "float32", (span,), minimum=0, policy=UNKNOWN))
    if panel.closes:
        fields.append(Field("closings of all", "float32", (span,), minimum=-1, maximum=1))
    fields += [Field(name, "float32", (span,), policy=UNKNOWN) for name in panel.known]
    for name in panel.static:
        if name in panel.labels:
            fields.append(Field(name, "string", categories=panel.labels[name], policy=NEW))
        else:
            fields.append(Field(name, policy=UNKNOWN))
        fields.append(Field(group_name(name), "float32", (len(GROUP_SPANS),), unit))
    return Signature(tuple(fields))


def raw_rows(panel: Panel, origin: int, plan: Plan) -> dict[str, np.ndarray]:
    """Every series and every period to forecast at an origin, series by series, as a package takes them."""
    window = cut(panel, origin, plan.delay, plan.horizon)
    columns: dict[str, np.ndarray] = {
        "origin": window.origin,
        "units": window.units,
        "open": window.open,
        **({} if window.price is None else {"price": window.price}),
        **({} if window.closings is None else {"closings of all": window.closings}),
        **window.known,
        **{group_name(name): values for name, values in window.groups.items()},
    }
    plain = {name: values.astype(np.float32) if values.ndim > 1 else values for name, values in columns.items()}
    plain |= {name: np.array(values, object) for name, values in panel.keys.items() if name not in panel.static}
    for name, values in window.static.items():
        plain[name] = _texts(panel.labels[name], values) if name in panel.labels else values
    rows = {name: np.repeat(values, plan.horizon, axis=0) for name, values in plain.items()}
    ahead = np.arange(plan.delay + 1, plan.reach + 1, dtype=np.int32)
    return rows | {"ahead": np.tile(ahead, len(window.units))}


def _texts(labels: tuple[str, ...], codes: Floats) -> np.ndarray:
    return np.array([*labels, None], object)[codes.astype(int)]
