"""What is to survive a power cut: files that are whole or not there, and what was written flushed to the disk."""

import os
from pathlib import Path

__all__ = ["flush", "write_whole"]


def flush(path: Path | str) -> None:
    """Flush the content of a file, or the names in a folder, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(path: Path, data: bytes, *, private: bool = False) -> None:
    """Put a file in its place, whole and on the disk, or not at all; its folder is made.

    Args:
        path: Where; what is there is replaced.
        data: The content.
        private: Whether only its owner may read it.

    Raises:
        OSError: It cannot be written; what was there is left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    try:
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if private else 0o666)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
