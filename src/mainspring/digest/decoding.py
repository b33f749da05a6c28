"""Values from their canonical encoding: the inverse of `canonical`."""

import struct
from collections.abc import Callable
from dataclasses import fields
from enum import Enum, Flag
from importlib import import_module
from typing import Any, Final

from mainspring.digest.classes import find_class
from mainspring.digest.encoding import VERSION, canonical
from mainspring.errors import NewerFormatError, StoreError, UnstorableError

__all__ = ["restore"]

Leaf = Callable[[memoryview], object]

_double: Final = struct.Struct(">d")
_complex: Final = struct.Struct(">dd")
_date: Final = struct.Struct(">HBB")
_time: Final = struct.Struct(">BBBIB")
_delta: Final = struct.Struct(">iII")


def restore(data: bytes | memoryview, leaf: Leaf | None = None) -> object:
    """Return the value that `canonical` encoded.

    Dataclasses, enums and named tuples are found by import path, so restoring imports the modules that define them:
    restore only what this project wrote. A dataclass gets its attributes back without `__init__` or `__post_init__`.

    Args:
        data: What `canonical` returned.
        leaf: The inverse of the hook that `canonical` was given; it gets a view that is valid during the call.

    Raises:
        NewerFormatError: The encoding has a version that this release does not know.
        StoreError: The bytes are no canonical encoding.
        UnstorableError: A class is gone or has other fields now.

    >>> restore(canonical({"a": (1, 2.0)}))
    {'a': (1, 2.0)}
    """
    view = memoryview(data)
    if bytes(view[:1]) != VERSION:
        raise NewerFormatError(
            f"A value is encoded in version {bytes(view[:1]).hex() or 'none'}, and this release reads version 01",
            fix="Use the release of Mainspring that wrote it, or run the step again.",
        )
    reader = _Reader(view, leaf)
    value = reader.node()
    if reader.at != len(view):
        raise _malformed(f"{len(view) - reader.at} bytes follow its end")
    return value


def _malformed(why: str) -> StoreError:
    return StoreError(f"Bytes are no canonical encoding: {why}", fix="Run the step that made the value again.")


class _Reader:
    """A position in the bytes of one value."""

    __slots__ = ("at", "leaf", "view")

    def __init__(self, view: memoryview, leaf: Leaf | None) -> None:
        self.view = view
        self.leaf = leaf
        self.at = 1

    def node(self) -> Any:
        at = self.at
        self.at = at + 1
        read = _READERS[self.view[at]] if at < len(self.view) else None
        if read is None:
            raise _malformed(f"no tag at byte {at}")
        return read(self)

    def take(self, size: int) -> memoryview:
        start = self.at
        self.at = end = start + size
        if end > len(self.view):
            raise _malformed(f"it ends at byte {len(self.view)} instead of {end} or later")
        return self.view[start:end]

    def count(self) -> int:
        number = shift = 0
        while True:
            byte = self.take(1)[0]
            number |= (byte & 127) << shift
            if byte < 128:
                return number
            shift += 7

    def raw(self) -> memoryview:
        return self.take(self.count())

    def text(self) -> str:
        return str(self.raw(), "utf-8", "surrogatepass")

    def nodes(self) -> list[object]:
        node = self.node
        return [node() for _ in range(self.count())]

    def pairs(self) -> dict[str, object]:
        return {self.text(): self.node() for _ in range(self.count())}

    def struct(self, layout: struct.Struct) -> tuple[Any, ...]:
        return layout.unpack(self.take(layout.size))

    def cls(self) -> Any:
        return find_class(self.text(), self.text())


def _dict(reader: _Reader) -> dict[object, object]:
    node = reader.node
    return {node(): node() for _ in range(reader.count())}


def _enum(reader: _Reader) -> object:
    cls, name, value = reader.cls(), reader.text(), reader.node()
    if not issubclass(cls, Enum):
        raise _changed(cls, "it is no Enum")
    if issubclass(cls, Flag):
        return cls(value)
    member = cls.__members__.get(name)
    if member is None or canonical(member.value, _unreadable) != canonical(value, _unreadable):
        raise _changed(cls, f"{name} was {value!r}")
    return member


def _unreadable(value: object) -> bytes:
    return repr(value).encode()


def _named_tuple(reader: _Reader) -> object:
    cls, parts = reader.cls(), reader.pairs()
    if getattr(cls, "_fields", None) != tuple(parts):
        raise _changed(cls, f"its fields were {', '.join(parts)}")
    return cls._make(parts.values())


def _dataclass(reader: _Reader) -> object:
    cls, parts, extra = reader.cls(), reader.pairs(), reader.pairs()
    if not hasattr(cls, "__dataclass_fields__") or {field.name for field in fields(cls)} != parts.keys():
        raise _changed(cls, f"its fields were {', '.join(parts) or 'none'}")
    value = object.__new__(cls)
    for name, part in (parts | extra).items():
        object.__setattr__(value, name, part)
    return value


def _changed(cls: type, what: str) -> UnstorableError:
    return UnstorableError(
        f"The class {cls.__module__}.{cls.__qualname__} is not what it was when a value of it was stored: {what}",
        fix="Run the step that made the value again.",
    )


def _datetime(name: str) -> Any:
    return getattr(import_module("datetime"), name)


def _clock(reader: _Reader) -> tuple[tuple[int, ...], dict[str, Any]]:
    *fields, fold = reader.struct(_time)
    return tuple(fields), {"fold": fold, "tzinfo": reader.node()}


def _read_time(reader: _Reader) -> object:
    fields, options = _clock(reader)
    return _datetime("time")(*fields, **options)


def _read_datetime(reader: _Reader) -> object:
    day = reader.struct(_date)
    fields, options = _clock(reader)
    return _datetime("datetime")(*day, *fields, **options)


def _timezone(reader: _Reader) -> object:
    offset, name = reader.node(), reader.node()
    return _datetime("timezone")(offset) if name is None else _datetime("timezone")(offset, name)


def _decimal(reader: _Reader) -> object:
    sign, digits, exponent = reader.take(1)[0], reader.text(), reader.node()
    return import_module("decimal").Decimal((sign, tuple(map(int, digits)), exponent))


def _path(reader: _Reader) -> object:
    name, path = reader.text(), reader.text()
    return getattr(import_module("pathlib"), name)(path)


def _leaf(reader: _Reader) -> object:
    data = reader.raw()
    if reader.leaf is None:
        raise _malformed("it holds a value that needs a codec")
    return reader.leaf(data)


_BY_TAG: Final[dict[str, Callable[[_Reader], object]]] = {
    "N": lambda _: None,
    "T": lambda _: True,
    "F": lambda _: False,
    "i": lambda reader: int.from_bytes(reader.raw(), "big", signed=True),
    "f": lambda reader: _double.unpack(reader.take(8))[0],
    "c": lambda reader: complex(*reader.struct(_complex)),
    "s": _Reader.text,
    "b": lambda reader: bytes(reader.raw()),
    "B": lambda reader: bytearray(reader.raw()),
    "l": _Reader.nodes,
    "t": lambda reader: tuple(reader.nodes()),
    "d": _dict,
    "S": lambda reader: set(reader.nodes()),
    "Z": lambda reader: frozenset(reader.nodes()),
    "n": _named_tuple,
    "D": _dataclass,
    "e": _enum,
    "a": lambda reader: _datetime("date")(*reader.struct(_date)),
    "h": _read_time,
    "w": _read_datetime,
    "v": lambda reader: _datetime("timedelta")(*reader.struct(_delta)),
    "z": _timezone,
    "y": lambda reader: import_module("zoneinfo").ZoneInfo(reader.text()),
    "m": _decimal,
    "q": lambda reader: import_module("fractions").Fraction(reader.node(), reader.node()),
    "u": lambda reader: import_module("uuid").UUID(bytes=bytes(reader.take(16))),
    "p": _path,
    "r": lambda reader: range(reader.node(), reader.node(), reader.node()),
    "x": lambda reader: slice(reader.node(), reader.node(), reader.node()),
    "L": _leaf,
}
_READERS: Final = [_BY_TAG.get(chr(byte)) for byte in range(256)]
