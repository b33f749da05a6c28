"""Whether two sets of predictions agree: by quantiles of the difference, by decisions, and by the maximum, apart.

The difference of a row is |got - expected| / max(|expected|, floor). Two NaN agree, and so do equal infinities; one of
them against a number is an infinite difference. A quantile is the least difference that was seen and is not below that
share of the rows: nothing is interpolated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mainspring.errors import DefinitionError, ParityError, nearest
from mainspring.package.frames import Array
from mainspring.package.rules import Decision, Rule

__all__ = ["Measure", "Parity", "check_parity", "parity"]


@dataclass(frozen=True, slots=True)
class Measure:
    """How one output agrees.

    Attributes:
        output: Its name.
        rows: Number of rows.
        quantiles: For each share of the rule: the share, the difference, its limit.
        maximum: The greatest difference; of labels, 1 where one differs.
        differing: Rows that differ at all.
        flips: Decisions that flip outside the margin.
        near: Decisions that flip inside of it.
        faults: What breaks the rule, in words.
    """

    output: str
    rows: int
    quantiles: tuple[tuple[float, float, float], ...]
    maximum: float
    differing: int
    flips: int
    near: int
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parity:
    """How predictions agree, output by output."""

    outputs: tuple[Measure, ...]

    @property
    def ok(self) -> bool:
        """Whether the rule holds."""
        return not any(one.faults for one in self.outputs)

    @property
    def faults(self) -> tuple[str, ...]:
        """What breaks the rule, in words."""
        return tuple(f"'{one.output}': {fault}" for one in self.outputs for fault in one.faults)


def parity(expected: Mapping[str, Array], got: Mapping[str, Array], rule: Rule) -> Parity:
    """Return how predictions agree with what is expected.

    Raises:
        ParityError: They cannot be compared: other outputs, shapes or kinds, or no rows.
        DefinitionError: A decision is about an output that there is not.
    """
    if set(expected) != set(got):
        raise ParityError(f"There are the outputs {sorted(got)}, and {sorted(expected)} are expected")
    for decision in rule.decisions:
        _check_decision(decision, expected)
    return Parity(tuple(_measure(name, np.asarray(expected[name]), np.asarray(got[name]), rule) for name in expected))


def check_parity(expected: Mapping[str, Array], got: Mapping[str, Array], rule: Rule, where: str) -> Parity:
    """Return how predictions agree, when they do.

    Raises:
        ParityError: They do not agree by the rule.
    """
    found = parity(expected, got, rule)
    if not found.ok:
        raise ParityError(
            "Predictions differ by more than the rule allows",
            where,
            "Look at the rows that differ; state the rule that the decision needs, or package the stage as source.",
            found.faults,
        )
    return found


def _check_decision(decision: Decision, expected: Mapping[str, Array]) -> None:
    if decision.output not in expected:
        near = nearest(decision.output, expected)
        raise DefinitionError(
            f"A decision is about '{decision.output}', and there is no such output",
            fix=f"Did you mean '{near}'?" if near else f"Outputs are {', '.join(sorted(expected))}.",
        )
    if (decision.threshold is None) == (expected[decision.output].ndim == 1):
        raise DefinitionError(
            f"The decision about '{decision.output}' {'needs a' if decision.threshold is None else 'has no use for a'}"
            " threshold",
            fix="Give a threshold for a number; leave it out for a vector, of which the greatest part decides.",
        )


def _measure(name: str, expected: Array, got: Array, rule: Rule) -> Measure:
    if expected.shape != got.shape or (expected.dtype.kind == "f") != (got.dtype.kind == "f"):
        raise ParityError(
            f"Output '{name}' is {got.dtype} of {got.shape}, and {expected.dtype} of {expected.shape} is expected"
        )
    if len(expected) == 0:
        raise ParityError(f"Output '{name}' has no rows to compare")
    if expected.dtype.kind != "f":
        return _labels(name, expected, got, rule)
    difference = _difference(expected, got, rule.floor)
    by_row = difference if difference.ndim == 1 else difference.reshape(len(difference), -1).max(axis=1)
    quantiles = tuple(
        (share, float(np.quantile(by_row, share, method="higher")), limit) for share, limit in rule.quantiles
    )
    maximum = float(by_row.max())
    flips, near = _flips(name, expected, got, rule)
    faults = [
        f"the difference at {share:g} of the rows is {found:.3g}, above {limit:g}"
        for share, found, limit in quantiles
        if not found <= limit
    ]
    if not maximum <= rule.maximum:
        faults.append(
            f"the greatest difference is {maximum:.3g}, above {rule.maximum:g}, in row {int(by_row.argmax())}"
        )
    if flips:
        faults.append(f"{flips:,} of {len(expected):,} decisions flip outside the margin")
    return Measure(name, len(expected), quantiles, maximum, int((by_row > 0).sum()), flips, near, tuple(faults))


def _difference(expected: Array, got: Array, floor: float) -> Array:
    expected, got = expected.astype(np.float64), got.astype(np.float64)
    same = (expected == got) | (np.isnan(expected) & np.isnan(got))
    with np.errstate(invalid="ignore", over="ignore"):
        difference: Array = np.abs(got - expected) / np.maximum(np.abs(expected), floor)
    difference[np.isnan(difference)] = np.inf
    difference[same] = 0.0
    return difference


def _labels(name: str, expected: Array, got: Array, rule: Rule) -> Measure:
    unlike = expected != got
    if unlike.ndim > 1:
        unlike = unlike.reshape(len(unlike), -1).any(axis=1)
    count = int(unlike.sum())
    share = count / len(expected)
    faults = (f"{count:,} of {len(expected):,} rows differ, above {rule.labels:g}",) if share > rule.labels else ()
    return Measure(name, len(expected), (), float(count > 0), count, 0, 0, faults)


def _flips(name: str, expected: Array, got: Array, rule: Rule) -> tuple[int, int]:
    outside = inside = 0
    for decision in rule.decisions:
        if decision.output != name:
            continue
        flipped, distance = _decided(decision, expected, got)
        counts = flipped & ~(distance <= decision.margin)
        outside += int(counts.sum())
        inside += int((flipped & ~counts).sum())
    return outside, inside


def _decided(decision: Decision, expected: Array, got: Array) -> tuple[Any, Any]:
    """Which rows decide otherwise, and how far the expected value is from doing so."""
    if decision.threshold is not None:
        flipped = (expected > decision.threshold) != (got > decision.threshold)
        return flipped, np.abs(expected - decision.threshold)
    flipped = expected.argmax(axis=1) != got.argmax(axis=1)
    ordered = np.sort(expected, axis=1)
    if ordered.shape[1] == 1:
        return flipped, np.zeros(len(expected))
    return flipped, ordered[:, -1] - ordered[:, -2]
