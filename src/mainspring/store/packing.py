r"""Values that hold other values, as one run of bytes.

The skeleton is the canonical encoding in which each value that has a codec is a leaf:

    01 · n name · 32 bytes     a Raw codec: its digest here, its bytes in a section of their own
    02 · n name · canonical    a Structural codec: the encoding of its structure

Without sections the skeleton is all there is, and its first byte is the version of the canonical encoding. Otherwise:

    "MSPACK1\n", zeros up to 64 · sections, each from a multiple of 64 · skeleton · u64 start and u64 end of each
    section, in the order of their leaves · u64 number of sections · u64 start of the skeleton
"""

import struct
from collections.abc import Iterator
from io import RawIOBase
from typing import Any, BinaryIO, Final, cast

from mainspring.digest import canonical, restore, tagged
from mainspring.errors import StoreError, UnstorableError
from mainspring.store.blobs import Writer
from mainspring.store.codec import Codec, Raw, Source
from mainspring.store.registry import codec_for, codec_named

__all__ = ["Packer", "Tally", "digest_of_skeleton", "unpack"]

_MAGIC: Final = b"MSPACK1\n"
_ALIGN: Final = 64
_pair: Final = struct.Struct("<QQ")


class Tally(RawIOBase):
    """A stream that counts what is written through it, and cannot seek."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.size = 0

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self.size

    def write(self, data: Any) -> int:
        """Write all of a run of bytes."""
        with memoryview(data) as view:
            self._out.write(view)
            self.size += view.nbytes
            return view.nbytes


class Packer:
    """Makes one value ready to be written; used once.

    Args:
        pickle: Whether values without a codec may be pickled.
    """

    def __init__(self, *, pickle: bool = False) -> None:
        self._sections: list[Writer] = []
        self._pickle = pickle
        self.pickled = False

    def pack(self, value: object) -> bytes:
        """Return the skeleton of a value.

        Raises:
            UnstorableError: Nothing can store it, or something in it; `where` is the place.
        """
        return canonical(value, self.leaf)

    def leaf(self, value: object) -> bytes:
        """Return what stands in the skeleton for a value that has a codec."""
        codec = self._codec(value)
        name = codec.name.encode()
        head = bytes([len(name)]) + name
        if isinstance(codec, Raw):
            digest, write = codec.encode(value)
            self._sections.append(write)
            return b"\x01" + head + bytes.fromhex(digest)
        before = len(self._sections)
        try:
            return b"\x02" + head + canonical(codec.reduce(value, self.leaf), self.leaf)
        except UnstorableError as error:
            if codec.name != "object/1":
                # The place inside its structure would mean nothing to whoever made the value.
                what = f"{error.what}, inside the {type(value).__name__}"
                raise UnstorableError(what, "value", error.fix) from error
            del self._sections[before:]
            pickled = self._pickled(value) if self._pickle else None
            if pickled is None:
                raise
            return pickled

    def _codec(self, value: object) -> Codec:
        return codec_for(value) or codec_named("object/1")

    def _pickled(self, value: object) -> bytes | None:
        """What stands in the skeleton for a pickled value; None for one that even pickle refuses."""
        codec = cast("Raw", codec_named("pickle/1"))
        try:
            digest, write = codec.encode(value)
        except UnstorableError:
            return None
        self._sections.append(write)
        self.pickled = True
        name = codec.name.encode()
        return b"\x01" + bytes([len(name)]) + name + bytes.fromhex(digest)

    @property
    def mark(self) -> str:
        """What the name of the format ends in when something was pickled."""
        return ":pickle" if self.pickled else ""

    def content(self, skeleton: bytes) -> bytes | Writer:
        """Return the bytes of the packed value, or what writes them."""
        if not self._sections:
            return skeleton
        return lambda out: self._write(skeleton, out)

    def _write(self, skeleton: bytes, out: BinaryIO) -> None:
        tally = Tally(out)
        stream = cast("BinaryIO", tally)
        stream.write(_MAGIC)
        spans = []
        for write in self._sections:
            stream.write(bytes(-tally.size % _ALIGN))
            start = tally.size
            write(stream)
            spans.append((start, tally.size))
        start = tally.size
        stream.write(skeleton)
        for span in spans:
            stream.write(_pair.pack(*span))
        stream.write(_pair.pack(len(spans), start))


def digest_of_skeleton(skeleton: bytes) -> str:
    """Return the digest of a packed value: for a plain value that of `digest_of`."""
    return tagged("value/1", skeleton)


def unpack(source: Source) -> object:
    """Return the value that was packed.

    Raises:
        StoreError: The bytes are no packed value.
    """
    view = source.view
    if bytes(view[: len(_MAGIC)]) != _MAGIC:
        return restore(view, _Unpacker(source, iter(())).leaf)
    count, start = _pair.unpack(view[-_pair.size :])
    end = len(view) - (count + 1) * _pair.size
    spans = iter([_pair.unpack_from(view, place) for place in range(end, len(view) - _pair.size, _pair.size)])
    return restore(view[start:end], _Unpacker(source, spans).leaf)


class _Unpacker:
    """The leaves of one packed value, in the order of their sections.

    No closure, and nothing that holds on to a view's buffer: a view that is in a reference cycle, while something else
    uses its buffer, crashes the collector of CPython 3.11.
    """

    __slots__ = ("_source", "_spans")

    def __init__(self, source: Source, spans: Iterator[tuple[Any, ...]]) -> None:
        self._source = source
        self._spans = spans

    def leaf(self, data: memoryview) -> object:
        end = 2 + data[1]
        codec = codec_named(str(data[2:end], "ascii"))
        if not isinstance(codec, Raw):
            return codec.rebuild(restore(data[end:], self.leaf), self.leaf)
        span = next(self._spans, None)
        if span is None:
            raise StoreError("A packed value has fewer sections than leaves", fix="Run the step that made it again.")
        return codec.decode(Source(self._source.view[span[0] : span[1]], self._source.blobs))
