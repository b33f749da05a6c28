"""Hashing columns that arrive in chunks, so that the chunks leave no trace.

A lane is named by its place in a nested type: "" for a column, "/0" for its first field, "/item" for what is in lists.

    tagged("lanes/1", canonical(([(lane, rows), ...], [(lane, BLAKE3 as hex text), ...])))      both ordered by lane

A lane hashes values as NumPy elements, zero where they are null: numbers and times as they are in memory, booleans as
bytes, text and binary as the bytes of all values, one after the other. Beside a lane, "LANE/null" hashes the numbers of
the rows that are null, if any is, and "LANE/length" the lengths of text, binary and lists, all as 64-bit integers.
"""

from typing import Any

import numpy as np

from mainspring.digest import Hasher, canonical, tagged
from mainspring.store.codecs.numpy import feed

__all__ = ["Lanes"]


class Lanes:
    """One hasher for each place in a nested type: values, lengths and places of nulls each in a lane of their own."""

    def __init__(self) -> None:
        self._hashers: dict[str, Hasher] = {}
        self._rows: dict[str, int] = {}

    def add(self, lane: str, array: Any) -> None:
        """Add the elements of an array, zero where they are null."""
        if lane not in self._hashers:
            self._hashers[lane] = Hasher(large=True)
        feed(self._hashers[lane], array)

    def rows(self, lane: str, count: int, missing: Any) -> None:
        """Add the length of a chunk, and which of its rows are null: a boolean array, or None when none is."""
        before = self._rows.get(lane, 0)
        self._rows[lane] = before + count
        if missing is not None:
            self.add(f"{lane}/null", np.flatnonzero(missing) + before)

    def digest(self) -> str:
        """Return the digest of all lanes."""
        parts = [(lane, hasher.hexdigest()) for lane, hasher in sorted(self._hashers.items())]
        return tagged("lanes/1", canonical((sorted(self._rows.items()), parts)))
