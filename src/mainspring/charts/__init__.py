"""Charts, tables and pictures: frozen data, how it becomes Vega-Lite and HTML, and the drawing of a DAG."""

from mainspring.charts.dag import DagNode, draw_dag, glyph, worst
from mainspring.charts.data import (
    Axis,
    BarChart,
    Chart,
    Column,
    Figure,
    Heatmap,
    HistogramChart,
    Image,
    LineChart,
    ScatterChart,
    Series,
    Table,
    VegaSpec,
)
from mainspring.charts.drawing import draw_chart, draw_digest, draw_image, draw_table, sparkline
from mainspring.charts.figures import figure_from
from mainspring.charts.html import Html, Part, cut, el, escape, join
from mainspring.charts.page import draw_page
from mainspring.charts.tables import table_from
from mainspring.charts.vega import to_vega_lite
from mainspring.charts.vl_convert import to_png, vega_bundle

__all__ = [
    "Axis",
    "BarChart",
    "Chart",
    "Column",
    "DagNode",
    "Figure",
    "Heatmap",
    "HistogramChart",
    "Html",
    "Image",
    "LineChart",
    "Part",
    "ScatterChart",
    "Series",
    "Table",
    "VegaSpec",
    "cut",
    "draw_chart",
    "draw_dag",
    "draw_digest",
    "draw_image",
    "draw_page",
    "draw_table",
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
