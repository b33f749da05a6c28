"""P-values of many tests, so that chance among them is not taken for a finding."""

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.inputs import Floats, vector

__all__ = ["holm"]


def holm(values: npt.ArrayLike) -> Floats:
    """Return p-values adjusted by Holm's step-down method.

    Calling each a finding whose adjusted p is at most t errs, even once, with a probability of at most t. The k-th
    smallest of m is multiplied by m - k + 1, and none is less than a smaller one (Holm, Scandinavian Journal of
    Statistics 6, 1979). It holds however the tests depend on each other. Ties are adjusted alike; none gives none.

    Raises:
        StatisticsError: A value is not from 0 to 1.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = vector(values, "p-values")
    if np.any((given < 0) | (given > 1)):
        raise StatisticsError(f"P-values are from 0 to 1, not {given.tolist()}", fix="Give probabilities.")
    order = np.argsort(given, kind="stable")
    steps = np.minimum(given[order] * np.arange(given.size, 0, -1), 1.0)
    adjusted = np.empty_like(given)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted
