"""The compiled reader and the validation of packages agree; policies do what they say."""

import json
import math
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from serving_samples import FIELDS, ROW, SKUS, STRICT, columns, rows_of, with_policy

from mainspring.errors import DefinitionError, SignatureError
from mainspring.package import Field, Policy, Signature, read_input
from mainspring.package.validating import examine
from mainspring.serving import Limits
from mainspring.serving.reading import Reader
from mainspring.serving.refusing import RefusedError

LIMITS = Limits(rows=5000)
READER = Reader(STRICT, LIMITS)


def body(rows: list) -> bytes:
    return json.dumps({"rows": rows}).encode()


def same(one: dict, other: dict) -> None:
    assert list(one) == list(other)
    for name, values in one.items():
        assert values.dtype == other[name].dtype, name
        np.testing.assert_array_equal(values, other[name])


@pytest.mark.parametrize("rows", [1, 2, 3000])
def test_what_fits_is_read_as_the_package_reads_it(rows):
    given = columns(rows)
    read = READER.read(body(rows_of(given)))
    assert (read.rows, read.marks) == (rows, ())
    same(read.columns, read_input(STRICT, given))


@pytest.mark.parametrize("rows", [1, 3000])
def test_rows_that_say_what_differs_from_a_whole_one_are_as_those_that_say_all(rows):
    given = rows_of(columns(rows))
    differing = [{name: value for name, value in row.items() if value != given[0][name]} for row in given]
    read = READER.read(json.dumps({"shared": given[0], "rows": differing}).encode())
    same(read.columns, READER.read(body(given)).columns)
    assert (read.rows, read.marks) == (rows, ())


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_null_within_a_vector_is_nan_where_that_is_kept(kind):
    signature = Signature((Field("spread", kind, (3,), policy=Policy(nan="keep")),))
    reader, rows = Reader(signature, LIMITS), [{"spread": [1, None, 2.5]}, {"spread": [None, None, None]}]
    with patch("mainspring.serving.reading.examine", side_effect=AssertionError("the compiled way knows it")):
        read = reader.read(body(rows))
    assert read.columns["spread"].tolist()[0] == [1.0, pytest.approx(float("nan"), nan_ok=True), 2.5]
    same(read.columns, read_input(signature, rows))
    assert np.isnan(read.columns["spread"]).sum() == 4


VALUES = {
    "price": st.floats(-1, 2e6, allow_nan=False) | st.integers(-1, 2**54) | st.none() | st.booleans(),
    "units": st.integers(-2, 1002) | st.floats(-2, 1002, allow_nan=False) | st.text(max_size=1),
    "sku": st.sampled_from([*SKUS, "cherry", "", None, 3]),
    "open": st.sampled_from([True, False, 0, 1, None, "true"]),
    "day": st.sampled_from(["2026-03-01", "20260301", "2026-03-01T00:00", "2026-03-01T01:00", "x", None, 5]),
    "at": st.sampled_from(["2026-03-01T01:02:03.456789", "2026-03-01 01:02", "2026-03-01", "2026-03-01T00:00Z", None]),
    "spread": st.sampled_from([[1, 2, 3], [1.5, 2, 3], [1, 2], [1, None, 3], None, 1.0, ["1", 2, 3], [True, 1, 2]]),
    "memo": st.none() | st.text(max_size=3) | st.integers(0, 1),
    "ratio": st.floats(width=32, allow_nan=False, allow_infinity=False)
    | st.none()
    | st.integers(-(2**25), 2**25)
    | st.just(1e39),
    "tier": st.sampled_from([1, 2, 3, 4, 2.0, None, "1", 2**40]),
}
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={name: st.just(ROW[name]) | values for name, values in VALUES.items()}).map(
        lambda drawn: (
            {name: drawn.get(name, ROW[name]) for name in ROW} | ({"extra": 1} if drawn.get("memo") == "x" else {})
        )
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ROWS)
def test_the_compiled_way_and_the_whole_examination_agree(rows):
    wrong = examine(STRICT, rows).refused
    if not wrong:
        same(READER.read(body(rows)).columns, read_input(STRICT, rows))
        return
    with pytest.raises(RefusedError, match="does not fit the signature") as refused:
        READER.read(body(rows))
    assert refused.value.total == sum(len(rows) if one.rows is None else int(one.rows.sum()) for one in wrong)
    with pytest.raises(SignatureError, match="does not fit"):
        read_input(STRICT, rows)


NULL = "null: is null; imputed"
TEXT = Field("x", "string", categories=("a",), impute="a")
UNKNOWN = "is none of its categories"
WRONG = "type: is a str, not a float64; read as null: 'b'"


def only(field: Field, value, policy: Policy):
    signature = Signature((Field("n", impute=0), field), policy)
    read = Reader(signature, LIMITS).read(body([{"n": 1, "x": value}] if value is not ... else [{"n": 1}]))
    return read.columns["x"].tolist()[0], [(one.path, one.rule, one.message) for one in read.marks]


@pytest.mark.parametrize(
    ("field", "value", "policy", "got", "told"),
    [
        (Field("x"), None, Policy(null="keep"), math.nan, []),
        (Field("x"), None, Policy(null="mark"), math.nan, ["null: is null; passed as it is"]),
        (Field("x", impute=2.5), None, Policy(null="impute"), 2.5, ["null: is null; imputed"]),
        (Field("x", impute=2.5), ..., Policy(null="impute", missing="null"), 2.5, ["missing: is missing; imputed"]),
        (Field("x"), ..., Policy(null="keep", missing="null"), math.nan, []),
        (Field("x", "int64", impute=3), None, Policy(null="impute"), 3, ["null: is null; imputed"]),
        (Field("x", "string", impute="a"), None, Policy(null="impute"), "a", ["null: is null; imputed"]),
        (Field("x", "date", impute="2026-01-02"), None, Policy(null="impute"), "2026-01-02", [NULL]),
        (Field("x", maximum=5), 9, Policy(range="keep"), 9.0, []),
        (Field("x", maximum=5), 9, Policy(range="mark"), 9.0, ["range: is above 5; passed as it is: 9.0"]),
        (Field("x", maximum=5), 9, Policy(range="clip"), 5.0, ["range: is above 5; clipped"]),
        (Field("x", "int64", minimum=5), 1, Policy(range="clip"), 5, ["range: is below 5; clipped"]),
        (Field("x", maximum=5, impute=1), 9, Policy(range="impute"), 1.0, ["range: is above 5; imputed: 9.0"]),
        (TEXT, "b", Policy(unknown="keep"), "b", []),
        (TEXT, "b", Policy(unknown="null"), None, []),
        (TEXT, "b", Policy(unknown="mark"), "b", [f"unknown: {UNKNOWN}; passed as it is: 'b'"]),
        (TEXT, "b", Policy(unknown="impute"), "a", [f"unknown: {UNKNOWN}; imputed: 'b'"]),
        (Field("x"), "b", Policy(wrong="null", null="keep"), math.nan, [WRONG]),
        (Field("x", impute=4), "b", Policy(wrong="null", null="impute"), 4.0, ["null: is null; imputed", WRONG]),
        (Field("x", "float32"), 1e39, Policy(infinite="keep"), math.inf, []),
        (Field("x", "float32"), 1e39, Policy(infinite="mark"), math.inf, ["infinite: is infinite; passed as it is"]),
    ],
)  # fmt: skip
def test_policies(field, value, policy, got, told):
    found, marks = only(field, value, policy)
    if isinstance(got, float) and math.isnan(got):
        assert math.isnan(found)
    else:
        assert (str(found) if field.type == "date" else found) == got
    assert sorted(f"{rule}: {message}" for _, rule, message in marks) == told
    assert all(path == "rows[0].x" for path, _, _ in marks)


def test_a_column_that_nobody_knows_may_be_dropped_with_a_mark():
    signature = Signature((Field("x"),), Policy(extra="mark"))
    read = Reader(signature, LIMITS).read(body([{"x": 1, "y": 2}]))
    assert [(one.path, one.rule, one.message) for one in read.marks] == [("rows[0].y", "extra", "is no field; dropped")]
    assert list(read.columns) == ["x"]


def test_everything_may_be_imputed():
    signature = with_policy(null="impute", missing="null", wrong="null", range="clip", unknown="impute", extra="drop")
    read = Reader(signature, LIMITS).read(body([{"spread": [1, 2, 3]}, ROW | {"price": "x", "tier": 9, "y": 1}]))
    assert read.columns["price"].tolist() == [9.5, 9.5]
    assert read.columns["tier"].tolist() == [1, 1]
    assert {one.rule for one in read.marks} == {"missing", "null", "type", "unknown"}


def test_what_cannot_be_imputed_is_told_when_it_is_declared():
    with pytest.raises(DefinitionError, match=r"'x' is to be imputed \(null\) and has no 'impute'"):
        Signature((Field("x"),), Policy(null="impute"))
    with pytest.raises(DefinitionError, match="'x' cannot be imputed by 'a'"):
        Signature((Field("x", impute="a"),))
    with pytest.raises(DefinitionError, match="which is no ISO date"):
        Signature((Field("x", "date", impute="soon"),))
    with pytest.raises(DefinitionError, match="the policy 'null' of 'x' is 'refues': did you mean 'refuse'"):
        Signature((Field("x"),), Policy(null="refues"))


def test_every_row_that_is_refused_is_known():
    rows = [ROW, ROW | {"price": -1}, ROW | {"sku": 5}, ROW]
    assert examine(STRICT, rows).bad_rows.tolist() == [False, True, True, False]
    assert len(FIELDS) == len(ROW)
