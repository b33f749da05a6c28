"""Changes of windows: what counts would have been, had a change been in the rows, without the rows."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import DefinitionError, nearest
from mainspring.monitoring.layouts import Axis, Layout
from mainspring.monitoring.shares import WHOLE
from mainspring.monitoring.stacks import LATENCIES, Stack

__all__ = ["CHANGES", "ERRORS", "Change", "able", "shifted"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_TAIL: Final = 1.35  # of the bin beside it: as far as the density of a normal tail of 5% reaches at its edge's height

CHECKS: Final = {
    "drift": "drift",
    "mix": "drift",
    "nulls": "nulls",
    "new_category": "new_category",
    "volume": "volume",
    "latency": "latency",
    "contract": "contract",
    "duplicates": "duplicates",
    "fallback": "fallback",
    "concept": "errors",
}
_FACTORS: Final = ("volume", "latency", "concept")


@dataclass(frozen=True, slots=True)
class Change:
    """A change of so much that it is asked how soon it is found.

    Attributes:
        kind: `drift`: numbers move by `size` standard deviations. `mix`: `size` of a category's rows take its most
            frequent value. `nulls`, `new_category`: so many more of the rows, as a share. `volume`, `latency`: so many
            times as many rows, as long answers. `contract`, `duplicates`, `fallback`: so many more, as a share.
            `concept`: so many times the mean loss of joined labels; see `simulate_errors`.
        size: How much.

    Raises:
        DefinitionError: There is no such kind, or it cannot have that size.
    """

    kind: str
    size: float

    def __post_init__(self) -> None:
        if self.kind not in CHECKS:
            near = nearest(self.kind, CHECKS)
            fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(CHECKS)}."
            raise DefinitionError(f"There is no change '{self.kind}'", fix=fix)
        share = self.kind not in ("drift", *_FACTORS)
        if not math.isfinite(self.size) or self.size == 0 or (self.kind != "drift" and not self.size > 0):
            raise DefinitionError(f"The change '{self.kind}' cannot be {self.size}", fix="Give a size above 0.")
        if share and self.size > 1:
            raise DefinitionError(f"A share of {self.size} is none", fix=f"Give '{self.kind}' as 0.05 for 5%.")

    @property
    def check(self) -> str:
        """The check that is meant to find it."""
        return CHECKS[self.kind]

    @property
    def says(self) -> str:
        """The size in words."""
        if self.kind == "drift":
            return f"{self.size:g} sd"
        if self.kind in _FACTORS:
            return f"x {self.size:g}"
        return f"{100 * self.size:g}%"

    def weakened(self, strength: float) -> "Change":
        """Return the change while only a part of it is there."""
        if self.kind in _FACTORS:
            return replace(self, size=1 + strength * (self.size - 1))
        return replace(self, size=strength * self.size)


CHANGES: Final = tuple(
    Change(kind, size)
    for kind, sizes in {
        "drift": (0.05, 0.1, 0.15, 0.25, 0.5, 1.0),
        "mix": (0.02, 0.05, 0.1, 0.2),
        "nulls": (0.01, 0.02, 0.05, 0.1),
        "new_category": (0.002, 0.01, 0.05),
        "volume": (0.9, 0.7, 0.5, 0.1),
        "latency": (1.1, 1.25, 1.5, 2.0),
    }.items()
    for size in sizes
)
"""The changes that are asked for by default."""

ERRORS: Final = tuple(Change("concept", size) for size in (1.02, 1.05, 1.1, 1.25, 1.5))
"""Those that joined labels are asked for by default."""


def able(change: Change, stack: Stack, layout: Layout) -> tuple[int, ...]:
    """Return the places, among the columns of its check, that a change can be in."""
    if change.kind == "latency":
        return tuple(range(len(LATENCIES))) if np.isfinite(stack.latency).all() else ()
    if change.kind in ("volume", *WHOLE):
        return (0,)
    if change.kind == "concept":
        return ()
    fits: dict[str, Callable[[Axis], bool]] = {
        "drift": lambda axis: axis.kind == "number" and bool(axis.edges),
        "mix": lambda axis: axis.kind == "category" and bool(axis.labels),
        "nulls": lambda _: True,
        "new_category": lambda axis: axis.kind == "category" and axis.known is not None,
    }
    return tuple(place for place, axis in enumerate(layout.axes) if fits[change.kind](axis))


def shifted(change: Change, stack: Stack, layout: Layout, rng: np.random.Generator) -> Stack:
    """Return what windows would hold with a change in every column that it can be in, one as if the others had none.

    Numbers are moved as counts: those of a bin lie evenly in it, and come to lie in the bins where they are then. Rows
    that change otherwise are drawn. Sums of two numbers, and what is out of range, stay as they are.
    """
    if change.kind == "volume":
        return replace(stack, volume=stack.volume + math.log(change.size))
    if change.kind == "latency":
        return replace(stack, latency=stack.latency + math.log(change.size))
    if change.kind in WHOLE:
        place = WHOLE.index(change.kind)
        shares = stack.shares.copy()
        left = np.maximum(stack.totals[:, place] - shares[:, place], 0).astype(np.int64)
        shares[:, place] += rng.binomial(left, change.size)
        return replace(stack, shares=shares)
    return _COUNTED[change.kind](change, stack, layout, rng)


def _moved(change: Change, stack: Stack, layout: Layout, _: np.random.Generator) -> Stack:
    counts = stack.counts.copy()
    for place in able(change, stack, layout):
        axis = layout.axes[place]
        mine = counts[:, place, : axis.bins]
        counts[:, place, : axis.bins] = mine @ _carried(axis, change.size * axis.scale)
    return replace(stack, counts=counts)


def _carried(axis: Axis, by: float) -> Floats:
    """Which share of a bin's numbers is in which bin after they have moved."""
    ends = np.array([_outer(axis, first=True), *axis.edges, _outer(axis, first=False)])
    low, high = ends[:-1] + by, ends[1:] + by
    cuts = np.array([-np.inf, *axis.edges, np.inf])
    overlap = np.minimum(high[:, np.newaxis], cuts[1:]) - np.maximum(low[:, np.newaxis], cuts[:-1])
    return np.asarray(np.maximum(overlap, 0) / (high - low)[:, np.newaxis], dtype=np.float64)


def _outer(axis: Axis, *, first: bool) -> float:
    """Where the first or the last bin, which has no end, is taken to end."""
    edges = axis.edges
    edge = edges[0] if first else edges[-1]
    seen = axis.minimum if first else axis.maximum
    gap = abs(edges[1] - edges[0] if first else edges[-1] - edges[-2]) if len(edges) > 1 else axis.scale
    reach = _TAIL * gap if seen is None or seen == edge else min(_TAIL * gap, abs(seen - edge))
    return edge - reach if first else edge + reach


def _mixed(change: Change, stack: Stack, layout: Layout, rng: np.random.Generator) -> Stack:
    counts = stack.counts.copy()
    for place in able(change, stack, layout):
        usual = int(counts[:, place].sum(0).argmax())
        gone = rng.binomial(counts[:, place].astype(np.int64), change.size)
        counts[:, place] -= gone
        counts[:, place, usual] += gone.sum(-1)
    return replace(stack, counts=counts)


def _emptied(change: Change, stack: Stack, _: Layout, rng: np.random.Generator) -> Stack:
    left = np.maximum(stack.rows[:, np.newaxis] - stack.missing, 0).astype(np.int64)
    return replace(stack, missing=stack.missing + rng.binomial(left, change.size))


def _renamed(change: Change, stack: Stack, layout: Layout, rng: np.random.Generator) -> Stack:
    fresh = stack.fresh.copy()
    for place in able(change, stack, layout):
        known = np.maximum(stack.counts[:, place].sum(-1) - fresh[:, place], 0).astype(np.int64)
        fresh[:, place] += rng.binomial(known, change.size)
    return replace(stack, fresh=fresh)


_COUNTED: Final[dict[str, Callable[[Change, Stack, Layout, np.random.Generator], Stack]]] = {
    "drift": _moved,
    "mix": _mixed,
    "nulls": _emptied,
    "new_category": _renamed,
}
