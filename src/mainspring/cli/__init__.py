"""The command `mainspring`."""

from mainspring.cli.entry import main

__all__ = ["main"]
