"""A service of BentoML for the graph."""

import os

import bentoml
import numpy as np
import onnxruntime
from pydantic import BaseModel, create_model

NAMES = [f"f{place}" for place in range(13)]
Row = create_model("Row", **{name: (float, ...) for name in NAMES})


class Prediction(BaseModel):
    units: float


class Answer(BaseModel):
    predictions: list[Prediction]


@bentoml.service(workers=1, traffic={"timeout": 60})
class Trees:
    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(os.environ["GRAPH"], options, providers=["CPUExecutionProvider"])

    @bentoml.api
    def predict(self, rows: list[Row]) -> Answer:
        matrix = np.array([[getattr(row, name) for name in NAMES] for row in rows], np.float32)
        (values,) = self.session.run(None, {"X": matrix})
        return Answer(predictions=[Prediction(units=value) for value in values[:, 0].tolist()])
