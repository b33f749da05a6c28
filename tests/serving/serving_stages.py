"""Stages of the services under test, as a project would write them: NumPy alone."""

import numpy as np


class Encode:
    """Numbers from texts, dates, flags and vectors."""

    def __init__(self, skus):
        self.skus = list(skus)

    def transform(self, columns):
        places = {sku: float(place) for place, sku in enumerate(self.skus)}
        return {
            "sku_number": np.array([places.get(sku, -1.0) for sku in columns["sku"]]),
            "day_number": (columns["day"].astype(np.int64) % 7).astype(np.float64),
            "hour": (columns["at"].astype("<M8[h]").astype(np.int64) % 24).astype(np.float64),
            "open_number": columns["open"].astype(np.float64),
            "spread_sum": columns["spread"].sum(axis=1),
            "ratio_number": np.nan_to_num(columns["ratio"].astype(np.float64), nan=-1.0),
            "tier_number": columns["tier"].astype(np.float64),
        }

    def state(self):
        return {"skus": self.skus}

    @classmethod
    def from_state(cls, state):
        return cls(state["skus"])


class Fails:
    """A stage that fails when a price is 666, takes its time at 777, and passes anything else on."""

    def __init__(self, seconds):
        self.seconds = seconds

    def transform(self, columns):
        import time

        if (columns["price"] == 666).any():
            raise RuntimeError("secret detail of the model")
        if (columns["price"] == 777).any():
            time.sleep(self.seconds)
        return {"price": columns["price"]}

    def state(self):
        return {"seconds": self.seconds}

    @classmethod
    def from_state(cls, state):
        return cls(state["seconds"])
