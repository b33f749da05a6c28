"""A row that breaks a property is brought as near to a real row as it goes, many attempts in a batch.

Delta debugging (Zeller and Hildebrandt, IEEE Transactions on Software Engineering 28, 2002) over columns, then over
elements of vectors, leaves out what does not matter; then what is left is moved towards the real row.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from mainspring.quality.asking import Asker
from mainspring.quality.changes import World
from mainspring.quality.rows import Array, Mask, Rows, count_of, repeated, taken, unlike
from mainspring.quality.searching import Example, sizes_of

__all__ = ["Shrunk", "minimal", "shrink"]

Breaks = Callable[[Mask], Mask]
_TRIES: Final = 4
_NEAREST: Final = 4
_GRID: Final = 16
_ROUNDS: Final = 3
_MOST_PARTS: Final = 64


def minimal(size: int, breaks: Breaks) -> tuple[int, ...]:
    """Return places, among `size`, none of which can be left out: what they are together still breaks it.

    Args:
        size: How many places there are; all together break it.
        breaks: Says of each row of a mask (attempts, places), in one batch, whether what is true in it breaks it.

    >>> minimal(40, lambda masks: masks[:, 7] & masks[:, 31])
    (7, 31)
    """
    kept, parts = np.arange(size), min(2, size)
    if bool(breaks(np.zeros((1, size), bool))[0]):
        return ()
    while len(kept) > 1:
        chunks = np.array_split(kept, parts)
        masks = np.zeros((2 * parts, size), bool)
        for place, chunk in enumerate(chunks):
            masks[place, chunk] = True
            masks[parts + place, kept] = True
            masks[parts + place, chunk] = False
        found = np.flatnonzero(breaks(masks))
        if len(found):
            first = int(found[0])
            kept = np.flatnonzero(masks[first])
            parts = 2 if first < parts else max(parts - 1, 2)
        elif parts < len(kept):
            parts = min(2 * parts, len(kept)) if parts < _MOST_PARTS else len(kept)
        else:
            break
        parts = min(parts, len(kept))
    return tuple(int(place) for place in kept)


class Shrunk:
    """A counterexample while it is shrunk: the real row, what is asked first, and what it is changed to."""

    def __init__(self, example: Example, anchor: dict[str, Array], ask: Asker, most: int) -> None:
        self.example, self.anchor, self.ask = example, anchor, ask
        self._most = ask.asked + most
        self.before, self.after, self.amount = example.before, example.after, example.amount
        if example.property.looks != "pair":
            self.before = anchor
        self.size = example.size

    def changed(self) -> list[str]:
        """Columns that differ between what is asked first and the changed row."""
        return _unlike(self.before, self.after)

    def context(self) -> list[str]:
        """Columns in which what is asked first is not the real row."""
        return _unlike(self.anchor, self.before)

    def count(self) -> int:
        """In how many columns anything differs from the real row."""
        return len({*self.changed(), *self.context()})

    def sizes(self, before: Rows, after: Rows, amount: Array | None) -> Array:
        """Sizes of attempts."""
        return sizes_of(self.example.property, before, after, amount, self.ask)[0]

    def broken(self, before: Rows, after: Rows, amount: Array | None) -> Mask:
        """Which attempts still break the property; none when as many rows were asked as may be."""
        if self.ask.asked >= self._most:
            return np.zeros(count_of(after), bool)
        return np.asarray(self.sizes(before, after, amount) > self.example.property.allow.size)


def shrink(example: Example, ask: Asker, world: World, most: int) -> Shrunk:
    """Return the smallest change against a real row that was found, asking about `most` rows for each that is tried."""
    anchors = [example.before] if example.source == "real" else _anchors(example.before, world.real, world)
    found = [_shrunk(Shrunk(example, anchor, ask, most), world) for anchor in anchors]
    best = min(found, key=Shrunk.count)
    best.size = float(best.sizes(best.before, best.after, best.amount)[0])
    return best


def _anchors(row: Rows, real: Rows, world: World) -> list[dict[str, Array]]:
    """The real rows, among many, that have the most columns as a row of the domain has them; others at random."""
    count = count_of(real)
    places = world.random.permutation(count)[:256]
    near = np.zeros(len(places))
    for name, values in real.items():
        near += ~unlike(values[places], row[name]).reshape(len(places), -1).any(axis=1)
    best = places[np.argsort(-near, kind="stable")[:_NEAREST]]
    return [taken(real, slice(int(place), int(place) + 1)) for place in best]


def _shrunk(state: Shrunk, world: World) -> Shrunk:
    prop = state.example.property
    if prop.looks == "pair":
        _shrink_context(state, world)
    shrinks = "elements" if prop.looks == "row" else "columns" if prop.looks == "changed" else prop.change.shrinks
    if prop.looks == "changed":
        _shrink_case(state, world)
    elif shrinks in ("columns", "elements"):
        _shrink_columns(state)
        if shrinks == "elements":
            _shrink_elements(state)
        _shrink_sizes(state)
        if prop.looks == "pair":
            _settle(state)
    elif shrinks == "together":
        _shrink_together(state)
    return state


def _unlike(first: Rows, second: Rows) -> list[str]:
    return [name for name in first if unlike(first[name], second[name]).any()]


def _mixed(names: list[str], masks: Mask, base: Rows, other: Rows) -> dict[str, Array]:
    """A row for each mask: that of `base`, with the columns of `other` where the mask holds."""
    count, made = len(masks), {}
    for name, values in base.items():
        made[name] = np.repeat(values, count, axis=0)
        if name in names:
            at = masks[:, names.index(name)]
            made[name][at] = other[name][0] if values.ndim == 1 else np.repeat(other[name], int(at.sum()), axis=0)
    return made


def _shrink_context(state: Shrunk, world: World) -> None:
    """Columns of what is asked first become those of the real row; the change is made anew, a few times."""
    change, names = state.example.property.change, state.context()
    if not names:
        return

    where = state.example.property.where

    def attempted(masks: Mask) -> tuple[dict[str, Array], dict[str, Array], Array | None, Mask]:
        before = repeated(_mixed(names, masks, state.anchor, state.before), _TRIES)
        made = change.apply(before, world)
        after = {**before, **made.columns}
        found = state.broken(before, after, made.amount)
        return before, after, made.amount, found if where is None else found & np.asarray(where(before), bool)

    kept = minimal(len(names), lambda masks: np.asarray(attempted(masks)[3].reshape(_TRIES, -1).any(axis=0)))
    mask = np.zeros((1, len(names)), bool)
    mask[0, list(kept)] = True
    before, after, amount, found = attempted(mask)
    if found.any():
        at = slice(int(found.argmax()), int(found.argmax()) + 1)
        state.before, state.after = taken(before, at), taken(after, at)
        state.amount = None if amount is None else amount[at]


def _settle(state: Shrunk) -> None:
    """What is not changed, and is not as in the real row either, becomes so on both sides where it does not matter."""
    where = state.example.property.where
    for name in state.context():
        real, before, after = state.anchor[name], state.before[name], state.after[name]
        places = np.flatnonzero((unlike(real, before) & ~unlike(before, after)).reshape(-1))
        if not len(places):
            continue

        def made(
            masks: Mask, name: str = name, places: Array = places, real: Array = real
        ) -> tuple[dict[str, Array], dict[str, Array]]:
            both = []
            for rows in (state.before, state.after):
                values = np.repeat(rows[name], len(masks), axis=0)
                flat = values.reshape(len(masks), -1)
                flat[:, places] = np.where(masks, flat[:, places], real.reshape(-1)[places])
                both.append(repeated(rows, len(masks)) | {name: values})
            return both[0], both[1]

        def breaks(masks: Mask, made: Callable[[Mask], Any] = made) -> Mask:
            before, after = made(masks)
            found = state.broken(before, after, _tiled(state.amount, len(masks)))
            return found if where is None else found & np.asarray(where(before), bool)

        mask = np.zeros((1, len(places)), bool)
        mask[0, list(minimal(len(places), breaks))] = True
        state.before, state.after = made(mask)


def _shrink_case(state: Shrunk, world: World) -> None:
    """A case stays whole: only where it starts from is a real row."""
    made = state.example.property.change.apply(state.anchor, world)
    after = {**state.anchor, **made.columns}
    if state.broken(after, after, made.amount)[0]:
        state.after = after


def _shrink_columns(state: Shrunk) -> None:
    names = state.changed()

    def breaks(masks: Mask) -> Mask:
        after = _mixed(names, masks, state.before, state.after)
        return state.broken(repeated(state.before, len(masks)), after, _tiled(state.amount, len(masks)))

    mask = np.zeros((1, len(names)), bool)
    mask[0, list(minimal(len(names), breaks))] = True
    if mask.any():
        state.after = _mixed(names, mask, state.before, state.after)


def _shrink_elements(state: Shrunk) -> None:
    for name in state.changed():
        before, after = state.before[name], state.after[name]
        places = np.flatnonzero(unlike(before, after).reshape(-1))
        if after.ndim == 1 or len(places) < 2:
            continue

        def made(masks: Mask, name: str = name, places: Array = places) -> dict[str, Array]:
            vectors = np.repeat(state.after[name], len(masks), axis=0)
            flat = vectors.reshape(len(masks), -1)
            flat[:, places] = np.where(masks, flat[:, places], state.before[name].reshape(-1)[places])
            return repeated(state.after, len(masks)) | {name: vectors}

        def breaks(masks: Mask, made: Callable[[Mask], dict[str, Array]] = made) -> Mask:
            return state.broken(repeated(state.before, len(masks)), made(masks), _tiled(state.amount, len(masks)))

        mask = np.zeros((1, len(places)), bool)
        mask[0, list(minimal(len(places), breaks))] = True
        if mask.any():
            state.after = made(mask)


def _tiled(amount: Array | None, times: int) -> Array | None:
    return None if amount is None else np.repeat(amount, times)


def _between(before: Array, after: Array, shares: Array) -> Array:
    """Values from before, at 0, to after, at 1; whole ones in a column of whole numbers."""
    part = shares.reshape(-1, *[1] * (after.ndim - 1))
    made = np.where((part == 1) | ~unlike(before, after), after, before + part * (after - before))
    return np.asarray(np.rint(made) if after.dtype.kind in "iu" else made).astype(after.dtype)


def _least(breaks: Callable[[Array], Mask]) -> float:
    """The least share of a change, to one part in thousands, that still breaks it as the whole one does."""
    low, high = 0.0, 1.0
    for _ in range(_ROUNDS):
        shares = np.linspace(low, high, _GRID + 1)[1:]
        found = np.flatnonzero(breaks(shares))
        if not len(found):
            break
        high = float(shares[found[0]])
        low = high - (shares[1] - shares[0])
    return high


def _shrink_sizes(state: Shrunk) -> None:
    """Each number that is left comes as near to what it was as it goes."""
    for name in state.changed():
        before, after = state.before[name], state.after[name]
        differ = unlike(before, after)
        if after.dtype.kind not in "fiu" or not np.isfinite(np.r_[before[differ], after[differ]]).all():
            continue

        def made(shares: Array, name: str = name, before: Array = before, after: Array = after) -> dict[str, Array]:
            return repeated(state.after, len(shares)) | {name: _between(before, after, shares)}

        def breaks(shares: Array, made: Callable[[Array], dict[str, Array]] = made) -> Mask:
            return state.broken(repeated(state.before, len(shares)), made(shares), _tiled(state.amount, len(shares)))

        state.after = made(np.array([_least(breaks)]))


def _shrink_together(state: Shrunk) -> None:
    """All columns come nearer together, and so does the amount."""
    names = [name for name in state.changed() if state.after[name].dtype.kind == "f"]
    if not names or len(names) < len(state.changed()):
        return

    def made(shares: Array) -> tuple[dict[str, Array], Array | None]:
        rows = repeated(state.after, len(shares))
        rows |= {name: _between(state.before[name], state.after[name], shares) for name in names}
        return rows, None if state.amount is None else 1 + shares * (state.amount - 1)

    def breaks(shares: Array) -> Mask:
        after, amount = made(shares)
        return state.broken(repeated(state.before, len(shares)), after, amount)

    state.after, state.amount = made(np.array([_least(breaks)]))
