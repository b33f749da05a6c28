"""Figures of checks in the units in which people read them."""

import math
from typing import Final

from mainspring.charts.numbers import number
from mainspring.monitoring.layouts import Layout

__all__ = ["CHECKS", "SHARES", "Scale", "scale_of"]

SHARES: Final = ("nulls", "new_category", "range", "contract", "duplicates", "fallback")
"""Checks whose figures are shares of rows, or of requests."""

CHECKS: Final = {
    "drift": "drift",
    "nulls": "missing",
    "new_category": "new values",
    "range": "out of range",
    "correlation": "correlations",
    "volume": "rows in a window",
    "latency": "latency",
    "contract": "marked by the policy",
    "duplicates": "repeated rows",
    "fallback": "answered by a fallback",
}
"""What checks are called where there is little room."""


class Scale:
    """How figures of one check are shown.

    Args:
        unit: Their unit.
        factor: What they are multiplied by.
        log: Whether they are logarithms.
    """

    def __init__(self, unit: str, factor: float = 1.0, *, log: bool = False) -> None:
        self.unit = unit
        self._factor = factor
        self._log = log

    def __call__(self, value: float) -> float:
        """Return a figure in the unit."""
        return self._factor * (math.exp(value) if self._log else value)

    def text(self, value: float) -> str:
        """Return a figure with its unit, to a few digits."""
        shown = self(value)
        if self.unit == "%":
            return f"{shown:.2f} %" if abs(shown) < 10 else f"{shown:.1f} %"
        text = number(round(shown)) if self.unit == "rows" else number(float(f"{shown:.3g}"))
        return f"{text} {self.unit}".strip()


def scale_of(check: str, column: str = "", layout: Layout | None = None) -> Scale:
    """Return how figures of a check are shown; those of drift depend on whether the column is a number."""
    if check in SHARES:
        return Scale("%", 100.0)
    if check == "volume":
        return Scale("rows", log=True)
    if check == "latency":
        return Scale("ms", 1e-3, log=True)
    if check == "drift":
        kinds = {axis.name: axis.kind for axis in layout.axes} if layout is not None else {}
        return Scale("JS" if kinds.get(column) == "category" else "sd")
    return Scale("")
