"""Altair charts: their Vega-Lite specification, data included."""

from importlib import import_module
from typing import Any, Final

from mainspring.store.codec import Dump, Load, Structural

__all__ = ["ALTAIR"]


def _reduce(chart: Any, _: Dump) -> object:
    altair = import_module("altair")
    with altair.data_transformers.enable("default", max_rows=None):
        return _ordered(chart.to_dict())


def _ordered(spec: Any) -> Any:
    """A specification whose keys are in one order: it does not count in JSON, and differs after a round trip."""
    if isinstance(spec, dict):
        return {key: _ordered(spec[key]) for key in sorted(spec)}
    return [_ordered(part) for part in spec] if isinstance(spec, list) else spec


def _rebuild(spec: Any, _: Load) -> object:
    return import_module("altair").Chart.from_dict(spec)


ALTAIR: Final = Structural("altair/1", _reduce, _rebuild, lambda chart: f"chart ({type(chart).__name__})")
