"""How classes are told apart, as charts and tables."""

from typing import Final

from mainspring.charts import Axis, BarChart, Chart, Column, Heatmap, LineChart, Series, Table
from mainspring.quality.details import BiasCurve, ClassDetail, ClassRow
from mainspring.stats import Estimate

__all__ = ["draw_classes"]

Drawings = dict[str, Chart | Table]
_MOST_CLASSES: Final = 30


def draw_classes(detail: ClassDetail) -> Drawings:
    """Return confusion, figures by class, ROC, precision over recall and calibration of classes."""
    drawn: Drawings = {}
    if detail.classes:
        drawn["confusion"] = _confusion(detail)
    drawn["classes"] = _classes(detail)
    for title, chart in (
        ("ROC", _roc(detail)),
        ("precision and recall", _precision_recall(detail)),
        ("calibration", _calibration(detail)),
        ("Brier score", _brier(detail)),
    ):
        if chart is not None:
            drawn[title] = chart
    return drawn


def _confusion(detail: ClassDetail) -> Heatmap:
    """Return rows by actual and predicted class, of the most frequent classes when there are many."""
    shown = sorted(range(len(detail.classes)), key=lambda place: -detail.classes[place].rows)[:_MOST_CLASSES]
    places = sorted(shown)
    names = [detail.classes[place].label for place in places]
    values = [[detail.table[row][column] for column in places] for row in places]
    left = len(detail.classes) - len(places)
    title = "Confusion" + (f", without {left} rarer classes" if left else "")
    return Heatmap(title, Axis("predicted"), Axis("actual"), names, names, values, Axis("rows"))


def _classes(detail: ClassDetail) -> Table:
    names = ["class", "rows", "predicted", "precision", "recall", "F1"]
    soft = detail.brier is not None
    names += ["AUC", "low", "high", "average precision"] if soft else []
    columns = [Column(name, format="" if name in names[:3] else ".3f") for name in names]
    return Table(columns, [_cells(one, soft=soft) for one in detail.classes])


def _cells(one: ClassRow, *, soft: bool) -> tuple[str | float | None, ...]:
    cells = [_known(value) for value in (one.precision, one.recall, one.f1)]
    if soft:
        ends = one.auc if isinstance(one.auc, Estimate) else None
        area = (None,) * 3 if ends is None else (ends.estimate, max(ends.low, 0.0), min(ends.high, 1.0))
        precise = one.average_precision if isinstance(one.average_precision, float) else None
        cells += [*(None if value is None else _known(value) for value in area), precise]
    return (one.label, one.rows, one.predicted, *cells)


def _known(value: float) -> float | None:
    return value if value == value else None


def _name(one: ClassRow) -> str:
    return f"{one.label}: AUC {one.auc.estimate:.3f}" if isinstance(one.auc, Estimate) else one.label


def _roc(detail: ClassDetail) -> LineChart | None:
    lines = [
        Series(_name(one), one.roc.x.tolist(), one.roc.y.tolist()) for one in detail.classes if one.roc is not None
    ]
    if not lines:
        return None
    chance = Series("by chance", [0.0, 1.0], [0.0, 1.0], quiet=True)
    axes = Axis("false positive rate", zero=True), Axis("true positive rate", zero=True)
    few = f", {len(lines)} of {len(detail.classes)}" if 1 < len(lines) < len(detail.classes) else ""
    return LineChart(f"ROC, each class against the others{few}", *axes, [chance, *lines])


def _precision_recall(detail: ClassDetail) -> LineChart | None:
    lines = [
        Series(one.label, one.precision_recall.x.tolist(), one.precision_recall.y.tolist())
        for one in detail.classes
        if one.precision_recall is not None
    ]
    if not lines:
        return None
    axes = Axis("recall", zero=True), Axis("precision", zero=True)
    return LineChart("Precision over recall", *axes, lines)


def _calibration(detail: ClassDetail) -> LineChart | None:
    found: BiasCurve | None = detail.calibration
    if found is None:
        return None
    ends = [
        [side if side == side else middle for side, middle in zip(sides, found.mean, strict=True)]
        for sides in (found.low, found.high)
    ]
    lines = [
        Series("right", [0.0, 1.0], [0.0, 1.0], quiet=True),
        Series(
            detail.sure, found.at, found.mean, [max(one, 0.0) for one in ends[0]], [min(one, 1.0) for one in ends[1]]
        ),
    ]
    title = f"Calibration, expected error {detail.error:.3f} in {len(found.at)} bins of equally many rows"
    return LineChart(
        title, Axis("predicted probability", zero=True), Axis("share for which it was so", zero=True), lines
    )


def _brier(detail: ClassDetail) -> BarChart | None:
    if detail.brier is None:
        return None
    parts = {
        "uncertainty": detail.brier.uncertainty,
        "resolution, which is taken off": detail.brier.resolution,
        "reliability": detail.brier.reliability,
        "within bins": detail.brier.within,
        "Brier score": detail.brier.score,
    }
    bars = Series("", list(parts), list(parts.values()))
    return BarChart("The Brier score and its parts", Axis("part"), Axis("score"), [bars], horizontal=True)
