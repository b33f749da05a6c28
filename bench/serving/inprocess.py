"""A package in process beside bare onnxruntime, on prepared arrays: `python inprocess.py FOLDER REPEATS`."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
from names import WIDE

import mainspring


def bare(folder: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(folder / "wide.onnx", options, providers=["CPUExecutionProvider"])


def calls(folder: Path, rows: int) -> dict[str, Callable[[], object]]:
    matrix = np.random.default_rng(5).normal(size=(rows, len(WIDE))).astype(np.float32)
    columns = {name: np.ascontiguousarray(matrix[:, place], np.float64) for place, name in enumerate(WIDE)}
    session = bare(folder)
    vector, wide = (mainspring.load(folder / name) for name in ("vector", "wide"))
    made = {
        "bare": lambda: session.run(None, {"X": matrix}),
        "vector": lambda: vector.predict({"x": matrix}),
        "columns": lambda: wide.predict(columns),
    }
    expected = made["bare"]()[0].ravel()
    for name in ("vector", "columns"):
        np.testing.assert_allclose(made[name]()["units"], expected, rtol=1e-5, atol=1e-5)
    return made


def measure(made: dict[str, Callable[[], object]], times: int, repeats: int) -> dict[str, float]:
    """Microseconds of CPU a call: the median of turns, in which all ways take turns."""
    found: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(repeats):
        for name, call in made.items():
            begun = time.process_time()
            for _ in range(times):
                call()
            found[name].append((time.process_time() - begun) / times * 1e6)
    return {name: statistics.median(values) for name, values in found.items()}


if __name__ == "__main__":
    place, turns = Path(sys.argv[1]), int(sys.argv[2])
    figures = {str(rows): measure(calls(place, rows), times, turns) for rows, times in ((1, 500), (1000, 10))}
    sys.stdout.write(json.dumps(figures))
