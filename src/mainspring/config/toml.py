"""Reading TOML. The parser is loaded when there is something to read: many projects have no configuration file."""

from importlib import import_module
from typing import Any

__all__ = ["parse"]


def parse(text: str) -> dict[str, Any]:
    """Return what a TOML text says.

    Raises:
        ValueError: It is no TOML (a `tomllib.TOMLDecodeError`, which says where).
    """
    tables: dict[str, Any] = import_module("tomllib").loads(text)
    return tables
