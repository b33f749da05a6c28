"""What a tutorial of FastAPI ends with: a model of the request, a model of the answer."""

import sys

import numpy as np
import onnxruntime
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, create_model

GRAPH, PORT = sys.argv[1], int(sys.argv[2])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
SESSION = onnxruntime.InferenceSession(GRAPH, options, providers=["CPUExecutionProvider"])
NAMES = [f"f{place}" for place in range(13)]
Row = create_model("Row", **{name: (float, ...) for name in NAMES})


class Rows(BaseModel):
    rows: list[Row]


class Prediction(BaseModel):
    units: float


class Answer(BaseModel):
    predictions: list[Prediction]


app = FastAPI()


@app.post("/predict")
async def predict(given: Rows) -> Answer:
    matrix = np.array([[getattr(row, name) for name in NAMES] for row in given.rows], np.float32)
    (values,) = SESSION.run(None, {"X": matrix})
    return Answer(predictions=[Prediction(units=value) for value in values[:, 0].tolist()])


uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False)
