"""Models by name: versions that never move, aliases that do, and why they did."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

if TYPE_CHECKING:
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

# Where each name lives. It is imported when it is first asked for: what moves an alias need not predict.
_PLACES = {
    "Decision": "mainspring.registry.rows",
    "GateAnswer": "mainspring.registry.rows",
    "GateReport": "mainspring.registry.rows",
    "Model": "mainspring.registry.rows",
    "Move": "mainspring.registry.rows",
    "Registry": "mainspring.registry.versions",
    "SignOff": "mainspring.registry.rows",
    "Target": "mainspring.registry.targets",
    "Version": "mainspring.registry.rows",
    "load": "mainspring.registry.inprocess",
    "open_registry": "mainspring.registry.opening",
    "resolve": "mainspring.registry.targets",
}

__getattr__, __dir__ = offer(__name__, _PLACES)
