"""Charts, tables and pictures: frozen data, how it becomes Vega-Lite and HTML, and the drawing of a DAG."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

if TYPE_CHECKING:
    from mainspring.charts.dag import DagNode, draw_dag
    from mainspring.charts.data import (
        Axis,
        BarChart,
        Chart,
        Column,
        Figure,
        ForestChart,
        Heatmap,
        HistogramChart,
        Image,
        LineChart,
        ScatterChart,
        Series,
        Table,
        VegaSpec,
    )
    from mainspring.charts.drawing import draw_chart, draw_image, draw_table, sparkline
    from mainspring.charts.figures import figure_from
    from mainspring.charts.glyphs import glyph, worst
    from mainspring.charts.html import Html, Part, cut, draw_digest, el, escape, join
    from mainspring.charts.page import draw_page
    from mainspring.charts.strips import Bar, Dot, Lane, Span, Strip, draw_lanes, draw_strip, draw_times
    from mainspring.charts.tables import table_from
    from mainspring.charts.vega import to_vega_lite
    from mainspring.charts.vl_convert import bundle_file, to_png, vega_bundle

__all__ = [
    "Axis",
    "Bar",
    "BarChart",
    "Chart",
    "Column",
    "DagNode",
    "Dot",
    "Figure",
    "ForestChart",
    "Heatmap",
    "HistogramChart",
    "Html",
    "Image",
    "Lane",
    "LineChart",
    "Part",
    "ScatterChart",
    "Series",
    "Span",
    "Strip",
    "Table",
    "VegaSpec",
    "bundle_file",
    "cut",
    "draw_chart",
    "draw_dag",
    "draw_digest",
    "draw_image",
    "draw_lanes",
    "draw_page",
    "draw_strip",
    "draw_table",
    "draw_times",
    "el",
    "escape",
    "figure_from",
    "glyph",
    "join",
    "sparkline",
    "table_from",
    "to_png",
    "to_vega_lite",
    "vega_bundle",
    "worst",
]

# Where each name lives. It is imported when it is first asked for: most reports draw no chart.
_PLACES = {
    "Axis": "mainspring.charts.data",
    "Bar": "mainspring.charts.strips",
    "BarChart": "mainspring.charts.data",
    "Chart": "mainspring.charts.data",
    "Column": "mainspring.charts.data",
    "DagNode": "mainspring.charts.dag",
    "Dot": "mainspring.charts.strips",
    "Figure": "mainspring.charts.data",
    "ForestChart": "mainspring.charts.data",
    "Heatmap": "mainspring.charts.data",
    "HistogramChart": "mainspring.charts.data",
    "Html": "mainspring.charts.html",
    "Image": "mainspring.charts.data",
    "Lane": "mainspring.charts.strips",
    "LineChart": "mainspring.charts.data",
    "Part": "mainspring.charts.html",
    "ScatterChart": "mainspring.charts.data",
    "Series": "mainspring.charts.data",
    "Span": "mainspring.charts.strips",
    "Strip": "mainspring.charts.strips",
    "Table": "mainspring.charts.data",
    "VegaSpec": "mainspring.charts.data",
    "bundle_file": "mainspring.charts.vl_convert",
    "cut": "mainspring.charts.html",
    "draw_chart": "mainspring.charts.drawing",
    "draw_dag": "mainspring.charts.dag",
    "draw_digest": "mainspring.charts.html",
    "draw_image": "mainspring.charts.drawing",
    "draw_lanes": "mainspring.charts.strips",
    "draw_page": "mainspring.charts.page",
    "draw_strip": "mainspring.charts.strips",
    "draw_table": "mainspring.charts.drawing",
    "draw_times": "mainspring.charts.strips",
    "el": "mainspring.charts.html",
    "escape": "mainspring.charts.html",
    "figure_from": "mainspring.charts.figures",
    "glyph": "mainspring.charts.glyphs",
    "join": "mainspring.charts.html",
    "sparkline": "mainspring.charts.drawing",
    "table_from": "mainspring.charts.tables",
    "to_png": "mainspring.charts.vl_convert",
    "to_vega_lite": "mainspring.charts.vega",
    "vega_bundle": "mainspring.charts.vl_convert",
    "worst": "mainspring.charts.glyphs",
}

__getattr__, __dir__ = offer(__name__, _PLACES)
