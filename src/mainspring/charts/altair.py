"""Altair charts as their Vega-Lite specification."""

import json
from typing import Any

from mainspring.charts.data import VegaSpec

__all__ = ["figure_of"]


def figure_of(chart: Any) -> VegaSpec:
    """Return the specification of an Altair chart, with its data inside and its keys in order."""
    return VegaSpec(json.dumps(chart.to_dict(), sort_keys=True, separators=(",", ":"), default=str))
