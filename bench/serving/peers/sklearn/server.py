"""FastAPI over a pipeline of scikit-learn: a frame a request, and the same trees by LightGBM itself."""

import sys
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, create_model
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline

GRAPH, PORT = Path(sys.argv[1]), int(sys.argv[2])
NAMES = [f"f{place}" for place in range(13)]
Row = create_model("Row", **{name: (float, ...) for name in NAMES})


class Trees(RegressorMixin, BaseEstimator):
    """The model that the graph was made from."""

    def fit(self, _matrix, _target=None):
        self.booster_ = lightgbm.Booster(model_file=GRAPH.with_suffix(".txt"))
        return self

    def predict(self, matrix):
        return self.booster_.predict(matrix, num_threads=1)


class Rows(BaseModel):
    rows: list[Row]


class Prediction(BaseModel):
    units: float


class Answer(BaseModel):
    predictions: list[Prediction]


columns = ColumnTransformer([("numbers", "passthrough", NAMES)])
pipeline = Pipeline([("columns", columns), ("model", Trees())])
pipeline.fit(pd.DataFrame(np.zeros((2, len(NAMES))), columns=NAMES), [0.0, 0.0])
app = FastAPI()


@app.post("/predict")
async def predict(given: Rows) -> Answer:
    frame = pd.DataFrame([row.model_dump() for row in given.rows])
    return Answer(predictions=[Prediction(units=value) for value in pipeline.predict(frame).tolist()])


uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False)
