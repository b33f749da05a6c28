"""Whether a model is good enough: the rows that gates score on, the gates, and their report."""

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
