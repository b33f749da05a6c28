"""Pages as files: in their place as a whole, or not at all."""

from pathlib import Path

from mainspring.disk import write_whole
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
    try:
        write_whole(path, page.encode("utf-8", "replace"))
    except OSError as error:
        raise write_failure(home, error) from error
    return path
