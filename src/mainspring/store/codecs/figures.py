"""Figures of matplotlib, kept as pictures: what was drawn, not what drew it."""

from importlib import import_module
from io import BytesIO
from typing import Any, BinaryIO, Final

from mainspring.digest import canonical, restore, tagged
from mainspring.store.blobs import Writer
from mainspring.store.codec import Raw, Source

__all__ = ["FIGURE", "Picture"]


class Picture:
    """A figure that was stored: it shows itself in a notebook, and has its bytes in two formats.

    Attributes:
        svg: As SVG, in UTF-8.
        png: As PNG.
    """

    __slots__ = ("png", "svg")

    svg: bytes
    png: bytes

    def __init__(self, svg: bytes, png: bytes) -> None:
        object.__setattr__(self, "svg", svg)
        object.__setattr__(self, "png", png)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"A Picture does not change: {name!r} cannot be set")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and (self.svg, self.png) == (other.svg, other.png)

    def __hash__(self) -> int:
        return hash((self.svg, self.png))

    def __repr__(self) -> str:
        return f"Picture({len(self.svg):,} bytes of SVG, {len(self.png):,} of PNG)"

    def _repr_svg_(self) -> str:
        return self.svg.decode()

    def _repr_png_(self) -> bytes:
        return self.png


def _drawn(figure: Any) -> Picture:
    """A picture that depends on nothing but the figure: no dates, no random ids."""
    matplotlib = import_module("matplotlib")
    svg, png = BytesIO(), BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "mainspring", "savefig.bbox": "tight", "svg.fonttype": "path"}):
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", metadata={"Software": None}, dpi=144)
    return Picture(svg.getvalue(), png.getvalue())


def _encode(value: Any) -> tuple[str, Writer]:
    picture = value if isinstance(value, Picture) else _drawn(value)

    def write(out: BinaryIO) -> None:
        out.write(canonical((picture.svg, picture.png)))

    return tagged("figure/1", picture.svg), write


def _decode(source: Source) -> Picture:
    parts: Any = restore(source.view)
    return Picture(*parts)


def _summary(value: Any) -> str:
    if isinstance(value, Picture):
        return "figure"
    width, height = value.get_size_inches()
    return f"figure, {width:g} x {height:g} in"


FIGURE: Final = Raw("figure/1", _encode, _decode, _summary)
