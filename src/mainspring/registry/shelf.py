"""The packages of registered versions: folders by digest, written once and verified."""

import os
import shutil
from pathlib import Path
from typing import Final

from mainspring.errors import PackageError, ReadOnlyError
from mainspring.package.content import Content, read_attestations, read_content
from mainspring.package.writing import write_package

__all__ = ["Shelf"]

_READABLE: Final = 0o444


class Shelf:
    """Packages below one folder, each at the place that its digest names.

    Several processes may put packages at once. What lies in a place is whole: it is written beside it and renamed.

    Args:
        root: The folder; it is made when the first package is put there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def place(self, digest: str) -> Path:
        """Return where the package of a digest is, or would be."""
        return self._root / digest[:2] / digest

    def put(self, content: Content) -> Path:
        """Return where a package lies, after it was copied there with its attestations and verified.

        Raises:
            StorageFullError: The disk is full.
            ReadOnlyError: The folder cannot be written to.
        """
        place = self.place(content.digest)
        if _is_whole(place, content.digest):
            return place
        files = {**content.files, **read_attestations(content.path)}
        fresh = place.with_name(f".{content.digest[:16]}-{os.urandom(6).hex()}")
        try:
            write_package(files, fresh)
            for file in fresh.rglob("*"):
                if file.is_file():
                    file.chmod(_READABLE)
            _settle(fresh, place, content.digest)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        read_content(place, content.digest)
        return place


def _settle(fresh: Path, place: Path, digest: str) -> None:
    """Rename a package to its place, unless another process was faster; one that is damaged gives way."""
    try:
        fresh.rename(place)
    except OSError as error:
        if _is_whole(place, digest):
            return
        stale = fresh.with_name(f"{fresh.name}-stale")
        try:
            place.rename(stale)
            fresh.rename(place)
        except OSError:
            raise ReadOnlyError(
                f"'{place}' cannot be written: {error.strerror}", fix="Make the home writable."
            ) from error
        finally:
            shutil.rmtree(stale, ignore_errors=True)


def _is_whole(place: Path, digest: str) -> bool:
    if not place.is_dir():
        return False
    try:
        read_content(place, digest)
    except PackageError:
        return False
    return True
