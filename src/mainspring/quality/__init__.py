"""Whether a model is good enough: error analysis, with the model passed in as a function."""

from mainspring.quality.analysis import Analysis, Measure, Versus, analyse
from mainspring.quality.beside import Rows
from mainspring.quality.curves import CurvePoint, LossCurve, learning_curve, staleness
from mainspring.quality.details import BiasCurve, ClassDetail, ClassRow, Histogram, QuantileDetail
from mainspring.quality.disagreeing import Apart, Disagreement, disagreement
from mainspring.quality.drawing_analysis import draw_analysis
from mainspring.quality.drawing_comparison import draw_comparison
from mainspring.quality.drawing_models import draw_curve, draw_disagreement, draw_earnings, draw_importance
from mainspring.quality.drawing_quantiles import draw_pit, draw_reliability
from mainspring.quality.examples import Examples
from mainspring.quality.importance import Earning, GroupImportance, Importance, earnings, importance
from mainspring.quality.predicted import Kind, Measured, Predicted, classification, quantiles, ranking, regression
from mainspring.quality.slice_search import Found, FoundSlice, Search
from mainspring.quality.slices import Slice

__all__ = [
    "Analysis",
    "Apart",
    "BiasCurve",
    "ClassDetail",
    "ClassRow",
    "CurvePoint",
    "Disagreement",
    "Earning",
    "Examples",
    "Found",
    "FoundSlice",
    "GroupImportance",
    "Histogram",
    "Importance",
    "Kind",
    "LossCurve",
    "Measure",
    "Measured",
    "Predicted",
    "QuantileDetail",
    "Rows",
    "Search",
    "Slice",
    "Versus",
    "analyse",
    "classification",
    "disagreement",
    "draw_analysis",
    "draw_comparison",
    "draw_curve",
    "draw_disagreement",
    "draw_earnings",
    "draw_importance",
    "draw_pit",
    "draw_reliability",
    "earnings",
    "importance",
    "learning_curve",
    "quantiles",
    "ranking",
    "regression",
    "staleness",
]
