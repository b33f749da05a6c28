"""Profiles of tables, and their drawings: right numbers, nothing sensitive, and drawable whatever the data."""

import datetime
import json

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.charts import BarChart, HistogramChart, LineChart, Table, VegaSpec, draw_chart, draw_table, to_png
from mainspring.data.profile import Span, draw_folds, draw_profile, profile
from mainspring.digest import canonical, restore
from mainspring.errors import StatisticsError
from mainspring.stats import merge_profiles, profile_frame


def sales(rows=2000, seed=0):
    rng = np.random.default_rng(seed)
    price = rng.lognormal(1, 0.4, rows)
    return pl.DataFrame(
        {
            "date": np.datetime64("2024-01-01") + np.arange(rows) // 10,
            "shop": rng.choice([f"shop {place}" for place in range(30)], rows),
            "price": pl.Series(np.where(rng.random(rows) < 0.1, np.nan, price)).fill_nan(None),
            "promotion": rng.random(rows) < 0.2,
            "units": rng.poisson(3, rows),
            "leak": 0,
            "customer": [f"customer {place}" for place in range(rows)],
        }
    ).with_columns(leak=pl.col("units") * 2)


def test_a_profile_says_what_a_table_holds():
    found = profile(sales(), "units", known_at="date", sensitive=["customer"])
    assert found.frame == profile_frame(sales(), sensitive=["customer"])
    assert [(one.column, one.rule) for one in found.suspects] == [("leak", "linear copy")]
    assert found.relations[0].column == "leak"
    assert "customer" not in [one.column for one in found.relations]
    assert found.related_rows == 2000
    assert restore(canonical(found)).frame == found.frame


def test_large_tables_are_related_on_a_draw_and_counted_in_full():
    found = profile(sales(), "units", rows=500)
    assert (found.frame.rows, found.related_rows, found.relations[0].rows) == (2000, 500, 500)
    assert found == profile(sales(), "units", rows=500)


def test_drawings_show_the_numbers_of_the_table():
    table = sales()
    drawn = draw_profile(profile(table, "units", sensitive=["customer"]), units={"price": "€"})
    numbers = {
        row[0]: dict(zip([column.name for column in drawn["numbers"].columns], row, strict=True))
        for row in drawn["numbers"].rows
    }
    assert numbers["units"]["mean"] == pytest.approx(table["units"].mean())
    assert numbers["price"]["null"] == table["price"].null_count() / 2000
    assert numbers["price"]["unit"] == "€"
    dates = drawn["dates and durations"].rows[0]
    assert dates[-3:] == ("2024-01-01", "2024-04-09", "2024-07-18")
    assert drawn["nulls"].series[0].y == (table["price"].null_count() / 20,)
    bars = drawn["distribution of units"]
    assert isinstance(bars, HistogramChart)
    assert list(bars.counts[0][1]) == np.bincount(table["units"]).tolist()
    assert bars.edges[0] == -0.5
    assert drawn["distribution of price"].x.title == "price (€)"
    shops = drawn["distribution of shop"]
    assert isinstance(shops, BarChart)
    assert shops.series[0].x[-1] == "(all others)"
    assert sum(shops.series[0].y) == 2000
    days = drawn["distribution of date"]
    assert isinstance(days, LineChart)
    assert set(days.series[0].y) == {10}
    assert days.y.title == "rows (a day)"
    assert drawn["relation to units"].series[0].x[0] == "leak"
    assert drawn["leakage suspects"].rows[0][0] == "leak"
    assert drawn["correlation"].columns == ("date", "price", "units", "leak")


def test_nothing_of_a_sensitive_column_is_drawn():
    drawn = draw_profile(profile(sales(), "units", sensitive=["customer"]))
    assert "distribution of customer" not in drawn
    assert "customer 1" not in repr(drawn)
    with pytest.raises(StatisticsError, match=r"The target 'units' is sensitive"):
        profile(sales(), "units", sensitive=["units"])


def test_long_tails_are_cut_and_said_to_be():
    values = np.random.default_rng(0).lognormal(0, 3, 5000)
    drawn = draw_profile(profile({"x": values}))["distribution of x"]
    assert "without the" in drawn.title
    assert drawn.edges[-1] < values.max() / 3
    assert sum(drawn.counts[0][1]) == pytest.approx(4950, abs=5)


def test_a_few_whole_numbers_are_bars_with_their_names():
    drawn = draw_profile(profile({"snap": [0, 1, 1, 0, 1]}))["distribution of snap"]
    assert (drawn.series[0].x, drawn.series[0].y) == (("0", "1"), (2, 3))


def test_days_that_fill_only_a_part_of_their_point_do_not_look_rare():
    days = np.datetime64("2024-01-01") + np.arange(700)
    drawn = draw_profile(profile({"day": days}))["distribution of day"]
    assert len(drawn.series[0].y) <= 60
    assert np.allclose(drawn.series[0].y, 1)


def test_without_a_target_nothing_is_related_to_it():
    drawn = draw_profile(profile(sales()))
    assert not [title for title in drawn if "relation to" in title or "suspects" in title]


def test_an_empty_table_can_be_drawn():
    empty = profile(sales().clear(), "units", known_at="date")
    assert {"numbers", "categories"} <= set(draw_profile(empty))
    assert draw_profile(profile(pl.DataFrame())) == {}


columns = st.one_of(
    st.lists(st.one_of(st.none(), st.floats()), min_size=6, max_size=6),
    st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), min_size=6, max_size=6),
    st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=6, max_size=6),
    st.lists(st.one_of(st.none(), st.dates()), min_size=6, max_size=6),
    st.lists(st.one_of(st.none(), st.datetimes()), min_size=6, max_size=6),
    st.lists(st.one_of(st.none(), st.timedeltas()), min_size=6, max_size=6),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=6, max_size=6),
)


@given(columns, columns)
@settings(deadline=None, max_examples=150)
def test_whatever_the_data_it_can_be_drawn(one, other):
    drawn = draw_profile(profile({"one": one, "other": other}))
    for drawing in drawn.values():
        draw_table(drawing) if isinstance(drawing, Table) else draw_chart(drawing, drawn=True)


def test_merged_windows_are_drawn_as_the_whole():
    table = sales()
    merged = merge_profiles(profile_frame(part) for part in table.iter_slices(300))
    whole = profile_frame(table)
    assert [column.bins for column in merged.columns] == [column.bins for column in whole.columns]
    assert [column.tallies for column in merged.columns] == [column.tallies for column in whole.columns]


def spans():
    start = datetime.date(2013, 1, 1)
    for fold in range(3):
        first = start + datetime.timedelta(days=7 * fold)
        yield Span(f"fold {fold + 1}", "train", first, first + datetime.timedelta(days=729))
        test = first + datetime.timedelta(days=733)
        yield Span(f"fold {fold + 1}", "test", test, test + datetime.timedelta(days=27))


def test_folds_lie_on_a_time_line():
    spec = json.loads(draw_folds(spans()).spec)
    assert spec["encoding"]["y"]["sort"] == ["fold 1", "fold 2", "fold 3"]
    assert spec["data"]["values"][1] == {
        "fold": "fold 1",
        "part": "test",
        "first": "2015-01-04",
        "last": "2015-01-31",
        "until": "2015-02-01",
    }
    day = datetime.date(2024, 1, 1)
    with pytest.raises(StatisticsError, match=r"The test of fold 1 ends before it begins"):
        draw_folds([Span("fold 1", "test", day, day - datetime.timedelta(days=1))])
    with pytest.raises(StatisticsError, match=r"There are no folds"):
        draw_folds([])


def test_drawings_become_pictures():
    drawn = draw_profile(profile(sales(), "units", sensitive=["customer"]), units={"price": "€"})
    drawn["folds"] = draw_folds(spans())
    for drawing in drawn.values():
        assert isinstance(drawing, Table) or to_png(drawing).startswith(b"\x89PNG")
    assert isinstance(drawn["folds"], VegaSpec)
