"""What a source raises that may answer when it is asked again."""

__all__ = ["UnreachableError"]


class UnreachableError(Exception):
    """A source did not answer, or broke off; the message says how."""
