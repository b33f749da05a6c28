"""Polars, which reads and writes tables for batches. It is imported here alone, when the first is read."""

from importlib import import_module
from typing import Any

from mainspring.errors import BatchError

__all__ = ["polars"]


def polars() -> Any:
    """Return the module.

    Raises:
        BatchError: It is not installed.
    """
    try:
        return import_module("polars")
    except ModuleNotFoundError as error:
        raise BatchError(
            "Batches need the package 'polars', which is not installed", fix="Install mainspring[serve,data]."
        ) from error
