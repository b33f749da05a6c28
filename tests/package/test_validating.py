"""Frames and rows against a signature."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.errors import DefinitionError, SignatureError
from mainspring.package import Field, Policy, Signature, read_input

STRICT = Policy()
KEEP = Policy(null="keep", nan="keep", infinite="keep")


def one(field: Field, values, policy: Policy = STRICT):
    return read_input(Signature((field,), policy), {field.name: values})[field.name]


def said(field: Field, values, policy: Policy = STRICT) -> list[str]:
    with pytest.raises(SignatureError, match="The input does not fit the signature") as caught:
        one(field, values, policy)
    return [problem.what for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("kind", "values", "dtype"),
    [
        ("bool", [True, False], "bool"),
        ("bool", np.array([True, False]), "bool"),
        ("int64", [1, 2], "int64"),
        ("int64", np.array([1, 2], np.int8), "int64"),
        ("int64", [1.0, 2.0], "int64"),
        ("int32", pd.Series([1, 2]), "int32"),
        ("float64", [1, 2.5], "float64"),
        ("float64", pl.Series([1, 2]), "float64"),
        ("float32", [0.1], "float32"),
        ("string", ["a", "b"], "object"),
        ("string", np.array(["a", "b"]), "object"),
        ("string", pl.Series(["a", "b"], dtype=pl.Categorical), "object"),
        ("string", pd.Series(["a", "b"], dtype="category"), "object"),
        ("date", [dt.date(2020, 1, 2)], "datetime64[D]"),
        ("date", ["2020-01-02"], "datetime64[D]"),
        ("date", pd.Series(pd.to_datetime(["2020-01-02"])), "datetime64[D]"),
        ("date", pl.Series([dt.date(2020, 1, 2)]), "datetime64[D]"),
        ("datetime", [dt.datetime(2020, 1, 2, 3)], "datetime64[us]"),
        ("datetime", ["2020-01-02T03:00:00"], "datetime64[us]"),
        ("datetime", np.array(["2020-01-02T03"], "M8[h]"), "datetime64[us]"),
    ],
)
def test_what_is_accepted(kind, values, dtype):
    made = one(Field("x", kind), values)
    assert made.dtype == np.dtype(dtype)
    assert len(made) == len(values)


@pytest.mark.parametrize(
    ("field", "values", "what"),
    [
        (Field("x"), [1.0, None, None], "'x' is null, in 2 of 3 rows, first in row 1"),
        (Field("x"), [1.0, float("nan")], "'x' is NaN, in 1 of 2 rows, first in row 1"),
        (Field("x"), [1.0, -np.inf], "'x' is infinite, in 1 of 2 rows, first in row 1"),
        (Field("x"), ["1.0"], "'x' is a str, not a float64: '1.0', in row 0"),
        (Field("x"), [True], "'x' is a bool, not a float64: True, in row 0"),
        (Field("x"), [2**53 + 1], "'x' is an integer that float64 cannot hold exactly: 9007199254740993, in row 0"),
        (Field("x"), [2**70], "'x' is an integer that float64 cannot hold exactly: 1180591620717411303424, in row 0"),
        (
            Field("x", "float32"),
            np.array([-1, 2**24 + 1]),
            "'x' is an integer that float32 cannot hold exactly: 16777217, in row 1",
        ),
        (Field("x", "int64"), [2**64], "'x' is beyond int64: 18446744073709551616, in row 0"),
        (Field("x", "int32"), np.array([1, 2**31]), "'x' is beyond int32: 2147483648, in row 1"),
        (Field("x", "int64"), [1.0, 2.5], "'x' is no whole number: 2.5, in row 1"),
        (Field("x", "int64", minimum=1), [1, -5], "'x' is below 1: -5, in 1 of 2 rows, first in row 1"),
        (Field("x", maximum=2), [3.0], "'x' is above 2: 3.0, in 1 of 1 rows, first in row 0"),
        (Field("x", "bool"), [1], "'x' is a int, not a bool: 1, in row 0"),
        (Field("x", "string"), [5], "'x' is a int, not a string: 5, in row 0"),
        (
            Field("x", "string", categories=("a",)),
            ["a", "z"],
            "'x' is none of its categories: 'z', in 1 of 2 rows, first in row 1",
        ),
        (Field("x", "int64", categories=(1,)), [2], "'x' is none of its categories: 2, in 1 of 1 rows, first in row 0"),
        (Field("x", "date"), ["yesterday"], "'x' is no ISO date or time: 'yesterday', in row 0"),
        (Field("x", "date"), ["2020-01-02T03:00"], "'x' has a time of day: '2020-01-02T03:00', in row 0"),
        (
            Field("x", "datetime"),
            ["2020-01-02T03:00Z"],
            "'x' has a time zone: convert it to UTC and drop the zone: '2020-01-02T03:00Z', in row 0",
        ),
        (Field("x", "datetime"), [1], "'x' is a int, not a datetime: 1, in row 0"),
        (Field("x", shape=(2,)), [[1, 2], [3]], "'x' does not have the shape (2,): [3], in row 1"),
        (Field("x", shape=(2,)), np.zeros((3, 4)), "'x' has values of shape (4,), not (2,)"),
        (Field("x", sensitive=True, maximum=2), [3.0], "'x' is above 2, in 1 of 1 rows, first in row 0"),
        (Field("x", "string", sensitive=True), [5], "'x' is a int, not a string, in row 0"),
    ],
)  # fmt: skip
def test_what_is_refused(field, values, what):
    assert said(field, values) == [what]


@pytest.mark.parametrize("zoned", [
    pd.Series(pd.to_datetime(["2020-01-01"], utc=True)),
    pl.Series([dt.datetime(2020, 1, 1, tzinfo=dt.UTC)]),
    [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)],
])  # fmt: skip
def test_time_zones_are_refused(zoned):
    (what,) = said(Field("x", "datetime"), zoned)
    assert what.startswith("'x' has a time zone")


def test_what_the_policy_keeps():
    np.testing.assert_array_equal(one(Field("x"), [1, None, np.nan, np.inf], KEEP), [1, np.nan, np.nan, np.inf])
    assert one(Field("x", "string"), ["a", None], KEEP).tolist() == ["a", None]
    assert one(Field("x", "string"), pd.Series(["a", None]), KEEP).tolist() == ["a", None]
    assert np.isnat(one(Field("x", "date"), [None], KEEP)).all()
    assert np.isnat(one(Field("x", "datetime"), pl.Series([None, dt.datetime(2020, 1, 1)]), KEEP)).tolist() == [
        True,
        False,
    ]
    assert said(Field("x", "int64"), [1, None], KEEP) == [
        "'x' is null, which no int64 can be: declare it as float64, in 1 of 2 rows, first in row 1"
    ]
    assert one(Field("x", "string", categories=("a",)), ["z", "a"], Policy(unknown="null")).tolist() == [None, "a"]
    assert one(Field("x", "string", categories=("a",)), ["z"], Policy(unknown="keep")).tolist() == ["z"]
    np.testing.assert_array_equal(one(Field("x", policy=KEEP), [None]), [np.nan])


def test_null_and_nan_are_two_things_where_a_library_keeps_them_apart():
    keep_nan = Policy(nan="keep")
    assert said(Field("x"), pl.Series([None, float("nan")]), keep_nan) == [
        "'x' is null, in 1 of 2 rows, first in row 0"
    ]
    assert np.isnan(one(Field("x"), pl.Series([1.0, float("nan")]), keep_nan)).sum() == 1
    assert np.isnan(one(Field("x"), pd.Series([1, None]), keep_nan)).sum() == 1  # pandas has one for both
    assert said(Field("x"), pd.Series([1, None], dtype="Int64"), keep_nan) == [
        "'x' is null, in 1 of 2 rows, first in row 1"
    ]


def test_columns_that_are_missing_extra_or_of_other_lengths():
    signature = Signature((Field("price"), Field("units")))
    with pytest.raises(SignatureError) as caught:
        read_input(signature, {"prize": [1.0]})
    assert [str(one) for one in caught.value.problems] == [
        "column 'price' is missing. Is it 'prize'?",
        "column 'units' is missing. Add the column.",
        "column 'prize' is no field. Leave it out, or set extra='drop'.",
    ]
    with pytest.raises(SignatureError, match="columns have different numbers of rows"):
        read_input(signature, {"price": [1.0], "units": [1.0, 2.0]})
    dropped = read_input(
        Signature(signature.fields, Policy(extra="drop")), {"price": [1], "units": [2], "x": [object()]}
    )
    assert list(dropped) == ["price", "units"]


@pytest.mark.parametrize("thing", [5, "rows", None, pl.LazyFrame({"x": [1.0]})])
def test_what_is_no_table(thing):
    with pytest.raises(SignatureError, match=r"is neither a frame nor rows|does not fit"):
        read_input(Signature((Field("x"),)), thing)


def test_a_row_that_is_no_mapping():
    with pytest.raises(SignatureError, match="Row 1 is a list"):
        read_input(Signature((Field("x"),)), [{"x": 1.0}, [1.0]])


def test_every_fault_of_a_signature_is_told_at_once():
    fields = (Field("a", "flaot64"), Field("a"), Field("b", minimum=2, maximum=1), Field("c", "string", shape=(2,)))
    with pytest.raises(DefinitionError) as caught:
        Signature((*fields, Field("d", categories=(1.5,)), Field("e", "string", maximum=1)))
    for part in (
        "two fields have the name 'a'",
        "did you mean 'float64'?",
        "minimum 2 above its maximum 1",
        "'c' cannot have the shape (2,)",
        "'d' is a float64, and not all its categories are",
        "'e' is a string, which has no range",
    ):
        assert part in caught.value.what


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.dates(),
    st.datetimes(),
    st.binary(max_size=2),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(VALUES, max_size=4),
    st.sampled_from(["bool", "int32", "int64", "float32", "float64", "string", "date", "datetime"]),
    st.sampled_from([Policy(), KEEP]),
)
def test_any_values_become_a_column_of_the_type_or_a_named_violation(values, kind, policy):
    try:
        made = one(Field("x", kind), values, policy)
    except SignatureError:
        return
    assert len(made) == len(values)
    for value, got in zip(values, made.tolist(), strict=True):
        if kind in ("int32", "int64", "bool"):
            assert got == value
        elif kind == "float64" and value is not None:
            assert got == value or (got != got and value != value)
        elif kind == "string":
            assert got == value or (got is None and value is not None and value != value)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False) | st.none(), min_size=1, max_size=20))
def test_rows_arrays_and_frames_agree(values):
    signature = Signature((Field("x"),), KEEP)
    rows = read_input(signature, [{"x": value} for value in values])["x"]
    for other in (
        pl.DataFrame({"x": values}, schema={"x": pl.Float64}),
        pd.DataFrame({"x": pd.array(values, dtype="Float64")}),
        {"x": values},
    ):
        np.testing.assert_array_equal(read_input(signature, other)["x"], rows)
