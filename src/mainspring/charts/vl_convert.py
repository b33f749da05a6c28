"""What vl-convert gives: the script that draws charts in a page, and PNG files of charts."""

import base64
import json
import os
import zlib
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from mainspring.charts.data import Chart, VegaSpec
from mainspring.charts.palette import theme
from mainspring.charts.vega import to_vega_lite

__all__ = ["to_png", "vega_bundle"]

_EXPORT: Final = "window.mainspringEmbed = vegaEmbed;"
_PNG_WIDTH: Final = 560


def vega_bundle(cache: Path) -> str | None:
    """Return the script that draws charts, deflated and in base64; None when vl-convert is not installed.

    Making it takes seconds of CPU, so it is kept in a file of `cache`, one for each version of vl-convert.

    Args:
        cache: A folder; it is made when it is not there.
    """
    converter = _converter()
    if converter is None:
        return None
    kept = cache / f"vega-{converter.__version__}.txt"
    try:
        return kept.read_text("ascii")
    except OSError:  # most likely it is not there yet
        text = _packed(converter)
    with suppress(OSError):  # a page can be drawn where nothing can be kept
        _keep(kept, text)
    return text


def _keep(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def to_png(chart: Chart | VegaSpec, *, mode: str = "light", scale: float = 2.0) -> bytes:
    """Return a chart as a PNG file, on an opaque background.

    Raises:
        ModuleNotFoundError: vl-convert is not installed.
    """
    spec = json.loads(chart.spec) if isinstance(chart, VegaSpec) else to_vega_lite(chart, width=_PNG_WIDTH)
    config = theme(mode, font="DejaVu Sans, Noto Sans, sans-serif")
    config["background"] = "#ffffff" if mode == "light" else "#1b1f25"
    png: bytes = import_module("vl_convert").vegalite_to_png(spec, config=config, scale=scale)
    return png


def _converter() -> Any:
    try:
        return import_module("vl_convert")
    except ImportError:
        return None


def _packed(converter: Any) -> str:
    script = converter.javascript_bundle(_EXPORT, converter.get_vegalite_versions()[-1])
    return base64.b64encode(zlib.compress(script.encode(), 9)).decode("ascii")
