"""Hashing columns that arrive in chunks, so that the chunks leave no trace."""

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
