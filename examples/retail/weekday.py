"""Forecasts from the last sales on the same weekday alone: what answers when the model cannot.

This module imports NumPy and the standard library alone, and becomes part of the packages.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

Floats = np.ndarray


@dataclass(frozen=True)
class SameWeekday:
    """The stage that forecasts quantiles of the last known sales on the same weekday; of one, its value at each level.

    Attributes:
        weeks: Of how many weeks at most.
        within: How many weeks back the first of them may lie.
        levels: Levels of the quantiles.
        season: Periods in a week.
        days: Days in a period.
    """

    weeks: int
    within: int
    levels: tuple[float, ...]
    season: int
    days: int

    def transform(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The date that is forecast, and a column of forecasts for each level: whole units, zero on closed days."""
        units, ahead = columns["units"].astype(np.float64), columns["ahead"].astype(np.int64)
        past = units.shape[1]
        newest = past - 1 + ahead - self.season * -(-ahead // self.season)
        places = newest[:, None] - self.season * np.arange(min(self.within, past // self.season))
        found = np.take_along_axis(units, places, axis=1)
        known = ~np.isnan(found)
        found[known.cumsum(axis=1) > self.weeks] = np.nan
        found[~known.any(axis=1)] = 0
        made = np.rint(np.nanquantile(found, self.levels, axis=1))
        if "open" in columns:
            rows = np.arange(len(units))
            made[:, ~(columns["open"][rows, past - 1 + ahead] > 0)] = 0
        date = columns["origin"].astype("datetime64[D]") + ahead * self.days
        return {"date": date} | {f"q{level:g}": row for level, row in zip(self.levels, made, strict=True)}

    def state(self) -> dict[str, Any]:
        """Return all that it was made of."""
        return asdict(self) | {"levels": list(self.levels)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the stage of a state."""
        return cls(**(state | {"levels": tuple(state["levels"])}))
