"""What is looked at for one kind of problem only: residuals and bias, calibration, confusion, curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.quality.beside import Rows
from mainspring.quality.grouping import groups_of
from mainspring.quality.predicted import Predicted
from mainspring.stats import (
    BrierParts,
    Clusters,
    Curve,
    Estimate,
    NotApplicable,
    Reliability,
    average_precision,
    brier_parts,
    calibration_bins,
    calibration_error,
    class_scores,
    confusion,
    group_means,
    pit_bounds,
    pit_histogram,
    precision_recall,
    reliability,
    roc,
    roc_auc,
)

__all__ = [
    "BiasCurve",
    "ClassDetail",
    "ClassRow",
    "Histogram",
    "QuantileDetail",
    "bias_curves",
    "class_detail",
    "quantile_detail",
    "spread_of",
]

Floats = npt.NDArray[np.float64]
_BINS: Final = 40
_POINTS: Final = 200
_MOST_CURVES: Final = 8
_FEW: Final = 60


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts in bins; what lies beyond the ends is counted in the outermost ones.

    Attributes:
        edges: One more than there are bins.
        counts: Rows in each.
        beyond: How many rows lie beyond the ends.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    beyond: int


@dataclass(frozen=True, slots=True)
class BiasCurve:
    """Mean of prediction less outcome along something, with intervals.

    Attributes:
        by: Along what.
        at: Where on it: the values, or the mean of each bin.
        rows: Rows of each.
        mean: Mean error of each: above zero is too high.
        low: Lower end of its interval; NaN where one cluster says nothing.
        high: Upper end.
    """

    by: str
    at: tuple[float, ...]
    rows: tuple[int, ...]
    mean: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def spread_of(values: Floats, *, whole: bool = False) -> Histogram | None:
    """Return the histogram of numbers between -w and w, with w the 99% quantile of their size, or from 0 to 1.

    Args:
        values: The numbers.
        whole: Whether they are shares, and the histogram is from 0 to 1.
    """
    if not values.size:
        return None
    width = float(np.quantile(np.abs(values), 0.99)) or float(np.abs(values).max()) or 1.0
    low, high, bins = (0.0, 1.0, _BINS // 2) if whole else (-width, width, _BINS)
    counts, edges = np.histogram(np.clip(values, low, high), bins, (low, high))
    beyond = int(((values < low) | (values > high)).sum())
    return Histogram(tuple(edges.tolist()), tuple(counts.tolist()), beyond)


def bias_curves(predicted: Predicted, rows: Rows, clusters: Clusters, along: Sequence[str]) -> tuple[BiasCurve, ...]:
    """Return the bias along the prediction, in tenths of the rows, and along columns of numbers.

    A column of at most 60 different values is taken as it is, another one in tenths.

    Raises:
        StatisticsError: A column is not there, or not of numbers.
    """
    if predicted.error is None or predicted.point is None or not predicted.rows:
        return ()
    found = [_bias("prediction", predicted.point, predicted.error, clusters, 10)]
    for name in along:
        values = rows.column(name)
        if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
            raise StatisticsError(
                f"There is no bias along {name!r}, which is not of finite numbers", fix="Declare it as a slice."
            )
        bins = _FEW if np.unique(values).size <= _FEW else 10
        found.append(_bias(name, values.astype(np.float64), predicted.error, clusters, bins))
    return tuple(found)


def _bias(name: str, values: Floats, error: Floats, clusters: Clusters, bins: int) -> BiasCurve:
    groups = groups_of(name, values, bins)
    size = len(groups.labels)
    told = group_means(error, groups.codes, size, clusters)
    at = np.bincount(groups.codes, values, size) / np.maximum(told.rows, 1)
    kept = told.rows > 0
    columns = (at, told.rows, told.mean, told.low, told.high)
    return BiasCurve(name, *(tuple(one[kept].tolist()) for one in columns))


@dataclass(frozen=True, slots=True, eq=False)
class QuantileDetail:
    """Whether quantiles mean what they say.

    Attributes:
        reliability: For each level how often the outcome was below it, and at most at it.
        edges: Edges of the PIT histogram: 0, the levels, 1.
        density: Its density in each bin: 1 where right.
        crossing: Pairs of neighbouring quantiles of which the higher level is lower.
    """

    reliability: tuple[Reliability, ...]
    edges: tuple[float, ...]
    density: tuple[float, ...]
    crossing: int


def quantile_detail(predicted: Predicted, clusters: Clusters) -> QuantileDetail | None:
    """Return calibration and PIT of quantiles; None without rows.

    An outcome that is nowhere below zero is taken for one that cannot be.
    """
    if not predicted.rows:
        return None
    given = (predicted.outcome, predicted.prediction, predicted.labels)
    least = 0.0 if predicted.outcome.min() >= 0 else None
    low, high = pit_bounds(*given, least=least)
    edges = np.array([0.0, *predicted.labels, 1.0])
    density = pit_histogram(low, high, edges) / np.diff(edges)
    crossing = int((np.diff(predicted.prediction, axis=1) < 0).sum())
    told = reliability(*given, clusters)
    return QuantileDetail(told, tuple(edges.tolist()), tuple(density.tolist()), crossing)


@dataclass(frozen=True, slots=True, eq=False)
class ClassRow:
    """How one class is recognised.

    Attributes:
        label: The class.
        rows: Its rows.
        predicted: Rows that were predicted as it.
        precision: Share of these that are of it; NaN where there are none.
        recall: Share of its rows that were predicted as it; NaN where there are none.
        f1: Harmonic mean of both.
        auc: Area under the ROC curve of this class against all others.
        average_precision: Area under precision over recall.
        roc: Some points of the ROC curve; None where it is not drawn.
        precision_recall: Some points of precision over recall; None where it is not drawn.
    """

    label: str
    rows: int
    predicted: int
    precision: float
    recall: float
    f1: float
    auc: Estimate | NotApplicable
    average_precision: float | NotApplicable
    roc: Curve | None
    precision_recall: Curve | None


@dataclass(frozen=True, slots=True, eq=False)
class ClassDetail:
    """How classes are told apart, and whether their probabilities mean what they say.

    Attributes:
        table: (K, K) rows by actual and predicted class, in the order of `classes`.
        classes: How each is recognised.
        sure: Of what the calibration is: the positive class of two, else the class that is predicted.
        calibration: For each bin of the probability its mean, its rows, and for which share it was so, with intervals.
        error: Expected calibration error, over these bins; NaN without probabilities.
        brier: Parts of the Brier score, the same sum over classes as the loss; None without probabilities.
    """

    table: tuple[tuple[int, ...], ...]
    classes: tuple[ClassRow, ...]
    sure: str
    calibration: BiasCurve | None
    error: float
    brier: BrierParts | None


def class_detail(predicted: Predicted, clusters: Clusters) -> ClassDetail:
    """Return confusion, curves and calibration of classes."""
    labels = predicted.labels
    said = np.array(labels)[predicted.prediction.argmax(axis=1)] if predicted.rows else predicted.outcome
    table = confusion(predicted.outcome, said, np.array(labels))
    scores = class_scores(table)
    soft = predicted.loss_name == "Brier score" and bool(predicted.rows)
    classes = [
        ClassRow(
            str(label),
            int(scores.rows[place]),
            int(scores.predicted[place]),
            float(scores.precision[place]),
            float(scores.recall[place]),
            float(scores.f1[place]),
            *(_curves(predicted, place, clusters, len(labels)) if soft else _NO_CURVES),
        )
        for place, label in enumerate(labels)
    ]
    rows = tuple(tuple(int(count) for count in row) for row in table.tolist())
    if not soft:
        return ClassDetail(rows, tuple(classes), "", None, float("nan"), None)
    two = len(labels) == 2
    sure = predicted.prediction[:, 1] if two else predicted.prediction.max(axis=1)
    so = predicted.outcome == (labels[1] if two else said)
    bins = calibration_bins(so, np.clip(sure, 0, 1))
    happened = group_means(so.astype(np.float64), bins.bin, bins.rows.size, clusters)
    columns = (bins.predicted, bins.rows, happened.mean, happened.low, happened.high)
    curve = BiasCurve("predicted probability", *(tuple(one.tolist()) for one in columns))
    name = f"P({labels[1]})" if two else "P of the class that is predicted"
    return ClassDetail(rows, tuple(classes), name, curve, calibration_error(bins), _brier(predicted))


_NO_CURVES: Final[tuple[Any, ...]] = (
    NotApplicable("there are no probabilities"),
    NotApplicable("there are no probabilities"),
    None,
    None,
)


def _curves(predicted: Predicted, place: int, clusters: Clusters, many: int) -> tuple[Any, ...]:
    score = predicted.prediction[:, place]
    positive = predicted.outcome == predicted.labels[place]
    drawn = place == 1 if many == 2 else many <= _MOST_CURVES or place < _MOST_CURVES
    curves = [_thin(one(positive, score)) if drawn else None for one in (roc, precision_recall)]
    return (roc_auc(positive, score, clusters), average_precision(positive, score), *curves)


def _thin(curve: Curve | NotApplicable) -> Curve | None:
    if not isinstance(curve, Curve):
        return None
    places = np.unique(np.linspace(0, curve.x.size - 1, min(curve.x.size, _POINTS)).round().astype(int))
    return Curve(curve.x[places], curve.y[places], curve.threshold[places])


def _brier(predicted: Predicted) -> BrierParts | None:
    """Return the sum over classes of the parts of each, halved as the loss is; of two classes that of either."""
    parts = [
        brier_parts(predicted.outcome == label, np.clip(predicted.prediction[:, place], 0, 1))
        for place, label in enumerate(predicted.labels)
    ]
    found = [one for one in parts if isinstance(one, BrierParts)]
    names = ("score", "reliability", "resolution", "uncertainty", "within")
    return BrierParts(*(sum(getattr(one, name) for one in found) / 2 for name in names)) if found else None
