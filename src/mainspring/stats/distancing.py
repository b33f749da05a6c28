"""Distances of distributions that are counted on the same bins, for many columns at once."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.stats.inputs import Floats

__all__ = ["DISTANCES", "Distances", "distances"]

DISTANCES: Final = ("ks", "wasserstein", "psi", "jensen_shannon", "chi_square")
_ADDED: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """How far apart two distributions are, each as an array over columns; 0 is equal.

    Attributes:
        ks: The largest difference of the distribution functions at the edges (Kolmogorov 1933, Smirnov 1939); 0 where
            bins have no order.
        wasserstein: The area between the distribution functions, in units of the widths that were given (Wasserstein's
            first distance); 0 where bins have no order.
        psi: The population stability index, Σ(p - q)·ln(p / q), the divergence of Jeffreys (1946); half a row is added
            to each bin.
        jensen_shannon: The square root of the divergence of Jensen and Shannon to the base 2 (Lin 1991; Endres and
            Schindelin 2003), from 0 to 1.
        chi_square: Σ(p - q)² / m with the mean m of both: chi-square of homogeneity (Pearson 1911) by the number of
            rows, when both have as many.
    """

    ks: Floats
    wasserstein: Floats
    psi: Floats
    jensen_shannon: Floats
    chi_square: Floats

    def roots(self) -> Floats:
        """Return all as distances of first order, stacked along a new last axis: square roots of PSI and chi-square.

        Each of them grows as the difference of the distributions does, and under sampling as 1 / √rows.
        """
        parts = (self.ks, self.wasserstein, np.sqrt(self.psi), self.jensen_shannon, np.sqrt(self.chi_square))
        return np.stack(parts, axis=-1)


def distances(counts: npt.ArrayLike, against: npt.ArrayLike, widths: npt.ArrayLike) -> Distances:
    """Return the distances of counts from others.

    Args:
        counts: Counts with a last axis of bins.
        against: Counts of the same form.
        widths: How much each cut between neighbouring bins weighs in Wasserstein's distance, broadcast over the counts
            but its last axis is one shorter; NaN where bins have no order, or there is no bin.

    A side without rows is at distance 0 of anything: there is nothing to say. An empty bin is a probability of 0.
    """
    first, second = np.asarray(counts, dtype=np.float64), np.asarray(against, dtype=np.float64)
    rows, others = first.sum(-1, keepdims=True), second.sum(-1, keepdims=True)
    empty = ((rows == 0) | (others == 0))[..., 0]
    p, q = first / np.maximum(rows, 1), second / np.maximum(others, 1)
    apart = np.abs(np.cumsum(p - q, axis=-1)[..., :-1])
    weights = np.asarray(widths, dtype=np.float64)
    ordered = ~np.isnan(weights)
    ks = np.where(ordered, apart, 0).max(axis=-1, initial=0)
    area = np.where(ordered, apart * np.where(ordered, weights, 0), 0).sum(-1)
    used = ((first + second) > 0) | (np.zeros_like(first + second, dtype=bool))
    size = used.sum(-1, keepdims=True)
    fp = np.where(used, (first + _ADDED) / np.maximum(rows + _ADDED * size, _ADDED), 1)
    fq = np.where(used, (second + _ADDED) / np.maximum(others + _ADDED * size, _ADDED), 1)
    psi = ((fp - fq) * np.log(fp / fq)).sum(-1)
    middle = np.where(used, (p + q) / 2, 1)
    logs = [np.where(side > 0, side * np.log2(np.where(side > 0, side, 1) / middle), 0).sum(-1) for side in (p, q)]
    shannon = np.sqrt(np.clip((logs[0] + logs[1]) / 2, 0, 1))
    chi = ((p - q) ** 2 / middle).sum(-1)
    return Distances(*(np.where(empty, 0.0, one) for one in (ks, area, psi, shannon, chi)))
