"""Shares of few or many rows: exact bounds and tails."""

from typing import Final

from mainspring.errors import StatisticsError
from mainspring.stats.tails import beta_below

__all__ = ["binomial_at_most", "share_upper"]

_PRECISION: Final = 1e-15


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
    return beta_below(1 - share, rows - count, count + 1) if share < 1 else 0.0


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
