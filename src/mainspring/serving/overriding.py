"""Values that a person has set, in the place of predictions, and those among them that never hold."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from mainspring.package.fields import Signature
from mainspring.package.frames import Array
from mainspring.serving.fitting import misfits
from mainspring.serving.overrides import Override, read_overrides

__all__ = ["Overrides"]

LOG: Final = logging.getLogger(__name__)


class _Sorted(NamedTuple):
    """The overrides that may hold for a model, and those that never do."""

    signature: Signature
    fit: tuple[Override, ...]
    unfit: tuple[tuple[Override, tuple[str, ...]], ...]


class Overrides:
    """The decisions in a file, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._told: set[tuple[str, tuple[str, ...]]] = set()
        self._sorted: dict[int, _Sorted] = {}
        self.all: tuple[Override, ...] = ()
        self.refresh()

    def refresh(self) -> None:
        """Read the file again if it has changed.

        Raises:
            ServingError: It does not have the form that it should have; what held before goes on.
        """
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self.all, self._seen, self._sorted = (), None, {}
            return
        seen = (found.st_mtime_ns, found.st_ino)
        if seen != self._seen:
            self.all = tuple(read_overrides(self._path))
            self._seen, self._sorted = seen, {}

    def holding(self, signature: Signature) -> tuple[Override, ...]:
        """Return those that hold now for a model."""
        now = time.time()
        return tuple(one for one in self._of(signature).fit if one.until > now)

    def unfit(self, signature: Signature) -> tuple[tuple[Override, tuple[str, ...]], ...]:
        """Return those that never hold for a model, and why; those whose time is over are left out."""
        now = time.time()
        return tuple(found for found in self._of(signature).unfit if found[0].until > now)

    def tell(self, name: str, signature: Signature) -> None:
        """Log those that never hold for a model, each once."""
        for one, why in self.unfit(signature):
            if (one.id, why) not in self._told:
                self._told.add((one.id, why))
                LOG.warning(
                    "The override %s (%s: %s) never holds for %s: %s", one.id, one.who, one.why, name, _all(why)
                )

    def _of(self, signature: Signature) -> "_Sorted":
        found = self._sorted.get(id(signature))
        if found is None or found.signature is not signature:
            wrong = [(one, misfits(one, signature)) for one in self.all]
            fit = tuple(one for one, why in wrong if not why)
            found = _Sorted(signature, fit, tuple(pair for pair in wrong if pair[1]))
            self._sorted = {**self._sorted, id(signature): found}
        return found

    def apply(
        self, signature: Signature, columns: Mapping[str, Array], outputs: dict[str, Array], rows: int
    ) -> tuple[dict[str, Array], tuple[dict[str, Any], ...]]:
        """Return the outputs with what persons have set, and which rows that are, by whom and why."""
        told, made = [], outputs
        for one in self.holding(signature):
            places = _places(one, {**made, **columns}, rows)
            if not len(places):
                continue
            outputs = {
                name: _put(values, places, one.values[name]) if name in one.values else values
                for name, values in outputs.items()
            }
            told.append({"id": one.id, "rows": places.tolist(), "who": one.who, "why": one.why, "until": one.until})
        return outputs, tuple(told)


def _places(one: Override, columns: Mapping[str, Array], rows: int) -> Array:
    mask = np.ones(rows, bool)
    for name, value in one.when.items():
        column = columns[name]
        mask &= np.asarray(column == _as_in(column, value)).astype(bool)
    return np.flatnonzero(mask)


def _as_in(column: Array, value: bool | float | str) -> Any:
    """A value as a column has it: what reads as a number may be a text there."""
    if column.dtype.kind == "M":
        return np.datetime64(str(value))
    return str(value) if column.dtype.kind == "O" else value


def _put(values: Array, places: Array, value: Any) -> Array:
    changed = values.copy()
    changed[places] = value
    return changed


def _all(problems: tuple[str, ...]) -> str:
    return ", ".join(problems)
