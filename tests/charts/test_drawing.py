import json
import math
import re

import pytest
from chart_samples import CHARTS

from mainspring.charts import (
    Axis,
    Column,
    Image,
    LineChart,
    ScatterChart,
    Series,
    Table,
    VegaSpec,
    draw_chart,
    draw_digest,
    draw_image,
    draw_table,
    sparkline,
)
from mainspring.charts.drawing import data_of, spec_of, thinned
from page_reader import Reader


def test_tables_align_numbers_and_give_a_column_as_many_decimals():
    drawn = draw_table(
        Table([Column("who"), Column("share", "Float64", "%")], [["a", 1.0], ["b", 12.345], ["c", None]])
    )
    assert '<th class="number" scope="col" title="Float64">share<span class="unit"> (%)</span></th>' in drawn
    assert re.findall(r'<td class="number[^"]*">([^<]*)', drawn) == ["1.00", "12.35", "\N{EN DASH}"]


def test_a_column_may_say_its_own_format():
    drawn = draw_table(Table([Column("a", format=".1%"), Column("b", format="nonsense")], [[0.5, 0.25]]))
    assert re.findall(r'<td class="number">([^<]*)', drawn) == ["50.0%", "0.25"]


def test_truth_values_are_words():
    assert "<td>True</td>" in draw_table(Table([Column("a")], [[True]]))


def test_tables_are_escaped():
    drawn = draw_table(Table([Column("<b>")], [["<script>"]]))
    assert {name for name, _ in Reader(drawn).elements} == {"div", "table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (Table([Column("a")], [[1]] * 100, 5000), "50 of 5,000 rows."),
        (Table([Column("a")], [[1]] * 100, None), "The first 50 rows."),
        (Table([Column(str(place)) for place in range(60)], [[1] * 60]), "40 of 60 columns."),
        (Table([Column("a")], []), "No rows."),
    ],
)
def test_what_is_left_out_is_said(table, said):
    assert said in draw_table(table)


def test_small_tables_are_shown_whole_without_a_remark():
    assert "note" not in draw_table(Table([Column("a")], [[1]]))


@pytest.mark.parametrize("name", CHARTS)
def test_charts_have_a_specification_and_their_numbers(name):
    drawn = draw_chart(CHARTS[name], drawn=True)
    [spec] = re.findall(r'<script type="application/json">(.*?)</script>', drawn)
    assert json.loads(spec) == spec_of(CHARTS[name])
    assert "<table>" in drawn


def test_no_text_of_a_chart_ends_its_script():
    series = Series("</script><script>alert(1)</script>", [1], [1])
    drawn = draw_chart(LineChart("x", Axis("x"), Axis("y"), [series, series]), drawn=True)
    assert drawn.count("</script>") == 1


@pytest.mark.parametrize("name", CHARTS)
def test_charts_without_the_script_are_tables(name):
    drawn = draw_chart(CHARTS[name], drawn=False)
    assert "<script" not in drawn
    assert "<table>" in drawn


def test_numbers_of_a_chart_name_their_series_and_units():
    table = data_of(CHARTS["scatter"])
    assert [(column.name, column.unit) for column in table.columns] == [
        ("series", ""),
        ("actual", "€"),
        ("predicted", "€"),
    ]
    assert table.rows[0] == ("train", 1, 1)
    assert data_of(CHARTS["heatmap"]).rows[0] == ("no", 9, 1)
    assert data_of(CHARTS["histogram"]).rows == ((-1, 0, 3, 1), (0, 1, 4, 2))


def test_specifications_of_users_are_as_wide_as_the_page_unless_they_say_so():
    assert spec_of(VegaSpec('{"mark": "bar"}'))["width"] == "container"
    assert spec_of(VegaSpec('{"mark": "bar", "width": 200}'))["width"] == 200
    assert "width" not in spec_of(VegaSpec('{"hconcat": []}'))
    assert "width" not in spec_of(VegaSpec('{"mark": "bar", "encoding": {"row": {"field": "a"}}}'))


def test_numbers_of_a_user_s_specification_are_found():
    named = VegaSpec('{"data": {"name": "d"}, "datasets": {"d": [{"a": 1}]}, "mark": "bar"}')
    assert data_of(named).rows == ((1,),)
    assert data_of(VegaSpec('{"data": {"values": [{"a": NaN}]}}')).rows == ((None,),)
    assert data_of(VegaSpec('{"data": {"url": "x.csv"}}')) is None
    assert "not in tabular form" in draw_chart(VegaSpec('{"data": {"url": "x.csv"}}'), drawn=False)


def test_long_lines_are_thinned_but_keep_ends_and_extremes():
    values = [0.0] * 100_000
    values[41_234], values[77_777] = 9.0, -9.0
    chart = LineChart("x", Axis("x"), Axis("y"), [Series("", range(100_000), values)])
    [series] = thinned(chart).series
    assert len(series.y) <= 2100
    assert {max(series.y), min(series.y), series.x[0], series.x[-1]} == {9.0, -9.0, 0, 99_999}
    assert list(series.x) == sorted(series.x)


def test_short_lines_are_not_thinned():
    assert thinned(CHARTS["long"]) == CHARTS["long"]


def test_many_points_are_thinned():
    chart = ScatterChart("x", Axis("x"), Axis("y"), [Series("", range(10_000), range(10_000))])
    assert len(thinned(chart).series[0].x) == 2000


def test_sparklines_say_their_numbers():
    drawn = sparkline([1.0, math.nan, 3.0, 2.0], "loss")
    assert "loss: 4 values from 1 to 2, between 1 and 3" in Reader(drawn).text
    assert drawn.count("<path") == 1


def test_sparklines_of_long_courses_stay_small():
    assert len(sparkline([math.sin(x) for x in range(50_000)], "x")) < 4000


@pytest.mark.parametrize("values", [[], [1.0], [math.nan, math.nan, 1.0]])
def test_one_number_has_no_course(values):
    assert sparkline(values, "loss") == ""


def test_a_constant_course_is_a_straight_line():
    assert "nan" not in sparkline([1.0, 1.0], "loss")


def test_pictures_are_inside_the_page():
    drawn = draw_image(Image("image/png", b"\x00\x01"), 'a "picture"')
    assert Reader(drawn).elements[0][1]["src"] == "data:image/png;base64,AAE="
    assert Reader(drawn).elements[0][1]["alt"] == 'a "picture"'


def test_digests_are_whole_for_whoever_copies_them():
    digest = "0123456789abcdef" * 4
    assert Reader(draw_digest(digest)).text == digest
