"""Counterexamples as plain values, and a folder that keeps them: they are asked again before anything is searched."""

import math
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from mainspring.digest import digest_of
from mainspring.errors import InputError
from mainspring.quality.rows import Array, Rows
from mainspring.quality.verdicts import FORMAT, WITHHELD, Counterexample, plain

__all__ = ["Counterexamples", "array_of", "plain_row", "replayable", "rows_of"]

_NAME: Final = re.compile(r"[^a-z0-9]+")


def plain_value(value: Array) -> Any:
    """Return the value of a column of one row: missing numbers are None, dates ISO texts, vectors lists."""
    one = value[0]
    if value.dtype.kind in "mM":
        return None if np.isnat(one) else str(one)
    if value.dtype.kind == "f":
        return _finite(one.tolist())
    return one.tolist() if isinstance(one, np.ndarray | np.generic) else one


def _finite(value: Any) -> Any:
    """A number as JSON has it: none for NaN, a text for infinity."""
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return value if math.isfinite(value) else None if math.isnan(value) else str(value)


def plain_row(row: Rows, sensitive: Collection[str] = ()) -> dict[str, Any]:
    """Return one row as plain values, without its sensitive columns."""
    return {name: plain_value(value) for name, value in row.items() if name not in sensitive}


def array_of(value: Any, like: Array) -> Array:
    """Return a plain value as a column of one row, of the type of another column.

    Raises:
        ValueError: It does not fit.
        TypeError: It is no such value.
    """
    if like.dtype.kind == "O":
        found = np.empty(1, object)
        found[0] = value
        return found
    made = np.array(
        [np.nan if value is None and like.dtype.kind == "f" else value], None if like.dtype.kind != "f" else float
    )
    made = made.astype(like.dtype)
    if made.shape[1:] != like.shape[1:]:
        raise ValueError(f"a value of the shape {made.shape[1:]} where {like.shape[1:]} is expected")
    return np.asarray(made)


def replayable(one: Counterexample, real: Rows) -> bool:
    """Return whether a counterexample can be asked of rows with these columns."""
    withheld = WITHHELD in {str(value) for pair in one.changed.values() for value in pair}
    known = {*one.row, *one.context, *one.changed} <= {*real}
    return known and not withheld


def rows_of(one: Counterexample, real: Rows) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return what is asked first, and the changed row; a sensitive column is as in the first real row.

    Raises:
        InputError: The rows have other columns by now.
    """
    try:
        before = {name: array_of(one.row[name], like) if name in one.row else like[:1] for name, like in real.items()}
        before |= {name: array_of(pair[1], real[name]) for name, pair in one.context.items()}
        return before, before | {name: array_of(pair[1], real[name]) for name, pair in one.changed.items()}
    except (ValueError, TypeError) as error:
        raise InputError(
            f"A counterexample of '{one.property}' does not fit the rows: {error}",
            fix="Delete it when the columns have changed.",
        ) from error


class _File(msgspec.Struct):
    format: int
    counterexample: Counterexample


@dataclass(frozen=True)
class Counterexamples:
    """A folder of counterexamples, a JSON file each: to be committed, so that no model breaks them again.

    Attributes:
        folder: The folder; it is made when there is something to keep.
    """

    folder: Path

    def of(self, name: str) -> tuple[Counterexample, ...]:
        """Return those of a property, by file name.

        Raises:
            InputError: A file is no counterexample, or of a format that is not known.
        """
        return tuple(one for one in self.all() if one.property == name)

    def all(self) -> tuple[Counterexample, ...]:
        """Return all of them, by file name.

        Raises:
            InputError: A file is no counterexample, or of a format that is not known.
        """
        return tuple(_read(path) for path in sorted(Path(self.folder).glob("*.json")))

    def add(self, found: Iterable[Counterexample]) -> tuple[Path, ...]:
        """Keep counterexamples; returns the files that are new.

        One that was changed in a sensitive column could not be asked again, and is not kept.
        """
        made = []
        for one in found:
            if any(WITHHELD in (str(pair[0]), str(pair[1])) for pair in one.changed.values()):
                continue
            data = msgspec.json.encode(plain(msgspec.to_builtins(_File(FORMAT, one))))
            slug = _NAME.sub("-", one.property.lower()).strip("-")[:60]
            path = Path(self.folder) / f"{slug}-{digest_of(_identity(one))[:10]}.json"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                beside = path.with_suffix(".tmp")
                beside.write_bytes(data)
                beside.replace(path)
                made.append(path)
        return tuple(made)


def _identity(one: Counterexample) -> list[Any]:
    return [one.property, plain(one.row), plain([*one.context.items()]), plain([*one.changed.items()])]


def _read(path: Path) -> Counterexample:
    try:
        found = msgspec.json.decode(path.read_bytes())
        if isinstance(found, dict) and found.get("format") != FORMAT:
            raise InputError(
                f"A counterexample of the format {found.get('format')!r} is not known", str(path), "Upgrade Mainspring."
            )
        return msgspec.convert(found, _File, strict=False).counterexample
    except msgspec.MsgspecError as error:
        raise InputError(f"This is no counterexample: {error}", str(path), "Delete it, or take it back.") from error
