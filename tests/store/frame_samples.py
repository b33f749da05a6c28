"""Polars frames and Arrow tables, with the shapes that must not matter and the changes that must."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pyarrow as pa

from mainspring.testing.codecs import Sample


def polars_equal(one, other):
    kind = one.dtype == other.dtype if isinstance(one, pl.Series) else one.schema == other.schema
    return kind and one.equals(other, null_equal=True)


def polars_frame():
    return pl.DataFrame(
        {
            "int": [1, None, 3],
            "text": ["a", None, "ccc"],
            "float": [1.0, float("nan"), None],
            "bool": [True, None, False],
            "list": [[1], None, [None, 3]],
            "empty": pl.Series([[], [], None], dtype=pl.List(pl.Int8)),
            "category": pl.Series(["x", None, "y"], dtype=pl.Categorical),
            "enum": pl.Series(["x", None, "y"], dtype=pl.Enum(["y", "x"])),
            "struct": [{"a": 1, "b": "q"}, None, {"a": None, "b": "z"}],
            "time": [datetime(2024, 1, 1), None, datetime(2025, 1, 1)],
            "zoned": pl.Series([datetime(2024, 1, 1), None, None]).dt.replace_time_zone("Europe/Paris"),
            "decimal": pl.Series([Decimal("1.10"), None, Decimal(2)], dtype=pl.Decimal(10, 2)),
            "null": [None] * 3,
            "array": pl.Series([[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int32, 2)),
            "binary": [b"1", None, b"33"],
            "day": [date(2024, 1, 1)] * 3,
            "delta": [timedelta(1)] * 3,
            "clock": [time(1)] * 3,
            "wide": pl.Series([1, 2**100, None], dtype=pl.Int128),
            "deep": [[[1], []], None, [None, [2, 3]]],
            "small": pl.Series([1, 2, 3], dtype=pl.UInt8),
        }
    )


def polars_frame_in_chunks():
    frame = polars_frame()
    return pl.concat([frame.slice(0, 1), frame.slice(1, 1), frame.slice(2, 1)], rechunk=False)


def polars_frame_as_a_slice():
    return pl.concat([polars_frame()] * 3).slice(3, 3)


def polars_frame_with_an_integer_of_another_size():
    return polars_frame().with_columns(pl.col("int").cast(pl.Int32))


def polars_frame_with_a_null_for_nan():
    return polars_frame().with_columns(pl.col("float").fill_nan(None))


def polars_frame_reversed():
    return polars_frame().reverse()


def polars_null_over_garbage():
    return pl.DataFrame({"a": [1, 2, 3]}).with_columns(pl.when(pl.col("a") != 2).then(pl.col("a")).alias("a"))


def polars_null():
    return pl.DataFrame({"a": [1, None, 3]})


def polars_no_rows():
    return polars_frame().head(0)


def polars_nothing():
    return pl.DataFrame()


def polars_series():
    return polars_frame()["text"]


def polars_lists():
    return pl.DataFrame({"a": [[1, 2], [3]]})


def polars_lists_split_elsewhere():
    return pl.DataFrame({"a": [[1], [2, 3]]})


POLARS = [
    Sample(
        polars_frame,
        polars_equal,
        (polars_frame_in_chunks, polars_frame_as_a_slice),
        (polars_frame_with_an_integer_of_another_size, polars_frame_with_a_null_for_nan, polars_frame_reversed),
        "polars-frame/1",
    ),
    Sample(polars_null, polars_equal, (polars_null_over_garbage,)),
    Sample(polars_lists, polars_equal, (), (polars_lists_split_elsewhere,)),
    Sample(polars_series, polars_equal, (), (), "polars-series/1"),
    Sample(polars_no_rows, polars_equal),
    Sample(polars_nothing, polars_equal),
]


def arrow_equal(one, other):
    kind = (
        one.type == other.type
        if isinstance(one, pa.Array | pa.ChunkedArray)
        else one.schema.equals(other.schema, check_metadata=True)
    )
    return kind and repr(one.to_pylist()) == repr(other.to_pylist())


def arrow_table():
    return pa.table(
        {
            "int": [1, None, 3],
            "text": ["a", None, "ccc"],
            "float": [1.0, float("nan"), None],
            "bool": [True, None, False],
            "list": [[1], None, [2, 3]],
            "dictionary": pa.array(["x", "y", None]).dictionary_encode(),
            "struct": [{"a": 1, "b": "q"}, None, {"a": None, "b": "z"}],
            "time": pa.array([1, 2, None], pa.timestamp("us", "UTC")),
            "decimal": pa.array([1, 2, None], pa.decimal128(10, 2)),
            "null": pa.nulls(3),
            "binary": pa.array([b"1", None, b"33"]),
            "map": pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
            "fixed": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)),
            "view": pa.array(["a", None, "longer than twelve characters"], pa.string_view()),
            "half": pa.array(np.float16([1, 2, 3])),
        }
    )


def arrow_table_in_chunks():
    table = arrow_table()
    return pa.concat_tables([table.slice(0, 1), table.slice(1, 0), table.slice(1)])


def arrow_table_as_a_slice():
    return pa.concat_tables([arrow_table()] * 3).combine_chunks().slice(3, 3)


def arrow_table_with_another_dictionary():
    codes = pa.DictionaryArray.from_arrays(pa.array([2, 0, None], pa.int32()), pa.array(["y", "unused", "x"]))
    return arrow_table().set_column(5, "dictionary", codes)


def arrow_table_with_metadata():
    return arrow_table().replace_schema_metadata({"by": "me"})


def arrow_table_with_another_name():
    return arrow_table().rename_columns(["integer", *arrow_table().column_names[1:]])


def arrow_null():
    return pa.array([1, None, 3])


def arrow_null_over_garbage():
    valid = pa.py_buffer(bytes([0b101]))
    return pa.Array.from_buffers(pa.int64(), 3, [valid, pa.py_buffer(np.array([1, 99, 3]))])


def arrow_chunks():
    return pa.chunked_array([[1], [2, 3]])


def arrow_other_chunks():
    return pa.chunked_array([[1, 2], [], [3]])


def arrow_batch():
    return pa.record_batch({"a": [1, 2]})


def arrow_no_chunks():
    return pa.chunked_array([], pa.int64())


def arrow_nothing():
    return pa.table({})


ARROW = [
    Sample(
        arrow_table,
        arrow_equal,
        (arrow_table_in_chunks, arrow_table_as_a_slice, arrow_table_with_another_dictionary),
        (arrow_table_with_metadata, arrow_table_with_another_name),
        "arrow-table/1",
    ),
    Sample(arrow_null, arrow_equal, (arrow_null_over_garbage,), (), "arrow-array/1"),
    Sample(arrow_chunks, arrow_equal, (arrow_other_chunks,)),
    Sample(arrow_batch, arrow_equal, (), (), "arrow-batch/1"),
    Sample(arrow_no_chunks, arrow_equal),
    Sample(arrow_nothing, arrow_equal),
]
