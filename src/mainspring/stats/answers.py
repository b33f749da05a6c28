"""Answers that are no number."""

from dataclasses import dataclass

__all__ = ["NotApplicable"]


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The answer where the data lacks what a statistic needs, such as weights or costs. It is false, and says why.

    Attributes:
        reason: What is missing, in the reader's words.

    >>> str(NotApplicable("there are no prices"))
    'not applicable: there are no prices'
    """

    reason: str

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"not applicable: {self.reason}"
