"""What is served: LightGBM trees as an ONNX graph, as their own text, and as packages: `python subject.py FOLDER`."""

import json
import sys
from pathlib import Path

import lightgbm
import numpy as np
from names import NAMES, WIDE

from mainspring.package import Field, Graph, Models, Pipeline, Signature, Spec, build, load


def trees(names: tuple[str, ...], seed: int) -> tuple[lightgbm.Booster, np.ndarray]:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(4000, len(names)))
    units = matrix[:, 0] * 3 + np.sin(matrix[:, 1]) * 5 + random.normal(size=4000)
    settings = {"objective": "regression", "num_leaves": 31, "verbosity": -1, "num_threads": 1, "deterministic": True}
    return lightgbm.train(settings, lightgbm.Dataset(matrix, units), 100), matrix


def package(out: Path, names: tuple[str, ...], seed: int) -> Path:
    """A package of one graph, and the graph beside it."""
    model, matrix = trees(names, seed)
    signature = Signature(tuple(Field(name, minimum=-1000, maximum=1000) for name in names))
    samples = dict(zip(names, matrix[:500].T, strict=True))
    built = build(Pipeline(signature, {"model": Models(names, {"units": model})}), Spec("bench"), samples, out)
    (graph,) = built.package.path.glob("stages/*.onnx")
    out.with_suffix(".onnx").write_bytes(graph.read_bytes())
    model.save_model(out.with_suffix(".txt"))
    return graph


def vector(out: Path, graph: bytes) -> None:
    """The same graph for one column of vectors."""
    samples = {"x": np.random.default_rng(3).normal(size=(500, len(WIDE))).astype(np.float32)}
    signature = Signature((Field("x", "float32", (len(WIDE),), minimum=-1000, maximum=1000),))
    build(Pipeline(signature, {"model": Graph(("x",), ("units",), graph)}), Spec("vector"), samples, out)


def main(folder: Path) -> None:
    package(folder / "package", NAMES, 1)
    vector(folder / "vector", package(folder / "wide", WIDE, 2).read_bytes())
    random = np.random.default_rng(4)
    rows = [dict(zip(NAMES, row, strict=True)) for row in random.normal(size=(8, len(NAMES))).round(3).tolist()]
    (folder / "rows.json").write_text(json.dumps(rows))
    expected = load(folder / "package").predict(rows)["units"].tolist()
    (folder / "expected.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
