"""Matplotlib figures as images whose bytes depend on the figure alone."""

from importlib import import_module
from io import BytesIO
from typing import Any, Final

from mainspring.charts.data import Image

__all__ = ["figure_of"]

_LARGEST_SVG: Final = 1 << 20
_DOTS_PER_INCH: Final = 144


def figure_of(figure: Any) -> Image:
    """Return a matplotlib figure as SVG, or as PNG when it has so many parts that its SVG would pass 1 MiB."""
    settings = {"svg.hashsalt": "mainspring", "svg.fonttype": "path"}
    with import_module("matplotlib").rc_context(settings):
        data = _saved(figure, format="svg", metadata={"Date": None, "Creator": None})
        if len(data) <= _LARGEST_SVG:
            return Image("image/svg+xml", data)
        return Image("image/png", _saved(figure, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None}))


def _saved(figure: Any, **options: Any) -> bytes:
    out = BytesIO()
    figure.savefig(out, bbox_inches="tight", **options)
    return out.getvalue()
