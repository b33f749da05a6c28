"""What frames, arrays and lists become."""

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mainspring.errors import StatisticsError
from mainspring.stats import columns_of, profile_frame
from mainspring.stats.columns import column_of

DAY = datetime.date(2024, 2, 29)
MOMENT = datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.UTC)
BERLIN = datetime.timezone(datetime.timedelta(hours=1))

LISTS = {
    "whole": ([3, None, -2], "number", [3.0, -2.0]),
    "real": ([0.5, None, float("nan")], "number", [0.5, float("nan")]),
    "flag": ([True, None, False], "boolean", [1, 0]),
    "text": (["b", None, "a"], "category", [1, 0]),
    "day": ([DAY, None, DAY], "date", [19782.0, 19782.0]),
    "moment": ([MOMENT, None, MOMENT.astimezone(BERLIN)], "datetime", [1709209800e6, 1709209800e6]),
    "lasted": ([datetime.timedelta(seconds=2), None, datetime.timedelta(0)], "duration", [2e6, 0.0]),
    "nothing": ([None, None, None], "empty", []),
}


@pytest.mark.parametrize("name", LISTS)
def test_lists_and_polars_become_the_same_column(name):
    values, kind, present = LISTS[name]
    series = pl.Series(
        name, [value.astimezone(datetime.UTC) if name == "moment" and value else value for value in values]
    )
    columns = [column_of(name, values), *columns_of(series.to_frame()), *columns_of(series.to_frame().lazy())]
    for column in columns:
        assert column.kind == kind
        assert column.nulls.tolist() == [value is None for value in values]
        if kind != "empty":
            assert np.array_equal(column.present(), present, equal_nan=name == "real")
    assert columns[0].labels == columns[1].labels


def test_pandas_frames_are_taken():
    frame = pd.DataFrame({"units": [1, 2], "shop": pd.Categorical(["a", None]), "day": pd.to_datetime([DAY, None])})
    units, shop, day = columns_of(frame)
    assert (units.kind, shop.kind, day.kind) == ("number", "category", "datetime")
    assert (shop.labels, shop.nulls.tolist(), day.nulls.tolist()) == (("a",), [False, True], [False, True])


@pytest.mark.parametrize(
    ("values", "dtype", "kind", "numbers"),
    [
        ([Decimal("1.25")], pl.Decimal(10, 2), "number", [1.25]),
        ([3], pl.UInt8, "number", [3.0]),
        (["x"], pl.Categorical, "category", [0]),
        (["x"], pl.Enum(["y", "x"]), "category", [0]),
        ([MOMENT], pl.Datetime("ms", "UTC"), "datetime", [1709209800e6]),
        ([datetime.time(0, 0, 1)], pl.Time, "duration", [1e6]),
        ([[1, 2]], pl.List(pl.Int64), "other", []),
    ],
)
def test_types_of_polars(values, dtype, kind, numbers):
    (column,) = columns_of(pl.DataFrame({"x": pl.Series(values, dtype=dtype)}))
    assert (column.kind, column.values.tolist()) == (kind, numbers)


def test_arrays_of_numpy():
    masked = np.ma.MaskedArray([1.0, 2.0], [False, True])
    columns = columns_of(
        {"m": masked, "d": np.array(["2024-01-01", "NaT"], "datetime64[D]"), "f": np.array([1, np.nan])}
    )
    assert [column.nulls.tolist() for column in columns] == [[False, True], [False, True], [False, False]]
    assert columns[1].present().tolist() == [19723.0]


def test_mixed_values_are_counted_and_not_looked_into():
    assert column_of("mixed", [1, "a", None]).kind == "other"
    assert column_of("mixed", [True, 2, None]).kind == "other"


@pytest.mark.parametrize("big", [2**53 + 1, 2**62, 10**30])
def test_huge_integers_are_rounded_and_said_to_be(big):
    column = column_of("id", [big, 1])
    assert column.rounded
    assert profile_frame((column,)).column("id").distinct is None
    if big < 2**63:
        assert columns_of(pl.DataFrame({"id": [big, 1]}))[0].rounded
        assert columns_of({"id": np.array([big, 1])})[0].rounded
    assert not column_of("id", [2**53, 1]).rounded


def test_long_texts_are_kept_by_their_beginning_and_their_digest():
    one, other = "x" * 500 + "1", "x" * 500 + "2"
    labels = column_of("text", [one, other]).labels
    assert len(set(labels)) == 2
    assert all(len(text) < 130 and text.startswith("x" * 100 + "… ") for text in labels)


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ([1, 2], r"A list is no frame\. Give a Polars or pandas frame, or a dict of arrays\."),
        (pl.Series([1]), r"A Series is no frame"),
        ({"a": [1], "b": [1, 2]}, r"The columns have different lengths: 'a' 1, 'b' 2\. Give one value for each row"),
        ({"a": np.zeros((2, 2))}, r"Column 'a' has 2 dimensions, not 1"),
    ],
)
def test_what_is_no_frame_is_refused(frame, said):
    with pytest.raises(StatisticsError, match=said):
        columns_of(frame)
