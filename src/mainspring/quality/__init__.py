"""Whether a model is good enough: the rows that gates score on, the gates, and their report."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mainspring.quality.contender import Contender
    from mainspring.quality.drawing import draw_gates, forest, report_table
    from mainspring.quality.gates import Exam, run_gates
    from mainspring.quality.holdout import Holdout
    from mainspring.quality.report import Compared, Gate, Report, decode_report, encode_report
    from mainspring.quality.scoring import LOSSES, Loss, loss_named

__all__ = [
    "LOSSES",
    "Compared",
    "Contender",
    "Exam",
    "Gate",
    "Holdout",
    "Loss",
    "Report",
    "decode_report",
    "draw_gates",
    "encode_report",
    "forest",
    "loss_named",
    "report_table",
    "run_gates",
]

# Where each name lives. It is imported when it is first asked for: a pipeline needs the holdout alone.
_PLACES = {
    "LOSSES": "mainspring.quality.scoring",
    "Compared": "mainspring.quality.report",
    "Contender": "mainspring.quality.contender",
    "Exam": "mainspring.quality.gates",
    "Gate": "mainspring.quality.report",
    "Holdout": "mainspring.quality.holdout",
    "Loss": "mainspring.quality.scoring",
    "Report": "mainspring.quality.report",
    "decode_report": "mainspring.quality.report",
    "draw_gates": "mainspring.quality.drawing",
    "encode_report": "mainspring.quality.report",
    "forest": "mainspring.quality.drawing",
    "loss_named": "mainspring.quality.scoring",
    "report_table": "mainspring.quality.drawing",
    "run_gates": "mainspring.quality.gates",
}


def __getattr__(name: str) -> object:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'mainspring.quality' has no attribute {name!r}", name=name)
    value: object = getattr(import_module(place), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
