"""The reading side of the prediction log: what was answered, whole up to an unfinished end."""

import fcntl
import mmap
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mainspring.errors import ServingError
from mainspring.serving.ids import moment_of, worker_of
from mainspring.serving.predlog.frames import (
    MAGIC,
    AnswerRow,
    GlanceRow,
    ModelRow,
    column_of,
    glance_frames,
    is_short,
    read_frames,
)

__all__ = ["Answer", "Segment", "find", "glance_segment", "is_whole", "place_of", "read_segment", "segments"]


@dataclass(frozen=True, slots=True)
class Segment:
    """One file of the log.

    Attributes:
        path: The file.
        begun: When it was begun, in seconds since 1970 UTC.
        worker: The number of the worker process.
        closed: Whether nothing is appended any more: it was finished, or its process is gone.
    """

    path: Path
    begun: float
    worker: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer with the model that gave it."""

    row: AnswerRow
    model: ModelRow

    @property
    def time(self) -> float:
        """When it was given, in seconds since 1970 UTC."""
        return moment_of(self.row.id)

    @property
    def inputs(self) -> dict[str, np.ndarray[Any, Any]]:
        """The columns that were logged; sensitive ones never are."""
        return {
            one.name: column_of(raw, one, self.row.rows)
            for one, raw in zip(self.model.inputs, self.row.inputs, strict=True)
        }

    @property
    def outputs(self) -> dict[str, np.ndarray[Any, Any]]:
        """What was answered, or, of a shadow, would have been."""
        return {
            one.name: column_of(raw, one, self.row.rows)
            for one, raw in zip(self.model.outputs, self.row.outputs, strict=True)
        }


def segments(folder: Path) -> list[Segment]:
    """Return the files of a log, oldest first."""
    found = []
    for path in sorted([*folder.glob("*.log"), *folder.glob("*.open")], key=lambda path: path.name):
        begun, worker, _ = path.stem.split("-")
        found.append(Segment(path, int(begun) / 1000, int(worker, 16), path.suffix == ".log" or not _held(path)))
    return found


def read_segment(path: Path) -> Iterator[Answer]:
    """Yield the answers of a file, in the order in which they were given, up to what is unfinished at its end.

    Raises:
        ServingError: It is no prediction log, or one of another version.
    """
    models: dict[int, ModelRow] = {}
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
            for _, rows in read_frames(data):
                for row in rows:
                    if isinstance(row, ModelRow):
                        models[row.number] = row
                    else:
                        yield Answer(row, models[row.model])


def glance_segment(path: Path, place: int = 0) -> Iterator[tuple[int, list[ModelRow | GlanceRow]]]:
    """Yield the rows of a file without their values, with the place where each frame ends, from such a place on.

    Raises:
        ServingError: It is no prediction log, or one of another version.
    """
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size <= place:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
            yield from glance_frames(data, place)


def is_whole(segment: Segment) -> bool:
    """Return whether a closed file is read to its end, but for a frame that a killed process has not finished."""
    with segment.path.open("rb") as file:
        if os.fstat(file.fileno()).st_size <= len(MAGIC):
            return True
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped, memoryview(mapped) as data:
            end = max((end for end, _ in read_frames(data)), default=len(MAGIC))
            return end == len(data) or (segment.path.suffix != ".log" and is_short(data[end:]))


def place_of(identity: str) -> tuple[float, int]:
    """Return when an answer was given, in seconds since 1970 UTC, and the number of the worker process.

    Raises:
        ServingError: It is no identity.
    """
    try:
        return moment_of(identity), worker_of(identity)
    except ValueError as error:
        raise ServingError(str(error), fix="Take the 'id' of an answer.") from None


def find(folder: Path, identity: str) -> list[Answer]:
    """Return what the files of frames have under an identity: the answer, and those of shadows.

    Raises:
        ServingError: It is no identity.
    """
    moment, worker = place_of(identity)
    found: list[Answer] = []
    likely = [one for one in segments(folder) if one.worker == worker and one.begun <= moment + 1]
    # What a shadow predicts is logged after the answer: newest first, nothing is missed when the answer is found.
    for segment in reversed(likely):
        found += [one for one in read_segment(segment.path) if one.row.id == identity]
        if any(not one.row.shadow for one in found):
            break
    return found


def _held(path: Path) -> bool:
    """Whether the process that writes a file lives."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
