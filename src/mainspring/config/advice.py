"""What `config lint` says."""

from msgspec import Struct

__all__ = ["Finding"]


class Finding(Struct, frozen=True, order=True):
    """One piece of advice.

    Attributes:
        rule: Name of the rule that it comes from.
        message: What was found.
        path: File that it was found in.
        line: Line in it, counted from 1.
        fix: What to do about it.
    """

    rule: str
    message: str
    path: str
    line: int
    fix: str
