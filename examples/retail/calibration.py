"""What inner folds teach about a model's quantiles: how much to shift each, how much of a simple forecast to mix in.

`Finish` is the stage that does it to what models say. This module imports NumPy and the standard library alone, and
becomes part of the package.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

Floats = np.ndarray


@dataclass(frozen=True)
class Trust:
    """How far the inner folds are followed; a few weeks say more of how wide a forecast has to be than of where.

    Attributes:
        location: Share of the shift of the median that all quantiles follow.
        width: Share of what each quantile moves beside it.
        mixed: Shares of the usual quantiles that are tried.
    """

    location: float = 0.5
    width: float = 0.5
    mixed: tuple[float, ...] = (0.0,)


EVERYTHING = Trust(1.0, 1.0)


@dataclass(frozen=True)
class Calibration:
    """How raw quantiles become calibrated ones, for each of Q levels.

    Attributes:
        levels: The levels.
        share: Share of the simple forecast that is mixed in.
        shift: By how much a quantile moves, as a share of the spread of the forecast.
        rows: Rows of the inner folds.
    """

    levels: tuple[float, ...]
    share: tuple[float, ...]
    shift: tuple[float, ...]
    rows: int


def spread(forecast: Floats, levels: tuple[float, ...]) -> Floats:
    """The width of a forecast (..., Q), from near the lower to near the upper quarter, and a little of its middle."""
    low, middle, high = (int(np.abs(np.asarray(levels) - level).argmin()) for level in (0.25, 0.5, 0.75))
    return forecast[..., high] - forecast[..., low] + 0.02 * forecast[..., middle] + 1e-3


def weighted_quantile(values: Floats, weights: Floats, level: float) -> float:
    """The value at which the pinball loss of a constant, with these weights, is least."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, level * reached[-1])])


def pinball(actual: Floats, forecast: Floats, level: float) -> float:
    over = actual - forecast
    return float(np.maximum(level * over, (level - 1) * over).mean())


def learn(
    actual: Floats, forecast: Floats, simple: Floats, levels: Sequence[float], trust: Trust = EVERYTHING
) -> Calibration:
    """The shares and shifts with the least loss on rows of inner folds; (N,) actual values, (N, Q) forecasts."""
    taus = tuple(levels)
    width = spread(forecast, taus)
    chosen = []
    for place, level in enumerate(taus):
        tried = []
        for share in trust.mixed:
            mixed = mix(forecast[:, place], simple[:, place], share)
            shift = weighted_quantile((actual - mixed) / width, width, level)
            final = np.rint(np.maximum(mixed + shift * width, 0))
            tried.append((pinball(actual, final, level), share, shift))
        chosen.append(min(tried))
    middle = chosen[int(np.abs(np.asarray(taus) - 0.5).argmin())][2]
    shifts = tuple(trust.location * middle + trust.width * (one[2] - middle) for one in chosen)
    return Calibration(taus, tuple(one[1] for one in chosen), shifts, len(actual))


def apply(calibration: Calibration, forecast: Floats, simple: Floats, open_: np.ndarray) -> Floats:
    """Quantiles (S, H, Q) as they are used: calibrated, ascending, whole units, zero on closed days."""
    shift = np.array(calibration.shift)
    moved = mix(forecast, simple, calibration.share) + shift * spread(forecast, calibration.levels)[..., None]
    return whole(moved, open_)


def whole(forecast: Floats, open_: np.ndarray) -> Floats:
    """Quantiles that are whole units, ascending, not negative, and zero on closed days."""
    found = np.rint(np.sort(np.maximum(forecast, 0), axis=-1))
    return np.where(open_[..., None], found, 0).astype(np.float32)


def in_units(said: Sequence[Floats], level: Floats, over_level: Sequence[bool], shares: Sequence[float]) -> Floats:
    """The mean, by shares, of what models of several scales say: over the level of the series, or in units already."""
    parts = zip(said, over_level, shares, strict=True)
    return np.sum([share * (one * level if over else one) for one, over, share in parts], axis=0)


def mix(forecast: Floats, simple: Floats, share: float | Sequence[float]) -> Floats:
    """A forecast with a share of a simple one."""
    return (1 - np.asarray(share)) * forecast + np.asarray(share) * simple


def settle(raw: Floats, smoothed: Floats, shares: Sequence[float]) -> Floats:
    """(..., Q) quantiles in units, ascending and not negative, from what 1 or Q groups of models say.

    Of each quantile a share is the smoothed one (..., Q), where that is known.
    """
    every = np.repeat(raw, smoothed.shape[-1] // raw.shape[-1], axis=-1)
    said = np.sort(np.maximum(every, 0), axis=-1)
    if any(shares):
        said = np.sort(np.where(np.isnan(smoothed), said, mix(said, smoothed, shares)), axis=-1)
    return said.astype(np.float32)


@dataclass(frozen=True)
class Finish:
    """The stage from what models say to whole, ascending, calibrated quantiles.

    Attributes:
        groups: For each level and scale the columns of its models, which are averaged; one for all levels is repeated.
        calibration: What the inner folds taught.
        scales: Of each scale whether it is that of sales over the level of the series.
        shares: For each level and scale the share of its models.
        smoothed: For each level the share of the smoothed quantile; empty: none.
        from_usual: Whether they learned what sales are above the usual quantile.
        days: Days in a period.
    """

    groups: tuple[tuple[tuple[str, ...], ...], ...]
    calibration: Calibration
    scales: tuple[bool, ...]
    shares: tuple[tuple[float, ...], ...]
    smoothed: tuple[float, ...]
    from_usual: bool
    days: int

    def transform(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The date that is forecast, and a column of forecasts for each level."""
        levels, simple = self.calibration.levels, columns["usual"]
        level, none = columns["level"], np.zeros(len(columns["level"]))
        parts = []
        for groups, shares in zip(self.groups, self.shares, strict=True):
            said = [np.mean([columns[name] for name in group] or [none], axis=0) for group in groups]
            parts.append(in_units(said, level, self.scales, shares))
        raw = np.stack(parts, -1) + (simple if self.from_usual else 0.0)
        settled = settle(raw, columns["smoothed"], self.smoothed)
        found = apply(self.calibration, settled, simple, columns["is open"])
        made = {quantile_name(level): found[:, place].astype(np.float64) for place, level in enumerate(levels)}
        return {"date": forecast_date(columns, self.days), **made}

    def state(self) -> dict[str, Any]:
        """Return all that it was made of."""
        learned = {
            name: list(part) if isinstance(part, tuple) else part for name, part in asdict(self.calibration).items()
        }
        return {
            "groups": [[list(group) for group in scales] for scales in self.groups],
            "calibration": learned,
            "scales": list(self.scales),
            "shares": [list(one) for one in self.shares],
            "smoothed": list(self.smoothed),
            "from_usual": self.from_usual,
            "days": self.days,
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Return the stage of a state."""
        learned = {name: tuple(part) if isinstance(part, list) else part for name, part in state["calibration"].items()}
        groups = tuple(tuple(tuple(group) for group in scales) for scales in state["groups"])
        shares = tuple(tuple(one) for one in state["shares"])
        plain = (shares, tuple(state["smoothed"]), state["from_usual"], state["days"])
        return cls(groups, Calibration(**learned), tuple(state["scales"]), *plain)


def forecast_date(columns: Mapping[str, np.ndarray], days: int) -> np.ndarray:
    """The date that each raw row asks about."""
    return columns["origin"].astype("datetime64[D]") + columns["ahead"].astype(np.int64) * days


def quantile_name(level: float) -> str:
    """The column of a forecast."""
    return f"q{level:g}"
