"""Asking a model in batches, and rows whose answers are kept."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mainspring.errors import InputError
from mainspring.quality.kinds import Where
from mainspring.quality.rows import Array, Rows, count_of, joined, taken

__all__ = ["Asker", "Pool", "Predict"]

Predict = Callable[[dict[str, Array]], Mapping[str, Any]]


class Asker:
    """Asks a model, never more than `batch` rows at once.

    Args:
        predict: The model.
        batch: The most rows at once.
    """

    def __init__(self, predict: Predict, batch: int) -> None:
        self._predict = predict
        self.batch = batch
        self.asked = 0

    def __call__(self, rows: Rows) -> dict[str, Array]:
        """Return the outputs for rows; none for none.

        Raises:
            InputError: There is not one output for each row.
        """
        count = count_of(rows)
        starts = range(0, count, self.batch) if count else [0]
        return joined([self._ask(taken(rows, slice(start, start + self.batch))) for start in starts])

    def _ask(self, rows: dict[str, Array]) -> dict[str, Array]:
        count = count_of(rows)
        self.asked += count
        found = {name: np.asarray(values) for name, values in self._predict(rows).items()}
        wrong = {name: values.shape for name, values in found.items() if values.ndim == 0 or len(values) != count}
        if wrong or not found:
            raise InputError(
                f"The model was asked {count:,} rows and answered {wrong or 'nothing'}",
                fix="Return one value for each row, in each output.",
            )
        return found


class Pool:
    """Rows of one source in a random order, with the answers to those that were asked before.

    Args:
        source: `real` or `domain`.
        rows: The rows.
        order: Their places, in the order in which they are used.
        ask: Asks the model.
    """

    def __init__(self, source: str, rows: dict[str, Array], order: Array, ask: Asker) -> None:
        self.source, self.rows, self.order = source, rows, order
        self._ask = ask
        self._known = np.zeros(count_of(rows), bool)
        self._kept: dict[str, Array] = {}

    def places(self, where: Where | None, most: int) -> Array:
        """Return places of rows that something is about, at most so many."""
        if where is None:
            return self.order[:most]
        fit = np.asarray(where(self.rows), bool)
        return np.asarray(self.order[fit[self.order]][:most])

    def outputs(self, places: Array) -> dict[str, Array]:
        """Return what the model says of the rows at some places."""
        missing = places[~self._known[places]]
        if len(missing) or not self._kept:
            found = self._ask(taken(self.rows, missing))
            for name, values in found.items():
                if name not in self._kept:
                    self._kept[name] = np.empty((len(self._known), *values.shape[1:]), values.dtype)
                self._kept[name][missing] = values
            self._known[missing] = True
        return taken(self._kept, places)
