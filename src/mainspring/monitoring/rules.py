"""Rules: what counts as a change, how sure one has to be, and how often it has to be seen."""

from dataclasses import dataclass, field
from typing import Final

from mainspring.errors import DefinitionError

__all__ = ["FAMILIES", "FLOORS", "Rules"]

FAMILIES: Final = {
    "drift": ("drift",),
    "quality": ("nulls", "new_category", "range"),
    "window": ("contract", "duplicates", "fallback", "volume", "latency"),
    "correlation": ("correlation",),
}
"""Checks that are tested together: the false discovery rate is controlled within each family, across its columns."""

FLOORS: Final = {
    "drift": 0.05,
    "nulls": 0.01,
    "new_category": 0.001,
    "range": 0.002,
    "contract": 0.002,
    "duplicates": 0.02,
    "fallback": 0.002,
    "volume": 0.25,
    "latency": 0.2,
    "correlation": 0.05,
}
"""The least change that matters. Drift: in standard deviations for a number, in Jensen and Shannon's distance for a
category. Volume and latency: in natural logarithms. Correlation: root mean square of its changes. Others: shares."""


@dataclass(frozen=True)
class Rules:
    """When a window differs from its reference, and when that is an alert.

    Attributes:
        level: A check is on its own remarkable below this p-value. Nobody is told of that alone.
        discovery: The false discovery rate within a family of a window.
        least: How many of the last windows have to show a change before it is a finding.
        of: How many windows are looked back on.
        reference: How many reference windows there have to be for thresholds that are fitted; below it is a cold start.
        floors: The least change that matters, by check; what is not named is as in `FLOORS`.
        shift: Hours by which local time is ahead of UTC, for the calendar of seasons.

    Raises:
        DefinitionError: They contradict each other.
    """

    level: float = 0.01
    discovery: float = 0.05
    least: int = 3
    of: int = 6
    reference: int = 100
    floors: dict[str, float] = field(default_factory=dict)
    shift: float = 0.0

    def __post_init__(self) -> None:
        wrong = [name for name in self.floors if name not in FLOORS]
        said = [f"there is no check {name!r}" for name in wrong]
        if not 1 <= self.least <= self.of:
            said.append(f"{self.least} of {self.of} windows cannot be")
        if not (0 < self.level < 1 and 0 < self.discovery < 1):
            said.append("'level' and 'discovery' are inside (0, 1)")
        if self.reference < 50:
            said.append(f"a tail cannot be fitted to {self.reference} windows: at least 50")
        if said:
            raise DefinitionError(f"Rules cannot be: {'; '.join(said)}", fix=f"Checks are {', '.join(FLOORS)}.")

    def floor(self, check: str) -> float:
        """Return the least change of a check that matters."""
        return self.floors.get(check, FLOORS[check])
