import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest
from chart_samples import CHARTS

from mainspring.charts import Axis, Column, ForestChart, Heatmap, HistogramChart, Image, LineChart, Series, Table
from mainspring.digest import canonical, restore
from mainspring.errors import DefinitionError


@pytest.mark.parametrize("name", CHARTS)
def test_charts_are_plain_values_that_can_be_stored(name):
    chart = CHARTS[name]
    back = restore(canonical(chart))
    assert type(back) is type(chart)
    assert canonical(back) == canonical(chart)


def test_arrays_and_columns_become_plain_numbers():
    series = Series("", np.array([1, 2]), pd.Series([0.5, 0.25]))
    assert (series.x, series.y) == ((1, 2), (0.5, 0.25))
    assert {type(value) for value in (*series.x, *series.y)} == {int, float}
    heat = Heatmap("", Axis("x"), Axis("y"), pd.Index([0, 1]), np.array([0]), np.array([[1, 2]]))
    assert (heat.columns, heat.rows, heat.values) == (("0", "1"), ("0",), ((1, 2),))
    assert Series("", [np.int64(1)], [np.float32(0.5)]).y == (0.5,)


def test_equal_charts_are_equal():
    assert Series("a", [1], [2]) == Series("a", (1,), np.array([2]))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Series("loss", [1, 2], [1]), r"There are 2 x for 1 y \(series 'loss'\)\. Give one x for each y\."),
        (lambda: Series("loss", [1], [1], [0]), r"There are 1 low and 0 high for 1 y"),
        (lambda: LineChart("Loss", Axis("x"), Axis("y"), []), r"There is nothing to draw \(chart 'Loss'\)"),
        (lambda: HistogramChart("H", Axis("x"), [0, 0], [("", [1])]), r"The edges do not ascend \(histogram 'H'\)"),
        (lambda: ForestChart("F", Axis("x"), ["a"], [1], [0], [], [2]), r"differ in length \(forest 'F'\)"),
        (lambda: HistogramChart("H", Axis("x"), [0, 1], [("n", [])]), r"'n' has 0 counts for 1 bins"),
        (lambda: Heatmap("C", Axis("x"), Axis("y"), ["a"], ["b"], [[1, 2]]), r"The values are not 1 rows of 1 numbers"),
        (lambda: Image("image/gif", b""), r"An image cannot be 'image/gif'\. Known are image/png"),
        (lambda: Table([Column("a")], [[1, 2]]), r"A row has 2 cells for 1 columns"),
    ],
)
def test_what_cannot_be_drawn_is_refused_when_it_is_made(make, said):
    with pytest.raises(DefinitionError, match=said):
        make()


def test_axes_say_their_unit():
    assert Axis("duration", "s").title == "duration (s)"
    assert Axis("count").title == "count"


def test_tables_know_how_many_rows_there_were():
    assert Table([Column("a")], [[1]]).total == 1
    assert Table([Column("a")], [[1]], 50).total == 50
    assert Table([Column("a")], [[1]], None).total is None


def test_charts_are_frozen():
    axis = Axis("duration", "s")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'unit'"):
        axis.unit = "ms"
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'unit'"):
        del axis.unit
    assert replace(axis, unit="ms") == Axis("duration", unit="ms")
    assert len({axis, Axis("duration", "s"), Axis("duration")}) == 2
    assert axis != ("duration", "s")
    assert repr(axis) == "Axis(label='duration', unit='s', scale='linear', zero=False)"
    assert pickle.loads(pickle.dumps(axis)) == axis


@pytest.mark.parametrize(
    ("args", "named", "wrong"),
    [
        ((), {}, "label"),
        (("a",), {"label": "b"}, "label"),
        (("a",), {"units": "s"}, "units"),
        (("a", "b", "linear", True, 5), {}, "5 arguments"),
    ],
)
def test_wrong_arguments_are_named(args, named, wrong):
    with pytest.raises(TypeError, match=f"Axis takes label, unit, scale, zero; not right: {wrong}"):
        Axis(*args, **named)
