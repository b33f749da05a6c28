"""The error analysis of one prediction, as frozen data: figures with intervals, slices, examples, bias, calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.quality.beside import Rows
from mainspring.quality.details import (
    BiasCurve,
    ClassDetail,
    Histogram,
    QuantileDetail,
    bias_curves,
    class_detail,
    quantile_detail,
    spread_of,
)
from mainspring.quality.examples import Examples, distance, examples_of, telling
from mainspring.quality.predicted import Kind, Predicted
from mainspring.quality.slice_search import Found, Search, search_slices
from mainspring.quality.slices import Slice, declared_slices
from mainspring.stats import Clusters, Estimate, group_means, linear_estimate

__all__ = ["Analysis", "Measure", "Versus", "against", "analyse", "fitting_rows"]

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of all rows.

    Attributes:
        name: How it is called.
        found: Its value and interval.
        share: Whether it is a share, not in the unit of the outcome.
    """

    name: str
    found: Estimate
    share: bool


@dataclass(frozen=True, slots=True)
class Versus:
    """The loss beside that of another prediction of the same rows, paired.

    Attributes:
        name: The other prediction.
        loss: Its mean loss.
        difference: Mean loss less that of the other one: below zero is better.
        ratio: Mean loss over that of the other one; NaN where that is zero.
        nearer: Share of the rows on which the loss is less than that of the other one; ties count half.
    """

    name: str
    loss: float
    difference: Estimate
    ratio: float
    nearer: float


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Where a prediction is good, where it is bad, and how sure that is. Draw it with `draw_analysis`.

    Attributes:
        kind: What was predicted.
        unit: Unit of the outcome.
        loss: Name of the loss of a row.
        share: Whether the loss is without a unit.
        rows: How many rows; of a ranking, queries.
        left_out: Of a ranking queries with nothing relevant.
        clusters: How many clusters they are from; of crossed ones how many series and how many weeks.
        measures: The mean loss, and other figures, with intervals.
        versus: The loss beside that of other predictions.
        declared: Declared slices.
        found: What the search for slices found; None when there was none.
        examples: Rows that are worth looking at.
        residuals: Prediction less outcome; of a ranking the NDCG of queries; None where there is none.
        bias: Where predictions are too high or too low.
        detail: What is particular to quantiles or classes; None otherwise.
    """

    kind: Kind
    unit: str
    loss: str
    share: bool
    rows: int
    left_out: int
    clusters: tuple[int, ...]
    measures: tuple[Measure, ...]
    versus: tuple[Versus, ...]
    declared: tuple[Slice, ...]
    found: Found | None
    examples: tuple[Examples, ...]
    residuals: Histogram | None
    bias: tuple[BiasCurve, ...]
    detail: QuantileDetail | ClassDetail | None

    @property
    def mean_loss(self) -> Estimate:
        """The mean loss of all rows, with its interval."""
        return self.measures[0].found


DEFAULT_SEARCH = Search()


def analyse(
    predicted: Predicted,
    rows: Rows | None = None,
    *,
    declared: Sequence[str | tuple[str, ...]] = (),
    search: Search | None = DEFAULT_SEARCH,
    beside: Mapping[str, Predicted] | None = None,
    along: Sequence[str] = (),
) -> Analysis:
    """Return the error analysis of a prediction.

    Args:
        predicted: Outcome and prediction: what `regression`, `quantiles`, `classification` or `ranking` returned.
        rows: Columns, clusters and names of the rows; of a ranking, of its items, alike within a query.
        declared: Columns, or tuples of columns, of which every group is reported.
        search: How slices are searched in the columns; None: they are not.
        beside: Other predictions of the same rows, by name, such as a baseline.
        along: Columns of numbers along which bias is drawn.

    Raises:
        StatisticsError: A column is not there, lengths differ, or another prediction is of another kind.

    >>> from mainspring.quality import Rows, analyse, regression
    >>> rows = Rows({"shop": ["a", "b", "b"]})
    >>> found = analyse(regression([1.0, 2.0, 4.0], [1.0, 3.0, 4.0]), rows, declared=["shop"])
    >>> [(one.name, one.loss) for one in found.declared]
    [('shop = a', 0.0), ('shop = b', 0.5)]
    """
    others = dict(beside or {})
    own = fitting_rows(predicted, rows)
    clusters = _clusters(own)
    for name, other in others.items():
        _check_alike(predicted, other, name)
    return Analysis(
        predicted.kind,
        own.unit,
        predicted.loss_name,
        predicted.share,
        predicted.rows,
        predicted.left_out,
        clusters.sizes,
        _measures(predicted, clusters),
        tuple(against(predicted, other, clusters, name) for name, other in others.items()),
        declared_slices(predicted, own, clusters, declared, others),
        search_slices(predicted, own, clusters, search, others) if search is not None and own.columns else None,
        (*telling(predicted, own), *(_apart(predicted, other, own, name) for name, other in others.items())),
        _residuals(predicted),
        bias_curves(predicted, own, clusters, along),
        _detail(predicted, clusters),
    )


def fitting_rows(predicted: Predicted, rows: Rows | None) -> Rows:
    """Return the rows of a prediction with all that was left out of them; of a ranking, those of its queries."""
    given = rows or Rows()
    if predicted.first is None:
        return given.fitting(predicted.rows)
    parts = (*given.columns.values(), *given.keys.values())
    items = (
        given.clusters.rows if given.clusters is not None else max((len(np.asarray(one)) for one in parts), default=0)
    )
    return (given.fitting(items).at(predicted.first) if items else given).fitting(predicted.rows)


def _clusters(rows: Rows) -> Clusters:
    if rows.clusters is None:  # `fitting` has given them
        raise StatisticsError("The rows have no clusters", fix="Call `fitting` first.")
    return rows.clusters


def _check_alike(predicted: Predicted, other: Predicted, name: str) -> None:
    same = predicted.kind == other.kind and predicted.rows == other.rows
    classes = predicted.kind == "classification"
    if not same or not (classes or predicted.labels == other.labels):
        raise StatisticsError(
            f"{name!r} is of {other.rows:,} rows of {other.kind}, not of {predicted.rows:,} of {predicted.kind} "
            "with the same levels",
            fix="Give another prediction of the same rows.",
        )
    if not np.array_equal(predicted.outcome, other.outcome):
        raise StatisticsError(f"{name!r} has other outcomes", fix="Give another prediction of the same rows.")


def _measures(predicted: Predicted, clusters: Clusters) -> tuple[Measure, ...]:
    columns = [(predicted.loss_name, predicted.loss, predicted.share)]
    columns += [(name, one.values, one.share) for name, one in predicted.measures.items()]
    found = []
    for name, values, share in columns:
        told = group_means(values, np.zeros(values.size, np.int64), 1, clusters)
        mean, low, high = (float(one[0]) for one in (told.mean, told.low, told.high))
        found.append(Measure(name, Estimate(mean, low, high, 0.95, values.size, int(told.clusters[0])), share))
    return tuple(found)


def against(predicted: Predicted, other: Predicted, clusters: Clusters, name: str) -> Versus:
    """Return the loss of a prediction beside that of another one."""
    less = predicted.loss - other.loss
    mean = float(less.mean()) if less.size else float("nan")
    difference = linear_estimate(mean, (less - mean) / max(less.size, 1) if less.size else less, clusters)
    mine, theirs = (float(one.loss.mean()) if less.size else float("nan") for one in (predicted, other))
    ratio = mine / theirs if theirs else float("nan")
    nearer = float(((less < 0) + (less == 0) / 2).mean()) if less.size else float("nan")
    return Versus(name, theirs, difference, ratio, nearer)


def _apart(predicted: Predicted, other: Predicted, rows: Rows, name: str) -> Examples:
    far, called = distance(predicted, other)
    theirs = {f"{name}: {heading}": values for heading, values in _said_by(other).items()}
    told = replace(predicted, shown={**predicted.shown, **theirs, called: far})
    found = examples_of(called, f"where both are farthest apart, by {called}", far, told, rows)
    return replace(found, title=f"disagreement with {name}")


def _said_by(other: Predicted) -> dict[str, npt.NDArray[np.generic]]:
    named = ("outcome", "query", "items", "relevant")
    return {heading: values for heading, values in other.shown.items() if heading not in named}


def _residuals(predicted: Predicted) -> Histogram | None:
    if predicted.kind == "ranking":
        return spread_of(1 - predicted.loss, whole=True)
    return None if predicted.error is None else spread_of(predicted.error)


def _detail(predicted: Predicted, clusters: Clusters) -> QuantileDetail | ClassDetail | None:
    if predicted.kind == "quantiles":
        return quantile_detail(predicted, clusters)
    return class_detail(predicted, clusters) if predicted.kind == "classification" else None
