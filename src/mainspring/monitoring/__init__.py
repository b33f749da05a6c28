"""Windows of traffic: counted, compared with windows of the same season, and what is found in them."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

if TYPE_CHECKING:
    from mainspring.monitoring.checking import Check, Finding, Measure, adjusted, check_window, check_windows, stale
    from mainspring.monitoring.counting import Served, count_rows
    from mainspring.monitoring.labels import LOSSES, Joined, Labels, LabelShelf, Quality, join, quality_of
    from mainspring.monitoring.layouts import (
        OUTPUT,
        Axis,
        Layout,
        decode_layout,
        encode_layout,
        layout_of,
        layout_of_rows,
    )
    from mainspring.monitoring.references import Reference, fit_reference, fit_stack, window_of_profile
    from mainspring.monitoring.rules import FAMILIES, FLOORS, Rules
    from mainspring.monitoring.shapes import Judged
    from mainspring.monitoring.shelf import WINDOWS, Shelf
    from mainspring.monitoring.skewing import Difference, Skew, skew
    from mainspring.monitoring.stacks import Stack, stacked
    from mainspring.monitoring.streams import (
        ErrorStream,
        Estimate,
        Moved,
        Stream,
        fit_errors,
        fit_estimate,
        fit_stream,
    )
    from mainspring.monitoring.windows import Window, WindowProfile, decode_window, encode_window, merge_windows

__all__ = [
    "FAMILIES",
    "FLOORS",
    "LOSSES",
    "OUTPUT",
    "WINDOWS",
    "Axis",
    "Check",
    "Difference",
    "ErrorStream",
    "Estimate",
    "Finding",
    "Joined",
    "Judged",
    "LabelShelf",
    "Labels",
    "Layout",
    "Measure",
    "Moved",
    "Quality",
    "Reference",
    "Rules",
    "Served",
    "Shelf",
    "Skew",
    "Stack",
    "Stream",
    "Window",
    "WindowProfile",
    "adjusted",
    "check_window",
    "check_windows",
    "count_rows",
    "decode_layout",
    "decode_window",
    "encode_layout",
    "encode_window",
    "fit_errors",
    "fit_estimate",
    "fit_reference",
    "fit_stack",
    "fit_stream",
    "join",
    "layout_of",
    "layout_of_rows",
    "merge_windows",
    "quality_of",
    "skew",
    "stacked",
    "stale",
    "window_of_profile",
]

_PLACES = {
    "FAMILIES": "mainspring.monitoring.rules",
    "FLOORS": "mainspring.monitoring.rules",
    "LOSSES": "mainspring.monitoring.labels",
    "OUTPUT": "mainspring.monitoring.layouts",
    "WINDOWS": "mainspring.monitoring.shelf",
    "Axis": "mainspring.monitoring.layouts",
    "Check": "mainspring.monitoring.checking",
    "Difference": "mainspring.monitoring.skewing",
    "ErrorStream": "mainspring.monitoring.streams",
    "Estimate": "mainspring.monitoring.streams",
    "Finding": "mainspring.monitoring.checking",
    "Joined": "mainspring.monitoring.labels",
    "Judged": "mainspring.monitoring.shapes",
    "LabelShelf": "mainspring.monitoring.labels",
    "Labels": "mainspring.monitoring.labels",
    "Layout": "mainspring.monitoring.layouts",
    "Measure": "mainspring.monitoring.checking",
    "Moved": "mainspring.monitoring.streams",
    "Quality": "mainspring.monitoring.labels",
    "Reference": "mainspring.monitoring.references",
    "Rules": "mainspring.monitoring.rules",
    "Served": "mainspring.monitoring.counting",
    "Shelf": "mainspring.monitoring.shelf",
    "Skew": "mainspring.monitoring.skewing",
    "Stack": "mainspring.monitoring.stacks",
    "Stream": "mainspring.monitoring.streams",
    "Window": "mainspring.monitoring.windows",
    "WindowProfile": "mainspring.monitoring.windows",
    "adjusted": "mainspring.monitoring.checking",
    "check_window": "mainspring.monitoring.checking",
    "check_windows": "mainspring.monitoring.checking",
    "count_rows": "mainspring.monitoring.counting",
    "decode_layout": "mainspring.monitoring.layouts",
    "decode_window": "mainspring.monitoring.windows",
    "encode_layout": "mainspring.monitoring.layouts",
    "encode_window": "mainspring.monitoring.windows",
    "fit_errors": "mainspring.monitoring.streams",
    "fit_estimate": "mainspring.monitoring.streams",
    "fit_reference": "mainspring.monitoring.references",
    "fit_stack": "mainspring.monitoring.references",
    "fit_stream": "mainspring.monitoring.streams",
    "join": "mainspring.monitoring.labels",
    "layout_of": "mainspring.monitoring.layouts",
    "layout_of_rows": "mainspring.monitoring.layouts",
    "merge_windows": "mainspring.monitoring.windows",
    "quality_of": "mainspring.monitoring.labels",
    "skew": "mainspring.monitoring.skewing",
    "stacked": "mainspring.monitoring.stacks",
    "stale": "mainspring.monitoring.checking",
    "window_of_profile": "mainspring.monitoring.references",
}

__getattr__, __dir__ = offer(__name__, _PLACES)
