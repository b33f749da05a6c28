"""Mainspring: rows of the windows are counted, and judged by reference windows of the same season, p < 0.01."""

import numpy as np
import worlds

from mainspring.monitoring import Rules, Window, count_rows, fit_stack, stacked


def check(reference: worlds.Stack, windows: np.ndarray, starts: np.ndarray) -> list[list[bool]]:
    axes = worlds.layout(windows.shape[2])
    fitted = fit_stack(reference, axes, Rules())
    profiles = [
        count_rows(axes, Window(int(start), worlds.HOUR), dict(zip(axes.names, rows.T, strict=True)))
        for start, rows in zip(starts, windows, strict=True)
    ]
    (drift,) = (one for one in fitted.judge(stacked(profiles, axes)) if one.check == "drift")
    return (drift.p <= 0.01).tolist()
