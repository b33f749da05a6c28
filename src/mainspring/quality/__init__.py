"""Whether a model is good enough: error analysis, and the gates before promotion; the model is passed in as a function."""

from typing import TYPE_CHECKING

from mainspring.lazy import offer

if TYPE_CHECKING:
    from mainspring.quality.analysis import Analysis, Measure, Versus, analyse
    from mainspring.quality.beside import Rows
    from mainspring.quality.contender import Contender
    from mainspring.quality.curves import CurvePoint, LossCurve, learning_curve, staleness
    from mainspring.quality.details import BiasCurve, ClassDetail, ClassRow, Histogram, QuantileDetail
    from mainspring.quality.disagreeing import Apart, Disagreement, disagreement
    from mainspring.quality.drawing import draw_gates, forest, report_table
    from mainspring.quality.drawing_analysis import draw_analysis
    from mainspring.quality.drawing_models import draw_curve, draw_disagreement, draw_earnings, draw_importance
    from mainspring.quality.drawing_quantiles import draw_pit, draw_reliability
    from mainspring.quality.examples import Examples
    from mainspring.quality.gates import Exam, run_gates
    from mainspring.quality.holdout import Holdout
    from mainspring.quality.permuting import Earning, GroupImportance, Importance, earnings, importance
    from mainspring.quality.predicted import Kind, Measured, Predicted, classification, quantiles, ranking, regression
    from mainspring.quality.report import Compared, Gate, Report, decode_report, encode_report
    from mainspring.quality.scoring import LOSSES, Loss, loss_named
    from mainspring.quality.slice_search import Found, FoundSlice, Search
    from mainspring.quality.slices import Slice

__all__ = [
    "LOSSES",
    "Analysis",
    "Apart",
    "BiasCurve",
    "ClassDetail",
    "ClassRow",
    "Compared",
    "Contender",
    "CurvePoint",
    "Disagreement",
    "Earning",
    "Exam",
    "Examples",
    "Found",
    "FoundSlice",
    "Gate",
    "GroupImportance",
    "Histogram",
    "Holdout",
    "Importance",
    "Kind",
    "Loss",
    "LossCurve",
    "Measure",
    "Measured",
    "Predicted",
    "QuantileDetail",
    "Report",
    "Rows",
    "Search",
    "Slice",
    "Versus",
    "analyse",
    "classification",
    "decode_report",
    "disagreement",
    "draw_analysis",
    "draw_curve",
    "draw_disagreement",
    "draw_earnings",
    "draw_gates",
    "draw_importance",
    "draw_pit",
    "draw_reliability",
    "earnings",
    "encode_report",
    "forest",
    "importance",
    "learning_curve",
    "loss_named",
    "quantiles",
    "ranking",
    "regression",
    "report_table",
    "run_gates",
    "staleness",
]

# Where each name lives. It is imported when it is first asked for: a pipeline whose steps are hits judges nothing.
_PLACES = {
    "LOSSES": "mainspring.quality.scoring",
    "Analysis": "mainspring.quality.analysis",
    "Apart": "mainspring.quality.disagreeing",
    "BiasCurve": "mainspring.quality.details",
    "ClassDetail": "mainspring.quality.details",
    "ClassRow": "mainspring.quality.details",
    "Compared": "mainspring.quality.report",
    "Contender": "mainspring.quality.contender",
    "CurvePoint": "mainspring.quality.curves",
    "Disagreement": "mainspring.quality.disagreeing",
    "Earning": "mainspring.quality.permuting",
    "Exam": "mainspring.quality.gates",
    "Examples": "mainspring.quality.examples",
    "Found": "mainspring.quality.slice_search",
    "FoundSlice": "mainspring.quality.slice_search",
    "Gate": "mainspring.quality.report",
    "GroupImportance": "mainspring.quality.permuting",
    "Histogram": "mainspring.quality.details",
    "Holdout": "mainspring.quality.holdout",
    "Importance": "mainspring.quality.permuting",
    "Kind": "mainspring.quality.predicted",
    "Loss": "mainspring.quality.scoring",
    "LossCurve": "mainspring.quality.curves",
    "Measure": "mainspring.quality.analysis",
    "Measured": "mainspring.quality.predicted",
    "Predicted": "mainspring.quality.predicted",
    "QuantileDetail": "mainspring.quality.details",
    "Report": "mainspring.quality.report",
    "Rows": "mainspring.quality.beside",
    "Search": "mainspring.quality.slice_search",
    "Slice": "mainspring.quality.slices",
    "Versus": "mainspring.quality.analysis",
    "analyse": "mainspring.quality.analysis",
    "classification": "mainspring.quality.predicted",
    "decode_report": "mainspring.quality.report",
    "disagreement": "mainspring.quality.disagreeing",
    "draw_analysis": "mainspring.quality.drawing_analysis",
    "draw_curve": "mainspring.quality.drawing_models",
    "draw_disagreement": "mainspring.quality.drawing_models",
    "draw_earnings": "mainspring.quality.drawing_models",
    "draw_gates": "mainspring.quality.drawing",
    "draw_importance": "mainspring.quality.drawing_models",
    "draw_pit": "mainspring.quality.drawing_quantiles",
    "draw_reliability": "mainspring.quality.drawing_quantiles",
    "earnings": "mainspring.quality.permuting",
    "encode_report": "mainspring.quality.report",
    "forest": "mainspring.quality.drawing",
    "importance": "mainspring.quality.permuting",
    "learning_curve": "mainspring.quality.curves",
    "loss_named": "mainspring.quality.scoring",
    "quantiles": "mainspring.quality.predicted",
    "ranking": "mainspring.quality.predicted",
    "regression": "mainspring.quality.predicted",
    "report_table": "mainspring.quality.drawing",
    "run_gates": "mainspring.quality.gates",
    "staleness": "mainspring.quality.curves",
}

__getattr__, __dir__ = offer(__name__, _PLACES)
