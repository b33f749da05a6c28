"""Files and folders as artifacts.

A file artifact is the blob of its content; its base name follows the format: `file/1:sales.csv`. The blob of a folder
artifact is a manifest, the canonical encoding of a list of (name, kind, blob, size); the content of each file is a blob
beside it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from os import urandom, utime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from mainspring.digest import (
    Artifact,
    File,
    Folder,
    blob_of_file,
    canonical,
    digest_file,
    digest_folder,
    digest_of_content,
    digest_of_entries,
    entries,
    restore,
)
from mainspring.errors import CorruptBlobError, InputError, MissingBlobError, StoreError
from mainspring.store.blobs import BlobStore
from mainspring.store.local import clone_or_copy, remove_folder, write_failure

__all__ = ["digest_of_rows", "digest_tree", "load_tree", "materialise", "save_tree", "with_parts"]

_FILE: Final = "file/1"
_FOLDER: Final = "folder/1"


def digest_tree(value: File | Folder) -> str:
    """Return the digest of a file or folder by content; a file may be empty."""
    return digest_file(value, allow_empty=True) if isinstance(value, File) else digest_folder(value)


def save_tree(name: str, value: File | Folder, blobs: BlobStore) -> Artifact:
    """Keep the content of a file or folder."""
    if isinstance(value, File):
        size = _size(value.path)
        blob = blobs.put_file(value.path)
        digest = digest_of_content(value.path.name, blob)
        return Artifact(name, digest, blob, f"{_FILE}:{value.path.name}", size, f"file {value.path.name}")
    rows = []
    for entry in entries(value):
        blob = "" if entry.kind == "d" else blobs.put_file(entry.path)
        rows.append((entry.name, entry.kind, blob, _size(entry.path) if blob else 0))
    files = sum(kind != "d" for _, kind, _, _ in rows)
    summary = f"folder {value.path.name}, {files:,} file{'' if files == 1 else 's'}"
    manifest = blobs.put(canonical(rows))
    return Artifact(name, digest_of_rows(rows), manifest, _FOLDER, sum(row[3] for row in rows), summary)


def load_tree(artifact: Artifact, blobs: BlobStore) -> File | Folder:
    """Return a file or folder below `blobs.files` with the content of an artifact: laid out now, or found unaltered."""
    place = blobs.files / artifact.digest
    if artifact.codec.startswith(_FILE):
        return File(materialise(artifact, blobs, place))
    rows = _manifest(artifact, blobs)
    if not _unaltered(place, rows):
        with _writing(blobs.files), _parts_of(artifact, blobs):
            _swap(place, rows, blobs)
    utime(place)
    return Folder(place)


def materialise(artifact: Artifact, blobs: BlobStore, into: Path) -> Path:
    """Lay the content of a file or folder artifact out in a folder, and return where it is.

    A file gets its own name in `into`; the content of a folder goes to `into` itself, and what else is there stays.
    Files are read-only, share their blocks with the store where the file system can, and appear whole or not at all.

    Raises:
        StoreError: The artifact is neither a file nor a folder.
        CorruptBlobError: A blob is missing or corrupt; `blob` is the artifact's.
        StorageFullError: The disk is full.
        ReadOnlyError: The folder cannot be written to.
    """
    form, _, name = artifact.codec.partition(":")
    if form not in (_FILE, _FOLDER):
        raise StoreError(
            f"Artifact '{artifact.name}' is a {form}, not a file or folder",
            fix="Load it with load_artifact, and write it.",
        )
    with _writing(into), _parts_of(artifact, blobs):
        if form == _FOLDER:
            _lay_out(_manifest(artifact, blobs), blobs, into)
            return into
        target = into / (name or artifact.name)
        _lay_out([(target.name, "f", artifact.blob, artifact.size)], blobs, into)
        utime(into)
    return target


def with_parts(references: Iterable[tuple[str, str]], blobs: BlobStore) -> set[str]:
    """Return all blobs that artifacts need.

    Args:
        references: Blob and codec of each artifact.
        blobs: Where the manifests of folders are read; one that is gone needs nothing.
    """
    needed = set()
    for blob, codec in references:
        needed.add(blob)
        if codec.startswith(_FOLDER) and blobs.has(blob):
            try:
                needed.update(row[2] for row in _rows(blobs.get(blob)) if row[2])
            except CorruptBlobError:
                continue
    return needed


def digest_of_rows(rows: Iterable[tuple[str, str, str, int]]) -> str:
    """Return the digest of a folder from its manifest."""
    return digest_of_entries(
        (path, kind, digest_of_content(PurePosixPath(path).name, blob) if blob else "") for path, kind, blob, _ in rows
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _rows(manifest: bytes) -> list[tuple[str, str, str, int]]:
    rows: Any = restore(manifest)
    return list(rows)


def _manifest(artifact: Artifact, blobs: BlobStore) -> list[tuple[str, str, str, int]]:
    return _rows(blobs.get(artifact.blob))


def _unaltered(place: Path, rows: list[tuple[str, str, str, int]]) -> bool:
    if not place.is_dir():
        return False
    try:
        found = [(e.name, e.kind, "" if e.kind == "d" else blob_of_file(e.path)) for e in entries(place)]
    except InputError:
        return False
    return found == [row[:3] for row in rows]


def _swap(place: Path, rows: list[tuple[str, str, str, int]], blobs: BlobStore) -> None:
    """Put a freshly laid out folder in the place of one that is missing or altered."""
    fresh, stale = (place.with_name(f".{place.name}-{urandom(4).hex()}") for _ in range(2))
    try:
        _lay_out(rows, blobs, fresh)
        if place.exists():
            place.replace(stale)
        if not place.exists():
            fresh.replace(place)
    finally:
        for left in (fresh, stale):
            remove_folder(left)


def _lay_out(rows: list[tuple[str, str, str, int]], blobs: BlobStore, into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    for name, kind, blob, _ in rows:
        if ".." in PurePosixPath(name).parts or PurePosixPath(name).is_absolute():
            raise StoreError(
                f"A folder artifact names '{name}', which is outside of it", fix="Do not trust its source."
            )
        target = into / name
        if kind == "d":
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (target.is_file() and not target.is_symlink() and blob_of_file(target) == blob):
            _lay_out_file(blobs.path(blob), target, 0o555 if kind == "x" else 0o444)


def _lay_out_file(source: Path, target: Path, mode: int) -> None:
    fresh = target.with_name(f".{urandom(8).hex()}")
    try:
        with FileIO(source) as content, FileIO(fresh, "xb") as file:
            clone_or_copy(content, file)
        fresh.chmod(mode)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def _writing(into: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise write_failure(into, error) from error


@contextmanager
def _parts_of(artifact: Artifact, blobs: BlobStore) -> Iterator[None]:
    """Lay a fault in one of the files at the door of the artifact, so that the step that made it runs again."""
    try:
        yield
    except CorruptBlobError as error:
        if error.blob == artifact.blob:
            raise
        blobs.quarantine(error.blob)
        kind = MissingBlobError if isinstance(error, MissingBlobError) else CorruptBlobError
        raise kind(
            f"A file of artifact '{artifact.name}' cannot be read: {error.what}", error.where, error.fix, artifact.blob
        ) from error
