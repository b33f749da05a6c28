"""Where two models say different things, and which of them is nearer to what came."""

from dataclasses import dataclass, replace

import numpy as np

from mainspring.quality.analysis import Versus, against, fitting_rows
from mainspring.quality.beside import Rows
from mainspring.quality.examples import Examples, distance, examples_of
from mainspring.quality.grouping import groups_of
from mainspring.quality.predicted import Predicted
from mainspring.stats import blocks

__all__ = ["Apart", "Disagreement", "disagreement"]


@dataclass(frozen=True, slots=True)
class Apart:
    """Rows of one group, and how far two models are apart there.

    Attributes:
        column: The column.
        value: Its value.
        rows: How many rows.
        distance: Mean distance.
        first: Mean loss of the first model.
        second: Mean loss of the second one.
    """

    column: str
    value: str
    rows: int
    distance: float
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class Disagreement:
    """How far two models are apart. Draw it with `draw_disagreement`.

    Attributes:
        names: The two models.
        rows: How many rows.
        unit: Unit of the outcome.
        measure: How the distance of two predictions is called.
        mean: Mean distance.
        p95: What 95% of the distances do not exceed.
        most: The greatest distance.
        versus: The loss of the first model beside that of the second.
        groups: Groups of the columns, the farthest apart first.
        examples: The rows on which they are farthest apart.
    """

    names: tuple[str, str]
    rows: int
    unit: str
    measure: str
    mean: float
    p95: float
    most: float
    versus: Versus
    groups: tuple[Apart, ...]
    examples: Examples


def disagreement(
    rows: Rows | None,
    first: Predicted,
    second: Predicted,
    *,
    names: tuple[str, str] = ("candidate", "champion"),
    most: int = 20,
) -> Disagreement:
    """Return where two models disagree most, by row and by group, and which of them loses less.

    Args:
        rows: Columns, clusters and names of the rows.
        first: What one model says, as `regression`, `quantiles`, `classification` or `ranking` returned it.
        second: What the other one says of the same rows.
        names: How the models are called.
        most: How many rows and groups are kept.

    Raises:
        StatisticsError: The predictions are of different kinds or rows.
    """
    own = fitting_rows(first, rows)
    clusters = own.clusters or blocks(np.arange(first.rows))
    far, called = distance(first, second)
    renamed = {f"{names[0]}: {heading}": values for heading, values in _own(first).items()}
    renamed |= {f"{names[1]}: {heading}": values for heading, values in _own(second).items()}
    given = {heading: first.shown[heading] for heading in first.shown if heading in _GIVEN}
    told = replace(first, shown={**given, **renamed}, loss_name=f"{names[0]}: {first.loss_name}")
    both = replace(told, shown={**told.shown, f"{names[1]}: {second.loss_name}": second.loss, called: far})
    mean, p95, greatest = (
        (float(far.mean()), *(float(one) for one in np.quantile(far, (0.95, 1.0)))) if far.size else (float("nan"),) * 3
    )
    groups: list[Apart] = []
    for name in own.columns:
        if name in own.sensitive or not far.size:
            continue
        parts = groups_of(name, own.column(name))
        count = np.bincount(parts.codes, minlength=len(parts.labels))
        means = [
            np.bincount(parts.codes, one, count.size) / np.maximum(count, 1) for one in (far, first.loss, second.loss)
        ]
        groups += [
            Apart(name, parts.labels[place][0], int(count[place]), *(float(one[place]) for one in means))
            for place in np.flatnonzero(count)
        ]
    groups.sort(key=lambda one: -one.distance)
    return Disagreement(
        names,
        first.rows,
        own.unit,
        called,
        mean,
        p95,
        greatest,
        against(first, second, clusters, names[1]),
        tuple(groups[:most]),
        examples_of(called, "where both are farthest apart", far, both, own, most=most),
    )


_GIVEN = ("outcome", "query", "items", "relevant")


def _own(one: Predicted) -> dict[str, np.ndarray]:
    return {heading: values for heading, values in one.shown.items() if heading not in _GIVEN}
