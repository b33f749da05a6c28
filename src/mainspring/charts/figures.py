"""Figures from what users have: charts of ours, of matplotlib and of Altair, pictures."""

from importlib import import_module
from typing import Any, Final

from mainspring.charts.data import (
    BarChart,
    Figure,
    ForestChart,
    Heatmap,
    HistogramChart,
    Image,
    LineChart,
    ScatterChart,
    VegaSpec,
)

__all__ = ["figure_from"]

_OURS: Final = (LineChart, BarChart, ScatterChart, HistogramChart, Heatmap, ForestChart, VegaSpec, Image)
_FILES: Final = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"<svg", "image/svg+xml"))
_ADAPTERS: Final = {
    "matplotlib.figure.FigureBase": "mainspring.charts.matplotlib",
    "altair.vegalite.v5.api.TopLevelMixin": "mainspring.charts.altair",
    "altair.vegalite.v6.api.TopLevelMixin": "mainspring.charts.altair",
}
_PICTURES: Final = (("_repr_svg_", "image/svg+xml"), ("_repr_png_", "image/png"))


def figure_from(value: object) -> Figure | None:
    """Return a value as a figure that can be stored and drawn, or None when it is none.

    Args:
        value: A chart, `VegaSpec` or `Image`; the bytes of a PNG, JPEG or SVG file; a matplotlib figure, or what has
            one (axes, a seaborn grid); an Altair chart; anything that notebooks show as SVG or PNG, as PIL images are.

    >>> figure_from(b"<svg xmlns='http://www.w3.org/2000/svg'/>").mime
    'image/svg+xml'
    """
    if isinstance(value, _OURS):
        return value
    if isinstance(value, bytes):
        return next((Image(mime, value) for start, mime in _FILES if value.startswith(start)), None)
    if isinstance(value, type) or type(value) in (int, float, str, list, dict, tuple):
        return None
    return _adapted(value) or _adapted(getattr(value, "figure", None)) or _picture(value)


def _adapted(value: Any) -> Figure | None:
    for cls in type(value).__mro__[:-1]:
        adapter = _ADAPTERS.get(f"{cls.__module__}.{cls.__qualname__}")
        if adapter is not None:
            figure: Figure = import_module(adapter).figure_of(value)
            return figure
    return None


def _picture(value: Any) -> Image | None:
    for method, mime in _PICTURES:
        show = getattr(value, method, None)
        data = show() if callable(show) else None
        if data:
            return Image(mime, data.encode() if isinstance(data, str) else data)
    return None
