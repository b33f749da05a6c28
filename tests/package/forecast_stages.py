"""Stages of a demand forecast, as a project would write them: NumPy alone."""

import numpy as np


class Calendar:
    """Numbers from dates and flags."""

    def __init__(self, first: np.ndarray) -> None:
        self.first = first

    def transform(self, columns):
        date = columns["date"]
        return {
            "weekday": ((date.astype(np.int64) + 3) % 7).astype(np.float64),
            "age": (date - self.first).astype(np.float64),
            "promotion_number": columns["promotion"].astype(np.float64),
            "missing_price": np.isnan(columns["price"]).astype(np.float64),
        }

    def state(self):
        return {"first": np.array([self.first])}

    @classmethod
    def from_state(cls, state):
        return cls(state["first"][0])


class Calibrate:
    """Quantiles that never cross: sorted, moved by an offset each, sorted, at least zero, whole."""

    def __init__(self, names, offsets):
        self.names = list(names)
        self.offsets = np.asarray(offsets, np.float64)

    def transform(self, columns):
        matrix = np.sort(np.column_stack([columns[name] for name in self.names]), axis=1)
        matrix = np.sort(matrix + self.offsets, axis=1)
        matrix = np.rint(np.maximum(matrix, 0.0))
        return {name: matrix[:, place] for place, name in enumerate(self.names)}

    def state(self):
        return {"names": self.names, "offsets": self.offsets}

    @classmethod
    def from_state(cls, state):
        return cls(state["names"], state["offsets"])


class Logistic:
    """A logistic regression in NumPy, for models that have no other form."""

    def __init__(self, inputs, output, weights, bias):
        self.inputs, self.output, self.weights, self.bias = inputs, output, weights, bias

    def transform(self, columns):
        matrix = np.column_stack([columns[name] for name in self.inputs])
        positive = 1.0 / (1.0 + np.exp(-(matrix @ self.weights + self.bias)))
        return {self.output: np.column_stack([1.0 - positive, positive])}

    def state(self):
        return {"inputs": self.inputs, "output": self.output, "weights": self.weights, "bias": self.bias}

    @classmethod
    def from_state(cls, state):
        return cls(**state)
