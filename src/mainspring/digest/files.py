"""Files and folders that are tracked by content."""

import os
from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from pathlib import Path
from stat import S_ISDIR, S_ISREG, S_IXUSR
from typing import IO, Any, BinaryIO, NamedTuple, NoReturn

from mainspring.digest.hashing import LARGE, Hasher, tagged
from mainspring.errors import InputError, nearest

__all__ = [
    "Entry",
    "File",
    "Folder",
    "blob_of_file",
    "blob_of_stream",
    "digest_file",
    "digest_folder",
    "digest_of_content",
    "digest_of_entries",
    "entries",
    "unreadable",
]

_CHUNK = 1 << 20


class _Tracked:
    """A place that is compared by its path and never changes. Written out: `@dataclass` takes a millisecond to load."""

    __slots__ = ()

    path: Path

    def __init__(self, path: str | os.PathLike[str]) -> None:
        object.__setattr__(self, "path", Path(path))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"A {type(self).__name__} cannot be changed: make another")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"A {type(self).__name__} cannot be changed: make another")

    def __eq__(self, other: object) -> bool:
        return self.path == other.path if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), self.path))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(path={self.path!r})"

    def __reduce__(self) -> tuple[type, tuple[Path]]:
        return type(self), (self.path,)

    def __fspath__(self) -> str:
        return str(self.path)

    def __str__(self) -> str:
        return str(self.path)


class File(_Tracked):
    """A file that is tracked by content: a step that takes one runs again when its bytes or its base name change.

    Args:
        path: Where it is; a step that returns one hands over its content, and may then delete it.
    """

    __slots__ = ("path",)

    def open(self, mode: str = "r", *, encoding: str | None = None, newline: str | None = None) -> IO[Any]:
        """Return the file, opened for reading; text is UTF-8 unless said otherwise."""
        if "b" in mode:
            return self.path.open(mode)
        return self.path.open(mode, encoding=encoding or "utf-8", newline=newline)

    def read_bytes(self) -> bytes:
        """Return the whole content."""
        return self.path.read_bytes()

    def read_text(self, encoding: str = "utf-8") -> str:
        """Return the whole content as text."""
        return self.path.read_text(encoding)


class Folder(_Tracked):
    """A directory that is tracked by content: names, executable bits and bytes of all files below it.

    Iterating gives the relative POSIX paths of its files, ordered by their bytes; `folder / name` is a path.

    Args:
        path: Where it is.
    """

    __slots__ = ("path",)

    def __truediv__(self, name: str | os.PathLike[str]) -> Path:
        return self.path / name

    def __iter__(self) -> Iterator[str]:
        return (entry.name for entry in entries(self.path) if entry.kind != "d")


class Entry(NamedTuple):
    """One thing in a folder.

    Attributes:
        name: Its POSIX path, relative to the folder.
        kind: `f` for a file, `x` for a file that its owner may execute, `d` for a directory without entries.
        path: Where it is.
    """

    name: str
    kind: str
    path: Path


def digest_file(path: str | os.PathLike[str], *, allow_empty: bool = False) -> str:
    """Return the digest of a file: its base name and its content.

    Raises:
        InputError: It is missing, empty, unreadable or no regular file, or changed while it was read.
    """
    return digest_of_content(Path(path).name, blob_of_file(path, allow_empty=allow_empty))


def digest_of_content(name: str, blob: str) -> str:
    """Return the digest of a file with that base name and that content, by the BLAKE3 of the content."""
    return tagged("file/1", name, blob)


def digest_folder(path: str | os.PathLike[str], file_digest: Callable[[Path], str] | None = None) -> str:
    """Return the digest of a folder: the names, kinds and contents of all that is in it.

    Args:
        path: The folder; symbolic links in it are followed.
        file_digest: What gives the digest of one file, by default `digest_file` that allows empty files.

    Raises:
        InputError: It is missing, without any file, unreadable, or holds something that is no regular file.
    """
    digest = file_digest or (lambda file: digest_file(file, allow_empty=True))
    found = entries(path)
    return digest_of_entries(
        (entry.name, entry.kind, "" if entry.kind == "d" else digest(entry.path)) for entry in found
    )


def digest_of_entries(found: Iterable[tuple[str, str, str]]) -> str:
    """Return the digest of a folder from name, kind and digest of each entry, in the order of `entries`."""
    return tagged("folder/1", *(part for entry in found for part in entry))


def blob_of_file(path: str | os.PathLike[str], *, allow_empty: bool = True) -> str:
    """Return the BLAKE3 of the content of a regular file.

    Raises:
        InputError: It is missing, empty where that is not allowed, unreadable, no regular file, or changes meanwhile.
    """
    try:
        # A pipe would block an open that is not told otherwise.
        with open(path, "rb", buffering=0, opener=_open_at_once) as file:
            before = os.fstat(file.fileno())
            _check_regular(path, before, allow_empty=allow_empty)
            blob = blob_of_stream(file, before.st_size)
            after = os.fstat(file.fileno())
    except OSError as error:
        raise unreadable(path, error, "File") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(f"File '{path}' changed while it was read", fix="Run again when nothing writes to it.")
    return blob


def blob_of_stream(file: BinaryIO | FileIO, size: int) -> str:
    """Return the BLAKE3 of what is left to read of a file that has about this size."""
    hasher = Hasher(large=size >= LARGE)
    while chunk := file.read(_CHUNK):
        hasher.update(chunk)
    return hasher.hexdigest()


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _check_regular(path: str | os.PathLike[str], found: os.stat_result, *, allow_empty: bool) -> None:
    if not S_ISREG(found.st_mode):
        raise InputError(f"'{path}' is no regular file", fix="Name a file.")
    if found.st_size == 0 and not allow_empty:
        raise InputError(
            f"File '{path}' is empty", fix="Check what writes it; a step that needs no content needs no file."
        )


def entries(path: str | os.PathLike[str]) -> list[Entry]:
    """Return all files of a folder and its directories without entries, ordered by the bytes of their path.

    Raises:
        InputError: It is missing, unreadable, without any entry, or holds a broken link, a circle of links or a
            special file.
    """
    root = Path(path)
    found: list[Entry] = []
    _list(root, "", found, ())
    if not found:
        raise InputError(f"Folder '{root}' is empty", fix="Check what writes it.")
    return sorted(found, key=lambda entry: entry.name.encode("utf-8", "surrogatepass"))


def _list(folder: Path, prefix: str, found: list[Entry], above: tuple[tuple[int, int], ...]) -> None:
    try:
        status = folder.stat()
        here = (status.st_dev, status.st_ino)
        if here in above:
            raise InputError(f"Folder '{folder}' links to a folder that it is in", fix="Remove the link.")
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        raise unreadable(folder, error, "Folder") from error
    for name in names:
        path = folder / name
        try:
            mode = path.stat().st_mode
        except OSError as error:
            raise unreadable(path, error, "File") from error
        if S_ISDIR(mode):
            size = len(found)
            _list(path, f"{prefix}{name}/", found, (*above, here))
            if len(found) == size:
                found.append(Entry(prefix + name, "d", path))
        elif S_ISREG(mode):
            found.append(Entry(prefix + name, "x" if mode & S_IXUSR else "f", path))
        else:
            raise InputError(f"'{path}' is no regular file", fix="Remove it from the folder.")


def unreadable(path: str | os.PathLike[str], error: OSError, kind: str) -> InputError:
    """Return the error for a path that could not be read, with the nearest name beside it."""
    if isinstance(error, FileNotFoundError):
        parent = Path(path).parent
        near = nearest(Path(path).name, [near.name for near in parent.iterdir()]) if parent.is_dir() else None
        return InputError(
            f"{kind} '{path}' does not exist",
            fix=f"Did you mean '{near}'?" if near else "Check the path in config.toml.",
        )
    if isinstance(error, IsADirectoryError):
        return InputError(f"'{path}' is a directory, not a file", fix="Declare it as a Folder.")
    if isinstance(error, NotADirectoryError):
        return InputError(f"'{path}' is a file, not a directory", fix="Declare it as a File.")
    return InputError(f"{kind} '{path}' cannot be read: {error.strerror}", fix="Check its permissions.")
