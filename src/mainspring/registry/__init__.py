"""Models by name: versions that never move, aliases that do, and why they did."""

from mainspring.registry.inprocess import load
from mainspring.registry.opening import open_registry
from mainspring.registry.rows import Decision, GateAnswer, GateReport, Model, Move, SignOff, Version
from mainspring.registry.targets import Target, resolve
from mainspring.registry.versions import Registry

__all__ = [
    "Decision",
    "GateAnswer",
    "GateReport",
    "Model",
    "Move",
    "Registry",
    "SignOff",
    "Target",
    "Version",
    "load",
    "open_registry",
    "resolve",
]
