"""Single rows that are worth looking at: the best, the worst, the unusual, those on which two predictions disagree."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mainspring.quality.beside import Rows
from mainspring.quality.grouping import groups_of
from mainspring.quality.predicted import Predicted
from mainspring.stats import Clusters

__all__ = ["Examples", "distance", "examples_of", "rarity", "telling"]

Cell = str | int | float | bool | None
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Examples:
    """A few rows in full.

    Attributes:
        title: What they are, such as `worst`.
        why: How they were chosen.
        headings: Names of their cells.
        rows: For each row its cells, the most telling row first.
    """

    title: str
    why: str
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def examples_of(title: str, why: str, score: Floats, predicted: Predicted, rows: Rows, *, most: int = 10) -> Examples:
    """Return the rows of the highest score, at most one of a cluster: of a series or block.

    Args:
        title: What they are.
        why: How they were chosen.
        score: (N,) the highest come first, of equal ones the first in the order of rows; NaN and -inf never.
        predicted: The rows.
        rows: What names them; what is sensitive is left out.
        most: How many.
    """
    clusters = rows.clusters
    places = _spread(score, clusters, most)
    named, columns = rows.shown()
    cells: dict[str, npt.NDArray[Any]] = {**named, **predicted.shown, predicted.loss_name: predicted.loss, **columns}
    shown = tuple(tuple(_cell(values[place]) for values in cells.values()) for place in places)
    return Examples(title, why, tuple(cells), shown)


def _spread(score: Floats, clusters: Clusters | None, most: int) -> list[int]:
    taken: set[int] = set()
    places: list[int] = []
    own = np.arange(score.size) if clusters is None else clusters.codes[0]
    for place in np.argsort(-score, kind="stable").tolist():
        if len(places) == most or not score[place] > -np.inf:
            break
        if int(own[place]) not in taken:
            taken.add(int(own[place]))
            places.append(place)
    return places


def _cell(value: Any) -> Cell:
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[D]"))
    plain = value.item() if hasattr(value, "item") else value
    return plain if plain is None or isinstance(plain, str | int | float | bool) else str(plain)


def rarity(rows: Rows, count: int) -> Floats:
    """Return how unusual each row is, in bits: the sum over columns of -log2 of the share of rows in its group.

    Groups are those of `groups_of`, with numbers in ten bins; sensitive columns do not count.
    """
    total = np.zeros(count)
    for name in rows.columns:
        if name in rows.sensitive or not count:
            continue
        codes = groups_of(name, rows.column(name), 10).codes
        total -= np.log2(np.bincount(codes)[codes] / count)
    return total


def distance(first: Predicted, second: Predicted) -> tuple[Floats, str]:
    """Return for each row how far two predictions are apart, and how that is called.

    Numbers: |a - b|. Quantiles: the mean of that over levels. Classes: half of Σ |p - q|, the total variation distance.
    Rankings: the difference of NDCG.
    """
    if first.kind == "classification":
        every = sorted({*first.labels, *second.labels})
        mine, theirs = (_columns(one, every) for one in (first, second))
        return np.abs(mine - theirs).sum(axis=1) / 2, "total variation"
    apart = np.abs(first.prediction - second.prediction)
    if first.kind == "quantiles":
        return apart.mean(axis=1), "mean distance of quantiles"
    return apart, "distance of NDCG" if first.kind == "ranking" else "distance"


def _columns(one: Predicted, every: list[Any]) -> Floats:
    found = np.zeros((one.rows, len(every)))
    found[:, [every.index(label) for label in one.labels]] = one.prediction
    return found


def telling(predicted: Predicted, rows: Rows, *, most: int = 10) -> tuple[Examples, ...]:
    """Return the worst, the best and the most unusual rows."""
    once = "" if rows.clusters is None or rows.clusters.sizes[0] == predicted.rows else ", one of each cluster"
    found = [
        examples_of("worst", f"the highest {predicted.loss_name}{once}", predicted.loss, predicted, rows, most=most),
        examples_of("best", f"the lowest {predicted.loss_name}{once}", -predicted.loss, predicted, rows, most=most),
    ]
    if rows.columns and predicted.rows:
        why = f"the rarest values of all columns together, in bits{once}"
        rare = rarity(rows, predicted.rows)
        told = replace(predicted, shown={**predicted.shown, "rarity, bits": rare})
        found.append(examples_of("rarity", why, rare, told, rows, most=most))
    return tuple(found)
