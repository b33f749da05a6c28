"""Mainspring: one pipeline from raw data to a monitored service and back."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from msgspec import Meta

    from mainspring.config import Secret
    from mainspring.digest import File, Folder
    from mainspring.events import checkpoint, evidence, log, seed
    from mainspring.graph import pipeline, step
    from mainspring.registry import load
    from mainspring.workspace.artifacts import load_artifact
    from mainspring.workspace.running import run
    from mainspring.workspace.views import Run

__all__ = [
    "File",
    "Folder",
    "Meta",
    "Run",
    "Secret",
    "__version__",
    "checkpoint",
    "evidence",
    "load",
    "load_artifact",
    "log",
    "pipeline",
    "run",
    "seed",
    "step",
]

__version__ = "0.1.0"

# Where each public name lives. It is imported when it is first asked for.
_PLACES = {
    "File": "mainspring.digest",
    "Folder": "mainspring.digest",
    "Meta": "msgspec",
    "Run": "mainspring.workspace.views",
    "Secret": "mainspring.config",
    "checkpoint": "mainspring.events",
    "evidence": "mainspring.events",
    "load": "mainspring.registry.inprocess",
    "load_artifact": "mainspring.workspace.artifacts",
    "log": "mainspring.events",
    "pipeline": "mainspring.graph",
    "run": "mainspring.workspace.running",
    "seed": "mainspring.events",
    "step": "mainspring.graph",
}


def __getattr__(name: str) -> object:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'mainspring' has no attribute {name!r}", name=name)
    value: object = getattr(import_module(place), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
