"""Checks that a training loop and a converted model have to pass."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from mainspring.package import Parity, Rule, check_parity

__all__ = ["check_conversion", "check_loss_falls", "check_overfits_one_batch"]

Model = TypeVar("Model")
Batch = TypeVar("Batch")
_PARTS = 4
_FEWEST = 4


def check_loss_falls(losses: Sequence[float], *, by: float = 0.1) -> None:
    """Return nothing if a loss falls: its last quarter is on average below its first by a share.

    Quarters, not ends: the loss of one batch goes up and down. Every loss has to be finite.

    Args:
        losses: In the order of training; at least four.
        by: The share by which it has to fall.

    Raises:
        AssertionError: It does not fall, or is not finite everywhere.

    >>> check_loss_falls([1.0, 0.8, 0.9, 0.5, 0.4, 0.45, 0.3, 0.2])
    """
    values = [float(loss) for loss in losses]
    if len(values) < _FEWEST:
        raise AssertionError(f"{len(values)} losses are too few to say whether they fall; give at least {_FEWEST}")
    wrong = next((place for place, value in enumerate(values) if not math.isfinite(value)), None)
    if wrong is not None:
        raise AssertionError(f"The loss is {values[wrong]} at place {wrong}")
    size = max(1, len(values) // _PARTS)
    first, last = math.fsum(values[:size]) / size, math.fsum(values[-size:]) / size
    if last > first - by * abs(first):
        raise AssertionError(f"The loss goes from {first:.4g} to {last:.4g}; it has to fall by {by:.0%}")


def check_overfits_one_batch(
    train: Callable[[Batch], Model], loss: Callable[[Model, Batch], float], batch: Batch, *, below: float
) -> None:
    """Return nothing if a model that is trained on one small batch alone learns it by heart.

    A model that cannot do this has labels that do not reach it, parameters that do not move, or the wrong loss.

    Args:
        train: Returns a model that was trained on the batch, with as many steps as it needs.
        loss: The loss of a model on the batch.
        batch: A few rows.
        below: What the loss has to be below.

    Raises:
        AssertionError: It is not.

    >>> mean = lambda batch: sum(batch) / len(batch)
    >>> check_overfits_one_batch(mean, lambda model, batch: abs(model - batch[0]), [3.0], below=0.01)
    """
    found = float(loss(train(batch), batch))
    if not found < below:  # NaN is below nothing
        raise AssertionError(f"After training on one batch its loss is {found:.4g}, not below {below:g}")


def check_conversion(
    fitted: Callable[[Any], Mapping[str, Any]],
    converted: Callable[[Any], Mapping[str, Any]],
    rows: Any,
    *,
    rule: Rule | None = None,
) -> Parity:
    """Return how a converted model agrees with the fitted one on the same rows, if it agrees well enough.

    Args:
        fitted: `predict` of the fitted inference pipeline.
        converted: `predict` of the converted or loaded one.
        rows: What both are given; many, and as different as they come.
        rule: What counts as agreement; by default that of packages.

    Raises:
        ParityError: It does not.
    """
    return check_parity(dict(fitted(rows)), dict(converted(rows)), rule or Rule(), "the converted model")
