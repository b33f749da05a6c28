import collections
import numbers
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Generic,
    Literal,
    NamedTuple,
    Never,
    NewType,
    NotRequired,
    Optional,
    Protocol,
    TypedDict,
    TypeVar,
    Union,
)

import dataframely as dy
import numpy as np
import pandas as pd
import pandera.pandas as pa
import pandera.typing as pt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from typing_extensions import TypeAliasType

from mainspring.schema import assignable

OPTIONAL, UNION = Optional, Union  # their old spelling is what is tested


class Base: ...


class Derived(Base): ...


class Colour(Enum):
    RED = 1


class Pair(NamedTuple):
    left: int
    right: str


class Fits(Protocol):
    def fit(self) -> None: ...


class Wide(TypedDict):
    a: int
    b: str


class Narrow(TypedDict):
    a: int
    c: NotRequired[int]


T = TypeVar("T")
K = TypeVar("K")
Bounded = TypeVar("Bounded", bound=Base)
Either = TypeVar("Either", int, str)


class Names(list[str]): ...


class Box(Generic[T]): ...


class Table(Box[list[T]]): ...


class Lookup(Mapping[T, K]): ...


UserId = NewType("UserId", int)
AdminId = NewType("AdminId", UserId)
ItemId = NewType("ItemId", int)
Rows = TypeAliasType("Rows", list[int])
Many = TypeAliasType("Many", list[T], type_params=(T,))


class Sales(dy.Schema):
    amount = dy.Float64()


class DatedSales(Sales):
    day = dy.Date()


class Stock(dy.Schema):
    count = dy.Int64()


class Orders(pa.DataFrameModel):
    count: int


class Rest(pa.DataFrameModel):
    name: str


FITS = [
    (int, Any),
    (Any, int),
    (int, object),
    (Derived, Base),
    (bool, int),
    (int, float),
    (bool, complex),
    (float, complex),
    (None, None),
    (None, OPTIONAL[int]),
    (type(None), None),
    (int, int | str),
    (bool, UNION[str, int]),
    (int | str, str | int | None),
    (list[bool], list[int]),
    (list[int], Sequence[float]),
    (list[int], Iterable[int]),
    (list, list[int]),
    (list[int], list),
    (dict[str, bool], Mapping[str, int]),
    (dict[str, int], Iterable[str]),
    (collections.OrderedDict[str, int], dict[str, int]),
    (collections.Counter[str], Mapping[str, int]),
    (Generator[int, None, None], Iterator[int]),
    (Generator[int, None, None], Iterable[int]),
    (tuple[int, str], tuple[int, str]),
    (tuple[int, bool], tuple[int, ...]),
    (tuple[int, ...], tuple[int, int]),
    (tuple[int, ...], Sequence[int]),
    (tuple[int, bool], Sequence[int]),
    (tuple[()], tuple[()]),
    (tuple[int], tuple),
    (tuple, tuple[int, int]),
    (Pair, tuple[int, str]),
    (str, Sequence[str]),
    (bytes, Sequence[int]),
    (range, Iterable[int]),
    (int, Hashable),
    (int, numbers.Real),
    (Literal["a"], Literal["a", "b"]),
    (Literal["a"], str),
    (Literal["a", 1], str | int),
    (Literal["a", 1], Literal["a"] | int),
    (str, Literal["a", "b"]),
    (bool, Literal[True, False]),
    (Colour, Literal[Colour.RED]),
    (Annotated[int, "rows"], Annotated[float, "seconds"]),
    (UserId, int),
    (UserId, float),
    (int, UserId),
    (AdminId, UserId),
    (AdminId, int),
    (T, int),
    (int, T),
    (Derived, Bounded),
    (int, Either),
    (list[T], list[int]),
    (int, Fits),
    (Wide, Narrow),
    (dict[str, int], Narrow),
    (Wide, dict),
    (Wide, Mapping[str, object]),
    (Rows, list[int]),
    (list[int], Rows),
    (Many[int], list[float]),
    (Names, list[str]),
    (Names, Sequence[str]),
    (Box[int], Box[float]),
    (Box, Box[float]),
    (Table[int], Box[list[int]]),
    (Lookup[str, int], Mapping[str, float]),
    ("Unknown", int),
    (int, "Unknown"),
    (ForwardRef("Unknown"), int),
    (list[ForwardRef("Unknown")], list[int]),
    (Never, int),
    (type[Derived], type[Base]),
    (type, type[Base]),
    (Callable[[Base], int], Callable[[Derived], float]),
    (Callable[..., int], Callable[[int], int]),
    (Callable, Callable[[int], int]),
    (type(len), Callable[[int], int]),
    (np.ndarray, NDArray[np.float64]),
    (NDArray[np.float64], np.ndarray),
    (NDArray[np.float64], NDArray[np.floating]),
    (NDArray[np.float64], ArrayLike),
    (np.float64, float),
    (dy.DataFrame[Sales], dy.DataFrame[Sales]),
    (dy.DataFrame[DatedSales], dy.DataFrame[Sales]),
    (dy.DataFrame[Sales], pl.DataFrame),
    (pl.DataFrame, dy.DataFrame[Sales]),
    (pl.LazyFrame, dy.LazyFrame[Sales]),
    (dy.DataFrame[Sales], dy.DataFrame),
    (list[pl.DataFrame], list[dy.DataFrame[Sales]]),
    (pt.DataFrame[Orders], pt.DataFrame[Orders]),
    (pt.DataFrame[Orders], pd.DataFrame),
    (pd.DataFrame, pt.DataFrame[Orders]),
]

MISFITS = [
    (Base, Derived),
    (float, int),
    (complex, float),
    (str, int),
    (None, int),
    (int, None),
    (int | None, int),
    (int | str, int | float),
    (Decimal, float),
    (list[str], list[int]),
    (list[int], tuple[int, ...]),
    (list[int], set[int]),
    (Sequence[int], list[int]),
    (dict[str, int], Mapping[str, str]),
    (dict[int, int], Iterable[str]),
    (Generator[str, None, None], Iterator[int]),
    (tuple[int, str], tuple[int, int]),
    (tuple[int, str], tuple[int]),
    (tuple[int, str], tuple[int, ...]),
    (tuple[str, ...], tuple[int, int]),
    (tuple[int], tuple[()]),
    (tuple[int, str], Sequence[int]),
    (str, Sequence[int]),
    (str, Colour),
    (str, Path),
    (Literal["c"], Literal["a", "b"]),
    (Literal[1], Literal[True]),
    (Literal["a", 1], str),
    (int, Literal["a"]),
    (UserId, str),
    (UserId, ItemId),
    (UserId, AdminId),
    (str, UserId),
    (int, Bounded),
    (float, Either),
    (Narrow, Wide),
    (int, Narrow),
    (Rows, list[str]),
    (Many[str], list[int]),
    (Names, list[int]),
    (Box[str], Box[int]),
    (Table[str], Box[list[int]]),
    (Lookup[str, str], Mapping[str, int]),
    (type[Base], type[Derived]),
    (Callable[[Derived], int], Callable[[Base], int]),
    (Callable[[int], str], Callable[[int], int]),
    (Callable[[], int], Callable[[int], int]),
    (NDArray[np.float64], NDArray[np.int64]),
    (NDArray[np.float64], list[float]),
    (pd.DataFrame, pl.DataFrame),
    (pl.LazyFrame, pl.DataFrame),
    (dy.DataFrame[Sales], dy.DataFrame[DatedSales]),
    (dy.DataFrame[Sales], dy.DataFrame[Stock]),
    (dy.LazyFrame[Sales], dy.DataFrame[Sales]),
    (pl.LazyFrame, dy.DataFrame[Sales]),
    (pd.DataFrame, dy.DataFrame[Sales]),
    (pt.DataFrame[Orders], pt.DataFrame[Rest]),
    (pl.DataFrame, pt.DataFrame[Orders]),
]


@pytest.mark.parametrize(("source", "target"), FITS)
def test_fits(source, target):
    assert assignable(source, target)


@pytest.mark.parametrize(("source", "target"), MISFITS)
def test_does_not_fit(source, target):
    assert not assignable(source, target)


leaves = st.sampled_from([int, str, float, bool, None, Base, Derived, Colour, Pair, UserId, Literal["a"], pl.DataFrame])


def _containers(inner):
    return st.one_of(
        inner.map(lambda item: list[item]),
        inner.map(lambda item: OPTIONAL[item]),
        inner.map(lambda item: tuple[item, ...]),
        inner.map(lambda item: Annotated[item, "unit"]),
        st.tuples(inner, inner).map(lambda pair: tuple[pair[0], pair[1]]),
        st.tuples(inner, inner).map(lambda pair: dict[pair[0], pair[1]]),
        st.tuples(inner, inner).map(lambda pair: UNION[pair[0], pair[1]]),
        st.tuples(inner, inner).map(lambda pair: Callable[[pair[0]], pair[1]]),
    )


annotations = st.recursive(leaves, _containers, max_leaves=6)


@given(annotations)
def test_every_annotation_fits_itself(annotation):
    assert assignable(annotation, annotation)


@given(annotations, annotations)
def test_a_union_takes_what_its_members_take(one, other):
    assert assignable(one, UNION[one, other])
    assert assignable(UNION[one, other], one) == (assignable(one, one) and assignable(other, one))


@given(annotations, annotations)
def test_a_list_fits_as_its_elements_do(one, other):
    assert assignable(list[one], list[other]) == assignable(one, other)
