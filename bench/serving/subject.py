"""What is served: one LightGBM model of 13 columns as an ONNX graph, and as a package."""

import sys
from pathlib import Path

import lightgbm
import numpy as np

from mainspring.package import Field, Models, Pipeline, Signature, Spec, build

NAMES = tuple(f"f{place}" for place in range(13))


def main(out: Path) -> None:
    random = np.random.default_rng(1)
    matrix = random.normal(size=(4000, len(NAMES)))
    units = matrix[:, 0] * 3 + np.sin(matrix[:, 1]) * 5 + random.normal(size=4000)
    settings = {"objective": "regression", "num_leaves": 31, "verbosity": -1, "num_threads": 1, "deterministic": True}
    model = lightgbm.train(settings, lightgbm.Dataset(matrix, units), 100)
    signature = Signature(tuple(Field(name, minimum=-1000, maximum=1000) for name in NAMES))
    samples = dict(zip(NAMES, matrix[:500].T, strict=True))
    built = build(
        Pipeline(signature, {"model": Models(NAMES, {"units": model})}), Spec("bench"), samples, out / "package"
    )
    (graph,) = built.package.path.glob("stages/*.onnx")
    (out / "graph.onnx").write_bytes(graph.read_bytes())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
