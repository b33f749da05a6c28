"""State and columns as bytes: they come back, equal ones are equal bytes, and nothing else is read."""

from contextlib import suppress

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mainspring.errors import PackageError, StageError, TamperedPackageError
from mainspring.package.arrow import decode_columns, encode_columns
from mainspring.package.state import decode_state, encode_state

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
DTYPES = st.sampled_from(["bool", "i1", "<i4", ">i8", "u8", "f4", ">f8", "M8[D]", "m8[us]", "U3", "S2"])
ARRAYS = DTYPES.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))


@settings(deadline=None)
@given(PLAIN)
def test_plain_state_comes_back(state):
    data = encode_state(state)
    back = decode_state(data)
    assert repr(back) == repr(state)
    assert encode_state(back) == data


@settings(deadline=None)
@given(ARRAYS)
def test_arrays_come_back(array):
    back = decode_state(encode_state({"a": array}))["a"]
    assert (back.shape, back.dtype) == (array.shape, array.dtype.newbyteorder("<"))
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable
    assert encode_state({"a": np.array(array, order="F")}) == encode_state({"a": back})


@pytest.mark.parametrize(
    ("state", "what"),
    [
        ({"a": [1, (2, 3)]}, r"A tuple cannot be kept \(state\['a'\]\[1\]\)"),
        ({"a": {1: 2}}, r"The key 1 is no text \(state\['a'\]\)"),
        ({"a": np.float64(1)}, "A float64 cannot be kept"),
        ({"a": np.array([None])}, "An array of object cannot be kept"),
        ({"a": 2**64}, "more than 64 bits"),
        ({"a": object()}, "A object cannot be kept"),
    ],
)
def test_what_no_state_can_hold(state, what):
    with pytest.raises(StageError, match=what):
        encode_state(state)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_do_more_than_fail(data):
    for decode in (decode_state, decode_columns):
        with suppress(TamperedPackageError):
            decode(data)


def test_a_forged_array_is_refused():
    import msgspec

    for forged in (["<f8", [2], b"\0" * 8], ["|O8", [1], b"\0" * 8], ["<f8", [-1, -1], b"\0" * 8], "x", ["<f8", [1]]):
        data = msgspec.msgpack.encode(msgspec.msgpack.Ext(1, msgspec.msgpack.encode(forged)))
        with pytest.raises(TamperedPackageError, match="A state cannot be read"):
            decode_state(data)
    with pytest.raises(TamperedPackageError, match="there is no extension 2"):
        decode_state(msgspec.msgpack.encode(msgspec.msgpack.Ext(2, b"")))


ROWS = 5
DAYS = st.none() | st.integers(-(2**31) + 1, 2**31 - 1)
DAYS = DAYS.map(lambda number: np.datetime64("NaT" if number is None else number, "D"))
COLUMNS = {
    "bool": hnp.arrays("bool", ROWS),
    "i4": hnp.arrays("<i4", ROWS),
    "i8": hnp.arrays("<i8", ROWS),
    "f4": hnp.arrays("<f4", ROWS),
    "f8": hnp.arrays("<f8", ROWS),
    "day": hnp.arrays("M8[D]", ROWS, elements=DAYS),
    "time": hnp.arrays("M8[us]", ROWS),
    "vector": hnp.arrays("<f4", (ROWS, 3)),
    "text": st.lists(st.text() | st.none(), min_size=ROWS, max_size=ROWS).map(lambda v: np.array(v, object)),
    "bytes": st.lists(st.binary(min_size=1), min_size=ROWS, max_size=ROWS).map(
        lambda v: np.array([*v, None], object)[:-1]
    ),
}  # fmt: skip


@settings(deadline=None, max_examples=80)
@given(st.fixed_dictionaries(COLUMNS))
def test_columns_come_back_and_other_programs_read_them(columns):
    data = encode_columns(columns)
    back = decode_columns(data)
    assert list(back) == list(columns)
    for name, values in columns.items():
        assert back[name].dtype == values.dtype
        np.testing.assert_array_equal(back[name], values)
    assert encode_columns(back) == data
    table = pa.ipc.open_stream(data).read_all()
    table.validate(full=True)
    assert table.column("text").to_pylist() == columns["text"].tolist()
    assert table.column("bool").to_pylist() == columns["bool"].tolist()
    assert table.column("time").to_numpy().tolist() == columns["time"].tolist()


def test_no_rows_come_back():
    empty = {"f": np.zeros(0), "t": np.array([], object), "b": np.zeros(0, bool), "v": np.zeros((0, 2))}
    back = decode_columns(encode_columns(empty))
    assert {name: values.shape for name, values in back.items()} == {"f": (0,), "t": (0,), "b": (0,), "v": (0, 2)}


def test_what_no_column_can_hold():
    for values in (
        np.array([1 + 2j]),
        np.zeros((2, 2, 2)),
        np.array([object()]),
        np.array([1], "m8[D]"),
    ):
        with pytest.raises(PackageError, match=r"which a package cannot hold|objects that are no texts"):
            encode_columns({"x": values})


def test_a_type_that_is_not_ours_is_refused():
    table = pa.table({"x": pa.array([[1], [2]])})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(TamperedPackageError, match="there is no column of the format"):
        decode_columns(sink.getvalue().to_pybytes())
