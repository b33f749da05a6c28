"""The command `mainspring`."""

from mainspring.cli.app import main

__all__ = ["main"]
