"""The columns of the models."""

__all__ = ["NAMES", "WIDE"]

NAMES = tuple(f"f{place}" for place in range(13))
WIDE = tuple(f"f{place}" for place in range(20))
