"""How well classes are told apart, and whether their probabilities mean what they say."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats.answers import NotApplicable
from mainspring.stats.contrasting import Estimate, linear_estimate
from mainspring.stats.inputs import Floats, Ints, vector
from mainspring.stats.intervals import Clusters

__all__ = [
    "BrierParts",
    "CalibrationBins",
    "ClassScores",
    "Curve",
    "average_precision",
    "brier_parts",
    "calibration_bins",
    "calibration_error",
    "class_scores",
    "confusion",
    "precision_recall",
    "roc",
    "roc_auc",
]

Flags = npt.NDArray[np.bool_]


def confusion(actual: npt.ArrayLike, predicted: npt.ArrayLike, classes: npt.ArrayLike) -> Ints:
    """Return (K, K) how many rows of each class (rows) were predicted as each class (columns).

    No rows give zeros.

    Raises:
        StatisticsError: Lengths differ, or a row has a class that is not among them.
    """
    known = np.asarray(classes)
    was, said = np.asarray(actual), np.asarray(predicted)
    if was.shape != said.shape or was.ndim != 1:
        raise StatisticsError(
            f"There are {said.size:,} predictions for {was.size:,} rows", fix="Give one class for each row."
        )
    order = np.argsort(known, kind="stable")
    places = []
    for labels in (was, said):
        found = np.minimum(np.searchsorted(known, labels, sorter=order), max(known.size - 1, 0))
        wrong = known[order[found]] != labels if known.size else np.ones(labels.size, bool)
        if np.any(wrong):
            raise StatisticsError(
                f"{str(labels[wrong][0])!r} is not among the classes {known.tolist()}", fix="Name all classes."
            )
        places.append(order[found])
    return np.bincount(places[0] * known.size + places[1], minlength=known.size**2).reshape(known.size, known.size)


@dataclass(frozen=True, slots=True, eq=False)
class ClassScores:
    """For each of K classes how it is recognised.

    Attributes:
        rows: (K,) rows of the class.
        predicted: (K,) rows that were predicted as the class.
        precision: (K,) share of the predicted that are of the class; NaN where none is predicted.
        recall: (K,) share of its rows that are predicted; NaN where there are none.
        f1: (K,) 2·TP / (rows + predicted); NaN where both are none.
    """

    rows: Ints
    predicted: Ints
    precision: Floats
    recall: Floats
    f1: Floats


def class_scores(table: Ints) -> ClassScores:
    """Return precision, recall and F1 of each class from a table of `confusion` (van Rijsbergen 1979)."""
    rows, predicted, right = table.sum(axis=1), table.sum(axis=0), np.diag(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ClassScores(rows, predicted, right / predicted, right / rows, 2 * right / (rows + predicted))


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A curve over all thresholds, the highest first; rows with tied scores pass together.

    Attributes:
        x: False positive rate, or recall.
        y: True positive rate, or precision.
        threshold: The score from which on rows are taken as positive; the first one takes none.
    """

    x: Floats
    y: Floats
    threshold: Floats


def _passed(positive: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return for each threshold how many of the positive and of the others reach it."""
    values, flags = _flags(positive, score)
    order = np.argsort(-values, kind="stable")
    values, flags = values[order], flags[order]
    last = np.flatnonzero(np.r_[np.diff(values) != 0, True]) if values.size else np.zeros(0, int)
    right = np.cumsum(flags)[last].astype(np.float64)
    return np.r_[0.0, right], np.r_[0.0, last + 1 - right], np.r_[np.inf, values[last]]


def _flags(positive: npt.ArrayLike, score: npt.ArrayLike) -> tuple[Floats, Flags]:
    values = vector(score, "score")
    flags = np.asarray(positive).astype(bool)
    if flags.shape != values.shape:
        raise StatisticsError(f"There are {flags.size:,} outcomes for {values.size:,} scores", fix="Give one each.")
    return values, flags


def roc(positive: npt.ArrayLike, score: npt.ArrayLike) -> Curve | NotApplicable:
    """Return the true over the false positive rate for every threshold (Egan 1975).

    It is not applicable where all rows are positive, or none is.
    """
    right, wrong, threshold = _passed(positive, score)
    if not right[-1] or not wrong[-1]:
        return NotApplicable("all rows are of one class")
    return Curve(wrong / wrong[-1], right / right[-1], threshold)


def roc_auc(
    positive: npt.ArrayLike, score: npt.ArrayLike, clusters: Clusters, *, level: float = 0.95
) -> Estimate | NotApplicable:
    """Return the area under the ROC curve: the chance that a positive row scores above another one, ties as a half.

    This is Mann and Whitney's statistic (Hanley and McNeil, Radiology 143, 1982). The interval takes what each row adds
    (DeLong, DeLong, Clarke-Pearson, Biometrics 44, 1988), summed over clusters (Obuchowski, Biometrics 53, 1997), and
    may reach beyond 1. It is not applicable where all rows are positive, or none is.

    Raises:
        StatisticsError: Lengths differ, or a score is not finite.
    """
    values, flags = _flags(positive, score)
    if not flags.any() or flags.all():
        return NotApplicable("all rows are of one class")
    added = np.zeros(values.size)
    for mine, sign in ((flags, 1.0), (~flags, -1.0)):
        others = np.sort(values[~mine])
        below = np.searchsorted(others, values[mine], "left")
        tied = np.searchsorted(others, values[mine], "right") - below
        share = (below + tied / 2) / others.size
        added[mine] = share if sign > 0 else 1 - share
    area = float(added[flags].mean())
    count = np.where(flags, flags.sum(), (~flags).sum())
    return linear_estimate(area, (added - area) / count, clusters, level=level)


def precision_recall(positive: npt.ArrayLike, score: npt.ArrayLike) -> Curve | NotApplicable:
    """Return precision over recall for every threshold; it is not applicable where no row is positive.

    Where nothing is taken as positive yet, precision counts as 1.
    """
    right, wrong, threshold = _passed(positive, score)
    if not right[-1]:
        return NotApplicable("no row is positive")
    with np.errstate(invalid="ignore"):
        precision = np.where(right + wrong > 0, right / (right + wrong), 1.0)
    return Curve(right / right[-1], precision, threshold)


def average_precision(positive: npt.ArrayLike, score: npt.ArrayLike) -> float | NotApplicable:
    """Return Σ (recall - recall before)·precision over thresholds, without interpolation.

    As in Davis and Goadrich (ICML 2006) no straight line is drawn between points, which would be too good. Rows with
    tied scores pass together. It is not applicable where no row is positive.
    """
    found = precision_recall(positive, score)
    return float(np.diff(found.x) @ found.y[1:]) if isinstance(found, Curve) else found


@dataclass(frozen=True, slots=True, eq=False)
class CalibrationBins:
    """Rows in B bins of their predicted probability, of about as many rows each.

    Attributes:
        rows: (B,) rows of each; a row whose probability ties with another's is in the same bin.
        predicted: (B,) mean predicted probability.
        happened: (B,) share of the rows for which it was so.
        bin: (N,) the bin of each row.
    """

    rows: Ints
    predicted: Floats
    happened: Floats
    bin: Ints


def calibration_bins(positive: npt.ArrayLike, probability: npt.ArrayLike, bins: int = 10) -> CalibrationBins:
    """Return how often what is predicted with about one probability happens, in bins of about equally many rows.

    Edges are quantiles of the probabilities (type 1 of Hyndman and Fan 1996), each once: ties are not torn apart, so
    that there may be fewer bins. No rows give no bins.

    Raises:
        StatisticsError: Lengths differ, a probability is outside [0, 1], or there is not at least one bin.
    """
    values, flags = _flags(positive, probability)
    if bins < 1 or np.any((values < 0) | (values > 1)):
        raise StatisticsError("Probabilities are from 0 to 1, in at least one bin", fix="Give probabilities.")
    if not values.size:
        return CalibrationBins(np.zeros(0, np.int64), np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
    inner = np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf")
    _, place = np.unique(np.searchsorted(np.unique(inner), values, "left"), return_inverse=True)
    rows = np.bincount(place)
    return CalibrationBins(rows, np.bincount(place, values) / rows, np.bincount(place, flags) / rows, place)


def calibration_error(found: CalibrationBins) -> float:
    """Return the expected calibration error, ``Σ rows / N · |predicted - happened|`` over bins; NaN without rows.

    (Naeini, Cooper, Hauskrecht, AAAI 2015, with bins of equally many rows.) It depends on the bins, and is above zero
    by chance even for right probabilities.
    """
    total = found.rows.sum()
    return float(found.rows @ np.abs(found.predicted - found.happened) / total) if total else float("nan")


@dataclass(frozen=True, slots=True)
class BrierParts:
    """The Brier score in parts: score = reliability - resolution + uncertainty + within.

    Attributes:
        score: Mean of (p - y)².
        reliability: How far probabilities are from what happened; 0 is right.
        resolution: How far what happened in bins is from what happened overall; more is better.
        uncertainty: ȳ·(1 - ȳ): that of always saying the mean.
        within: What differs inside bins.
    """

    score: float
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def brier_parts(positive: npt.ArrayLike, probability: npt.ArrayLike, bins: int = 10) -> BrierParts | NotApplicable:
    """Return the Brier score (Brier 1950) of two classes in Murphy's parts, over the bins of `calibration_bins`.

    (Murphy, Journal of Applied Meteorology 12, 1973; the part within bins is that of Stephenson, Coelho, Jolliffe,
    Weather and Forecasting 23, 2008: the variance of p in bins less twice its covariance with y.) Not applicable
    without rows.

    Raises:
        StatisticsError: As `calibration_bins`.
    """
    values, flags = _flags(positive, probability)
    if not values.size:
        return NotApplicable("there are no rows")
    found = calibration_bins(flags, values, bins)
    share, base = found.rows / values.size, float(flags.mean())
    apart = values - found.predicted[found.bin]
    within = float(np.mean(apart**2 - 2 * apart * (flags - found.happened[found.bin])))
    return BrierParts(
        float(np.mean((values - flags) ** 2)),
        float(share @ (found.predicted - found.happened) ** 2),
        float(share @ (found.happened - base) ** 2),
        base * (1 - base),
        within,
    )


def class_places(labels: npt.ArrayLike, classes: npt.NDArray[Any]) -> Ints:
    """Return for each label its place among classes, -1 where it is none of them."""
    wanted = np.asarray(labels)
    if not classes.size:
        return np.full(wanted.shape, -1, np.int64)
    order = np.argsort(classes, kind="stable")
    found = order[np.minimum(np.searchsorted(classes, wanted, sorter=order), classes.size - 1)]
    return np.where(classes[found] == wanted, found, -1).astype(np.int64)
