"""Mainspring: one pipeline from raw data to a monitored service and back."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

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

__getattr__, __dir__ = offer(__name__, _PLACES)
