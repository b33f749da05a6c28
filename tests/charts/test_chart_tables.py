import datetime
import decimal
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from mainspring.charts import Column, Table, table_from
from mainspring.digest import canonical


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Score:
    name: str
    value: float


DATA = {"name": ["a", None], "value": [1.5, 2.5]}
ROWS = (("a", 1.5), (None, 2.5))


@pytest.mark.parametrize(
    "value",
    [
        DATA,
        [{"name": "a", "value": 1.5}, {"value": 2.5}],
        pl.DataFrame(DATA),
        pl.LazyFrame(DATA),
        pa.table(DATA),
        pa.table(DATA).to_batches()[0],
        pd.DataFrame(DATA, dtype="object"),
        [Score("a", 1.5), Score(None, 2.5)],
    ],
    ids=lambda value: type(value).__module__.partition(".")[0] + "." + type(value).__name__,
)
def test_frames_and_rows_of_all_kinds_are_one_table(value):
    table = table_from(value)
    assert [column.name for column in table.columns] == ["name", "value"]
    assert table.rows == ROWS
    assert table.total == 2
    canonical(table)


@pytest.mark.parametrize(
    ("value", "columns", "rows"),
    [
        (np.array([[1, 2], [3, 4]]), ["0", "1"], ((1, 2), (3, 4))),
        (np.array([0.5]), ["value"], ((0.5,),)),
        (np.array([(1, "a")], dtype=[("n", "i4"), ("s", "U1")]), ["n", "s"], ((1, "a"),)),
        (np.array(["2026-01-02"], "datetime64[ns]"), ["value"], (("2026-01-02T00:00:00.000000000",),)),
        (pd.Series([1, 2], name="n"), ["n"], ((1,), (2,))),
        (pl.Series("n", [1, None]), ["n"], ((1,), (None,))),
        (pa.array([1, None]), ["value"], ((1,), (None,))),
        ([Point(1, 2)], ["x", "y"], ((1, 2),)),
        ([(1, 2), (3,)], ["0", "1"], ((1, 2), (3, None))),
        ([1, 2], ["value"], ((1,), (2,))),
        ({"accuracy": 0.9, "kind": "forest"}, ["name", "value"], (("accuracy", 0.9), ("kind", "forest"))),
        ({"a": [1, 2], "b": [3]}, ["a", "b"], ((1, 3), (2, None))),
        ([], ["value"], ()),
    ],
    ids=str,
)
def test_arrays_columns_and_plain_values_are_tables(value, columns, rows):
    table = table_from(value)
    assert [column.name for column in table.columns] == columns
    assert table.rows == rows


def test_the_index_of_a_pandas_frame_is_kept_when_it_says_something():
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["x", "y"], name="who"))
    assert [column.name for column in table_from(frame).columns] == ["who", "n"]
    assert table_from(frame).rows == (("x", 1), ("y", 2))
    grouped = pd.DataFrame({"a": [1, 1], "b": [2, 3], "n": [1, 2]}).groupby(["a", "b"]).agg({"n": ["sum", "max"]})
    assert [column.name for column in table_from(grouped).columns] == ["a", "b", "n / sum", "n / max"]


def test_only_the_first_rows_are_kept_and_the_rest_is_counted():
    table = table_from(pd.DataFrame({"n": range(1000)}))
    assert (len(table.rows), table.total) == (200, 1000)
    assert len(table_from(range(5) and list(range(500)), rows=3).rows) == 3
    lazy = table_from(pl.LazyFrame({"n": range(1000)}))
    assert (len(lazy.rows), lazy.total) == (200, None)
    assert table_from(table, rows=10) == Table(table.columns, table.rows[:10], 1000)


def test_types_of_columns_are_named_as_their_library_does():
    assert table_from(pl.DataFrame({"n": [1]})).columns == (Column("n", "Int64"),)
    assert table_from(pd.DataFrame({"n": [1]})).columns == (Column("n", "int64"),)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (pd.NA, None),
        (pd.NaT, None),
        (np.float64(0.5), 0.5),
        (pd.Timestamp("2026-01-02 03:04", tz="UTC"), "2026-01-02T03:04:00+00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (decimal.Decimal("1.50"), "1.50"),
        (b"abc", "3 bytes"),
        ([1, 2], "[1, 2]"),
        ("x" * 600, "x" * 499 + "…"),
    ],
    ids=str,
)
def test_cells_are_plain_values(value, cell):
    assert table_from([{"cell": value}]).rows == ((cell,),)


@pytest.mark.parametrize(
    "value",
    ["text", b"bytes", 5, None, object(), np.zeros((2, 2, 2)), pd.DataFrame, {1, 2}],
    ids=["text", "bytes", "number", "nothing", "object", "cube", "class", "set"],
)
def test_what_is_no_table_is_a_type_error(value):
    with pytest.raises(TypeError, match="is no"):
        table_from(value)
