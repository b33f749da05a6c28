"""Runs in the environment of one tool: checks windows of rows, prints what it flags and what that cost.

python subject.py PEER KIND ROWS WINDOWS SHIFT
"""

import contextlib
import importlib
import io
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
COLUMNS, REFERENCE, HOUR = 20, 28 * 24, 3600


def means(kind: str, rng, windows: int) -> np.ndarray:
    """The means of hourly windows, as in worlds.py."""
    hours = np.arange(windows)[:, np.newaxis]
    found = np.zeros((windows, COLUMNS))
    if kind in ("season", "jitter"):
        phase = rng.uniform(0, 2 * np.pi, (2, COLUMNS))
        found += 0.2 * np.sin(2 * np.pi * hours / 24 + phase[0]) + 0.1 * np.sin(2 * np.pi * hours / 168 + phase[1])
    if kind == "jitter":
        steps = rng.normal(size=found.shape) * np.sqrt(1 - 0.7**2)
        for place in range(1, windows):
            steps[place] += 0.7 * steps[place - 1]
        found += 0.02 * steps
    return found


def main() -> int:
    name, kind, rows, windows, shift = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:5]), float(sys.argv[5])
    rng = np.random.default_rng([rows, windows])
    levels = means(kind, rng, REFERENCE + 24)
    chosen = REFERENCE + np.linspace(0, 23, windows).astype(int)
    given = np.stack([rng.normal(levels[place] + shift, 1, (rows, COLUMNS)) for place in chosen])
    if name == "mainspring":
        worlds = importlib.import_module("worlds")
        kept = worlds.World(levels[:REFERENCE], np.zeros((REFERENCE, COLUMNS)))
        reference = worlds.stack(kept, min(rows, 100_000), rng)
        extra = (worlds.BEGUN + chosen * HOUR,)
    else:
        # Rows of all hours of the reference, as many as a window has, at least 10,000; twenty windows of them for
        # NannyML, which takes its thresholds from the spread of the reference's chunks.
        chunks = 20 if name == "nannyml" and windows > 1 else 1
        sample = levels[rng.integers(0, REFERENCE, max(rows * chunks, 10_000))]
        reference, extra = rng.normal(sample, 1), ()
    sys.path.append(str(HERE / "peers"))
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        check = importlib.import_module(f"{name}_peer").check
        start = time.process_time()
        flags = check(reference, given, *extra)
    cpu = time.process_time() - start
    print(json.dumps({"cpu": cpu, "flagged": float(np.mean(flags)), "windows": windows}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
