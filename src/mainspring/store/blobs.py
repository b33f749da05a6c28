"""The protocol of a place that keeps bytes by their digest."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

__all__ = ["BlobStore", "Writer"]

Writer = Callable[[BinaryIO], object]
"""Writes the bytes of one blob to a stream that cannot seek."""


class BlobStore(Protocol):
    """Bytes by their BLAKE3. `mainspring.testing.stores` is the suite that an implementation must pass.

    Threads: every method may be called from any thread and any process at once; two that put the same bytes both
    succeed.
    Ownership: a blob belongs to the store and never changes; what `path` gives is only to be read. A blob stays until
    `delete`, so whoever deletes must know what is referenced: `put` and `put_file` renew the time that `blobs` gives.
    Atomicity: when `put` or `put_file` returns, the blob survives a crash of process and machine; before that, no
    other caller sees any of it, and a writer that dies leaves nothing under a blob's name.
    Errors: `StorageFullError` and `ReadOnlyError` for writes, after which nothing half-written is left;
    `MissingBlobError` for bytes that are not there; `CorruptBlobError` for bytes that are not what their name says;
    other trouble is a `StoreError`.

    Attributes:
        files: A local folder in which file artifacts are laid out under their names; it may be emptied at any time.
    """

    files: Path

    def put(self, data: bytes | memoryview | Writer) -> str:
        """Keep bytes, or what a writer writes, and return the blob: 64 hexadecimal characters."""
        ...

    def put_file(self, path: Path) -> str:
        """Keep the content of a regular file, as a reflink where the file system can, and return the blob.

        Raises:
            InputError: The file is missing, unreadable, or changes meanwhile.
        """
        ...

    def get(self, blob: str) -> bytes:
        """Return the bytes, verified."""
        ...

    def path(self, blob: str) -> Path:
        """Return a local file with the bytes, verified, for reading and memory mapping only."""
        ...

    def has(self, blob: str) -> bool:
        """Return whether the blob is there, without reading it."""
        ...

    def delete(self, blob: str) -> None:
        """Remove a blob; one that is not there is no error. Files that are open or mapped stay readable."""
        ...

    def blobs(self) -> Iterator[tuple[str, int, float]]:
        """Yield each blob with its size in bytes and the time of its last `put`, in epoch seconds; in no order."""
        ...

    def quarantine(self, blob: str) -> bool:
        """Move a blob whose bytes are not what its name says out of the way; return whether it was so."""
        ...
