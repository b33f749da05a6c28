"""What a codec is: how values of one type become bytes with an identity, and values again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from mainspring.store.blobs import BlobStore, Writer

__all__ = ["Codec", "Dump", "Load", "Raw", "Source", "Structural"]

Dump = Callable[[object], bytes]
"""Encodes a value inside another."""

Load = Callable[[memoryview], object]
"""The inverse of a `Dump`."""


class Source(NamedTuple):
    """The verified bytes of one value.

    Attributes:
        view: The bytes; a value may go on referring to them, but must not expect to write to them.
        blobs: The store that they come from.
        path: The file that holds just these bytes, when there is one: for libraries that map a file.
    """

    view: memoryview
    blobs: BlobStore
    path: Path | None = None


class Raw(NamedTuple):
    """A codec for values that are their own run of bytes: arrays, frames, tensors.

    Attributes:
        name: Name and version of the format, such as `numpy-array/1`; a change of format is another version.
        encode: Returns the digest of the logical value, and what writes its bytes. Equal values have equal digests in
            every process; the bytes may differ in what the digest does not see. The writer runs at most once, right
            after.
        decode: Returns the value, of the same type, with the same digest.
        summary: Returns one line for a person.
    """

    name: str
    encode: Callable[[Any], tuple[str, Writer]]
    decode: Callable[[Source], object]
    summary: Callable[[Any], str]


class Structural(NamedTuple):
    """A codec for values that are made of other values.

    Attributes:
        name: Name and version of the format.
        reduce: Returns a structure of plain values and of values that have codecs; it gets the `Dump` that is at work.
        rebuild: The inverse; it gets the `Load`.
        summary: Returns one line for a person.
    """

    name: str
    reduce: Callable[[Any, Dump], object]
    rebuild: Callable[[Any, Load], object]
    summary: Callable[[Any], str]


Codec = Raw | Structural
