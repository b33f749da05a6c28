import typing
from collections.abc import Callable
from typing import Annotated, Any, ForwardRef, Literal, NewType, TypeVar

import dataframely as dy
import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier

from mainspring.schema import show, show_both


class Table: ...


class Sales(dy.Schema): ...


T = TypeVar("T")


def twin():
    class Table: ...

    return Table


@pytest.mark.parametrize(
    ("annotation", "text"),
    [
        (int, "int"),
        (None, "None"),
        (type(None), "None"),
        (Any, "Any"),
        (Table, "Table"),
        (vars(typing)["Optional"][int], "int | None"),
        (list[int | None], "list[int | None]"),
        (vars(typing)["List"][int], "list[int]"),
        (vars(typing)["List"], "list"),
        (tuple[int, ...], "tuple[int, ...]"),
        (tuple[()], "tuple[()]"),
        (dict[str, Table], "dict[str, Table]"),
        (Literal["a", 1], "Literal['a', 1]"),
        (Annotated[int, "rows"], "int"),
        (Callable[[int], str], "Callable[[int], str]"),
        (Callable[..., str], "Callable[..., str]"),
        (NewType("UserId", int), "UserId"),
        (T, "T"),
        ("Later", "Later"),
        (ForwardRef("Later"), "Later"),
        (pd.DataFrame, "pandas.DataFrame"),
        (pl.DataFrame, "polars.DataFrame"),
        (RandomForestClassifier, "RandomForestClassifier"),
        (dy.DataFrame[Sales], "dataframely.DataFrame[Sales]"),
        (NDArray[np.float64], "NDArray[numpy.float64]"),
        (np.ndarray, "numpy.ndarray"),
    ],
)
def test_annotations_are_shown_as_they_are_written(annotation, text):
    assert show(annotation) == text


def test_two_annotations_are_shown_with_modules_only_when_these_tell_them_apart():
    assert show_both(int, str) == ("int", "str")
    one, other = show_both(list[Table], list[twin()])
    assert one == f"list[{__name__}.Table]"
    assert other == f"list[{__name__}.twin.<locals>.Table]"
