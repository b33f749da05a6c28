"""Loss along something that a model was given less or more of: learning curves, and how models age."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy.typing as npt

from mainspring.charts import Axis
from mainspring.errors import StatisticsError
from mainspring.stats import Clusters, Estimate, linear_estimate
from mainspring.stats.inputs import vector

_LOSS: Final = Axis("mean loss")
_AGE: Final = Axis("age of the training data", "days")

__all__ = ["CurvePoint", "LossCurve", "learning_curve", "staleness"]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """The loss of one model.

    Attributes:
        at: Where on the axis.
        loss: Mean loss.
        difference: Mean loss less that of the point that all are compared with, paired row by row.
        ratio: Mean loss over that of the same point; NaN where that is zero.
    """

    at: float
    loss: float
    difference: Estimate
    ratio: float


@dataclass(frozen=True, slots=True)
class LossCurve:
    """Mean losses of several models on the same rows. Draw it with `draw_curve`.

    Attributes:
        title: What it shows.
        axis: What models differ by.
        loss: What is lost, with its unit.
        rows: Rows that all are scored on.
        reference: Where the model is that the others are compared with.
        points: The models, by their place on the axis.
    """

    title: str
    axis: Axis
    loss: Axis
    rows: int
    reference: float
    points: tuple[CurvePoint, ...]

    @property
    def worse(self) -> tuple[float, ...]:
        """Where the loss is above that of the reference, beyond its interval."""
        return tuple(one.at for one in self.points if one.difference.low > 0)


def learning_curve(
    losses: Mapping[float, npt.ArrayLike], clusters: Clusters, *, axis: Axis, loss: Axis = _LOSS
) -> LossCurve:
    """Return the loss of models that learned from less or more, such as rows, rounds or months, on the same rows.

    All are compared with the one that had most, by paired differences; see `stats.group_means` for intervals.

    Args:
        losses: For each amount (N,) losses of the same rows.
        clusters: Which rows are not independent.
        axis: What was given less or more of.
        loss: What a loss is, and its unit.

    Raises:
        StatisticsError: There is no model, or their losses are of different rows.
    """
    return _curve(losses, clusters, (axis, loss), max)


def staleness(
    losses: Mapping[float, npt.ArrayLike],
    clusters: Clusters,
    *,
    axis: Axis = _AGE,
    loss: Axis = _LOSS,
) -> LossCurve:
    """Return the loss on the newest rows of models whose training ended earlier and earlier: how fast models age.

    All are compared with the youngest, by paired differences; see `stats.group_means` for intervals.

    Args:
        losses: For each age (N,) losses of the same, newest rows.
        clusters: Which rows are not independent.
        axis: What the age is, and its unit.
        loss: What a loss is, and its unit.

    Raises:
        StatisticsError: There is no model, or their losses are of different rows.
    """
    return _curve(losses, clusters, (axis, loss), min)


def _curve(
    losses: Mapping[float, npt.ArrayLike],
    clusters: Clusters,
    axes: tuple[Axis, Axis],
    choose: Callable[[Iterable[float]], float],
) -> LossCurve:
    if not losses:
        raise StatisticsError("There is no model to draw a curve of", fix="Give the losses of at least one.")
    known = {float(at): vector(values, f"losses at {at:g}", clusters.rows) for at, values in losses.items()}
    reference = choose(known)
    base = known[reference]
    if not base.size:
        raise StatisticsError("There are no rows to draw a curve of", fix="Give losses of at least one row.")
    points = []
    for at in sorted(known):
        less = known[at] - base
        mean = float(less.mean())
        ratio = float(known[at].mean() / base.mean()) if base.mean() else float("nan")
        found = linear_estimate(mean, (less - mean) / less.size, clusters)
        points.append(CurvePoint(at, float(known[at].mean()), found, ratio))
    return LossCurve(f"Loss by {axes[0].label}", *axes, base.size, reference, tuple(points))
