"""Losses of forecasts: pinball, plain, weighted and scaled; bias, MAE, RMSE, WAPE.

All take finite numbers: NaN and infinite values are refused, since leaving rows out is a decision that has to be said.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.answers import NotApplicable
from mainspring.stats.inputs import Floats, codes_of, levels_of, matrix, vector, weights_of

__all__ = [
    "NaiveScales",
    "PointErrors",
    "ScaledPinball",
    "naive_scales",
    "pinball",
    "pinball_losses",
    "point_errors",
    "scaled_losses",
    "scaled_pinball",
    "weighted_pinball",
]


def pinball_losses(actual: npt.ArrayLike, forecast: npt.ArrayLike, levels: float | npt.ArrayLike) -> Floats:
    """Return the pinball loss of each row at each level, in the unit of the values.

    The loss of the quantile forecast q at level t for the actual value y is t·(y - q) where y >= q, else
    (1 - t)·(q - y) (Koenker and Bassett, Econometrica 46, 1978). It is zero where they are equal. No rows give none.

    Args:
        actual: One value a row.
        forecast: One row for each actual value, one column for each level; flat for a single level.
        levels: Levels inside (0, 1), ascending.

    Raises:
        StatisticsError: Shapes do not fit, values are not finite, or levels are outside (0, 1).

    >>> pinball_losses([3.0, 1.0], [2.0, 2.0], 0.75).ravel().tolist()
    [0.75, 0.25]
    """
    taus = levels_of(levels)
    values = vector(actual, "actual")
    over = values[:, np.newaxis] - matrix(forecast, "forecast", values.size, taus.size)
    return np.maximum(taus * over, (taus - 1) * over)


def pinball(actual: npt.ArrayLike, forecast: npt.ArrayLike, levels: float | npt.ArrayLike) -> Floats:
    """Return the mean pinball loss at each level, see `pinball_losses`; NaN when there are no rows.

    Half of the mean absolute error is the loss at level 0.5.
    """
    return _average(pinball_losses(actual, forecast, levels), None)


def weighted_pinball(
    actual: npt.ArrayLike,
    forecast: npt.ArrayLike,
    levels: float | npt.ArrayLike,
    weights: npt.ArrayLike | None,
) -> Floats | NotApplicable:
    """Return the weighted mean pinball loss at each level, Σ w·loss / Σ w, such as with prices as weights.

    It is not applicable where there are no weights, no rows, or all weights are zero.

    Raises:
        StatisticsError: As `pinball_losses`; or a weight is negative or not finite.
    """
    losses = pinball_losses(actual, forecast, levels)
    if weights is None:
        return NotApplicable("there are no weights")
    usable = weights_of(weights, len(losses))
    if not usable.sum() > 0:
        return NotApplicable("there are no rows" if not usable.size else "all weights are zero")
    return _average(losses, usable)


def _average(losses: Floats, weights: Floats | None) -> Floats:
    if not len(losses):
        return np.full(losses.shape[1:], np.nan)
    return np.asarray(np.average(losses, axis=0, weights=weights), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class NaiveScales:
    """How far a naive forecast is off in each series: what losses are divided by, so that series compare.

    Attributes:
        series: Labels of the series, sorted.
        values: The mean absolute step of each; NaN where a series is too short for one, 0 where it never changes.
        lag: How many rows back the naive forecast looks.
    """

    series: npt.NDArray[Any]
    values: Floats
    lag: int

    def of(self, series: npt.ArrayLike) -> Floats:
        """Return the scale of each row by its series; NaN where it is not known, too short or never changes."""
        wanted = np.asarray(series)
        wanted = wanted.astype(str) if wanted.dtype.kind == "O" else wanted
        if not self.series.size:
            return np.full(wanted.shape, np.nan)
        place = np.minimum(np.searchsorted(self.series, wanted), self.series.size - 1)
        found = (self.series[place] == wanted) & (self.values[place] > 0)
        return np.where(found, self.values[place], np.nan)


def naive_scales(
    history: npt.ArrayLike, series: npt.ArrayLike, *, lag: int = 1, from_first_sale: bool = True
) -> NaiveScales:
    """Return the mean absolute error of the naive forecast within each series: the mean of abs(y[i] - y[i - lag]).

    With lag 1 and from the first sale it is the scale of the scaled pinball loss of the M5 competition (Makridakis et
    al., International Journal of Forecasting 38, 2022); with the season as lag, that of MASE (Hyndman and Koehler,
    International Journal of Forecasting 22, 2006).

    Args:
        history: Values of the training time, within each series in the order of time.
        series: The series of each row.
        lag: How many rows back the naive forecast looks.
        from_first_sale: Whether rows before the first one of a series that is not zero are left out.

    Raises:
        StatisticsError: Values are not finite, lengths differ, or the lag is below 1.
    """
    if lag < 1:
        raise StatisticsError(f"A naive forecast cannot look {lag} rows back", fix="Give a lag of at least 1.")
    values = vector(history, "history")
    codes, labels = codes_of(series, "series", values.size)
    order = np.argsort(codes, kind="stable")
    codes, values = codes[order], values[order]
    if from_first_sale:
        started = np.full(labels.size, values.size)
        sold = np.flatnonzero(values != 0)
        np.minimum.at(started, codes[sold], sold)
        kept = np.arange(values.size) >= started[codes]
        codes, values = codes[kept], values[kept]
    same = codes[lag:] == codes[:-lag]
    steps, where = np.abs(values[lag:] - values[:-lag])[same], codes[lag:][same]
    with np.errstate(invalid="ignore"):
        means = np.bincount(where, steps, labels.size) / np.bincount(where, minlength=labels.size)
    return NaiveScales(labels, means, lag)


@dataclass(frozen=True, slots=True)
class ScaledPinball:
    """Pinball loss over that of a naive forecast, averaged over series.

    Attributes:
        values: The loss at each level, without a unit.
        series: How many series are in it.
        left_out: How many are not, because they have no scale: unknown, too short or never changing.
    """

    values: tuple[float, ...]
    series: int
    left_out: int


def scaled_losses(losses: Floats, series: npt.ArrayLike, scales: NaiveScales) -> Floats:
    """Return losses of rows, divided by the scale of their series; NaN where it has none. See `naive_scales`."""
    return np.asarray(losses / scales.of(series)[:, np.newaxis], dtype=np.float64)


def scaled_pinball(losses: Floats, series: npt.ArrayLike, scales: NaiveScales) -> ScaledPinball | NotApplicable:
    """Return the scaled pinball loss: for each series mean(loss) / scale, then the mean over series.

    SPL of the M5 competition; see `naive_scales` for the scale and its source. It is not applicable where no series
    has a scale, or there are no rows.

    Args:
        losses: What `pinball_losses` returns.
        series: The series of each row.
        scales: What `naive_scales` returns for the training time.
    """
    codes, labels = codes_of(series, "series", len(losses))
    if not labels.size:
        return NotApplicable("there are no rows")
    rows = np.bincount(codes, minlength=labels.size)
    scale = scales.of(labels)
    known = ~np.isnan(scale)
    if not known.any():
        return NotApplicable("no series has a scale: each is new, too short or never changes")
    means = np.stack([np.bincount(codes, column, labels.size) / rows for column in losses.T], axis=1)
    values = (means[known] / scale[known, np.newaxis]).mean(axis=0)
    return ScaledPinball(tuple(values.tolist()), int(known.sum()), int((~known).sum()))


@dataclass(frozen=True, slots=True)
class PointErrors:
    """Errors of a point forecast f of y, all in the unit of the values but WAPE.

    Attributes:
        rows: How many rows they are of.
        bias: Mean of f - y: above zero is too high.
        mae: Mean of abs(f - y).
        rmse: Root of the mean of (f - y)².
        wape: Σ abs(f - y) / Σ abs(y) (the MAD/mean ratio of Kolassa and Schütz, Foresight 6, 2007); not applicable
            where all actual values are zero.
    """

    rows: int
    bias: float
    mae: float
    rmse: float
    wape: float | NotApplicable


def point_errors(
    actual: npt.ArrayLike, forecast: npt.ArrayLike, *, weights: npt.ArrayLike | None = None
) -> PointErrors | NotApplicable:
    """Return bias, MAE, RMSE and WAPE of a point forecast; with weights, each mean and sum is a weighted one.

    They are not applicable where there are no rows or all weights are zero.

    Raises:
        StatisticsError: Lengths differ, values are not finite, or a weight is negative.

    >>> point_errors([2.0, 0.0], [3.0, 1.0]).wape
    1.0
    """
    values = vector(actual, "actual")
    errors = vector(forecast, "forecast", values.size) - values
    share = np.ones(values.size) if weights is None else weights_of(weights, values.size)
    if not share.sum() > 0:
        return NotApplicable("there are no rows" if not values.size else "all weights are zero")
    volume = float(share @ np.abs(values))
    return PointErrors(
        values.size,
        float(np.average(errors, weights=share)),
        float(np.average(np.abs(errors), weights=share)),
        float(np.sqrt(np.average(errors**2, weights=share))),
        float(share @ np.abs(errors)) / volume if volume else NotApplicable("all actual values are zero"),
    )
