"""Which windows the prediction log has rows of, file by file, kept beside the windows: only what is new is read.

The file is replaced by one rename, and says what is still to be made: killed at any moment, a closing goes on from it.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct, field

from mainspring.batch.polars import polars
from mainspring.disk import write_whole
from mainspring.errors import MonitoringError, NewerFormatError
from mainspring.serving.ids import milliseconds
from mainspring.serving.predlog import ModelRow, glance_segment
from mainspring.workspace.rolled import Part, model_of, models_of, parts, there

__all__ = ["Catalogue", "Earlier", "Key", "Provisional"]

_FORMAT: Final = "mainspring-catalogue/1"
Key = tuple[int, int]
"""The place of a version in `Catalogue.versions`, and where its window begins, in seconds since 1970 UTC."""


class Seen(Struct, array_like=True):
    """A part of the log as it was when it was looked at.

    Attributes:
        sign: What tells its files from others in their place.
        size: How large they were.
        place: Up to where a file of frames was read.
        numbers: The place of each of its models in `Catalogue.versions`.
        rows: How many rows that were answered, and not erased, it has of each window.
        last: When the last answer of each version was, in milliseconds since 1970 UTC, as far as it was read for that.
    """

    sign: str
    size: int
    place: int = 0
    numbers: dict[int, int] = field(default_factory=dict)
    rows: dict[Key, int] = field(default_factory=dict)
    last: dict[int, int] = field(default_factory=dict)

    def answered(self, version: int, at: int) -> None:
        """Keep that a version answered at a moment."""
        self.last[version] = max(at, self.last.get(version, 0))


class Provisional(Struct, array_like=True, frozen=True):
    """A layout that is of fewer days than a reference has.

    Attributes:
        until: When it is to be made anew, in seconds since 1970 UTC.
        digest: Which it is; windows on the shelf that were counted on another are to be made again.
    """

    until: float
    digest: str


class Earlier(Struct, array_like=True, frozen=True):
    """What was counted of the traffic before a young version.

    Attributes:
        layout: The digest of the version's layout then.
        segments: By which columns windows were divided.
        rows: How many rows each window had, by where it begins.
    """

    layout: str
    segments: tuple[str, ...]
    rows: dict[int, int]


class Catalogue(Struct):
    """What the log has rows of, and which windows are still to be made.

    Attributes:
        seconds: How long a window lasts.
        versions: The models and digests of packages that are in the log.
        files: What was seen of each part of the log.
        pending: Windows whose rows have changed since they were made, or that were never made.
        segments: By which columns windows of each model were divided.
        layouts: The digest of the layout on which windows of each version are counted.
        provisional: Layouts that are to be made anew.
        earlier: What was counted of the traffic before young versions.
        gone: Windows that begin before this cannot be made again: some of their rows were pruned.
    """

    format: str
    seconds: int
    versions: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, Seen] = field(default_factory=dict)
    pending: set[Key] = field(default_factory=set)
    segments: dict[str, tuple[str, ...]] = field(default_factory=dict)
    layouts: dict[int, str] = field(default_factory=dict)
    provisional: dict[int, Provisional] = field(default_factory=dict)
    earlier: dict[int, Earlier] = field(default_factory=dict)
    gone: int = 0

    @classmethod
    def read(cls, windows: Path, seconds: int) -> "Catalogue":
        """Return the catalogue for windows of one length; an empty one where there is none.

        Args:
            windows: The folder `windows` of a home.
            seconds: How long a window lasts.

        Raises:
            MonitoringError: Its file is damaged.
            NewerFormatError: This release does not know its format.
        """
        path = _path(windows, seconds)
        if not path.exists():
            return cls(_FORMAT, seconds)
        try:
            found = msgspec.msgpack.decode(path.read_bytes(), type=dict[str, Any] | None)
            if found is not None and found.get("format") == _FORMAT:
                return msgspec.msgpack.decode(path.read_bytes(), type=cls)
        except msgspec.DecodeError as error:
            raise MonitoringError(
                f"The catalogue of the prediction log cannot be read: {error}", str(path), "Remove the file."
            ) from error
        raise NewerFormatError(
            f"The catalogue has another format than {_FORMAT!r}",
            str(path),
            "Install the release that wrote it, or a newer one.",
        )

    def write(self, windows: Path) -> None:
        """Keep it in the place of what was there."""
        write_whole(_path(windows, self.seconds), msgspec.msgpack.encode(self))

    def refresh(self, log: Path) -> bool:
        """Look at what is new in a log; returns whether anything is."""
        found = parts(log)
        new = False
        for part in found:
            before = self.files.get(part.name)
            seen = self._look(part, before)
            if seen is None:
                continue
            new = True
            rows = before.rows if before is not None else {}
            self.pending |= {key for key in rows.keys() | seen.rows.keys() if rows.get(key) != seen.rows.get(key)}
            self.files[part.name] = seen
        for name in self.files.keys() - {part.name for part in found}:
            new = True
            starts = [start for _, start in self.files.pop(name).rows]
            self.gone = max([self.gone, *(start + self.seconds for start in starts)])
        return new

    def places(self, model: str | None) -> set[int]:
        """Return the places of the versions of a model, or of all."""
        return {place for place, (name, _) in enumerate(self.versions) if model in (None, name)}

    def divide(self, model: str | None, segments: tuple[str, ...]) -> None:
        """Say by which columns windows are divided; where it was by others, they are to be made again."""
        for place in self.places(model):
            name = self.versions[place][0]
            if self.segments.get(name, ()) != segments:
                alike = self.places(name)
                self.pending |= set(self.rows(alike))
                self.segments[name] = segments

    def rows(self, versions: Iterable[int]) -> dict[Key, int]:
        """Return how many rows the log has of each window of some versions."""
        wanted, found = set(versions), dict[Key, int]()
        for seen in self.files.values():
            for key, count in seen.rows.items():
                if key[0] in wanted:
                    found[key] = found.get(key, 0) + count
        return found

    def last(self, model: str) -> float:
        """Return when a version of a model answered last, in seconds since 1970 UTC; 0 where that is not known."""
        mine = self.places(model)
        times = [at for seen in self.files.values() for place, at in seen.last.items() if place in mine]
        return max(times, default=0) / 1000

    def touching(self, log: Path, keys: set[Key]) -> Iterator[tuple[Part, set[Key]]]:
        """Yield the parts of a log that have rows of some windows, oldest first, with those windows."""
        for part in parts(log):
            seen = self.files.get(part.name)
            touched = keys & seen.rows.keys() if seen is not None else set()
            if touched:
                yield part, touched

    def place_of(self, name: str, package: str) -> int:
        """Return the place of a version, a new one where it was not in the log before."""
        if (name, package) not in self.versions:
            self.versions.append((name, package))
        return self.versions.index((name, package))

    def model_row(self, log: Path, place: int) -> ModelRow:
        """Return what the log says of a version: its inputs and outputs.

        Raises:
            MonitoringError: It is not in the log.
        """
        for part, _ in self.touching(log, set(self.rows([place]))):
            for model in models_of(part):
                if (model.name, model.package) == self.versions[place]:
                    return model
        raise MonitoringError(f"Nothing is in the log of this version of '{self.versions[place][0]}'", str(log))

    def _look(self, part: Part, before: Seen | None) -> Seen | None:
        """What a part of a log has; None where it is as it was."""
        path = None if part.frames is None else there(part.frames)
        stats = [one.stat() for one in ((path,) if path is not None else part.tables)]
        sign = ("frames " if path is not None else "tables ") + " ".join(str(one.st_ino) for one in stats)
        size = sum(one.st_size for one in stats)
        if before is not None and (before.sign, before.size) == (sign, size):
            return None
        if path is None:
            return self._look_at_tables(part, Seen(sign, size))
        grown = before is not None and before.sign == sign and before.size < size
        if not (before and grown):
            return self._look_at_frames(path, Seen(sign, size))
        known = dict(before.numbers), dict(before.rows), dict(before.last)
        return self._look_at_frames(path, Seen(sign, size, before.place, *known))

    def _look_at_frames(self, path: Path, made: Seen) -> Seen:
        answered: dict[int, tuple[list[str], list[int]]] = {}
        for end, rows in glance_segment(path, made.place):
            for row in rows:
                if isinstance(row, ModelRow):
                    made.numbers[row.number] = self.place_of(row.name, row.package)
                elif not row.shadow:
                    ids, counts = answered.setdefault(row.model, ([], []))
                    ids.append(row.id)
                    counts.append(row.rows - len(row.erased))
            made.place = end
        for number, (ids, counts) in answered.items():
            times = milliseconds(ids)
            made.answered(made.numbers[number], int(times.max()))
            starts, places = np.unique(times // (self.seconds * 1000), return_inverse=True)
            found = np.bincount(places, counts).astype(np.int64)
            for start, count in zip((starts * self.seconds).tolist(), found.tolist(), strict=True):
                if count:
                    key = made.numbers[number], start
                    made.rows[key] = made.rows.get(key, 0) + count
        return made

    def _look_at_tables(self, part: Part, made: Seen) -> Seen:
        pl = polars()
        for path in part.tables:
            model = model_of(path)
            place = self.place_of(model.name, model.package)
            frame = pl.read_parquet(path, columns=["time", "shadow", "erased"], glob=False)
            times = frame.filter(~pl.col("shadow") & ~pl.col("erased"))["time"].cast(pl.Int64)
            if times.len():
                made.answered(place, int(times.max()))
            starts = (times // (self.seconds * 1000) * self.seconds).alias("start")
            for start, count in starts.value_counts().iter_rows():
                made.rows[place, start] = made.rows.get((place, start), 0) + count
        return made


def _path(windows: Path, seconds: int) -> Path:
    return windows / f"catalogue-{seconds}.msgpack"
