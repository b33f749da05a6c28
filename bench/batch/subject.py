"""What is predicted, and with what: `python subject.py table PATH ROWS`, `python subject.py package PATH`."""

import sys
from pathlib import Path

import lightgbm
import numpy as np
import polars as pl

from mainspring.package import Field, Models, Pipeline, Signature, Spec, build

COLUMNS = 20
TREES = 100
STEP = 1_000_000
NAMES = [f"x{number:02}" for number in range(COLUMNS)]


def make_table(path: Path, rows: int) -> None:
    """One Parquet file of float64 columns, in row groups of a million."""
    random = np.random.default_rng(1)
    folder = path.with_suffix(".pieces")
    folder.mkdir()
    for start in range(0, rows, STEP):
        columns = {name: np.round(random.normal(0, 1, min(STEP, rows - start)), 4) for name in NAMES}
        pl.DataFrame(columns).write_parquet(folder / f"{start:012d}.parquet")
    pl.scan_parquet(folder / "*.parquet").sink_parquet(path, row_group_size=STEP, maintain_order=True)
    for piece in folder.iterdir():
        piece.unlink()
    folder.rmdir()


def make_package(path: Path) -> None:
    random = np.random.default_rng(2)
    matrix = np.round(random.normal(0, 1, (20_000, COLUMNS)), 4)
    target = matrix[:, 0] * matrix[:, 1] + np.sin(3 * matrix[:, 2]) + random.normal(0, 0.1, len(matrix))
    settings = {"num_leaves": 31, "verbosity": -1, "num_threads": 1, "deterministic": True, "force_row_wise": True}
    model = lightgbm.train(settings, lightgbm.Dataset(matrix, target), TREES)
    signature = Signature(tuple(Field(name, minimum=-100, maximum=100) for name in NAMES))
    pipeline = Pipeline(signature, {"model": Models(tuple(NAMES), {"y": model})})
    samples = {name: matrix[:2000, place] for place, name in enumerate(NAMES)}
    build(pipeline, Spec("trees"), samples, path)


if __name__ == "__main__":
    if sys.argv[1] == "table":
        make_table(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        make_package(Path(sys.argv[2]))
