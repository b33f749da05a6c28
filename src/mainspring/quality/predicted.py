"""What was predicted and what came of it, row by row: the one form in which each kind of problem is analysed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from mainspring.errors import StatisticsError
from mainspring.stats import pinball_losses, ranking_scores
from mainspring.stats.classes import class_places
from mainspring.stats.inputs import codes_of, levels_of, matrix, vector

__all__ = ["Kind", "Measured", "Predicted", "classification", "quantiles", "ranking", "regression"]

Kind = Literal["regression", "quantiles", "classification", "ranking"]
Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_SUM: Final = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """A figure whose mean over rows says something.

    Attributes:
        values: (N,) one for each row.
        share: Whether it is a share, not in the unit of the outcome.
    """

    values: Floats
    share: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """N rows of outcome and prediction. Made by `regression`, `quantiles`, `classification` and `ranking`.

    Attributes:
        kind: Which of the four.
        outcome: (N,) what came; of a ranking how many items are relevant.
        prediction: (N,), or (N, Q) quantiles, or (N, K) probabilities; of a ranking the NDCG.
        labels: Levels of the quantiles, or classes; of a ranking k.
        loss: (N,) what each row loses: less is better.
        loss_name: How it is called.
        share: Whether the loss is without a unit.
        measures: What else is averaged over rows, by name.
        shown: What a reader is shown of a row, by heading.
        error: (N,) prediction less outcome, in their unit; None where there is none.
        point: (N,) the prediction as one number; None where it is none.
        first: Of a ranking the first item of each query; else None.
        left_out: Of a ranking how many queries have nothing relevant.
    """

    kind: Kind
    outcome: Array
    prediction: Array
    labels: tuple[Any, ...]
    loss: Floats
    loss_name: str
    share: bool = False
    measures: Mapping[str, Measured] = field(default_factory=dict)
    shown: Mapping[str, Array] = field(default_factory=dict)
    error: Floats | None = None
    point: Floats | None = None
    first: npt.NDArray[np.int64] | None = None
    left_out: int = 0

    @property
    def rows(self) -> int:
        """Number of rows; of a ranking, queries."""
        return len(self.loss)


def regression(outcome: npt.ArrayLike, prediction: npt.ArrayLike) -> Predicted:
    """Return rows of one predicted number each; the loss is the absolute error.

    Raises:
        StatisticsError: Lengths differ, or a number is NaN or infinite.
    """
    actual = vector(outcome, "outcome")
    said = vector(prediction, "prediction", actual.size)
    error = said - actual
    return Predicted(
        "regression",
        actual,
        said,
        (),
        np.abs(error),
        "absolute error",
        measures={"bias": Measured(error), "squared error": Measured(error**2)},
        shown={"outcome": actual, "predicted": said},
        error=error,
        point=said,
    )


def quantiles(outcome: npt.ArrayLike, prediction: npt.ArrayLike, levels: npt.ArrayLike) -> Predicted:
    """Return rows of predicted quantiles (N, Q); the loss is the pinball loss, mean of the levels.

    The point that residuals are of is the quantile nearest to the median.

    Raises:
        StatisticsError: Shapes do not fit, numbers are not finite, or levels are not ascending inside (0, 1).
    """
    taus = levels_of(levels)
    actual = vector(outcome, "outcome")
    said = matrix(prediction, "prediction", actual.size, taus.size)
    middle = int(np.abs(taus - 0.5).argmin())
    error = said[:, middle] - actual
    ends = {f"q{taus[place]:g}": said[:, place] for place in dict.fromkeys((0, middle, taus.size - 1))}
    high = int(np.abs(taus - 0.95).argmin())
    return Predicted(
        "quantiles",
        actual,
        said,
        tuple(taus.tolist()),
        pinball_losses(actual, said, taus).mean(axis=1),
        "pinball",
        measures={
            f"bias of q{taus[middle]:g}": Measured(error),
            f"P(y ≤ q{taus[high]:g})": Measured((actual <= said[:, high]).astype(np.float64), share=True),
        },
        shown={"outcome": actual, **ends},
        error=error,
        point=said[:, middle],
    )


def classification(outcome: npt.ArrayLike, prediction: npt.ArrayLike, classes: npt.ArrayLike) -> Predicted:
    """Return rows of one class each.

    With probabilities the loss is half of Brier's sum over classes, Σ (p - y)² / 2, which with two classes is (p - y)²;
    with predicted classes alone it is 1 where they are wrong. A class that came but is not among `classes` is added,
    and was predicted with probability 0.

    Args:
        outcome: (N,) the class of each row.
        prediction: (N, K) probabilities of `classes`; or (N,) predicted classes.
        classes: The classes that are predicted, in the order of the columns; of two the second is the positive one.

    Raises:
        StatisticsError: Shapes do not fit, a class is given twice, or probabilities of a row do not sum to 1.
    """
    actual, known = _texts(outcome), _texts(classes)
    said = np.asarray(prediction)
    if actual.ndim != 1 or len(said) != actual.size or np.unique(known).size != known.size:
        raise StatisticsError(
            f"There are predictions for {len(said):,} rows and outcomes of {actual.size:,}, for {known.size} classes",
            fix="Give one outcome and one prediction for each row, and each class once.",
        )
    given = said if said.ndim == 2 else _texts(said)
    new = np.setdiff1d(np.r_[actual, given] if given.ndim == 1 else actual, known)
    every = np.concatenate([known, new])
    places = class_places(actual, every)
    if given.ndim == 1:
        return _labelled(places, class_places(given, every), every)
    sure = matrix(given, "prediction", actual.size, known.size)
    if np.any(sure < 0) or np.any(np.abs(sure.sum(axis=1) - 1) > _SUM):
        raise StatisticsError(
            "The probabilities of a row are negative or do not sum to 1", fix="Give one probability for each class."
        )
    sure = np.concatenate([sure, np.zeros((actual.size, new.size))], axis=1)
    best = sure.argmax(axis=1) if every.size else places
    right, rows = best == places, np.arange(actual.size)
    happened = np.zeros_like(sure)
    happened[rows, places] = 1
    told = sure[rows, places]
    least = np.finfo(np.float64).eps
    return Predicted(
        "classification",
        actual,
        sure,
        tuple(every.tolist()),
        ((sure - happened) ** 2).sum(axis=1) / 2,
        "Brier score",
        share=True,
        measures={
            "accuracy": Measured(right.astype(np.float64), share=True),
            "confidence": Measured(sure[rows, best], share=True),
            "log loss": Measured(-np.log(np.clip(told, least, 1))),
        },
        shown={"outcome": actual, "predicted": every[best], "confidence": sure[rows, best], "P(outcome)": told},
    )


def _labelled(places: npt.NDArray[np.int64], said: npt.NDArray[np.int64], every: Array) -> Predicted:
    right = said == places
    sure = np.zeros((places.size, every.size))
    sure[np.arange(places.size), said] = 1
    return Predicted(
        "classification",
        every[places],
        sure,
        tuple(every.tolist()),
        (~right).astype(np.float64),
        "error rate",
        share=True,
        measures={"accuracy": Measured(right.astype(np.float64), share=True)},
        shown={"outcome": every[places], "predicted": every[said]},
    )


def _texts(labels: npt.ArrayLike) -> Array:
    """Return labels as texts, so that 1 from a frame and "1" from a file are the same class."""
    return np.array([str(label) for label in np.asarray(labels).tolist()], dtype=np.str_)


def ranking(relevance: npt.ArrayLike, score: npt.ArrayLike, query: npt.ArrayLike, *, k: int = 10) -> Predicted:
    """Return queries, one row each, from their items; the loss is 1 - NDCG at k. See `stats.ranking_scores`.

    Queries in which nothing is relevant say nothing about the order: they are left out.

    Args:
        relevance: For each item its gain, at least 0.
        score: For each item what the model says.
        query: For each item its query.
        k: How many items are shown.

    Raises:
        StatisticsError: As `stats.ranking_scores`.
    """
    found = ranking_scores(relevance, score, query, k=k)
    kept = found.relevant > 0
    codes, _ = codes_of(query, "query")
    first = np.unique(codes, return_index=True)[1][kept] if codes.size else codes
    ndcg, reciprocal, recall = found.ndcg[kept], found.reciprocal_rank[kept], found.recall[kept]
    return Predicted(
        "ranking",
        found.relevant[kept],
        ndcg,
        (k,),
        1 - ndcg,
        f"1 - NDCG@{k}",
        share=True,
        measures={
            f"NDCG@{k}": Measured(ndcg, share=True),
            "MRR": Measured(reciprocal, share=True),
            f"recall@{k}": Measured(recall, share=True),
        },
        shown={
            "query": found.queries[kept],
            "items": found.items[kept],
            "relevant": found.relevant[kept],
            f"NDCG@{k}": ndcg,
            "1 / first rank": reciprocal,
        },
        first=first.astype(np.int64),
        left_out=int((~kept).sum()),
    )
