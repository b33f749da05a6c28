"""Values that a person has set in the place of predictions: for which rows, by whom, why, until when."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from mainspring.errors import ServingError
from mainspring.package.frames import Array

__all__ = ["Override", "Overrides", "read_overrides", "write_overrides"]


class Override(Struct, frozen=True):
    """One decision of a person.

    Attributes:
        id: Its identity.
        when: The inputs and outputs that a row must have, with these values; dates as ISO text.
        values: What is answered, by output.
        who: Who decided it.
        why: For what reason.
        created: When, in seconds since 1970 UTC.
        until: Until when it holds.
    """

    id: str
    when: dict[str, bool | int | float | str]
    values: dict[str, bool | int | float | str]
    who: str
    why: str
    created: float
    until: float


class Overrides:
    """The decisions in a file, read again when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
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
            self.all, self._seen = (), None
            return
        seen = (found.st_mtime_ns, found.st_ino)
        if seen != self._seen:
            self.all = tuple(read_overrides(self._path))
            self._seen = seen

    def apply(
        self, columns: Mapping[str, Array], outputs: dict[str, Array], rows: int
    ) -> tuple[dict[str, Array], tuple[dict[str, Any], ...]]:
        """Return the outputs with what persons have set, and which rows that are, by whom and why."""
        now, told, made = time.time(), [], outputs
        for one in self.all:
            if one.until <= now:
                continue
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
        if name not in columns:
            return np.zeros(0, np.intp)
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


def read_overrides(path: Path) -> list[Override]:
    """Return what is in a file of overrides; nothing when there is none.

    Raises:
        ServingError: It does not have the form that it should have.
    """
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Override])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ServingError(f"The overrides cannot be read: {error}", str(path), "Correct or remove the file.") from None


def write_overrides(path: Path, overrides: list[Override]) -> None:
    """Put overrides into the file, in one step."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(overrides), indent=2) + b"\n")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file beside its place, flush it, and rename it; only its owner may read it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
