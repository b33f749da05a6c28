"""Probabilities of what is rare: exact tails of counts, and tails that are fitted to what was seen."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.inputs import Floats

__all__ = ["Tails", "count_above", "fit_tails", "normal_above"]

_STEPS: Final = 400
_PRECISION: Final = 1e-12
_TINY: Final = 1e-300
_HEAVIEST: Final = 0.5
_FEWEST: Final = 5


def normal_above(values: npt.ArrayLike) -> Floats:
    """Return the probabilities that a standard normal number exceeds each value."""
    array = np.asarray(values, dtype=np.float64)
    found = [0.5 * math.erfc(one / math.sqrt(2)) for one in array.ravel().tolist()]
    return np.array(found, dtype=np.float64).reshape(array.shape)


def count_above(counts: npt.ArrayLike, rows: npt.ArrayLike, shares: npt.ArrayLike) -> Floats:
    """Return the probabilities of at least so many successes in so many independent trials.

    P(X ≥ k) = I(p; k, n - k + 1), the regularised incomplete beta function (Abramowitz and Stegun, 26.5.24); counts and
    rows may be fractions, as after division by a design effect. Of no success it is 1. The fraction is 8.17.22 of the
    Digital Library of Mathematical Functions, by Lentz's method.

    >>> count_above([3], [10], [0.1]).round(6).tolist()
    [0.070191]
    """
    k, n, p = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in (counts, rows, shares)))
    found = np.ones(k.shape)
    found[(k > 0) & (p <= 0)] = 0.0
    asked = (k > 0) & (p > 0) & (p < 1) & (n >= k)
    if asked.any():
        found[asked] = _beta_below(p[asked], k[asked], n[asked] - k[asked] + 1)
    return found


def _beta_below(x: Floats, a: Floats, b: Floats) -> Floats:
    turned = x > (a + 1) / (a + b + 2)
    x, a, b = np.where(turned, 1 - x, x), np.where(turned, b, a), np.where(turned, a, b)
    logs = np.array([_log_beta(*pair) for pair in zip(a.tolist(), b.tolist(), strict=True)])
    front = np.exp(a * np.log(x) + b * np.log1p(-x) - logs) / a
    top, bottom = np.ones_like(x), 1 / _away(1 - (a + b) * x / (a + 1))
    value = bottom.copy()
    for step in range(1, _STEPS + int(math.sqrt(float(np.max(np.maximum(a, b)))))):
        before = value
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        for part in (even, odd):
            bottom = 1 / _away(1 + part * bottom)
            top = _away(1 + part / top)
            value = value * top * bottom
        if np.all(np.abs(value - before) <= _PRECISION * np.abs(value)):
            break
    found = np.minimum(1.0, front * value)
    return np.asarray(np.where(turned, 1 - found, found), dtype=np.float64)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _away(values: Floats) -> Floats:
    return np.where(np.abs(values) > _TINY, values, _TINY)


@dataclass(frozen=True, slots=True, eq=False)
class Tails:
    """Upper tails of several series: what was seen below a threshold, a fitted tail above it.

    Attributes:
        seen: What was seen, sorted, a column for each series.
        thresholds: Above this, for each series, the fit holds.
        scales: The scale of each series' tail.
        shape: The shape, which all share: 0 is the exponential tail, more is heavier.
        share: The share of what was seen that lies above the threshold.
    """

    seen: Floats
    thresholds: Floats
    scales: Floats
    shape: float
    share: float

    def above(self, values: npt.ArrayLike) -> Floats:
        """Return the probability of at least each value, a row or rows with a column for each series.

        Below the threshold it is (1 + how many were seen that are as large) / (1 + how many were seen), above it
        share · (1 + shape · (x - threshold) / scale)^(-1 / shape). NaN has the probability 1.
        """
        given = np.asarray(values, dtype=np.float64)
        flat = given.reshape(-1, self.seen.shape[1])
        total = len(self.seen)
        ranks = np.empty(flat.shape)
        for place in range(flat.shape[1]):
            ranks[:, place] = total - np.searchsorted(self.seen[:, place], flat[:, place], side="left")
        near = (ranks + 1) / (total + 1)
        with np.errstate(invalid="ignore", over="ignore"):
            beyond = np.maximum((flat - self.thresholds) / self.scales, 0)
            if self.shape:
                far = self.share * (1 + self.shape * beyond) ** (-1 / self.shape)
            else:
                far = self.share * np.exp(-beyond)
        found = np.where(flat > self.thresholds, far, np.maximum(near, self.share))
        return np.where(np.isnan(flat), 1.0, found).reshape(given.shape)

    def level(self, probability: float) -> Floats:
        """Return the value of each series that is reached with a probability.

        Raises:
            StatisticsError: The probability is not inside (0, 1).
        """
        if not 0 < probability < 1:
            raise StatisticsError(f"There is no value of probability {probability}", fix="Give one inside (0, 1).")
        if probability >= self.share:
            return np.asarray(np.quantile(self.seen, 1 - probability, axis=0), dtype=np.float64)
        ratio = self.share / probability
        beyond = (ratio**self.shape - 1) / self.shape if self.shape else math.log(ratio)
        return self.thresholds + self.scales * beyond


def fit_tails(values: npt.ArrayLike, *, share: float = 0.1) -> Tails:
    """Return the tails of series that were seen.

    Above the threshold that a share of the numbers exceeds, the generalised Pareto distribution (Pickands, Annals of
    Statistics 3, 1975), fitted by L-moments (Hosking and Wallis, Technometrics 29, 1987): the threshold and the scale
    are each series' own, the shape is that of the averaged L-CV of all of them, as in the index flood of Hosking and
    Wallis (Regional Frequency Analysis, 1997). It is kept in [0, 0.5]: a tail that ends is not believed.

    Args:
        values: A row for each time and a column for each series; rows that are NaN everywhere do not count, a NaN
            elsewhere counts as the least.
        share: The share of the numbers above the threshold.

    Raises:
        StatisticsError: There are too few rows to have five above the threshold.
    """
    array: npt.NDArray[Any] = np.asarray(values, dtype=np.float64)
    array = array[~np.isnan(array).all(axis=1)] if array.size else array
    if len(array) * share < _FEWEST:
        raise StatisticsError(
            f"{len(array)} times are too few for a tail of {share:.0%}",
            fix=f"Give at least {math.ceil(_FEWEST / share)}.",
        )
    seen = np.sort(np.where(np.isnan(array), -np.inf, array), axis=0)
    cut = len(seen) - int(len(seen) * share)
    thresholds = seen[cut - 1]
    thresholds = np.where(np.isfinite(thresholds), thresholds, 0.0)
    beyond = np.maximum(seen[cut:] - thresholds, 0)
    count = len(beyond)
    first = beyond.mean(axis=0)
    weighted = (np.arange(count)[:, np.newaxis] / (count - 1) * beyond).mean(axis=0)
    second = 2 * weighted - first
    usable = (first > 0) & (second > 0)
    ratio = float((second[usable] / first[usable]).mean()) if usable.any() else 0.5
    shape = min(max(2 - 1 / ratio, 0.0), _HEAVIEST)
    scales = np.where(first > 0, first, 1e-12) * (1 - shape)
    return Tails(seen, thresholds, scales, shape, count / len(seen))
