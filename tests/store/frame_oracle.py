"""An independent writer of the digests of arrays and frames, from the first lines of their codecs.

It takes lists and type names, knows neither NumPy nor Arrow, and writes the golden vectors:
`python tests/store/frame_oracle.py > tests/store/golden_frames.json`.
"""

import importlib.util
import json
import struct
import sys
from pathlib import Path

import blake3

DIGEST_TESTS = Path(__file__).parents[1] / "digest"
sys.path.insert(0, str(DIGEST_TESTS))
spec = importlib.util.spec_from_file_location("canonical_oracle", DIGEST_TESTS / "oracle.py")
oracle = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracle)

FORMATS = {"<f8": "d", "<i8": "q", "<i4": "i", "<i2": "h", "|b1": "?", "|u1": "B"}


def hashed(data):
    return blake3.blake3(data).hexdigest()


def packed(kind, values):
    nan = bytes.fromhex("000000000000f87f")
    return b"".join(nan if value != value else struct.pack("<" + FORMATS[kind], value) for value in values)


def array(kind, shape, values):
    """Values in C order."""
    return oracle.tagged("numpy-array/1", oracle.canonical((kind, shape)), hashed(packed(kind, values)))


def records(fields, shape, columns):
    data = b"".join(packed(kind, column) for (_, kind), column in zip(fields, columns, strict=True))
    return oracle.tagged("numpy-array/1", oracle.canonical((list(fields), shape)), hashed(data))


def lanes(parts, rows):
    hashes = sorted((lane, hashed(data)) for lane, data in parts.items())
    return oracle.tagged("lanes/1", oracle.canonical((sorted(rows.items()), hashes)))


def visit(kind, values, lane, parts, rows):
    """Add a column of Python values: a kind is a NumPy type, `text`, or (`list`, kind)."""
    rows[lane] = len(values)
    nulls = [index for index, value in enumerate(values) if value is None]
    if nulls:
        parts[f"{lane}/null"] = packed("<i8", nulls)
    if isinstance(kind, tuple):
        parts[f"{lane}/length"] = packed("<i8", [len(value or ()) for value in values])
        visit(kind[1], [item for value in values for item in value or ()], f"{lane}/item", parts, rows)
    elif kind == "text":
        encoded = [(value or "").encode() for value in values]
        parts[f"{lane}/length"] = packed("<i8", map(len, encoded))
        parts[lane] = b"".join(encoded)
    else:
        parts[lane] = packed(kind, [value or 0 for value in values])


def values_of(kind, values):
    parts, rows = {}, {}
    visit(kind, values, "", parts, rows)
    return lanes(parts, rows)


def arrow_column(name, kind, values):
    return oracle.tagged("arrow-column/1", oracle.canonical(name), values_of(kind, values))


def arrow_table(columns):
    rows = len(next(iter(columns.values()))[2])
    described = [(name, True, [], arrow_column(*column)) for name, column in columns.items()]
    return oracle.tagged("arrow-table/1", oracle.canonical((rows, [], described)))


def polars_column(dtype, kind, values):
    return oracle.tagged("polars-column/1", oracle.canonical(dtype), values_of(kind, values))


def polars_frame(columns):
    rows = len(next(iter(columns.values()))[2])
    described = [(name, polars_column(*column)) for name, column in columns.items()]
    return oracle.tagged("polars-frame/1", oracle.canonical((rows, described)))


def leaf(tag, name, rest):
    return b"L" + oracle.raw(tag + bytes([len(name)]) + name.encode() + rest)


def section(name, digest):
    return leaf(b"\x01", name, bytes.fromhex(digest))


def structure(*nodes):
    return b"\x01t" + oracle.count(len(nodes)) + b"".join(nodes)


def pandas_frame(columns, kinds):
    """Numbers in columns named by text, with the index 0, 1, 2 ..."""
    rows = len(next(iter(columns.values())))
    names = structure(
        oracle.node("index"),
        oracle.node(None),
        leaf(b"\x02", "pandas-array/1", structure(*text_array(list(columns)))),
        oracle.node(None),
    )
    index = structure(oracle.node("range"), oracle.node(None), oracle.node((0, rows, 1)))
    data = [section("numpy-array/1", array(kinds[name], (rows,), values)) for name, values in columns.items()]
    frame = structure(
        leaf(b"\x02", "pandas-index/1", names),
        leaf(b"\x02", "pandas-index/1", index),
        b"l" + oracle.count(len(data)) + b"".join(data),
        oracle.node(True),
    )
    return oracle.tagged("value/1", b"\x01" + leaf(b"\x02", "pandas-frame/1", frame))


def text_array(values):
    digest = oracle.tagged("arrow-array/1", "chunked", arrow_column("large_string", "text", values))
    return oracle.node("string"), oracle.node("pyarrow"), oracle.node("nan"), section("arrow-array/1", digest)


NAN = float("nan")


def vectors():
    return {
        "float array": array("<f8", (2, 3), [0.0, -0.0, 1.5, NAN, float("inf"), -1e-300]),
        "integer array": array("<i4", (3,), [1, -2, 2**31 - 1]),
        "flags": array("|b1", (2, 1), [True, False]),
        "no rows": array("<i2", (0, 3), []),
        "records": records([("a", "|u1"), ("b", "<f8")], (2,), [[1, 2], [0.5, NAN]]),
        "arrow table": arrow_table(
            {
                "i": ("int64", "<i8", [1, None, 3]),
                "f": ("double", "<f8", [0.5, NAN, None]),
                "b": ("bool", "|b1", [True, None, False]),
                "s": ("string", "text", ["a", None, "é中"]),
            }
        ),
        "polars frame": polars_frame(
            {
                "i": ("Int64", "<i8", [1, None, 3]),
                "f": ("Float64", "<f8", [0.5, NAN, None]),
                "b": ("Boolean", "|b1", [True, None, False]),
                "s": ("String", "text", ["a", None, "é中"]),
                "c": ("Categorical", "text", ["y", None, "x"]),
                "l": (("List", "Int64"), ("list", "<i8"), [[1, 2], None, [3, None]]),
                "d": ("Date", "<i4", [19_782, None, 0]),
            }
        ),
        "pandas frame": pandas_frame({"f": [0.5, NAN], "i": [1, 2]}, {"f": "<f8", "i": "<i8"}),
    }


if __name__ == "__main__":
    print(json.dumps(vectors(), indent=1))
