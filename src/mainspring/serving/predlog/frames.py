"""The format of a prediction log: a magic with its version, then frames of rows, each with its length and checksum."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
import numpy as np
from blake3 import blake3
from msgspec import Struct

from mainspring.errors import ServingError
from mainspring.package.dtypes import DTYPES
from mainspring.package.fields import Field

__all__ = [
    "ANEW",
    "MAGIC",
    "PREDICTIONS",
    "AnswerRow",
    "ColumnRow",
    "GlanceRow",
    "ModelRow",
    "column_of",
    "encode_frame",
    "glance_frames",
    "is_short",
    "packed",
    "read_frames",
]

PREDICTIONS: Final = "predictions"  # the folder in a home
ANEW: Final = ".begin-anew"  # a file in that folder: when it changes, services close the files that they write
MAGIC: Final = b"MSPREDL\x01"
_HEAD: Final = 12
_CHECK: Final = 8
_LARGEST: Final = 1 << 30


class ColumnRow(Struct, frozen=True, array_like=True):
    """A column that answers have: its name, the type of its field, the shape of one value."""

    name: str
    type: str
    shape: tuple[int, ...] = ()

    @classmethod
    def of(cls, field: Field) -> "ColumnRow":
        """Return the column of a field."""
        return cls(field.name, field.type, field.shape)


class ModelRow(Struct, frozen=True, array_like=True, tag="m"):
    """What answers were made with; it comes before the first of them in each file.

    Attributes:
        number: By which answers of the file name it.
        package: The digest of the package.
        name: The name of the model.
        version: Its version, as answers name it.
        alias: The alias that was followed.
        run: The run that made the package.
        inputs: The columns that are logged: those that are not sensitive.
        outputs: What it gives.
        withheld: The names of the sensitive columns.
    """

    number: int
    package: str
    name: str
    version: str
    alias: str | None
    run: str | None
    inputs: tuple[ColumnRow, ...]
    outputs: tuple[ColumnRow, ...]
    withheld: tuple[str, ...] = ()


class AnswerRow(Struct, frozen=True, array_like=True, tag="a"):
    """One answer, of one row or more.

    Attributes:
        id: Its identity, which tells its time as well.
        model: The number of the model.
        rows: How many rows.
        micros: How long it took, in microseconds.
        inputs: The columns, in the order of the model: bytes of plain values, or lists of texts.
        outputs: The same for what was answered.
        level: Which of the fallback chain answered; 0 is the primary.
        reason: Why those before it did not.
        marks: Paths and rules of values that passed with a mark.
        overridden: What was put in the place of predictions, by whom, why.
        shadow: Whether it was only logged, and another was answered.
        erased: Rows whose values were erased.
    """

    id: str
    model: int
    rows: int
    micros: int
    inputs: tuple[bytes | list[str | None], ...]
    outputs: tuple[bytes | list[str | None], ...]
    level: int = 0
    reason: str = ""
    marks: tuple[tuple[str, str], ...] = ()
    overridden: tuple[dict[str, Any], ...] = ()
    shadow: bool = False
    erased: tuple[int, ...] = ()


class GlanceRow(Struct, frozen=True, array_like=True, tag="a"):
    """An answer without its values; see `AnswerRow`."""

    id: str
    model: int
    rows: int
    micros: int
    inputs: msgspec.Raw
    outputs: msgspec.Raw
    level: int = 0
    reason: str = ""
    marks: msgspec.Raw = msgspec.Raw()
    overridden: msgspec.Raw = msgspec.Raw()
    shadow: bool = False
    erased: tuple[int, ...] = ()


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[ModelRow | AnswerRow]).decode
_glance = msgspec.msgpack.Decoder(list[ModelRow | GlanceRow]).decode


def packed(values: np.ndarray[Any, Any]) -> bytes | list[str | None]:
    """Return a column as it is logged."""
    return values.tolist() if values.dtype.kind == "O" else values.tobytes()


def column_of(raw: bytes | list[str | None], column: ColumnRow, rows: int) -> np.ndarray[Any, Any]:
    """Return a column that was logged."""
    if isinstance(raw, list):
        return np.fromiter(raw, object, len(raw))
    return np.frombuffer(raw, DTYPES[column.type]).reshape(rows, *column.shape)


def encode_frame(rows: Iterable[ModelRow | AnswerRow]) -> bytes:
    """Return a frame of rows: length, checksum, content."""
    content = _encode(list(rows))
    return len(content).to_bytes(4, "little") + blake3(content).digest(_CHECK) + content


def read_frames(data: memoryview) -> Iterator[tuple[int, list[ModelRow | AnswerRow]]]:
    """Yield the rows of each frame and the place where it ends, as far as the file is whole.

    A process that was killed leaves at most one frame unfinished, at the end: reading stops there.

    Raises:
        ServingError: It is no prediction log, or one of another version.
    """
    return ((end, _decode(content)) for end, content in _contents(data, 0))


def glance_frames(data: memoryview, place: int = 0) -> Iterator[tuple[int, list[ModelRow | GlanceRow]]]:
    """Yield as `read_frames` from a place on where a frame ended, without the values of answers, which takes less time.

    Raises:
        ServingError: It is no prediction log, or one of another version.
    """
    return ((end, _glance(bytes(content))) for end, content in _contents(data, place))


def _contents(data: memoryview, place: int) -> Iterator[tuple[int, memoryview]]:
    if len(data) < len(MAGIC):
        return
    magic = bytes(data[: len(MAGIC)])
    if magic != MAGIC:
        known = magic[:-1] == MAGIC[:-1]
        raise ServingError(
            f"This prediction log has the version {magic[-1]}" if known else "This is no prediction log",
            fix="Read it with a newer release of Mainspring." if known else None,
        )
    place = max(place, len(MAGIC))
    while place + _HEAD <= len(data):
        length = int.from_bytes(data[place : place + 4], "little")
        start, end = place + _HEAD, place + _HEAD + length
        if length > _LARGEST or end > len(data):
            return
        content = data[start:end]
        if blake3(content).digest(_CHECK) != bytes(data[place + 4 : start]):
            return
        yield end, content
        place = end


def is_short(rest: memoryview) -> bool:
    """Return whether what follows the last whole frame is the beginning of one, rather than a damaged one."""
    return len(rest) < _HEAD or _HEAD + int.from_bytes(rest[:4], "little") > len(rest)
