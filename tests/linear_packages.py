"""Small real packages: one ONNX graph, a weighted sum, without any training."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from mainspring.package import Built, Field, Graph, Pipeline, Policy, Rule, Signature, Spec, build

KEEP = Policy(null="keep", nan="keep")
SIGNATURE = Signature(
    (
        Field("price", minimum=0),
        Field("weekday", "int64", minimum=0, maximum=6),
        Field("shop", "string", categories=("north", "south")),
        Field("customer", "string", sensitive=True),
    ),
    Policy(extra="drop"),
)


def graph(weights: tuple[float, ...], outputs: tuple[str, ...] = ("y",)) -> bytes:
    matrix = np.array([weights] * len(outputs), np.float32).T * np.arange(1, len(outputs) + 1, dtype=np.float32)
    parts = [numpy_helper.from_array(np.ascontiguousarray(matrix[:, [at]]), f"w{at}") for at in range(len(outputs))]
    nodes = [helper.make_node("MatMul", ["X", f"w{at}"], [f"y{at}"]) for at in range(len(outputs))]
    made = helper.make_graph(
        nodes,
        "model",
        [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, len(weights)])],
        [helper.make_tensor_value_info(f"y{at}", TensorProto.FLOAT, [None, 1]) for at in range(len(outputs))],
        parts,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def rows(count: int, seed: int = 1) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        "price": np.round(random.gamma(4, 2, count), 2),
        "weekday": random.integers(0, 7, count),
        "shop": random.choice(np.array(["north", "south"], object), count),
        "customer": np.array([f"customer {number}" for number in range(count)], object),
    }


def linear(out: Path, weights: tuple[float, float] = (2.0, 3.0), outputs: tuple[str, ...] = ("y",), **more) -> Built:
    """A package whose first output is 2 * price + 3 * weekday."""
    stage = Graph(("price", "weekday"), outputs, graph(weights, outputs))
    signature = more.pop("signature", SIGNATURE)
    spec = Spec("linear", rule=Rule(((1.0, 1e-6),), maximum=1e-6), **more)
    return build(Pipeline(signature, {"model": stage}), spec, rows(16), out)
