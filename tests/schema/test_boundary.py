import pickle
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple, NewType, Protocol, TypedDict

import dataframely as dy
import numpy as np
import pandas as pd
import pandera.pandas as pa
import pandera.polars as pap
import pandera.typing as pt
import pandera.typing.polars as ptp
import polars as pl
import pytest

from mainspring.errors import SchemaError, TypeMismatchError
from mainspring.schema import validate

UserId = NewType("UserId", int)


class Sales(dy.Schema):
    shop = dy.String(nullable=False)
    amount = dy.Float64(min=0)


class Orders(pa.DataFrameModel):
    count: int = pa.Field(ge=1)
    name: pt.Series[str]


class Coerced(pa.DataFrameModel):
    count: float

    class Config:
        coerce = True


class Stock(pap.DataFrameModel):
    count: int = pap.Field(ge=1)


class Split(NamedTuple):
    train: dy.DataFrame[Sales]
    rows: int


class Fits(Protocol):
    def fit(self) -> None: ...


class Row(TypedDict):
    a: int


GOOD = pl.DataFrame({"shop": ["a", "b"], "amount": [1.0, 2.0]})
BAD = pl.DataFrame({"shop": ["a", None, "c"], "amount": [-1.0, -2.0, 3.0]})


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (1, int),
        (1, Any),
        (1, float),
        (True, int),
        (np.int64(3), int),
        (np.float32(3), float),
        (np.bool_(True), bool),
        (None, None),
        (None, int | None),
        ([1, "x"], list[int]),  # elements are not looked at
        ((1, 2), Sequence[int]),
        ({"a": 1}, Row),
        (3, UserId),
        ("a", Literal["a", "b"]),
        (object(), Fits),
        (iter(()), Iterable[int]),
        (pd.DataFrame(), pd.DataFrame),
        (int, type[int]),
        (3, "Unresolved"),
    ],
)
def test_a_value_of_its_class_comes_back_as_it_is(value, annotation):
    assert validate(value, annotation, where="here") is value


@pytest.mark.parametrize(
    ("value", "annotation", "message"),
    [
        ("3", int, r"Expected 'int' but got '3' of type 'str' \(here\)\. Change the annotation or the value\."),
        (1.5, int, r"Expected 'int' but got 1\.5 of type 'float'"),
        (None, int, r"Expected 'int' but got 'None'"),
        (1, None, r"Expected 'None' but got 1 of type 'int'"),
        (1, bool, r"Expected 'bool' but got 1 of type 'int'"),
        ("c", Literal["a", "b"], r"Expected 'Literal\['a', 'b'\]' but got 'c' of type 'str'"),
        ("x" * 99, UserId, r"Expected 'UserId' but got 'x{59}… of type 'str'"),
        ((1,), list[int], r"Expected 'list\[int\]' but got 'tuple'"),
        (b"", str | int, r"Expected 'str \| int' but got b'' of type 'bytes'"),
        (GOOD, pd.DataFrame, r"Expected 'pandas\.DataFrame' but got 'polars\.DataFrame'"),
        (GOOD.lazy(), dy.DataFrame[Sales], r"Expected 'dataframely\.DataFrame\[Sales\]' but got 'polars\.LazyFrame'"),
        ([], Row, r"Expected 'Row' but got 'list'"),
    ],
)
def test_a_value_of_another_class_is_an_error(value, annotation, message):
    with pytest.raises(TypeMismatchError, match=message):
        validate(value, annotation, where="here")


def test_a_frame_that_satisfies_its_schema_comes_back_with_the_columns_of_the_schema():
    wide = GOOD.with_columns(extra=pl.lit(1)).select("extra", "amount", "shop")
    assert validate(wide, dy.DataFrame[Sales], where="here").equals(GOOD)


def test_a_lazy_frame_is_checked_and_stays_lazy():
    checked = validate(GOOD.lazy(), dy.LazyFrame[Sales], where="here")
    assert isinstance(checked, pl.LazyFrame)
    assert checked.collect().equals(GOOD)
    with pytest.raises(SchemaError, match="2 of 3 rows break schema 'Sales'"):
        validate(BAD.lazy(), dy.LazyFrame[Sales], where="here")


def test_failing_rows_are_counted_and_shown():
    with pytest.raises(SchemaError) as caught:
        validate(BAD, dy.DataFrame[Sales], where="step 'clean', result")
    assert caught.value.failing == 2
    assert str(caught.value) == (
        "2 of 3 rows break schema 'Sales', rule 'shop|nullability' (1), 'amount|min' (2), "
        "such as {'shop': 'a', 'amount': -1.0}; {'shop': None, 'amount': -2.0} (step 'clean', result). "
        "Change the step that made it or the schema."
    )
    assert pickle.loads(pickle.dumps(caught.value)).failing == 2


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            GOOD.drop("shop"),
            r"^The columns do not satisfy schema 'Sales': 1 missing columns for schema 'Sales': 'shop' \(",
        ),
        (
            GOOD.with_columns(amount=pl.lit(1)),
            r"1 columns with invalid dtype for schema 'Sales':  - 'amount', got: Int32",
        ),
    ],
)
def test_wrong_columns_are_named(frame, message):
    with pytest.raises(SchemaError, match=message):
        validate(frame, dy.DataFrame[Sales], where="here")


def test_a_pandera_model_checks_pandas_frames():
    good = pd.DataFrame({"count": [1], "name": ["x"]})
    assert validate(good, pt.DataFrame[Orders], where="here").equals(good)
    bad = pd.DataFrame({"count": [0, 1, -3], "name": ["x", "y", "z"]})
    with pytest.raises(SchemaError) as caught:
        validate(bad, pt.DataFrame[Orders], where="here")
    assert caught.value.failing == 2
    assert str(caught.value) == (
        "The frame breaks schema 'Orders': 2 of 3 rows, such as count = 0 in row 0 (greater_than_or_equal_to(1)); "
        "count = -3 in row 2 (greater_than_or_equal_to(1)) (here). Change the step that made it or the schema."
    )


def test_a_pandera_model_names_missing_columns():
    with pytest.raises(SchemaError, match=r"breaks schema 'Orders': column_in_dataframe of 'Orders' \(name\) \(here\)"):
        validate(pd.DataFrame({"count": [1]}), pt.DataFrame[Orders], where="here")


def test_a_pandera_model_that_coerces_gives_the_coerced_frame():
    checked = validate(pd.DataFrame({"count": [1]}), pt.DataFrame[Coerced], where="here")
    assert checked["count"].dtype == np.float64


def test_a_pandera_model_checks_polars_frames_eager_and_lazy():
    assert validate(pl.DataFrame({"count": [1]}), ptp.DataFrame[Stock], where="here").height == 1
    lazy = validate(pl.LazyFrame({"count": [1]}), ptp.LazyFrame[Stock], where="here")
    assert isinstance(lazy, pl.LazyFrame)
    with pytest.raises(SchemaError, match=r"1 of 2 rows, such as count = 0 in row 1"):
        validate(pl.LazyFrame({"count": [1, 0]}), ptp.LazyFrame[Stock], where="here")


def test_frames_inside_containers_are_checked():
    wide = GOOD.with_columns(extra=pl.lit(1))
    kind = dy.DataFrame[Sales]
    assert validate([wide], list[kind], where="here")[0].equals(GOOD)
    assert validate({"a": wide}, dict[str, kind], where="here")["a"].equals(GOOD)
    assert validate((1, wide), tuple[int, kind], where="here")[1].equals(GOOD)
    assert validate((wide, wide), tuple[kind, ...], where="here")[1].equals(GOOD)
    assert validate(wide, kind | None, where="here").equals(GOOD)
    assert validate(None, kind | None, where="here") is None
    checked = validate(Split(wide, 2), Split, where="here")
    assert isinstance(checked, Split)
    assert checked.train.equals(GOOD)
    with pytest.raises(SchemaError, match=r"2 of 3 rows .* \(here\['b'\]\)"):
        validate({"a": GOOD, "b": BAD}, dict[str, kind], where="here")
    with pytest.raises(TypeMismatchError, match=r"but got 'None' \(here\[1\]\)"):
        validate([GOOD, None], list[kind], where="here")
