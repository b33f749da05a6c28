"""Shares of few or many rows: exact bounds, tails, and what holds when several tests are made at once."""

import math
from typing import Final

from mainspring.errors import StatisticsError

__all__ = ["binomial_at_most", "share_upper", "student_above"]

_STEPS: Final = 500
_PRECISION: Final = 1e-15
_TINY: Final = 1e-300


def binomial_at_most(count: int, rows: int, share: float) -> float:
    """Return the probability of at most `count` successes in `rows` independent trials, each of probability `share`.

    By the regularised incomplete beta function, P(X ≤ k) = I(1 - p; n - k, k + 1) (Abramowitz and Stegun, 26.5.24). Of
    no rows it is 1.

    Raises:
        StatisticsError: The count is not from 0 to `rows`, or the share is not from 0 to 1.

    >>> round(binomial_at_most(0, 299, 0.01), 4)
    0.0495
    """
    if not 0 <= count <= rows or not 0 <= share <= 1:
        raise StatisticsError(
            f"There cannot be {count} of {rows} rows with a probability of {share}",
            fix="Give a count from 0 to the number of rows, and a probability from 0 to 1.",
        )
    if count == rows or share == 0:
        return 1.0
    return _beta_below(1 - share, rows - count, count + 1) if share < 1 else 0.0


def share_upper(count: int, rows: int, level: float = 0.95) -> float:
    """Return the one-sided upper bound of a share after `count` of `rows`: the largest one that is not refuted.

    Exact (Clopper and Pearson, Biometrika 26, 1934): the share at which `count` or fewer have the probability
    1 - level. After no row, or after all of them, it is 1.

    Args:
        count: How many rows have what is counted.
        rows: How many independent rows there are.
        level: Confidence level.

    Raises:
        StatisticsError: The count is not from 0 to `rows`, or the level is outside (0, 1).

    >>> round(share_upper(0, 300), 4), round(share_upper(3, 300), 4)
    (0.0099, 0.0256)
    """
    if not 0 < level < 1:
        raise StatisticsError(f"A bound cannot have the level {level}", fix="Give a level inside (0, 1).")
    if binomial_at_most(count, rows, 0.0) and count == rows:
        return 1.0
    low, high = count / rows, 1.0
    while high - low > _PRECISION * max(high, _PRECISION):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if binomial_at_most(count, rows, middle) > 1 - level else (low, middle)
    return high


def student_above(value: float, freedom: float) -> float:
    """Return the probability that Student's t exceeds a value.

    P(T > t) = I(d / (d + t²); d / 2, 1 / 2) / 2 for t ≥ 0 and d degrees of freedom (Abramowitz and Stegun, 26.5.27 and
    26.7.1).

    Raises:
        StatisticsError: The degrees of freedom are not above 0, or the value is NaN.
    """
    if not freedom > 0 or math.isnan(value):
        raise StatisticsError(
            f"Student's t cannot be {value} with {freedom} degrees of freedom", fix="Give at least two values."
        )
    if math.isinf(value):
        return 0.0 if value > 0 else 1.0
    square = value * value
    if square < freedom:  # where the first form would lose digits
        tail = (1 - _beta_below(square / (freedom + square), 0.5, freedom / 2)) / 2
    else:
        tail = _beta_below(freedom / (freedom + square), freedom / 2, 0.5) / 2
    return tail if value >= 0 else 1 - tail


def _beta_below(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function I(x; a, b), by its continued fraction on the side where that is short.

    The fraction is 8.17.22 of the Digital Library of Mathematical Functions, evaluated by Lentz's method.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_below(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    top, bottom = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = bottom
    for step in range(1, _STEPS + int(math.sqrt(max(a, b)))):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        before = value
        for part in (even, odd):
            bottom = 1 / _away(1 + part * bottom)
            top = _away(1 + part / top)
            value *= top * bottom
        if abs(value - before) <= _PRECISION * abs(value):
            break
    return min(1.0, front * value / a)


def _away(value: float) -> float:
    """A value, or a tiny one where it is zero."""
    return value if abs(value) > _TINY else _TINY
