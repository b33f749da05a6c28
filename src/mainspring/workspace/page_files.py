"""Pages as files: in their place as a whole, or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from mainspring.store.local import write_failure

__all__ = ["write_page"]


def write_page(page: str, path: Path, home: Path) -> Path:
    """Write a page, in the place of what was there before, and return its path.

    Args:
        page: The page.
        path: Where; its folder is made.
        home: The home that is named when the disk is full.

    Raises:
        StorageFullError: The disk is full; what was there is left as it was.
        ReadOnlyError: The folder cannot be written to.
    """
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.write(page.encode("utf-8", "replace"))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        with suppress(OSError):
            fresh.unlink()
        raise write_failure(home, error) from error
    return path
