"""The rule by which predictions agree; `parity` measures whether they do."""

from dataclasses import dataclass

__all__ = ["Decision", "Rule"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided by an output.

    Attributes:
        output: The output: a number, or a vector of which the greatest part decides.
        threshold: Above it a number decides one way, else the other; None for a vector.
        margin: A flip counts when the expected number is farther than this from the threshold, or the greatest
            part of the expected vector by more than this above the second.
    """

    output: str
    threshold: float | None = None
    margin: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """How much predictions may differ.

    Attributes:
        quantiles: Pairs of a share of the rows and the greatest difference up to there.
        maximum: The greatest difference of all.
        floor: Numbers that are closer to zero than this are compared as if they were this large.
        decisions: Decisions of which none may flip outside its margin.
        labels: The share of rows in which an output that is no float may differ.
    """

    quantiles: tuple[tuple[float, float], ...] = ((0.5, 1e-5), (0.99, 1e-4))
    maximum: float = 0.1
    floor: float = 1.0
    decisions: tuple[Decision, ...] = ()
    labels: float = 0.0
