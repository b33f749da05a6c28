"""An independent writer of the canonical encoding, from docs/decisions/0002-value-identity.md.

It shares no code with the library, and writes the golden vectors:
`python tests/digest/oracle.py > tests/digest/golden.json`.
"""

import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import json
import math
import pathlib
import struct
import sys
import uuid
import zoneinfo
from pathlib import Path

import blake3

sys.path.insert(0, str(Path(__file__).parent))
import golden_shapes


def count(number):
    written = bytearray()
    while number > 127:
        written.append(number % 128 + 128)
        number //= 128
    written.append(number)
    return bytes(written)


def raw(data):
    return count(len(data)) + data


def text(string):
    return raw(string.encode("utf-8", "surrogatepass"))


def double(number):
    return bytes.fromhex("7ff8000000000000") if math.isnan(number) else struct.pack(">d", number)


def integer(number):
    width = number.bit_length() // 8 + 1
    return b"i" + raw((number % (1 << (8 * width))).to_bytes(width, "big"))


def name_of(cls):
    return text(cls.__module__) + text(cls.__qualname__)


def attributes(pairs):
    return count(len(pairs)) + b"".join(text(name) + node(value) for name, value in pairs)


def calendar(value):
    return struct.pack(">HBB", value.year, value.month, value.day)


def clock(value):
    parts = (value.hour, value.minute, value.second, value.microsecond, value.fold)
    return struct.pack(">BBBIB", *parts) + node(value.tzinfo)


def classes(value):
    """Enums, named tuples, dataclasses: what goes by the name of a class."""
    cls = type(value)
    if isinstance(value, enum.Enum):
        member = "" if isinstance(value, enum.Flag) else value.name
        return b"e" + name_of(cls) + text(member) + node(value.value)
    if isinstance(value, tuple) and hasattr(cls, "_fields"):
        return b"n" + name_of(cls) + attributes(list(zip(cls._fields, value, strict=True)))
    if dataclasses.is_dataclass(cls):
        names = [f.name for f in dataclasses.fields(cls)]
        cached = {n for base in cls.__mro__ for n, v in vars(base).items() if isinstance(v, functools.cached_property)}
        extra = sorted(set(getattr(value, "__dict__", {})) - set(names) - cached)
        fields = [(n, getattr(value, n)) for n in names]
        return b"D" + name_of(cls) + attributes(fields) + attributes([(n, getattr(value, n)) for n in extra])
    return None


def calendars(value):
    kind = type(value)
    if kind is datetime.date:
        return b"a" + calendar(value)
    if kind is datetime.time:
        return b"h" + clock(value)
    if kind is datetime.datetime:
        return b"w" + calendar(value) + clock(value)
    if kind is datetime.timedelta:
        return b"v" + struct.pack(">iII", value.days, value.seconds, value.microseconds)
    if kind is datetime.timezone:
        named = len(value.__getinitargs__()) > 1
        return b"z" + node(value.utcoffset(None)) + node(value.tzname(None) if named else None)
    if kind is zoneinfo.ZoneInfo:
        return b"y" + text(value.key)
    return None


def others(value):
    kind = type(value)
    if kind is decimal.Decimal:
        sign, digits, exponent = value.as_tuple()
        return b"m" + bytes([sign]) + text("".join(map(str, digits))) + node(exponent)
    if kind is fractions.Fraction:
        return b"q" + node(value.numerator) + node(value.denominator)
    if kind is uuid.UUID:
        return b"u" + value.bytes
    if isinstance(value, pathlib.PurePath):
        return b"p" + text(kind.__name__) + text(str(value))
    if kind in (range, slice):
        return (b"r" if kind is range else b"x") + node(value.start) + node(value.stop) + node(value.step)
    return None


def containers(value):
    kind = type(value)
    if kind in (list, tuple):
        return (b"l" if kind is list else b"t") + count(len(value)) + b"".join(node(item) for item in value)
    if kind is dict:
        return b"d" + count(len(value)) + b"".join(node(k) + node(v) for k, v in value.items())
    if kind in (set, frozenset):
        return (b"S" if kind is set else b"Z") + count(len(value)) + b"".join(sorted(node(item) for item in value))
    return None


def scalars(value):
    kind = type(value)
    if value is None or kind is bool:
        return {None: b"N", True: b"T", False: b"F"}[value]
    if kind is int:
        return integer(value)
    if kind is float:
        return b"f" + double(value)
    if kind is complex:
        return b"c" + double(value.real) + double(value.imag)
    if kind is str:
        return b"s" + text(value)
    if kind in (bytes, bytearray):
        return (b"b" if kind is bytes else b"B") + raw(bytes(value))
    return None


def node(value):
    for write in (scalars, containers, classes, calendars, others):
        written = write(value)
        if written is not None:
            return written
    raise TypeError(type(value))


def canonical(value):
    return b"\x01" + node(value)


def tagged(*parts):
    hashed = blake3.blake3()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        hashed.update((b"s" if isinstance(part, str) else b"b") + struct.pack(">Q", len(data)) + data)
    return hashed.hexdigest()


EXPRESSIONS = """
None
True
False
0
1
-1
127
128
-128
-129
255
256
2**64
-2**64
10**40
0.0
-0.0
1.0
0.1
-1e308
float('inf')
float('-inf')
float('nan')
1j
complex(float('nan'), -0.0)
''
'1'
'é\\u4e2d\\U0001f600'
'a' * 127
'a' * 128
'a' * 20000
'\\ud800'
b''
b'1'
bytearray(b'1')
[]
()
{}
set()
frozenset()
[1, '1', True, 1.0, None]
(1, '1', True, 1.0, None)
['ab', 'c']
['a', 'bc']
[['a'], 'b']
[[], [[]], [[], []]]
{'a': 1, 'b': 2}
{'b': 2, 'a': 1}
{1: 'int', '1': 'str', (1,): 'tuple'}
{1, 'a', (2, 3), frozenset({4})}
frozenset({'x', 'y', 'z'})
list(range(200))
datetime.date(2024, 2, 29)
datetime.date(1, 1, 1)
datetime.time(23, 59, 58, 999999)
datetime.time(1, 2, 3, fold=1)
datetime.datetime(2024, 2, 29, 12, 30, 15, 5)
datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.timezone.utc)
datetime.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo('Europe/Amsterdam'))
datetime.timedelta(days=-1, microseconds=1)
datetime.timedelta(days=999999999)
datetime.timezone.utc
datetime.timezone(datetime.timedelta(hours=5, minutes=30), 'IST')
zoneinfo.ZoneInfo('UTC')
decimal.Decimal('1.10')
decimal.Decimal('1.1')
decimal.Decimal('-0')
decimal.Decimal('NaN')
decimal.Decimal('-Infinity')
fractions.Fraction(-3, 4)
uuid.UUID(int=5)
pathlib.PurePosixPath('a/b')
pathlib.PureWindowsPath('a/b')
range(5)
range(0, 10, 3)
slice(1, None, 2)
golden_shapes.Colour.RED
golden_shapes.Colour.BLUE
golden_shapes.Level.LOW
golden_shapes.Rights.READ | golden_shapes.Rights.WRITE
golden_shapes.Pair(1)
golden_shapes.Pair('a', golden_shapes.Pair(None, [1]))
golden_shapes.Point(1, 2.0)
golden_shapes.Point(golden_shapes.Point(None), {'k': golden_shapes.Colour.RED})
golden_shapes.Slotted('s', [1, 2])
golden_shapes.Extra(21)
golden_shapes.Outer.Inner(())
"""

BLOBS = {"": b"", "61": b"a", "zeros 1024": bytes(1024), "counting 5000": bytes(i % 251 for i in range(5000))}
TAGGED = [
    ["t"],
    ["t", "a"],
    ["t", "ab", "c"],
    ["t", "a", "bc"],
    ["ta", "b"],
    ["t", {"hex": "61"}],
    ["t", "", ""],
    ["é"],
]
FILES = [["a.csv", "x,y\n1,2\n"], ["b.csv", "x,y\n1,2\n"], ["a.csv", "x,y\n1,3\n"]]
FOLDERS = [
    [["a.txt", "f", "1"], ["b/c.txt", "f", "2"]],
    [["a.txt", "x", "1"], ["b/c.txt", "f", "2"]],
    [["a-b.txt", "f", "1"], ["a/b.txt", "f", "2"], ["empty", "d", ""]],
]


def part(written):
    return bytes.fromhex(written["hex"]) if isinstance(written, dict) else written


def file_digest(name, content):
    return tagged("file/1", name, blake3.blake3(content.encode()).hexdigest())


def folder_digest(entries):
    parts = []
    for path, kind, content in sorted(entries, key=lambda entry: entry[0].encode()):
        parts += [path, kind, "" if kind == "d" else file_digest(path.rsplit("/", 1)[-1], content)]
    return tagged("folder/1", *parts)


def vectors():
    values = []
    for line in EXPRESSIONS.strip().splitlines():
        value = eval(line, globals() | {"golden_shapes": golden_shapes})
        data = canonical(value)
        shown = data.hex() if len(data) <= 1000 else None
        values.append({"value": line, "canonical": shown, "digest": tagged("value/1", data)})
    return {
        "values": values,
        "blobs": [{"bytes": name, "blob": blake3.blake3(data).hexdigest()} for name, data in BLOBS.items()],
        "tagged": [{"parts": parts, "digest": tagged(*map(part, parts))} for parts in TAGGED],
        "files": [{"name": n, "content": c, "digest": file_digest(n, c)} for n, c in FILES],
        "folders": [{"entries": entries, "digest": folder_digest(entries)} for entries in FOLDERS],
    }


if __name__ == "__main__":
    print(json.dumps(vectors(), indent=1, ensure_ascii=True))
