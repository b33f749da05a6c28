"""Content digests of input files, with a cache of what `stat` said, and the copies that are kept of them."""

import os
import time

from msgspec.structs import replace

from mainspring.digest import Artifact, File, Folder, digest_file, digest_folder
from mainspring.errors import InputError, shortened
from mainspring.store import BlobStore, save
from mainspring.tracking import Facts, FileRow

__all__ = ["InputFiles"]


class InputFiles:
    """Digests of declared files and folders. One run uses one, so that each file is read at most once.

    Paths are shown as they are typed in the project's folder.

    A digest is taken from the cache when inode, size and both times are what they were, and when they were old enough
    at that time for a later change to show (Git's racy rule).
    """

    def __init__(self, facts: Facts, folder: str) -> None:
        self._facts = facts
        self._folder = folder
        self._known: dict[str, FileRow] = {}
        self._new: list[FileRow] = []
        self._folders: dict[str, str] = {}

    def digest(self, value: File | Folder) -> str:
        """Return the content digest of a file or folder.

        Raises:
            InputError: It is missing, unreadable, or of the wrong kind.
        """
        path = os.path.abspath(value.path)  # noqa: PTH100 - symlinks stay, and it is half the time
        if isinstance(value, File):
            return self._file(path)
        if path not in self._folders:
            self._folders[path] = digest_folder(path, lambda inner: self._file(str(inner), allow_empty=True))
        return self._folders[path]

    def shown(self, text: str) -> str:
        """Return a text with the paths that are in the project's folder relative to it."""
        return shortened(text, self._folder)

    def check(self, value: File | Folder) -> None:
        """Make sure that an input has not changed since its digest was taken.

        Raises:
            InputError: It has.
        """
        before = self.digest(value)
        path = os.path.abspath(value.path)  # noqa: PTH100
        now = (
            InputFiles(self._facts, self._folder).digest(value) if isinstance(value, Folder) else self._refreshed(path)
        )
        if now != before:
            raise InputError(f"'{value.path}' changed while the step read it", None, "Run again once it is complete.")

    def keep(self, value: File, blobs: BlobStore, limit: int) -> Artifact | None:
        """Return the kept copy of an input file of at most `limit` bytes, or None for a larger one."""
        if os.stat(value.path).st_size > limit:  # noqa: PTH116
            return None
        return save(f"input {self.shown(str(value))}", value, blobs, pickle=False)

    def save(self) -> None:
        """Write what was learned to the cache."""
        if self._new:
            self._facts.files.remember(self._new)
            self._new = []

    def _file(self, path: str, *, allow_empty: bool = False) -> str:
        row = self._known.get(path)
        if row is None:
            cached = self._facts.files.lookup([path]).get(path)
            row = self._known[path] = (
                cached if cached is not None and _unchanged(cached, path) else self._read(path, allow_empty)
            )
        return row.digest

    def _refreshed(self, path: str) -> str:
        row = self._known[path]
        return row.digest if _same(row, os.stat(path)) else self._read(path, allow_empty=True).digest  # noqa: PTH116

    def _read(self, path: str, allow_empty: bool) -> FileRow:
        seen = time.time_ns()
        try:
            found = os.stat(path)  # noqa: PTH116
        except OSError:
            digest_file(path)  # raises the error that says what is wrong
            raise  # unless it is there again
        blank = FileRow(path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns, "", seen)
        row = replace(blank, digest=digest_file(path, allow_empty=allow_empty))
        self._new.append(row)
        return row


def _same(row: FileRow, found: os.stat_result) -> bool:
    now = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    return now == (row.inode, row.size, row.mtime_ns, row.ctime_ns)


def _unchanged(row: FileRow, path: str) -> bool:
    try:
        return _same(row, os.stat(path))  # noqa: PTH116
    except OSError:
        return False
