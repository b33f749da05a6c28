"""Many p-values at once: how many of what is found may be false, and what is found again and again."""

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.inputs import Floats

__all__ = ["benjamini_hochberg", "benjamini_yekutieli", "partial_conjunction"]


def benjamini_hochberg(values: npt.ArrayLike) -> Floats:
    """Return p-values adjusted along the last axis: rejecting those at most q, the false discovery rate is at most q.

    min over j ≥ i of m·p₍ⱼ₎ / j (Benjamini and Hochberg, JRSS B 57, 1995); it holds for independent tests and for those
    that depend on each other positively (Benjamini and Yekutieli 2001). Ties are adjusted alike.

    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(6).tolist()
    [0.03, 0.04, 0.04]
    """
    return _stepped(_checked(values), 1.0)


def benjamini_yekutieli(values: npt.ArrayLike) -> Floats:
    """Return p-values adjusted along the last axis, whatever the tests share: Benjamini and Hochberg's times Σ 1 / i.

    Annals of Statistics 29, 2001.
    """
    array = _checked(values)
    return _stepped(array, float((1 / np.arange(1, max(array.shape[-1], 1) + 1)).sum()))


def partial_conjunction(values: npt.ArrayLike, least: int) -> Floats:
    """Return the p-values of "at least so many of these hypotheses are false", along the first axis.

    (m - k + 1) · p₍ₖ₎, k of m (Benjamini and Heller, Biometrics 64, 2008, in the form of Bonferroni): it holds whatever
    the tests share, so a disturbance that stays for hours is not taken for evidence that comes again and again.

    Raises:
        StatisticsError: There are fewer values than that, or a value is no p-value.

    >>> partial_conjunction([[0.01], [0.5], [0.02]], 2).tolist()
    [0.04]
    """
    array = _checked(values)
    if not 1 <= least <= len(array):
        raise StatisticsError(f"{least} of {len(array)} cannot be asked for", fix="Give a number from 1 to theirs.")
    smallest = np.sort(array, axis=0)[least - 1]
    return np.asarray(np.minimum(1.0, (len(array) - least + 1) * smallest), dtype=np.float64)


def _checked(values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.size and not ((array >= 0) & (array <= 1)).all():
        raise StatisticsError("A p-value is not from 0 to 1", fix="Give values from 0 to 1; 1 where nothing is known.")
    return array


def _stepped(array: Floats, factor: float) -> Floats:
    size = array.shape[-1] if array.ndim else 0
    if not size:
        return array
    order = np.argsort(array, axis=-1)
    scaled = np.take_along_axis(array, order, -1) * factor * size / np.arange(1, size + 1)
    scaled = np.minimum.accumulate(scaled[..., ::-1], axis=-1)[..., ::-1]
    found = np.empty_like(scaled)
    np.put_along_axis(found, order, scaled, -1)
    return np.minimum(found, 1.0)
