import json
import re
from dataclasses import replace

import altair
import pytest
import vl_convert
from chart_samples import CHARTS

from mainspring.charts import Axis, Heatmap, LineChart, Series, to_vega_lite
from mainspring.charts.drawing import spec_of
from mainspring.charts.palette import theme


@pytest.mark.parametrize("name", CHARTS)
def test_specifications_keep_to_the_schema(name):
    altair.Chart.from_dict(to_vega_lite(CHARTS[name]))


@pytest.mark.parametrize("name", CHARTS)
def test_specifications_are_drawn(name):
    svg = vl_convert.vegalite_to_svg(to_vega_lite(CHARTS[name], width=400), config=theme("dark"))
    assert svg.startswith("<svg")
    assert "NaN" not in svg
    assert CHARTS[name].title in svg


@pytest.mark.parametrize("name", CHARTS)
def test_specifications_are_json_without_nan(name):
    spec = to_vega_lite(CHARTS[name])
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec


@pytest.mark.parametrize("name", CHARTS)
def test_axes_and_their_units_are_written_out(name):
    chart = CHARTS[name]
    svg = vl_convert.vegalite_to_svg(to_vega_lite(chart, width=400))
    for axis in (chart.x, getattr(chart, "y", chart.x)):
        assert axis.title in svg


def test_the_same_chart_is_the_same_specification():
    chart = CHARTS["line"]
    assert to_vega_lite(chart) == to_vega_lite(LineChart(chart.title, chart.x, chart.y, chart.series))


def test_a_quiet_series_is_dashed():
    svg = vl_convert.vegalite_to_svg(to_vega_lite(CHARTS["line"], width=400))
    assert 'stroke-dasharray="5,4"' in svg


def test_series_keep_their_order_and_names():
    scale = to_vega_lite(CHARTS["bars"])["layer"][0]["encoding"]["color"]["scale"]
    assert scale == {"domain": ["old", "new"]}


def test_one_series_has_no_legend():
    assert "color" not in to_vega_lite(CHARTS["band"])["layer"][-1]["encoding"]


def test_the_same_distance_from_zero_is_the_same_strength_of_colour():
    chart = Heatmap("Correlation", Axis("x"), Axis("y"), ["a", "b"], ["a", "b"], [[1, -0.3], [-0.3, 1]])
    colour = to_vega_lite(chart)["layer"][0]["encoding"]["color"]
    assert colour["scale"] == {"domain": [-1, 1], "domainMid": 0}


def test_numbers_stand_in_the_cells_of_a_small_heatmap_alone():
    assert len(to_vega_lite(CHARTS["heatmap"])["layer"]) == 3
    assert len(to_vega_lite(CHARTS["many"])["layer"]) == 1


def test_a_page_titles_charts_itself():
    assert "title" not in spec_of(CHARTS["line"])
    assert spec_of(CHARTS["line"])["width"] == "container"


def test_the_legend_of_lines_with_a_band_has_the_colours_of_the_lines():
    band, line = CHARTS["band"].series[0], CHARTS["line"].series[0]
    lines = [replace(band, name="forecast"), replace(line, name="sold", x=band.x, y=[5, 6])]
    chart = replace(CHARTS["band"], series=lines)
    svg = vl_convert.vegalite_to_svg(to_vega_lite(chart, width=400), config=theme("light"))
    symbols = re.findall(r'role-legend-symbol"[^>]*><path [^>]* fill="([^"]*)"[^>]* opacity="([^"]*)"', svg)
    assert symbols == [("#24639b", "1"), ("#d0851c", "1")]


def test_bars_that_lie_leave_room_for_their_numbers():
    short, long = CHARTS["lying"], replace(CHARTS["lying"], series=[Series("", ["x"], [1_234_567])])
    assert to_vega_lite(long)["padding"]["right"] > to_vega_lite(short)["padding"]["right"] > 5
    assert "padding" not in to_vega_lite(CHARTS["bar"])


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_theme_is_a_vega_lite_configuration(mode):
    altair.Chart.from_dict({**to_vega_lite(CHARTS["line"]), "config": theme(mode)})
