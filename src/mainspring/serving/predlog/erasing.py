"""What leaves the prediction log: what is old, and what somebody has asked to be erased."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import replace

from mainspring.disk import flush
from mainspring.package.frames import Array
from mainspring.serving.predlog.frames import (
    ANEW,
    MAGIC,
    AnswerRow,
    ColumnRow,
    ModelRow,
    column_of,
    encode_frame,
    packed,
)
from mainspring.serving.predlog.reading import Answer, read_segment, segments

__all__ = ["Erased", "blanked", "erase", "held", "places_of", "prune"]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did.

    Attributes:
        rows: Rows whose values are gone.
        files: Files that were written anew.
        known: Whether any answer has such a column.
        open: Files that a service did not close within the time that it had: call again.
    """

    rows: int
    files: int
    known: bool
    open: tuple[Path, ...]


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Return a block in which no other process removes files of a log or writes them anew; services go on."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def prune(folder: Path, before: float) -> list[Path]:
    """Remove the closed files all of whose answers are older than a time; returns which.

    Args:
        folder: The log.
        before: Seconds since 1970 UTC.
    """
    removed = []
    with held(folder):
        for segment in segments(folder):
            if segment.closed and segment.path.stat().st_mtime < before:
                segment.path.unlink()
                removed.append(segment.path)
    return removed


def erase(folder: Path, column: str, value: str, *, patience: float = 5.0) -> Erased:
    """Erase the inputs and outputs of rows in which a column has a value; that they were answered stays on record.

    Services that run are asked to close the files that they write; what they answer from then on is not looked at.

    Args:
        folder: The log.
        column: The key, such as `customer`.
        value: Its value as text: numbers as `12`, dates as `2026-01-31`.
        patience: Seconds that services have to close their files.
    """
    with held(folder):
        still_open = _close(folder, patience)
        return _erase(folder, (column, value), still_open)


def _close(folder: Path, patience: float) -> tuple[Path, ...]:
    """Have services begin new files; returns those that they did not close in time."""
    asked = {segment.path for segment in segments(folder) if not segment.closed}
    if asked:
        fresh = folder / f"{ANEW}-{os.urandom(4).hex()}"
        fresh.touch()
        fresh.replace(folder / ANEW)
    end = time.monotonic() + patience
    while asked and time.monotonic() < end:
        time.sleep(0.02)
        asked &= {segment.path for segment in segments(folder) if not segment.closed}
    return tuple(sorted(asked))


def _erase(folder: Path, key: tuple[str, str], still_open: tuple[Path, ...]) -> Erased:
    column, value = key
    rows, files, known = 0, 0, False
    for segment in segments(folder):
        if not segment.closed:
            continue
        answers = list(read_segment(segment.path))
        known = known or any(one.name == column for answer in answers for one in answer.model.inputs)
        hits = [(answer, _matching(answer, column, value)) for answer in answers]
        count = sum(len(places) for _, places in hits)
        if not count:
            continue
        rows += count
        files += 1
        _rewrite(segment.path, hits)
    return Erased(rows, files, known or bool(still_open), still_open)


def _matching(answer: Answer, column: str, value: str) -> list[int]:
    inputs = answer.inputs
    if column not in inputs:
        return []
    return [row for row in places_of(inputs[column], value) if row not in answer.row.erased]


def places_of(values: Array, value: str) -> list[int]:
    """Return where a column has a value, which is given as text."""
    texts = values.tolist() if values.dtype.kind == "O" else [_text(one) for one in values]
    return [row for row, one in enumerate(texts) if one == value]


def _text(value: Any) -> str:
    if isinstance(value, np.floating) and value == np.trunc(value):
        return str(int(value))
    return str(value)


def _rewrite(path: Path, hits: list[tuple[Answer, list[int]]]) -> None:
    """Write a file anew without the values of some rows, beside it, and put it in its place. It is as old as before."""
    found = path.stat()
    fresh = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    with fresh.open("xb") as file:
        file.write(MAGIC)
        written: set[int] = set()
        for answer, places in hits:
            rows = list(_without(answer, places, written))
            file.write(encode_frame(rows))
        file.flush()
        os.fsync(file.fileno())
    os.utime(fresh, ns=(found.st_atime_ns, found.st_mtime_ns))
    fresh.replace(path)
    flush(path.parent)


def _without(answer: Answer, places: list[int], written: set[int]) -> Iterator[ModelRow | AnswerRow]:
    model, row = answer.model, answer.row
    if model.number not in written:
        written.add(model.number)
        yield model
    if places:
        row = replace(
            row,
            inputs=tuple(_blank(*one, row.rows, places) for one in zip(row.inputs, model.inputs, strict=True)),
            outputs=tuple(_blank(*one, row.rows, places) for one in zip(row.outputs, model.outputs, strict=True)),
            erased=(*row.erased, *places),
        )
    yield row


def _blank(raw: bytes | list[str | None], column: ColumnRow, rows: int, places: list[int]) -> bytes | list[str | None]:
    return packed(blanked(column_of(raw, column, rows), places))


def blanked(values: Array, places: list[int]) -> Array:
    """Return a column without some of its values: NaN, NaT, None, or 0 where its type has none of these."""
    made = values.copy()
    made[places] = {"O": None, "f": np.nan, "M": np.datetime64("NaT")}.get(values.dtype.kind, 0)
    return made
