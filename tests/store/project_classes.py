"""Classes of a project: of no installed distribution, known to the library by nothing but what they are."""

from dataclasses import dataclass, field

from sklearn.base import BaseEstimator, TransformerMixin


def double(number):
    return 2 * number


class Clipper(TransformerMixin, BaseEstimator):
    def __init__(self, low=0, high=1):
        self.low = low
        self.high = high

    def fit(self, X, y=None):
        self.seen_ = X.shape[1]
        return self

    def transform(self, X):
        return X.clip(self.low, self.high)


class Forecaster:
    def __init__(self, table):
        self.table = table
        self.names = sorted(table)
        self.labels = {"x", "y", "z", (1, 2)}
        self.same = self.table

    def predict(self, name):
        return self.table[name]


class Slotted:
    __slots__ = ("items",)

    def __init__(self, items):
        self.items = items


class Linked:
    """Three objects in a ring."""

    def __init__(self, count, first=None):
        self.value = count
        self.next = first or self
        if count > 1:
            self.next = Linked(count - 1, first or self)


@dataclass
class Settings:
    """A dataclass that says by itself what its state is."""

    size: int
    opened: int = field(default=0, compare=False)

    def __getstate__(self):
        return {"size": self.size}

    def __setstate__(self, state):
        self.size = state["size"]
        self.opened = 0
