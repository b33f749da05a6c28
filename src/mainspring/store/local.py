"""Blobs as files of one folder."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, Final

from mainspring.digest import Hasher, blob_of, blob_of_file, blob_of_stream, unreadable
from mainspring.disk import flush
from mainspring.errors import (
    CorruptBlobError,
    InputError,
    MissingBlobError,
    ReadOnlyError,
    StorageFullError,
    StoreError,
)
from mainspring.store.blobs import Writer

__all__ = ["LocalStore", "clone_or_copy", "remove_folder", "write_failure"]

_CHUNK: Final = 1 << 20
_FICLONE: Final = 0x40049409
_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN: Final = (errno.EROFS, errno.EACCES, errno.EPERM)


class LocalStore:
    """Blobs under `root/objects/ab/cdef...`; see `BlobStore` for the contract.

    A blob is written to a temporary file of the same file system, flushed to the disk, renamed, and its folder flushed
    too. It is never written to again (mode 0444). A second `put` verifies the bytes that are there, renews their time,
    and replaces them only if they are damaged. What is corrupt moves to `root/corrupt`; file artifacts are laid out in
    `root/files`.

    Args:
        root: The home; it is made by the first `put`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = root / "files"
        self._objects = root / "objects"
        self._corrupt = root / "corrupt"

    def __repr__(self) -> str:
        return f"LocalStore({str(self.root)!r})"

    def put(self, data: bytes | memoryview | Writer) -> str:
        """Keep bytes, or what a writer writes, and return the blob."""
        if callable(data):
            return self._stream(data)
        blob = blob_of(data)
        with self._failures(), memoryview(data) as view:
            if not self._renew(blob, view.nbytes):
                with self._temporary() as (temporary, file):
                    _write_all(file, view.cast("B"))
                    self._place(file, temporary, blob)
        return blob

    def put_file(self, path: Path) -> str:
        """Keep the content of a regular file, as a reflink where the file system can, and return the blob."""
        blob = blob_of_file(path)
        with self._failures():
            if self._renew(blob, path.stat().st_size):
                return blob
            with self._temporary() as (temporary, file):
                try:
                    source = path.open("rb", buffering=0)
                except OSError as error:
                    raise unreadable(path, error, "File") from error
                with source:
                    clone_or_copy(source, file)
                # What was kept is what counts: the file may have changed since it was hashed.
                if _hashed(temporary)[0] != blob:
                    raise InputError(
                        f"File '{path}' changed while it was kept", fix="Run again when nothing writes to it."
                    )
                self._place(file, temporary, blob)
        return blob

    def get(self, blob: str) -> bytes:
        """Return the bytes, verified."""
        try:
            with FileIO(self._place_of(blob)) as file:
                data = file.readall()
        except FileNotFoundError as error:
            raise self._missing(blob) from error
        except OSError as error:
            raise write_failure(self.root, error) from error
        if blob_of(data) != blob:
            raise self._wrong(blob, len(data))
        return data

    def path(self, blob: str) -> Path:
        """Return a local file with the bytes, verified."""
        path = self._at(blob)
        try:
            found, size = _hashed(path)
        except FileNotFoundError as error:
            raise self._missing(blob) from error
        except OSError as error:
            raise write_failure(self.root, error) from error
        if found != blob:
            raise self._wrong(blob, size)
        return path

    def has(self, blob: str) -> bool:
        """Return whether the blob is there, without reading it."""
        return os.access(self._place_of(blob), os.F_OK)

    def delete(self, blob: str) -> None:
        """Remove a blob; one that is not there is no error."""
        with self._failures():
            self._at(blob).unlink(missing_ok=True)

    def blobs(self) -> Iterator[tuple[str, int, float]]:
        """Yield each blob with its size in bytes and the time of its last `put`."""
        for folder in _scan(self._objects):
            if len(folder.name) != 2 or not folder.is_dir():
                continue
            for entry in _scan(Path(folder.path)):
                with suppress(FileNotFoundError):
                    found = entry.stat()
                    yield folder.name + entry.name, found.st_size, found.st_mtime

    def quarantine(self, blob: str) -> bool:
        """Move a blob whose bytes are not what its name says to `root/corrupt`; return whether it was so."""
        path = self._at(blob)
        with self._failures(), suppress(FileNotFoundError):
            if _hashed(path)[0] == blob:
                return False
            self._corrupt.mkdir(parents=True, exist_ok=True)
            path.replace(self._corrupt / f"{blob}-{os.urandom(4).hex()}")
            return True
        return False

    def clean(self, before: float) -> int:
        """Remove temporary files, corrupt blobs and laid-out file artifacts that were left before a time.

        Args:
            before: Epoch seconds; a grace period ago, since a writer may still be at work.

        Returns:
            How many bytes were removed.
        """
        old = [entry for entry in _scan(self._objects) if entry.name.startswith(".") and _older(entry, before)]
        old += [entry for entry in _scan(self._corrupt) if _older(entry, before)]
        freed = 0
        with self._failures():
            for entry in old:
                freed += entry.stat().st_size
                Path(entry.path).unlink(missing_ok=True)
            for folder in _scan(self.files):
                if _older(folder, before):
                    freed += sum(path.stat().st_size for path in Path(folder.path).rglob("*") if path.is_file())
                    remove_folder(Path(folder.path))
        return freed

    def _at(self, blob: str) -> Path:
        return Path(self._place_of(blob))

    def _place_of(self, blob: str) -> str:
        if len(blob) != 64:
            raise StoreError(f"{blob!r} is no blob: 64 hexadecimal characters are")
        return f"{self._objects}/{blob[:2]}/{blob[2:]}"

    def _renew(self, blob: str, size: int) -> bool:
        """Whether the blob is there already, and whole; then its time is renewed. One that is damaged is replaced."""
        path = self._place_of(blob)
        try:
            if os.stat(path).st_size != size or _hashed(path)[0] != blob:  # noqa: PTH116 - once a result
                return False
            os.utime(path)
        except FileNotFoundError:
            return False
        return True

    def _stream(self, writer: Writer) -> str:
        with self._failures(), self._temporary() as (temporary, file):
            out = _HashingFile(file)
            with BufferedWriter(out, _CHUNK) as buffered:
                writer(buffered)
            blob = out.hasher.hexdigest()
            if self._renew(blob, out.size):
                os.unlink(temporary)  # noqa: PTH108
            else:
                self._place(file, temporary, blob)
        return blob

    @contextmanager
    def _temporary(self) -> Iterator[tuple[str, FileIO]]:
        """A new file of the store that is gone at the end, unless it was renamed."""
        path = f"{self._objects}/.{os.getpid()}-{os.urandom(8).hex()}"
        try:
            file = FileIO(path, "xb", opener=_read_only)
        except FileNotFoundError:
            _make_folder(self._objects)
            file = FileIO(path, "xb", opener=_read_only)
        try:
            with file:
                yield path, file
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise

    def _place(self, file: FileIO, temporary: str, blob: str) -> None:
        os.fsync(file.fileno())
        target = self._place_of(blob)
        folder = f"{self._objects}/{blob[:2]}"
        try:
            os.replace(temporary, target)  # noqa: PTH105 - once a result
        except FileNotFoundError:
            Path(folder).mkdir(exist_ok=True)
            os.replace(temporary, target)  # noqa: PTH105
            flush(folder)
            flush(self._objects)  # last: a journal has written both by then
        else:
            flush(folder)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise write_failure(self.root, error) from error

    def _missing(self, blob: str) -> MissingBlobError:
        return MissingBlobError(
            f"Blob {blob[:12]} is not in '{self.root}'", fix="Run the step that made it again.", blob=blob
        )

    def _wrong(self, blob: str, size: int) -> CorruptBlobError:
        return CorruptBlobError(
            f"Blob {blob[:12]} is corrupt: its {size:,} bytes are not what was stored",
            str(self._at(blob)),
            "Run the step that made it again, and check the disk.",
            blob,
        )


def _write_all(file: FileIO, view: memoryview) -> None:
    """Write every byte: the kernel takes fewer when the disk fills up, and never more than 2 GiB at once."""
    while view:
        view = view[file.write(view) :]


class _HashingFile(RawIOBase):
    """The writing end of a file that hashes what goes through it; closing it leaves the file open."""

    def __init__(self, file: FileIO) -> None:
        self._file = file
        self.hasher = Hasher(large=True)
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        with memoryview(data).cast("B") as view:
            written = self._file.write(view)
            self.hasher.update(view if written == len(view) else view[:written])
        self.size += written
        return written


def clone_or_copy(source: BinaryIO | FileIO, target: FileIO) -> None:
    """Give `target`, which is empty, the content of `source`: sharing its blocks where the file system can."""
    with suppress(OSError):
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
        return
    while chunk := source.read(_CHUNK):
        _write_all(target, memoryview(chunk))


def remove_folder(path: Path) -> None:
    """Remove a folder and all that is in it, as far as it is there."""
    for folder, folders, files in os.walk(path, topdown=False):
        for name in files:
            Path(folder, name).unlink(missing_ok=True)
        for name in folders:
            inner = Path(folder, name)
            if inner.is_symlink():
                inner.unlink()
            else:
                inner.rmdir()
    if path.is_dir():
        path.rmdir()


def write_failure(place: Path, error: OSError) -> StoreError:
    """Return the error for a write that the operating system refused."""
    if error.errno in _FULL:
        return StorageFullError(
            f"The disk of '{place}' is full: {error.strerror}",
            fix="Free some space, or run `mainspring gc`; then run again, and it goes on from here.",
        )
    if error.errno in _FORBIDDEN:
        return ReadOnlyError(
            f"'{place}' cannot be written to: {error.strerror}", fix="Make it writable, or choose another home."
        )
    return StoreError(f"'{place}' cannot be used: {error.strerror or error}", fix="Check the disk.")


def _hashed(path: Path | str) -> tuple[str, int]:
    """The BLAKE3 and the size of a file of the store, whose time may be renewed meanwhile, unlike its bytes."""
    with FileIO(path) as file:
        size = os.fstat(file.fileno()).st_size
        return blob_of_stream(file, size), size


def _read_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o444)


def _make_folder(path: Path) -> None:
    """Make a folder and what is missing above it, so that all of it survives a crash."""
    if not path.parent.is_dir():
        _make_folder(path.parent)
    path.mkdir(exist_ok=True)
    flush(path.parent)


def _scan(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return []


def _older(entry: "os.DirEntry[str]", before: float) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_mtime < before
    except FileNotFoundError:
        return False
