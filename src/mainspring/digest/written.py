"""What changes when our own code does, for whatever is kept of what it found out."""

import os
import sys
from pathlib import Path

__all__ = ["written"]


def written(folder: Path) -> str:
    """Return a text that changes with Python, and with any module of a folder."""
    with os.scandir(folder) as entries:
        files = [(entry.name, entry.stat()) for entry in entries if entry.name.endswith(".py")]
    return repr((sys.version, sorted((name, found.st_size, found.st_mtime_ns) for name, found in files)))
