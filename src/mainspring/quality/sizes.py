"""By how much each row breaks what was said of it: zero or less where it holds, infinite where there is no number."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mainspring.errors import DefinitionError, nearest
from mainspring.quality.rows import Array, Rows, unlike

__all__ = ["Asked", "Bound", "Size", "apart", "crossing", "decided", "moved", "outside", "scaled"]

Bound = float | Callable[[Rows], Array]


class Asked(NamedTuple):
    """Rows, and what a model says of them.

    Attributes:
        inputs: The rows.
        outputs: The outputs, by name.
    """

    inputs: Rows
    outputs: Rows


Size = Callable[[Asked, Asked, Array | None], Array]


def _output(outputs: Rows, name: str) -> Array:
    if name not in outputs:
        near = nearest(name, outputs)
        raise DefinitionError(
            f"A property looks at the output '{name}', which the model has not",
            fix=f"Did you mean '{near}'?" if near else f"It gives {', '.join(outputs)}.",
        )
    return outputs[name]


def _chosen(outputs: Rows, of: Sequence[str]) -> list[str]:
    for name in of:
        _output(outputs, name)
    return list(of) or list(outputs)


def _numbers(outputs: Rows, of: Sequence[str]) -> list[str]:
    """The outputs that are numbers."""
    found = [name for name in _chosen(outputs, of) if outputs[name].dtype.kind in "fiu"]
    if not found:
        raise DefinitionError(
            f"None of the outputs {', '.join(_chosen(outputs, of))} is a number", fix="Name outputs that are."
        )
    return found


def _flat(values: Array) -> Array:
    return np.asarray(values.reshape(len(values), -1), np.float64)


def moved(before: Rows, after: Rows, of: Sequence[str], floor: float | None) -> Array:
    """Return, for each row and number, after less before; NaN where one of them is no finite number and they differ.

    Args:
        before: Outputs.
        after: Outputs of the same rows, changed.
        of: Names of outputs; none: all. What is no number counts one where it differs.
        floor: None for plain differences; else they are shares of the size of `before`, or of this where that is less.
    """
    parts = []
    for name in _chosen(before, of):
        first, second = before[name], _output(after, name)
        if first.dtype.kind not in "fiu":
            parts.append(_flat(unlike(first, second)))
            continue
        old, new = _flat(first), _flat(second)
        with np.errstate(invalid="ignore", over="ignore"):
            difference = np.where((old == new) | (np.isnan(old) & np.isnan(new)), 0.0, new - old)
            scale = 1.0 if floor is None else np.maximum(np.abs(old), floor)
            share = np.where(difference == 0, 0.0, difference / scale)
        parts.append(np.where(np.isfinite(share), share, np.nan))
    return np.concatenate(parts, axis=1)


def apart(sizes: Array) -> Array:
    """Return the largest size of each row; NaN is infinite."""
    return np.asarray(np.where(np.isnan(sizes), np.inf, sizes).max(axis=1, initial=0.0))


def scaled(outputs: Rows, amount: Array | None) -> dict[str, Array]:
    """Return outputs with their floats multiplied by the amount of each row."""
    if amount is None:
        raise DefinitionError(
            "An equivariant property has a change without an amount",
            fix="Use Scale, name the amount of Changing, or give `expected`.",
        )
    return {
        name: values * amount.reshape(-1, *[1] * (values.ndim - 1)) if values.dtype.kind == "f" else values
        for name, values in outputs.items()
    }


def outside(asked: Asked, of: Sequence[str], low: Bound, high: Bound) -> Array:
    """Return by how much numbers lie below `low` or above `high`; what is not finite lies infinitely far."""
    least, most = (_flat(np.asarray(end(asked.inputs))) if callable(end) else end for end in (low, high))
    sizes = []
    for name in _numbers(asked.outputs, of):
        values = _flat(asked.outputs[name])
        with np.errstate(invalid="ignore"):
            size = np.maximum(least - values, values - most)
        sizes.append(np.where(np.isfinite(values), np.maximum(size, 0.0), np.nan))
    return apart(np.concatenate(sizes, axis=1))


def crossing(outputs: Rows, of: Sequence[str]) -> Array:
    """Return by how much each output, or element of one vector, at most lies above the next one."""
    values = np.concatenate([_flat(outputs[name]) for name in _numbers(outputs, of)], axis=1)
    with np.errstate(invalid="ignore"):
        steps = values[:, :-1] - values[:, 1:]
    return np.maximum(apart(np.where(np.isfinite(values[:, :-1]) & np.isfinite(values[:, 1:]), steps, np.nan)), 0.0)


def decided(outputs: Rows, decision: Callable[[Rows], Any] | None) -> Array | None:
    """Return what is decided of each row; without a rule its outputs that are no floats; None where there are none."""
    if decision is not None:
        return np.asarray(decision(outputs))
    classes = [name for name, values in outputs.items() if values.dtype.kind in "OUSiub" and values.ndim == 1]
    if not classes:
        return None
    return np.array(
        ["\x1f".join(map(str, row)) for row in zip(*(outputs[name].tolist() for name in classes), strict=True)]
    )
