"""Evidently's drift report with its defaults: one report for each window, against rows of the reference."""

import re

import numpy as np
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset

_NAME = re.compile(r"method=(.*),threshold=([\d.]+)\)")


def check(reference: np.ndarray, windows: np.ndarray) -> list[list[bool]]:
    names = [f"x{place:02d}" for place in range(reference.shape[1])]
    base = pd.DataFrame(reference, columns=names)
    return [_one(base, pd.DataFrame(rows, columns=names)) for rows in windows]


def _one(base, now) -> list[bool]:
    told = Report([DataDriftPreset()]).run(now, base).dict()
    flags = []
    for metric in told["metrics"]:
        found = _NAME.search(metric["metric_name"])
        if found:
            value, threshold = float(metric["value"]), float(found.group(2))
            flags.append(bool(value < threshold if "p_value" in found.group(1) else value >= threshold))
    return flags
