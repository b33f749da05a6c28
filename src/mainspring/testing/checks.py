"""What conformance cases say when they fail."""

from collections.abc import Callable
from typing import TypeVar

__all__ = ["refused", "same"]

Error = TypeVar("Error", bound=Exception)

_SHOWN = 300


def same(found: object, expected: object) -> None:
    """Make sure that two values are equal."""
    if found != expected:
        raise AssertionError(f"expected {str(expected)[:_SHOWN]}, found {str(found)[:_SHOWN]}")


def refused(kind: type[Error], says: str, call: Callable[[], object]) -> Error:
    """Return the error that a call raises: it must be of this kind, and say this."""
    try:
        call()
    except kind as error:
        if says not in str(error):
            raise AssertionError(f"expected {says!r} in: {error}") from error
        return error
    raise AssertionError(f"expected {kind.__name__}, and nothing was raised")
