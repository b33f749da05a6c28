"""Removing what nothing references."""

from collections.abc import Collection
from typing import NamedTuple

from mainspring.store.blobs import BlobStore

__all__ = ["Swept", "sweep"]


class Swept(NamedTuple):
    """What a sweep removed, or would remove.

    Attributes:
        blobs: How many blobs.
        size: Their bytes.
    """

    blobs: int
    size: int


def sweep(blobs: BlobStore, keep: Collection[str], before: float, *, dry: bool = False) -> Swept:
    """Remove the blobs that are not to be kept and were last put before a time.

    A blob is put before the row that references it commits, so the grace period must be longer than storing a step's
    results takes.

    Args:
        blobs: The store.
        keep: What is referenced, parts of folders included (`with_parts`).
        before: Epoch seconds; younger blobs stay.
        dry: Whether only to count.
    """
    count = size = 0
    for blob, length, put in blobs.blobs():
        if put < before and blob not in keep:
            count += 1
            size += length
            if not dry:
                blobs.delete(blob)
    return Swept(count, size)
