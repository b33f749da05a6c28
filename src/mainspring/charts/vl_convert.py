"""What vl-convert gives: the script that draws charts in a page, and PNG files of charts."""

import base64
import json
import os
import zlib
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from mainspring.charts.data import Chart, VegaSpec
from mainspring.charts.palette import theme
from mainspring.charts.vega import to_vega_lite
from mainspring.digest import tagged
from mainspring.disk import write_whole

__all__ = ["bundle_file", "to_png", "vega_bundle"]

_EXPORT: Final = "window.mainspringEmbed = vegaEmbed;"
_PNG_WIDTH: Final = 560


def vega_bundle(cache: Path) -> str | None:
    """Return the script that draws charts, deflated and in base64; None when vl-convert is not installed.

    Making it takes seconds of CPU, so it is kept in a file of `cache`.

    Args:
        cache: A folder; it is made when it is not there.
    """
    kept = bundle_file(cache)
    if kept is None:
        return None
    try:
        return kept.read_text("ascii")
    except OSError:  # most likely it is not there yet
        text = _packed(import_module("vl_convert"))
    with suppress(OSError):  # a page can be drawn where nothing can be kept
        write_whole(kept, text.encode("ascii"))
    return text


def bundle_file(cache: Path) -> Path | None:
    """Return where the script of the vl-convert that is installed is kept; None when none is.

    The library itself would tell its version, but takes a tenth of a second to load.
    """
    found = find_spec("vl_convert")
    if found is None or not found.submodule_search_locations:
        return None
    with os.scandir(found.submodule_search_locations[0]) as entries:
        told = [(one.name, one.stat()) for one in entries if one.is_file()]
    marks = sorted(f"{name} {about.st_size} {about.st_mtime_ns}" for name, about in told)
    return cache / f"vega-{tagged('vl-convert', *marks)[:16]}.txt"


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


def _packed(converter: Any) -> str:
    script = converter.javascript_bundle(_EXPORT, converter.get_vegalite_versions()[-1])
    return base64.b64encode(zlib.compress(script.encode(), 9)).decode("ascii")
