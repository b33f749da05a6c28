"""Rows that break a property, looked for in batches."""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from mainspring.quality.asking import Asker, Pool, Predict
from mainspring.quality.changes import Keep, World
from mainspring.quality.kinds import Cases, Consistent, Property, Source, Way
from mainspring.quality.rows import Array, Mask, Rows, count_of, differing, repeated, taken
from mainspring.quality.sizes import Asked, apart, decided, moved

__all__ = ["Example", "Sample", "Searching", "search", "search_cases", "search_ways", "sizes_of"]

Decision = Callable[[Rows], Any]
VARIANTS: Final = 8
EXAMPLES: Final = 2
ALONE: Final = 8
UNASKED: Final = -np.inf


@dataclass(frozen=True)
class Example:
    """A row that breaks a property, before it is shrunk: first what is asked first, then the changed row."""

    property: Property
    source: str
    before: dict[str, Array]
    after: dict[str, Array]
    amount: Array | None
    size: float


@dataclass(frozen=True)
class Sample:
    """What came of rows of one source: sizes and turned decisions by row, and the worst of them."""

    of: str
    places: Array
    sizes: Array
    flips: Mask | None
    examples: tuple[Example, ...]
    parts: tuple["Sample", ...] = ()

    @property
    def checked(self) -> Mask:
        """The rows that were looked at: those that a change did change."""
        return np.asarray(self.sizes > UNASKED)


@dataclass(frozen=True)
class Searching:
    """What all searches of a check share."""

    ask: Asker
    pools: dict[Source, Pool]
    world: World
    budget: int
    decision: Decision | None


@dataclass
class _Worst:
    """The worst rows so far."""

    kept: list[tuple[float, int, Example]] = field(default_factory=list)
    seen: int = 0

    def add(self, example: Example) -> None:
        self.seen += 1
        item = (example.size, -self.seen, example)
        (heapq.heappush if len(self.kept) < EXAMPLES else heapq.heappushpop)(self.kept, item)

    def examples(self) -> tuple[Example, ...]:
        return tuple(one for _, _, one in sorted(self.kept, key=lambda item: -item[0]))


def search(prop: Property, source: Source, shared: Searching, budget: int) -> Sample:
    """Return what comes of rows of one source: of real rows several variants each, of the domain each row once."""
    pool = shared.pools[source]
    places = pool.places(prop.where, budget)
    alone = prop.looks == "row" and (source == "domain" or isinstance(prop.change, Keep))
    variants = 1 if alone or source == "domain" or not len(places) else int(np.clip(budget // len(places), 1, VARIANTS))
    sizes, flips = np.full(len(places), UNASKED), np.zeros(len(places), bool)
    worst, decides = _Worst(), False
    step = max(1, shared.ask.batch // variants)
    for start in range(0, len(places), step):
        part = slice(start, start + step)
        first = Asked(taken(pool.rows, places[part]), pool.outputs(places[part]))
        rounds: list[tuple[Asked, int | None]] = [(first, None)] if prop.looks == "row" else []
        if not alone:
            rounds.append((_tiled(first, variants), variants))
        for before, times in rounds:
            found = _round(prop, before, times, shared)
            repeats = times or 1
            sizes[part] = np.maximum(sizes[part], found.sizes.reshape(repeats, -1).max(axis=0))
            if found.flips is not None:
                decides = True
                flips[part] |= found.flips.reshape(repeats, -1).any(axis=0)
            for place in _largest(found.sizes, prop.allow.size):
                worst.add(found.example(prop, source, place))
    return Sample(source, places, sizes, flips if decides else None, worst.examples())


def _tiled(asked: Asked, times: int) -> Asked:
    return Asked(repeated(asked.inputs, times), repeated(asked.outputs, times))


@dataclass(frozen=True)
class _Round:
    before: Asked
    after: Asked
    amount: Array | None
    sizes: Array
    flips: Mask | None

    def example(self, prop: Property, source: str, place: int) -> Example:
        at = slice(place, place + 1)
        amount = None if self.amount is None else self.amount[at]
        size = float(self.sizes[place])
        return Example(prop, source, taken(self.before.inputs, at), taken(self.after.inputs, at), amount, size)


def _round(prop: Property, before: Asked, times: int | None, shared: Searching) -> _Round:
    """Sizes of rows as they are (`times` is None), or of what they are changed to."""
    if times is None:
        return _Round(before, before, None, prop.size(before, before, None), None)
    changed = prop.change.apply(before.inputs, shared.world)
    inputs = {**before.inputs, **changed.columns}
    touched = differing(before.inputs, inputs, changed.columns)
    if prop.looks == "changed":
        touched[:] = True
    after = before
    if touched.any():
        asked = shared.ask(taken(inputs, touched))
        outputs = {name: _spread(asked[name], touched, values) for name, values in before.outputs.items()}
        after = Asked(inputs, outputs)
    sizes = np.where(touched, prop.size(before, after, changed.amount), UNASKED)
    flips = _flips(before, after, shared.decision) if prop.looks == "pair" else None
    return _Round(before, after, changed.amount, sizes, flips)


def _spread(asked: Array, touched: Mask, like: Array) -> Array:
    """Answers to some rows, among those that all of them had."""
    found = like.copy()
    found[touched] = asked
    return found


def _flips(before: Asked, after: Asked, decision: Decision | None) -> Mask | None:
    first, second = decided(before.outputs, decision), decided(after.outputs, decision)
    return None if first is None or second is None else np.asarray(first != second, bool)


def _largest(sizes: Array, allowed: float) -> list[int]:
    """Places of the largest sizes that are not allowed."""
    most = np.argsort(-sizes, kind="stable")[:EXAMPLES]
    return [int(place) for place in most if sizes[place] > allowed]


def sizes_of(prop: Property, before: Rows, after: Rows, amount: Array | None, ask: Asker) -> tuple[Array, Asked, Asked]:
    """Return by how much pairs of rows break a property, and what the model says of both."""
    count = count_of(after)
    if prop.looks == "pair":
        both = ask({name: np.concatenate([before[name], after[name]]) for name in after})
        first, second = Asked(before, taken(both, slice(count))), Asked(after, taken(both, slice(count, None)))
    else:
        second = Asked(after, ask(after))
        first = second
    return prop.size(first, second, amount), first, second


def search_cases(cases: Cases, source: Source, shared: Searching, budget: int) -> Sample:
    """Return what comes of all cases: a real row counts once, with the worst of them."""
    each = max(1, budget // len(cases.cases))
    found = [search(case.as_property(cases.name, cases.allow), source, shared, each) for case in cases.cases]
    places = np.unique(np.concatenate([one.places for one in found]))
    sizes = np.full(len(places), UNASKED)
    for one in found:
        at = np.searchsorted(places, one.places)
        sizes[at] = np.maximum(sizes[at], one.sizes)
    examples = sorted((one for part in found for one in part.examples), key=lambda one: -one.size)
    parts = tuple(
        Sample(case.name, one.places, one.sizes, None, ()) for case, one in zip(cases.cases, found, strict=True)
    )
    return Sample(source, places, sizes, None, tuple(examples[:EXAMPLES]), parts)


def search_ways(wanted: Consistent, source: Source, shared: Searching, budget: int, again: Predict | None) -> Sample:
    """Return by how much the answers to rows differ when they are asked in another way."""
    pool = shared.pools[source]
    places = pool.places(wanted.where, budget)
    rows, expected = taken(pool.rows, places), pool.outputs(places)
    flips, sizes, parts, decides = np.zeros(len(places), bool), np.full(len(places), UNASKED), [], False
    for way in wanted.ways:
        at = np.arange(min(ALONE, len(places)) if way == "alone" else len(places))
        if way == "round trip" and again is None:
            continue
        got = _asked(way, taken(rows, at), shared, again)
        kept = taken(expected, at)
        difference = apart(np.abs(moved(kept, got, wanted.of, wanted.allow.floor)))
        parts.append(Sample(way, places[at], difference, None, ()))
        sizes[at] = np.maximum(sizes[at], difference)
        turned = _flips(Asked(rows, kept), Asked(rows, got), shared.decision)
        if turned is not None:
            decides = True
            flips[at] |= turned
    return Sample(source, places, sizes, flips if decides else None, (), tuple(parts))


def _asked(way: Way, rows: dict[str, Array], shared: Searching, again: Predict | None) -> dict[str, Array]:
    count = count_of(rows)
    if way == "twice" or count == 0:
        return shared.ask(rows)
    if way == "round trip" and again is not None:
        return {name: np.asarray(values) for name, values in again(rows).items()}
    if way == "alone":
        return _joined([shared.ask(taken(rows, slice(place, place + 1))) for place in range(count)], np.arange(count))
    order = shared.world.random.permutation(count)
    ends = np.unique(np.minimum([1, 3, 10, 10 + (count - 10) // 3], count).clip(0))
    parts = [shared.ask(taken(rows, one)) for one in np.split(order, ends) if len(one)]
    return _joined(parts, order)


def _joined(parts: Sequence[Rows], order: Array) -> dict[str, Array]:
    """Answers in parts, put back into the order of the rows."""
    back = np.argsort(order)
    return {name: np.concatenate([one[name] for one in parts])[back] for name in parts[0]}
