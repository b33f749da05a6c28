"""SciPy's two-sample test of Kolmogorov and Smirnov, p < 0.05, and with Bonferroni's correction for the columns."""

import numpy as np
from scipy.stats import ks_2samp


def check(reference: np.ndarray, windows: np.ndarray) -> list[list[bool]]:
    return [[_p(reference[:, place], rows[:, place]) < 0.05 for place in range(reference.shape[1])] for rows in windows]


def _p(first, second) -> float:
    return float(ks_2samp(first, second, method="asymp").pvalue)
