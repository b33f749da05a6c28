"""Tails and quantiles of distributions, without SciPy."""

import math
from statistics import NormalDist
from typing import Final

from mainspring.errors import StatisticsError

__all__ = ["beta_below", "student_above", "student_quantile"]

_MANY: Final = 400
_STEPS: Final = 500
_PRECISION: Final = 1e-15
_TINY: Final = 1e-300


def student_quantile(level: float, freedom: int) -> float:
    """Return the quantile at a level of at least 0.5 of Student's distribution, to about ten digits.

    By bisection on the finite sums for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4); beyond 400
    by the expansion around the normal distribution (26.7.5).
    """
    normal = NormalDist().inv_cdf(level)
    if freedom > _MANY:
        cube, fifth = normal**3, normal**5
        second = (5 * fifth + 16 * cube + 3 * normal) / 96
        third = (3 * normal**7 + 19 * fifth + 17 * cube - 15 * normal) / 384
        return normal + (cube + normal) / (4 * freedom) + second / freedom**2 + third / freedom**3
    low, high = 0.0, math.pi / 2
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_within(middle, freedom) < 2 * level - 1 else (low, middle)
    return math.sqrt(freedom) * math.tan(low)


def _student_within(angle: float, freedom: int) -> float:
    """Return the probability between -t and t where t is √freedom · tan(angle)."""
    square, odd = math.cos(angle) ** 2, freedom % 2
    term, total = (math.cos(angle), 0.0) if odd else (1.0, 0.0)
    for step in range(2 + odd, freedom + 1, 2):
        total += term
        term *= square * (step - 1) / step
    return (angle + math.sin(angle) * total) * 2 / math.pi if odd else math.sin(angle) * total


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
        tail = (1 - beta_below(square / (freedom + square), 0.5, freedom / 2)) / 2
    else:
        tail = beta_below(freedom / (freedom + square), freedom / 2, 0.5) / 2
    return tail if value >= 0 else 1 - tail


def beta_below(x: float, a: float, b: float) -> float:
    """Return the regularised incomplete beta function I(x; a, b).

    By its continued fraction, 8.17.22 of the Digital Library of Mathematical Functions, on the side where that is
    short, by Lentz's method.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_below(1 - x, b, a)
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
