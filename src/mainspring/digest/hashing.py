"""BLAKE3 over bytes, and over tagged, length-prefixed parts."""

from struct import Struct
from typing import Final

from blake3 import blake3

__all__ = ["LARGE", "Hasher", "blob_of", "tagged"]

LARGE: Final = 1 << 20
"""From this size on, in bytes, several threads are worth their start."""

_head: Final = Struct(">cQ").pack

Buffer = bytes | bytearray | memoryview


def blob_of(data: Buffer) -> str:
    """Return the BLAKE3 of raw bytes, as 64 hexadecimal characters: the identity of stored bytes.

    >>> blob_of(b"")[:16]
    'af1349b9f5f9a1a6'
    """
    if len(data) < LARGE:
        return blake3(data).hexdigest()
    return blake3(data, max_threads=blake3.AUTO).hexdigest()


def tagged(tag: str, *parts: bytes | str) -> str:
    """Return the digest of a tag and its parts, as 64 hexadecimal characters.

    Each part carries its kind and its length, so that no two different calls share a pre-image.

    >>> tagged("t", "ab", "c") == tagged("t", "a", "bc")
    False
    """
    image = bytearray()
    for part in (tag, *parts):
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        image += _head(b"b" if data is part else b"s", len(data))
        image += data
    return blob_of(image)


class Hasher:
    """BLAKE3 of bytes that arrive in pieces; not to be shared between threads.

    Args:
        large: Whether more than about a megabyte is expected, so that several threads are worth their start.
    """

    __slots__ = ("_state",)

    def __init__(self, *, large: bool = False) -> None:
        self._state = blake3(max_threads=blake3.AUTO if large else 1)

    def update(self, data: Buffer) -> None:
        """Add bytes."""
        self._state.update(data)

    def hexdigest(self) -> str:
        """Return the digest of all bytes so far, as 64 hexadecimal characters."""
        return self._state.hexdigest()
