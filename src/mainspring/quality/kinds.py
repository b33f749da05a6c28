"""What can be said of a model: each function gives a property, to be checked by `check`.

Sizes are those of the largest output that breaks it, in its unit, or as shares where `Allow.floor` is set.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from mainspring.errors import DefinitionError
from mainspring.quality.changes import Assign, Change, Keep, Replace
from mainspring.quality.rows import Array, Mask, Rows
from mainspring.quality.sizes import Asked, Bound, Size, apart, crossing, moved, outside, scaled

__all__ = [
    "Allow",
    "AnyProperty",
    "Case",
    "Cases",
    "Consistent",
    "NoWorse",
    "Property",
    "bounded",
    "consistent",
    "directional",
    "equivariant",
    "holds",
    "invariant",
    "minimum_functionality",
    "monotonic",
    "no_worse_on",
    "non_crossing",
    "robust",
]

Source = Literal["real", "domain"]
Way = Literal["twice", "batch", "alone", "round trip"]
Where = Callable[[Rows], Mask]
WAYS: Final[tuple[Way, ...]] = ("twice", "batch", "alone", "round trip")


@dataclass(frozen=True, slots=True)
class Allow:
    """How much of a property may be broken.

    Attributes:
        share: The largest share of rows that may break it; what was seen has to show that it is no more. None: no share
            is shown, and what was asked may not break it.
        size: A row breaks the property when its size is above this.
        worst: The largest size that any row may have; None: `size`, so that no row that was asked may break it.
        floor: None for sizes in the unit of the output; else they are shares of it, or of this where that is less.
        sources: Where rows are looked for: among `real` ones, and in the `domain`. Each is told apart, and has to hold.
    """

    share: float | None = 0.01
    size: float = 0.0
    worst: float | None = None
    floor: float | None = None
    sources: tuple[Source, ...] = ("real", "domain")

    def __post_init__(self) -> None:
        if self.share is not None and not 0 < self.share < 1:
            raise DefinitionError(
                f"A property cannot allow a share of {self.share}", fix="Give one inside (0, 1), or None for no rows."
            )
        if self.worst is not None and self.worst < self.size:
            raise DefinitionError(
                f"A property allows sizes up to {self.size:g} and none above {self.worst:g}",
                fix="Give a worst size that is at least `size`.",
            )
        if not self.sources:
            raise DefinitionError("A property decides on no rows", fix="Give 'real', 'domain' or both as sources.")

    @property
    def most(self) -> float:
        """The largest size that any row may have."""
        return self.size if self.worst is None else self.worst


STRICT: Final = Allow()
ALL: Final = Allow(share=None)
NAMED: Final = Allow(share=None, sources=("real",))


@dataclass(frozen=True)
class Property:
    """What is said of rows one by one, or of a row and what it becomes.

    Attributes:
        name: What is said, in the reader's words.
        kind: Which function made it.
        size: By how much rows break it.
        change: How rows are changed.
        looks: `pair`: a row and the changed one are compared; `row`: each alone is looked at; `changed`: only the
            changed one.
        where: Which rows it is about; None for all.
        allow: How much of it may be broken.
    """

    name: str
    kind: str
    size: Size
    change: Change
    looks: Literal["pair", "row", "changed"]
    where: Where | None
    allow: Allow


@dataclass(frozen=True)
class Consistent:
    """A row has one answer, however it is asked; see `consistent`."""

    name: str
    ways: tuple[Way, ...]
    of: tuple[str, ...]
    where: Where | None
    allow: Allow
    kind: str = "consistent"


@dataclass(frozen=True)
class Case:
    """One thing that a model has to get right.

    Attributes:
        name: What it is.
        given: What the row is: values of columns, the other columns being those of real rows; or how rows are changed.
        expects: For each output the least and the greatest value; each is a number, or worked out from the rows.
        where: Which real rows it starts from; None for all.
    """

    name: str
    given: Mapping[str, Any] | Change
    expects: Mapping[str, tuple[Bound, Bound]]
    where: Where | None = None

    def as_property(self, of: str, allow: Allow) -> Property:
        """Return what the case says, as a property of rows."""

        def size(_: Asked, after: Asked, __: Array | None) -> Array:
            sizes = [outside(after, (name,), *ends) for name, ends in self.expects.items()]
            return np.asarray(np.max(sizes, axis=0))

        change = Assign(self.given) if isinstance(self.given, Mapping) else self.given
        return Property(f"{of}: {self.name}", "minimum_functionality", size, change, "changed", self.where, allow)


@dataclass(frozen=True)
class Cases:
    """Named cases; see `minimum_functionality`."""

    name: str
    cases: tuple[Case, ...]
    allow: Allow
    kind: str = "minimum_functionality"


@dataclass(frozen=True)
class NoWorse:
    """No slice is worse than the whole, or than a baseline; see `no_worse_on`."""

    name: str
    by: str
    loss: Callable[[Rows, Rows, Rows], Array]
    margin: float
    against: Callable[[Rows, Rows], Array] | None
    cluster: Callable[[Rows], Array] | None
    allow: Allow = ALL
    kind: str = "no_worse_on"


AnyProperty = Property | Consistent | Cases | NoWorse


def monotonic(
    name: str,
    change: Change,
    goes: Literal["up", "down"],
    *,
    of: Sequence[str] = (),
    where: Where | None = None,
    allow: Allow = STRICT,
) -> Property:
    """Return: when rows are changed so, outputs do not go the other way. Price up, demand not up: `goes="down"`.

    Args:
        name: What is said.
        change: How rows are changed, such as `Shift`.
        goes: Where the outputs may go.
        of: Outputs; none named: all.
        where: Which rows it is about.
        allow: How much of it may be broken.

    Raises:
        DefinitionError: `goes` is neither up nor down.
    """
    if goes not in ("up", "down"):
        raise DefinitionError(f"Outputs of '{name}' cannot go {goes!r}", fix="Say 'up' or 'down'.")
    sign = -1.0 if goes == "up" else 1.0

    def size(before: Asked, after: Asked, _: Array | None) -> Array:
        return apart(sign * moved(before.outputs, after.outputs, of, allow.floor))

    return Property(name, "monotonic", size, change, "pair", where, allow)


def directional(
    name: str,
    change: Change,
    between: tuple[float, float],
    *,
    of: Sequence[str] = (),
    where: Where | None = None,
    allow: Allow = STRICT,
) -> Property:
    """Return: when rows are changed so, outputs move by an amount that lies between two.

    Args:
        name: What is said.
        change: How rows are changed.
        between: The least and the greatest move; `(0.1, inf)` with a floor: up by at least a tenth.
        of: Outputs; none named: all.
        where: Which rows it is about.
        allow: How much of it may be broken.
    """
    least, most = between

    def size(before: Asked, after: Asked, _: Array | None) -> Array:
        move = moved(before.outputs, after.outputs, of, allow.floor)
        return apart(np.maximum(np.maximum(least - move, move - most), 0.0))

    return Property(name, "directional", size, change, "pair", where, allow)


def invariant(
    name: str,
    change: Change,
    *,
    of: Sequence[str] = (),
    where: Where | None = None,
    allow: Allow = STRICT,
) -> Property:
    """Return: when rows are changed so, outputs stay: a synonym, another unit, an id that must not matter.

    Args:
        name: What is said.
        change: How rows are changed.
        of: Outputs; none named: all.
        where: Which rows it is about.
        allow: How much of it may be broken.
    """
    return _still("invariant", name, change, of, where, allow)


def robust(
    name: str,
    change: Change,
    *,
    of: Sequence[str] = (),
    where: Where | None = None,
    allow: Allow,
) -> Property:
    """Return: when rows are changed a little, outputs move a little: `Allow.size` says how much a little is.

    Args:
        name: What is said.
        change: How rows are changed, such as `Noise`.
        of: Outputs; none named: all.
        where: Which rows it is about.
        allow: How much outputs may move, and how much of it may be broken.

    Raises:
        DefinitionError: Nothing is allowed to move, which is `invariant`.
    """
    if not allow.size > 0:
        raise DefinitionError(f"'{name}' allows no move at all", fix="Give Allow(size=…), or use `invariant`.")
    return _still("robust", name, change, of, where, allow)


def _still(kind: str, name: str, change: Change, of: Sequence[str], where: Where | None, allow: Allow) -> Property:
    def size(before: Asked, after: Asked, _: Array | None) -> Array:
        return apart(np.abs(moved(before.outputs, after.outputs, of, allow.floor)))

    return Property(name, kind, size, change, "pair", where, allow)


def equivariant(
    name: str,
    change: Change,
    expected: Callable[[Rows, Array | None], Mapping[str, Array]] = scaled,
    *,
    of: Sequence[str] = (),
    where: Where | None = None,
    allow: Allow = STRICT,
) -> Property:
    """Return: when rows are changed so, outputs change likewise.

    Args:
        name: What is said.
        change: How rows are changed, such as `Scale`.
        expected: What the outputs become, from those before and the amount of the change; without one, the factor of
            `Scale` times the outputs.
        of: Outputs; none named: all.
        where: Which rows it is about.
        allow: How much of it may be broken.
    """

    def size(before: Asked, after: Asked, amount: Array | None) -> Array:
        return apart(np.abs(moved(expected(before.outputs, amount), after.outputs, of, allow.floor)))

    return Property(name, "equivariant", size, change, "pair", where, allow)


def bounded(
    name: str,
    low: Bound = -math.inf,
    high: Bound = math.inf,
    *,
    of: Sequence[str] = (),
    where: Where | None = None,
    allow: Allow = STRICT,
) -> Property:
    """Return: outputs are finite, and lie between two values.

    Args:
        name: What is said.
        low: The least value, or what works it out from the rows.
        high: The greatest one.
        of: Outputs that are numbers; none named: all of these.
        where: Which rows it is about.
        allow: How much of it may be broken.
    """

    def size(_: Asked, after: Asked, __: Array | None) -> Array:
        return outside(after, of, low, high)

    return Property(name, "bounded", size, Replace(), "row", where, allow)


def non_crossing(name: str, of: Sequence[str], *, where: Where | None = None, allow: Allow = STRICT) -> Property:
    """Return: each output is at least as large as the one before: quantiles do not cross.

    Args:
        name: What is said.
        of: Outputs, the smallest first; or one vector.
        where: Which rows it is about.
        allow: How much of it may be broken.
    """

    def size(_: Asked, after: Asked, __: Array | None) -> Array:
        return crossing(after.outputs, of)

    return Property(name, "non_crossing", size, Replace(), "row", where, allow)


def holds(
    name: str,
    function: Callable[..., Any],
    change: Change | None = None,
    *,
    where: Where | None = None,
    allow: Allow = STRICT,
) -> Property:
    """Return what the user's own function says.

    Args:
        name: What is said.
        function: It is given rows with their outputs (`Asked`), and the changed ones where there is a change. It
            returns for each row whether it holds, or by how much it does not: 0 where it does.
        change: How rows are changed; None: each row is looked at alone, real ones with values of others put in as well;
            `Keep()`: just as it is.
        where: Which rows it is about.
        allow: How much of it may be broken.
    """
    alone = change is None or isinstance(change, Keep)

    def size(before: Asked, after: Asked, _: Array | None) -> Array:
        said = np.asarray(function(after) if alone else function(before, after))
        found = (~said).astype(np.float64) if said.dtype.kind == "b" else said.astype(np.float64)
        return apart(found.reshape(len(found), -1))

    return Property(name, "holds", size, change or Replace(), "row" if alone else "pair", where, allow)


def consistent(
    name: str,
    ways: Sequence[Way] = WAYS,
    *,
    of: Sequence[str] = (),
    where: Where | None = None,
    allow: Allow = STRICT,
) -> Consistent:
    """Return: a row has the same answer `twice`, in another `batch` and order, `alone`, and after the `round trip`.

    The round trip is that of a package: what it says is asked of the `again` that `check` is given; without one, it is
    not looked at, which the verdict says.

    Args:
        name: What is said.
        ways: Which of these.
        of: Outputs; none named: all.
        where: Which rows it is about.
        allow: How much of it may be broken.

    Raises:
        DefinitionError: A way is none of these.
    """
    for way in ways:
        if way not in WAYS:
            raise DefinitionError(f"'{name}' cannot be asked {way!r}", fix=f"Ways are {', '.join(WAYS)}.")
    return Consistent(name, tuple(ways), tuple(of), where, allow)


def minimum_functionality(name: str, cases: Sequence[Case], *, allow: Allow = NAMED) -> Cases:
    """Return: named cases come out as they have to. A case is tried on real rows, with what it gives put in.

    Args:
        name: What they are about.
        cases: The cases.
        allow: How much of them may be broken: nothing that is asked, without one.

    Raises:
        DefinitionError: There is no case, or two have one name.
    """
    names = [one.name for one in cases]
    if not names or len({*names}) < len(names):
        raise DefinitionError(f"'{name}' has the cases {names}", fix="Give at least one, each with a name of its own.")
    return Cases(name, tuple(cases), allow)


def no_worse_on(
    name: str,
    by: str,
    loss: Callable[[Rows, Rows, Rows], Array],
    *,
    margin: float = 0.1,
    against: Callable[[Rows, Rows], Array] | None = None,
    cluster: Callable[[Rows], Array] | None = None,
) -> NoWorse:
    """Return: on no slice the mean loss is more than a margin above that of all rows, or of a baseline there.

    It needs the `outcomes` that `check` is given. A slice breaks it where the evidence says so, at the level of the
    check after Holm's correction over slices; what there is too little evidence for is told.

    Args:
        name: What is said.
        by: The column of the rows, or the name among the slices of the check, whose values are the slices.
        loss: The loss of each row, from inputs, outputs and outcomes.
        margin: How much worse a slice may be, as a share.
        against: The loss of each row of a baseline, from inputs and outcomes; None: the mean loss of all rows.
        cluster: What rows are not independent of each other within, from inputs; None: each row alone.
    """
    return NoWorse(name, by, loss, margin, against, cluster)
