"""Rates of rare events: exact bounds."""

import math
from typing import Final

from mainspring.errors import StatisticsError

__all__ = ["rate_interval"]

_STEPS: Final = 200


def rate_interval(count: int, exposure: float = 1.0, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of the rate of events that come independently, after so many in an exposure.

    Exact, with as much on either side (Garwood, Biometrika 28, 1936): the rates at which so many or more, or so few or
    fewer, have the probability (1 - level) / 2. After none, the lower end is 0.

    Args:
        count: How many events there were.
        exposure: In how much time, or over how much; the rate is for one unit of it.
        level: Confidence level.

    Raises:
        StatisticsError: The count is negative, the exposure not positive, or the level outside (0, 1).

    >>> [round(end, 3) for end in rate_interval(0)], [round(end, 3) for end in rate_interval(10, 2.0)]
    ([0.0, 3.689], [2.398, 9.195])
    """
    if count < 0 or exposure <= 0 or not 0 < level < 1:
        raise StatisticsError(
            f"There is no interval of level {level} for {count} events in {exposure}",
            fix="Give a count from 0 on, an exposure above 0 and a level inside (0, 1).",
        )
    tail = (1 - level) / 2
    low = _mean_at(count - 1, 1 - tail) if count else 0.0
    return low / exposure, _mean_at(count, tail) / exposure


def _mean_at(count: int, probability: float) -> float:
    """The mean of a Poisson distribution of which at most so many have a probability; it falls with the mean."""
    low, high = 0.0, 10.0 * (count + 5)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        logs = [k * math.log(middle) - middle - math.lgamma(k + 1) for k in range(count + 1)] if middle else [0.0]
        low, high = (middle, high) if math.fsum(map(math.exp, logs)) > probability else (low, middle)
    return (low + high) / 2
