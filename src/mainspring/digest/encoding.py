"""The canonical encoding of plain values; docs/decisions/0002-value-identity.md specifies it byte by byte."""

import struct
from collections.abc import Callable, Collection, Iterable
from dataclasses import fields
from enum import Enum, Flag
from functools import cached_property
from types import NoneType
from typing import Any, Final

from mainspring.digest.classes import class_name
from mainspring.digest.files import File, Folder
from mainspring.digest.hashing import tagged
from mainspring.digest.places import place_of
from mainspring.errors import UnstorableError

__all__ = ["VERSION", "canonical", "count", "digest_of", "is_atom", "text"]

VERSION: Final = b"\x01"

Leaf = Callable[[object], bytes]

_HEAP_TYPE: Final = 1 << 9
_NAN: Final = bytes.fromhex("7ff8000000000000")
_COUNTS: Final = tuple(bytes([number]) for number in range(128))
_INTEGERS: Final = {n: b"i\x01" + n.to_bytes(1, "big", signed=True) for n in range(-127, 128)}
_double: Final = struct.Struct(">d").pack
_tagged_double: Final = struct.Struct(">cd").pack
_date: Final = struct.Struct(">HBB").pack
_time: Final = struct.Struct(">BBBIB").pack
_delta: Final = struct.Struct(">iII").pack


def canonical(value: object, leaf: Leaf | None = None) -> bytes:
    """Return the canonical encoding of a plain value: equal bytes mean equal values of equal types.

    Args:
        value: None, bool, int, float, complex, str, bytes, bytearray, list, tuple, dict, set, frozenset, Enum,
            dataclass, NamedTuple, date, time, datetime, timedelta, timezone, ZoneInfo, Decimal, Fraction, UUID, path,
            range or slice.
        leaf: What turns a value of any other type into bytes; without it such a value is an error.

    Raises:
        UnstorableError: A value without a canonical form; `where` is its place inside `value`.

    >>> canonical([True, "a"]).hex()
    '016c0254730161'
    """
    try:
        return VERSION + (_WRITERS.get(type(value)) or _writer_of(type(value)))(value, _Walk(leaf))
    except _RefusedError as refusal:
        raise refusal.located(value) from refusal.__cause__
    except RecursionError:
        raise UnstorableError(
            f"A {type(value).__name__} is nested too deeply to be stored", "value", "Return a flatter structure."
        ) from None


def digest_of(value: object, leaf: Leaf | None = None) -> str:
    """Return the digest of a plain value: `1`, `1.0`, `True` and `"1"` all differ.

    Raises:
        UnstorableError: A value without a canonical form.

    >>> digest_of(1) == digest_of(True)
    False
    """
    return tagged("value/1", canonical(value, leaf))


def is_atom(cls: type) -> bool:
    """Return whether values of exactly this type are plain and hold no other values but their own parts."""
    return cls in _ATOMS or _name(cls) in _NAMED or issubclass(cls, Enum)


def count(number: int) -> bytes:
    """Return a count as unsigned LEB128."""
    if number < 128:
        return _COUNTS[number]
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    written.append(number)
    return bytes(written)


def text(string: str) -> bytes:
    """Return the length of a string and its UTF-8."""
    data = string.encode("utf-8", "surrogatepass")
    return count(len(data)) + data


class _RefusedError(Exception):
    """A value that cannot be encoded, before its place is known."""

    def __init__(self, value: object, what: str, fix: str, inside: str = "value") -> None:
        super().__init__(what)
        self.value = value
        self.what = what
        self.fix = fix
        self.inside = inside

    def located(self, root: object) -> UnstorableError:
        return UnstorableError(self.what, place_of(self.value, root) + self.inside.removeprefix("value"), self.fix)


class _Walk:
    """One encoding under way: the hook for other types, and the containers that are open."""

    __slots__ = ("leaf", "opened")

    def __init__(self, leaf: Leaf | None) -> None:
        self.leaf = leaf
        self.opened: set[int] | None = None

    def open(self, value: object) -> set[int]:
        if self.opened is None:
            self.opened = set()
        if id(value) in self.opened:
            raise _RefusedError(
                value,
                f"A {type(value).__name__} contains itself",
                "Break the cycle: refer to parts by a name or a number.",
            )
        self.opened.add(id(value))
        return self.opened


Writer = Callable[[Any, _Walk], bytes]


def _node(value: object, walk: _Walk) -> bytes:
    return (_WRITERS.get(type(value)) or _writer_of(type(value)))(value, walk)


def _nodes(values: Iterable[object], walk: _Walk) -> list[bytes]:
    writers = _WRITERS
    return [(writers.get(type(value)) or _writer_of(type(value)))(value, walk) for value in values]


def _bool(value: bool, _: _Walk) -> bytes:
    return b"T" if value else b"F"


def _none(_: None, __: _Walk) -> bytes:
    return b"N"


def _int(value: int, _: _Walk) -> bytes:
    if -128 < value < 128:
        return _INTEGERS[value]
    width = value.bit_length() // 8 + 1
    return b"i" + count(width) + value.to_bytes(width, "big", signed=True)


def _float(value: float, _: _Walk) -> bytes:
    if value != value:
        return b"f" + _NAN
    return _tagged_double(b"f", value)


def _complex(value: complex, _: _Walk) -> bytes:
    return b"c" + b"".join(_NAN if part != part else _double(part) for part in (value.real, value.imag))


def _str(value: str, _: _Walk) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    size = len(data)
    return b"s" + (_COUNTS[size] if size < 128 else count(size)) + data


def _bytes(value: bytes, _: _Walk) -> bytes:
    return b"b" + count(len(value)) + value


def _bytearray(value: bytearray, _: _Walk) -> bytes:
    return b"B" + count(len(value)) + value


def _list(value: list[object], walk: _Walk) -> bytes:
    opened = walk.open(value)
    parts = _nodes(value, walk)
    opened.discard(id(value))
    return b"l" + count(len(parts)) + b"".join(parts)


def _tuple(value: tuple[object, ...], walk: _Walk) -> bytes:
    return b"t" + count(len(value)) + b"".join(_nodes(value, walk))


def _dict(value: dict[object, object], walk: _Walk) -> bytes:
    opened = walk.open(value)
    parts = _nodes([part for item in value.items() for part in item], walk)
    opened.discard(id(value))
    return b"d" + count(len(value)) + b"".join(parts)


def _set(value: Collection[object], walk: _Walk) -> bytes:
    tag = b"S" if type(value) is set else b"Z"
    return tag + count(len(value)) + b"".join(sorted(_nodes(value, walk)))


def _calendar(value: Any) -> bytes:
    return _date(value.year, value.month, value.day)


def _clock(value: Any, walk: _Walk) -> bytes:
    fields = (value.hour, value.minute, value.second, value.microsecond, value.fold)
    return _time(*fields) + _node(value.tzinfo, walk)


def _timezone(value: Any, walk: _Walk) -> bytes:
    offset, name = (*value.__getinitargs__(), None)[:2]
    return b"z" + _node(offset, walk) + _node(name, walk)


def _zoneinfo(value: Any, _: _Walk) -> bytes:
    if value.key is None:
        raise _RefusedError(
            value, "A ZoneInfo without a key has no identity", 'Name the zone: ZoneInfo("Europe/Paris").'
        )
    return b"y" + text(value.key)


def _decimal(value: Any, walk: _Walk) -> bytes:
    sign, digits, exponent = value.as_tuple()
    return b"m" + bytes([sign]) + text("".join(map(str, digits))) + _node(exponent, walk)


def _span(tag: bytes) -> Writer:
    return lambda value, walk: tag + b"".join(_nodes((value.start, value.stop, value.step), walk))


# By name, so that a module is not imported before one of its values is met.
_NAMED: Final[dict[str, Writer]] = {
    "datetime.date": lambda value, _: b"a" + _calendar(value),
    "datetime.time": lambda value, walk: b"h" + _clock(value, walk),
    "datetime.datetime": lambda value, walk: b"w" + _calendar(value) + _clock(value, walk),
    "datetime.timedelta": lambda value, _: b"v" + _delta(value.days, value.seconds, value.microseconds),
    "datetime.timezone": _timezone,
    "zoneinfo.ZoneInfo": _zoneinfo,
    "decimal.Decimal": _decimal,
    "fractions.Fraction": lambda value, walk: b"q" + b"".join(_nodes((value.numerator, value.denominator), walk)),
    "uuid.UUID": lambda value, _: b"u" + value.bytes,
} | {
    f"pathlib.{name}": lambda value, _: b"p" + text(type(value).__name__) + text(str(value))
    for name in ("PurePosixPath", "PosixPath", "PureWindowsPath", "WindowsPath")
}


def _leaf(value: object, walk: _Walk) -> bytes:
    if walk.leaf is None and isinstance(value, File | Folder):
        raise _RefusedError(
            value,
            f"A {type(value).__name__} is identified by its content",
            "Pass it to a step as an argument of its own.",
        )
    if walk.leaf is None:
        name = ".".join(class_name(type(value)))
        raise _RefusedError(value, f"A {name} has no canonical form", f"Use a plain value, or add a codec for {name}.")
    try:
        data = walk.leaf(value)
    except UnstorableError as error:
        raise _RefusedError(value, error.what, error.fix or "", error.where or "value") from error
    return b"L" + count(len(data)) + data


def _enum_writer(cls: type[Enum]) -> Writer:
    head = b"e" + _header(cls)
    if issubclass(cls, Flag):
        head += count(0)
        return lambda value, walk: head + _node(value.value, walk)
    return lambda value, walk: head + text(value.name) + _node(value.value, walk)


def _named_tuple_writer(cls: Any) -> Writer:
    names = [text(name) for name in cls._fields]
    head = b"n" + _header(cls) + count(len(names))

    def write(value: tuple[object, ...], walk: _Walk) -> bytes:
        return head + b"".join([part for pair in zip(names, _nodes(value, walk), strict=True) for part in pair])

    return write


def _dataclass_writer(cls: Any) -> Writer:
    names = tuple(field.name for field in fields(cls))
    written = [text(name) for name in names]
    head = b"D" + _header(cls) + count(len(names))
    known = {"__orig_class__", *names} | {
        name for base in cls.__mro__ for name, kind in vars(base).items() if isinstance(kind, cached_property)
    }

    def write(value: Any, walk: _Walk) -> bytes:
        opened = walk.open(value)
        try:
            values = [getattr(value, name) for name in names]
        except AttributeError as error:
            raise _RefusedError(
                value, f"Field {error.name!r} of a {cls.__name__} is not set", "Set every field of a dataclass."
            ) from None
        present = getattr(value, "__dict__", None)
        extra = sorted(present.keys() - known) if present else ()
        parts = [head]
        parts += [part for pair in zip(written, _nodes(values, walk), strict=True) for part in pair]
        parts.append(count(len(extra)))
        for name in extra:
            parts += (text(name), _node(value.__dict__[name], walk))
        opened.discard(id(value))
        return b"".join(parts)

    return write


def _header(cls: type) -> bytes:
    module, qualname = class_name(cls)
    return text(module) + text(qualname)


def _local(cls: type) -> Writer:
    def refuse(value: object, _: _Walk) -> bytes:
        raise _RefusedError(
            value,
            f"The class {cls.__qualname__} is defined inside a function, so nothing can find it again",
            "Move the class to the top level of its module.",
        )

    return refuse


def _reduces_itself(cls: type) -> bool:
    """Whether the class says by itself what its state is, so that its fields may not be all of it."""
    for name in ("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__"):
        found = getattr(cls, name, None)
        if found is not getattr(object, name, None) and getattr(found, "__module__", None) != "dataclasses":
            return True
    return False


def _is_plain(cls: type) -> bool:
    """Whether all of a dataclass is in its attributes: no base from C other than object, no reduction of its own."""
    from_c = any(base is not object and not base.__flags__ & _HEAP_TYPE for base in cls.__mro__)
    return not from_c and not _reduces_itself(cls)


def _writer_of(cls: type) -> Writer:
    """Return the writer for a class that is met for the first time, and remember it."""
    _WRITERS[cls] = writer = _choose(cls)
    return writer


def _name(cls: type) -> str:
    """The name of a class of the standard library: parts of a package may move between its modules."""
    return f"{cls.__module__.partition('.')[0]}.{cls.__qualname__}"


def _choose(cls: Any) -> Writer:
    named = _NAMED.get(_name(cls))
    if named is not None:
        return named
    if issubclass(cls, Enum):
        build: Callable[[Any], Writer] = _enum_writer
    elif issubclass(cls, tuple) and hasattr(cls, "_fields") and hasattr(cls, "_make"):
        build = _named_tuple_writer
    elif hasattr(cls, "__dataclass_fields__") and _is_plain(cls):
        build = _dataclass_writer
    else:
        return _leaf
    return _local(cls) if "<locals>" in cls.__qualname__ else build(cls)


_ATOMS: Final = frozenset({NoneType, bool, int, float, complex, str, bytes, bytearray, range})
_WRITERS: Final[dict[type, Writer]] = {
    NoneType: _none,
    bool: _bool,
    int: _int,
    float: _float,
    complex: _complex,
    str: _str,
    bytes: _bytes,
    bytearray: _bytearray,
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _set,
    frozenset: _set,
    range: _span(b"r"),
    slice: _span(b"x"),
    File: _leaf,
    Folder: _leaf,
}
