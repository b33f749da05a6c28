"""A package in process beside bare onnxruntime, on prepared arrays: `python inprocess.py FOLDER REPEATS [HOME]`.

HOME is that of examples/retail after `make demo`: its package is then measured too.
"""

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
from mainspring.package import Graph, read_content
from mainspring.package.arrow import decode_columns
from mainspring.package.dtypes import stand_in
from mainspring.package.manifest import GOLDEN
from mainspring.package.stages import stacked


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


def retail(home: Path) -> dict[str, Callable[[], object]]:
    """The rows of its golden samples through the whole package, beside its graphs alone on what its features are."""
    loaded = mainspring.load("retail@champion", home=home)
    kept = decode_columns(read_content(loaded.package.path).files[GOLDEN])
    count = len(next(iter(kept.values())))
    given = {
        one.name: stand_in(one, count) if one.sensitive else kept[f"input:{one.name}"]
        for one in loaded.signature.fields
    }
    known, graphs = dict(given), []
    for stage in loaded.pipeline.stages.values():
        if isinstance(stage, Graph):
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            session = onnxruntime.InferenceSession(stage.model, options, providers=["CPUExecutionProvider"])
            graphs.append((session, stacked(known, stage.inputs, stage.precision)))
        known.update(stage.transform(known))
    return {
        "bare": lambda: [session.run(None, {"X": matrix}) for session, matrix in graphs],
        "package": lambda: loaded.predict(given),
        "rows": lambda: count,
    }


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
    if len(sys.argv) > len(("inprocess.py", "FOLDER", "REPEATS")):
        found = retail(Path(sys.argv[3]))
        count = found.pop("rows")()
        figures["retail"] = {**measure(found, 3, turns), "rows": count}
    sys.stdout.write(json.dumps(figures))
