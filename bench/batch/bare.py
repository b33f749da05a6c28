"""onnxruntime over a Parquet file, and nothing else: `python bare.py KIND TABLE PACKAGE OUT`."""

import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
import polars as pl
from told import tell

CHUNK = 65_536


def matrices(table: str) -> Iterator[np.ndarray]:
    for frame in pl.scan_parquet(table).collect_batches(chunk_size=CHUNK, maintain_order=True):
        matrix = np.empty((frame.height, frame.width), np.float32)
        for place, column in enumerate(frame.get_columns()):
            matrix[:, place] = column.to_numpy()
        yield matrix


def session(package: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return onnxruntime.InferenceSession(next(Path(package).glob("stages/*.onnx")), options)


def write(made: list[np.ndarray], out: str) -> int:
    values = np.concatenate(made).ravel()
    pl.DataFrame({"y": values}).write_parquet(out)
    return len(values)


def inside(table: str, package: str, out: str) -> int:
    """Two threads in one call."""
    model = session(package, 2)
    return write([model.run(None, {"X": matrix})[0] for matrix in matrices(table)], out)


def beside(table: str, package: str, out: str) -> int:
    """Two calls side by side, of one thread each."""
    model, made, waiting = session(package, 1), [], deque()
    with ThreadPoolExecutor(2) as pool:
        for matrix in matrices(table):
            waiting.append(pool.submit(model.run, None, {"X": matrix}))
            if len(waiting) > 2:
                made.append(waiting.popleft().result()[0])
        made += [one.result()[0] for one in waiting]
    return write(made, out)


if __name__ == "__main__":
    kind, *places = sys.argv[1:]
    tell(lambda: {"inside": inside, "beside": beside}[kind](*places))
