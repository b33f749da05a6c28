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


def measure(made: dict[str, Callable[[], object]], times: int, turns: int) -> dict[str, float]:
    """Microseconds of CPU a call of the bare one, and the others as many times that as in the median of short turns.

    A machine that others use as well is fast in one second and slow in the next: only what is measured within the same
    milliseconds can be compared.
    """
    found: dict[str, list[float]] = {name: [] for name in made}
    for _ in range(turns):
        for name, call in made.items():
            begun = time.process_time_ns()
            for _ in range(times):
                call()
            found[name].append((time.process_time_ns() - begun) / times / 1e3)
    base = statistics.median(found["bare"])
    return {
        name: base * statistics.median(one / bare for one, bare in zip(values, found["bare"], strict=True))
        for name, values in found.items()
    }


if __name__ == "__main__":
    place, turns = Path(sys.argv[1]), int(sys.argv[2])
    figures = {str(rows): measure(calls(place, rows), times, turns * 10) for rows, times in ((1, 50), (1000, 1))}
    sys.stdout.write(json.dumps(figures))
