"""The graph as a model of MLflow: `python prepare.py GRAPH OUT`."""

import sys

import mlflow.onnx
import onnx
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema

NAMES = [f"f{place}" for place in range(13)]

signature = ModelSignature(inputs=Schema([ColSpec(DataType.double, name) for name in NAMES]))
mlflow.onnx.save_model(
    onnx.load(sys.argv[1]),
    sys.argv[2],
    signature=signature,
    onnx_session_options={"intra_op_num_threads": 1, "inter_op_num_threads": 1},
)
