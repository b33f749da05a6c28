"""The columns that a rule chose, frozen: a stage that is packaged as this module, which needs nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

__all__ = ["Dropped", "Selection"]

_SAID = {
    "missing": "has no value in {value:.1%} of the rows",
    "constant": "has one value alone",
    "correlated": "goes with '{instead}' (correlation of ranks {value:.3f})",
    "importance": "has the importance {value:g}",
    "most": "is less important ({value:g}) than as many as may stay",
}


@dataclass(frozen=True, slots=True)
class Dropped:
    """A column that was left out.

    Attributes:
        column: Its name.
        rule: `missing`, `constant`, `correlated`, `importance` or `most`.
        value: The share, correlation or importance that the rule looked at, to six digits, so that the order of rows
            does not change it.
        instead: The column that it goes with.
    """

    column: str
    rule: str
    value: float
    instead: str = ""

    def __str__(self) -> str:
        return f"'{self.column}' {_SAID[self.rule].format(value=self.value, instead=self.instead)}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The columns to keep: chosen once, on training data, and then the same in tests, batch and service.

    It is a plain value, so a step can return it and later steps are hits when a new choice is the same, and a stage
    of an inference pipeline.

    Attributes:
        columns: Those that stay, in the order of the frame that they were chosen in.
        dropped: Those that do not, and why, in that order.

    >>> import numpy as np
    >>> Selection(("price",)).transform({"price": np.array([1.5]), "noise": np.array([7])})
    {'price': array([1.5])}
    """

    columns: tuple[str, ...]
    dropped: tuple[Dropped, ...] = ()

    def transform(self, columns: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        """Return the columns that stay.

        Raises:
            ValueError: One is not there.
        """
        missing = [name for name in self.columns if name not in columns]
        if missing:
            raise ValueError(f"There is no column '{missing[0]}', which was selected when the pipeline was fitted.")
        return {name: columns[name] for name in self.columns}

    def state(self) -> dict[str, Any]:
        """Return what inference needs: the names."""
        return {"columns": list(self.columns)}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "Selection":
        """Return the selection of a state."""
        return cls(tuple(state["columns"]))
