"""The errors of a simple forecast on real tables, followed window by window: what labels that come later are good for.

The forecast of a day is the mean of the last four days of the same weekday, and where it is known ahead of the same
promotion, of the same store or product in a store.
"""

import datetime

import numpy as np
import polars as pl
from tables import Case, window_of

from mainspring.monitoring import Quality, Window, fit_errors

_EPOCH = datetime.date(1970, 1, 1)
_BEFORE = 56  # days that the first forecasts need
_LOOK = 28
_MOMENTS = 12
_MONTH = 30
FACTORS = (1.1, 1.2, 1.4)


def told(case: Case) -> dict:
    """Alarms where nothing was planted, and what is found of a level that changes for 28 days."""
    rows = _rows(case)
    reference = _qualities(case, rows)
    fitted = fit_errors(reference[_BEFORE : case.reference], month=_MONTH)
    live = reference[case.reference :]
    alarms = _alarms(fitted, live)
    found = {"alarms": [str(_date(live[place].window)) for place in alarms], "planted": []}
    covered = {
        kind: [str(_date(live[place].window)) for place in alarms if _near(case, record.days, place)]
        for kind, record in case.table.records.items()
        if record.days
    }
    found["records"] = covered
    days = [one.days for one in case.table.records.values() if one.days]
    found["chance"] = float(np.mean([any(_near(case, one, place) for one in days) for place in range(len(live))]))
    moments = np.linspace(0, len(live) - _LOOK, _MOMENTS).astype(int).tolist()
    for factor in FACTORS:
        delays = [_delay(case, rows, (fitted, live), place, factor) for place in moments]
        found["planted"].append({"factor": factor, "episodes": len(delays), "days": sorted(filter(None, delays))})
    return found


def _rows(case: Case) -> pl.DataFrame:
    rows = case.table.rows
    return rows.filter(pl.col("Open")) if "Open" in rows.columns else rows


def _qualities(case: Case, rows: pl.DataFrame) -> list[Quality]:
    keys, number, known = case.table.series
    group = [*keys, "weekday", *known]
    before = pl.col(number).cast(pl.Float64).shift(1).rolling_mean(4, min_samples=2).over(group, order_by="day")
    made = rows.with_columns(weekday=(pl.col("day") + case.table.first.weekday()) % 7).with_columns(before=before)
    made = made.with_columns(loss=(pl.col(number) - pl.col("before")).abs())
    days = made.group_by("day").agg(
        pl.len(), pl.col("loss").count().alias("known"), pl.col("loss").mean().alias("mean")
    )
    told = {day: figures for day, *figures in days.iter_rows()}
    found = []
    for place in range(len(case.table.seasons)):
        predictions, labelled, mean = told.get(place, (0, 0, None))
        found.append(Quality(window_of(case, place), predictions, labelled, mean if labelled else None, None))
    return found


def _alarms(fitted, windows: list[Quality]) -> list[int]:
    """The windows at which sums cross the limit; after each of them they begin again."""
    found, start = [], 0
    while start < len(windows):
        crossed = fitted.follow(windows[start:]).crossed
        if not crossed.size:
            break
        start += int(crossed[0]) + 1
        found.append(start - 1)
    return found


def _near(case: Case, days: frozenset[int], place: int) -> bool:
    """Whether a record speaks of one of the seven days up to the alarm."""
    day = case.reference + place
    return any(one in days for one in range(day - 6, day + 1))


def _delay(case: Case, rows: pl.DataFrame, usual, place: int, factor: float) -> int:
    """After how many days the change is found, 0 for not at all; sums begin at zero.

    What is found without it as well does not count.
    """
    fitted, live = usual
    number, day = case.table.series[1], case.reference + place
    inside = pl.col("day").is_between(day, day + _LOOK - 1)
    moved = rows.filter(pl.col("day") > day - _BEFORE, pl.col("day") < day + _LOOK).with_columns(
        pl.when(inside).then(pl.col(number) * factor).otherwise(pl.col(number).cast(pl.Float64)).alias(number)
    )
    crossed = fitted.follow(_qualities(case, moved)[day : day + _LOOK]).crossed
    clean = fitted.follow(live[place : place + _LOOK]).crossed
    if not crossed.size or (clean.size and clean[0] <= crossed[0]):
        return 0
    return int(crossed[0]) + 1


def _date(window: Window) -> datetime.date:
    return _EPOCH + datetime.timedelta(seconds=window.start)
