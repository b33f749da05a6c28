"""Labels: what turned out, joined to what was predicted by the identity of the prediction, whenever it comes."""

import math
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from mainspring.digest import blob_of
from mainspring.disk import write_whole
from mainspring.errors import MonitoringError, NewerFormatError, nearest
from mainspring.monitoring.counting import mixed
from mainspring.monitoring.windows import Window

__all__ = ["LOSSES", "Joined", "LabelShelf", "Labels", "Quality", "join", "quality_of"]

Floats = npt.NDArray[np.float64]
Keys = tuple[npt.NDArray[Any], npt.NDArray[Any]]
_FORMAT: Final = "mainspring-labels/1"
_DAY: Final = 86_400

LOSSES: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "absolute": lambda predicted, actual: np.abs(predicted - actual),
    "squared": lambda predicted, actual: (predicted - actual) ** 2,
    "error": lambda predicted, actual: predicted - actual,
    "wrong": lambda predicted, actual: (np.round(predicted) != np.round(actual)).astype(np.float64),
}
"""What a prediction may be judged by: how far off, its square, by how much too high, or whether it was wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """What turned out.

    Attributes:
        ids: Identities of predictions.
        rows: The row of the answer, where it had several.
        values: What turned out; a category by the number of its class.
        arrived: When it was known, in seconds since 1970 UTC. Of two labels of one row the later one holds, of one time
            the larger. NaN where it is not said; see `LabelShelf.news`.
    """

    ids: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]
    values: Floats
    arrived: Floats

    @classmethod
    def of(cls, ids: Iterable[str], values: npt.ArrayLike, arrived: npt.ArrayLike, rows: npt.ArrayLike = 0) -> "Labels":
        """Return labels of lists or arrays; one row or time holds for all.

        Identities become lower case, as services give them.

        Raises:
            MonitoringError: They differ in length.
        """
        names = np.array([one.lower() for one in ids], dtype="S36")
        sides = [np.asarray(one, dtype=np.float64) for one in (values, arrived, rows)]
        if any(side.ndim and side.shape != names.shape for side in sides) or not sides[0].ndim:
            raise MonitoringError(
                f"There are {names.size:,} identities and another number of labels", fix="Give one label for each."
            )
        value, time, row = (np.broadcast_to(side, names.shape) for side in sides)
        return cls(names, row.astype(np.int64), value, time)

    def only(self, keep: npt.NDArray[Any]) -> "Labels":
        """Return some of them: a truth value for each, or places."""
        return Labels(self.ids[keep], self.rows[keep], self.values[keep], self.arrived[keep])

    def days(self) -> npt.NDArray[np.int64]:
        """Return the days of the predictions that they are of, as seconds since 1970 UTC of their begin.

        Raises:
            MonitoringError: An identity is none that a service gave.
        """
        return (_moments(self.ids) // _DAY).astype(np.int64) * _DAY

    def holding(self, ids: npt.NDArray[Any], rows: npt.NDArray[Any]) -> tuple[Floats, Floats]:
        """Return what holds of each of some rows, and when it was known: NaN where there is nothing.

        Unlike with `join`, a row that is named twice is found twice.
        """
        order = np.lexsort((self.values, self.arrived))
        places = _places((self.ids[order].astype("S36"), self.rows[order]), (ids.astype("S36"), rows))
        known = places >= 0
        values, arrived = np.full(places.size, np.nan), np.full(places.size, np.nan)
        values[known] = self.values[order][places[known]]
        arrived[known] = self.arrived[order][places[known]]
        return values, arrived


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Labels beside predictions.

    Attributes:
        values: What turned out, for each prediction; NaN where that is not known.
        arrived: When that was known.
        unknown: How many labels belong to none of the predictions.
        replaced: How many labels gave way to a later one of the same row.
    """

    values: Floats
    arrived: Floats
    unknown: int
    replaced: int


def join(ids: npt.ArrayLike, rows: npt.ArrayLike, labels: Labels) -> Joined:
    """Return the label of each prediction.

    Exact: by identity and row. In whatever order labels come, the result is the same.

    Args:
        ids: Identities of predictions, texts.
        rows: Which row of the answer each is; 0 for all where answers have one row.
        labels: What turned out.
    """
    names = np.asarray(ids).astype("S36")
    numbers = np.broadcast_to(np.asarray(rows), names.shape)
    order = np.lexsort((labels.values, labels.arrived))
    places = _places((names, numbers), (labels.ids.astype("S36"), labels.rows))[order]
    known = places >= 0
    values, arrived = np.full(names.size, np.nan), np.full(names.size, np.nan)
    values[places[known]] = labels.values[order][known]
    arrived[places[known]] = labels.arrived[order][known]
    matched = int(np.isfinite(arrived).sum())
    return Joined(values, arrived, int((~known).sum()), int(known.sum()) - matched)


def _places(own: Keys, wanted: Keys) -> npt.NDArray[np.int64]:
    """Where each of the wanted keys is among those that there are, at last; -1 where it is not.

    They are found by a hash, and compared: what has the hash of another is looked for one by one.
    """
    if not own[0].size:
        return np.full(wanted[0].shape, -1)
    hashes, looked = _hashes(*own), _hashes(*wanted)
    order, turn = np.argsort(hashes, kind="stable"), np.argsort(looked)
    found = np.empty(looked.size, np.int64)
    found[turn] = np.searchsorted(hashes[order], looked[turn], side="right") - 1
    places = order[np.maximum(found, 0)]
    like = hashes[places] == looked
    same = (own[0][places] == wanted[0]) & (own[1][places] == wanted[1])
    for other in np.flatnonzero(like & ~same):
        there = np.flatnonzero((own[0] == wanted[0][other]) & (own[1] == wanted[1][other]))
        places[other], same[other] = (there[-1], True) if there.size else (-1, False)
    return np.where(same, places, -1)


def _hashes(ids: npt.NDArray[Any], rows: npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    words = np.ascontiguousarray(ids).view("<u4").reshape(ids.size, ids.itemsize // 4)
    made = rows.astype(np.uint64)
    for place in range(words.shape[1]):
        made = mixed(made ^ words[:, place])
    return made


@dataclass(frozen=True, slots=True)
class Quality:
    """How good the predictions of a window were, as far as that is known.

    Attributes:
        window: Which.
        predictions: How many there were.
        labelled: Of how many it is known what turned out.
        loss: The mean loss of those; None where there are none.
        spread: The standard deviation of their losses.
    """

    window: Window
    predictions: int
    labelled: int
    loss: float | None
    spread: float | None

    @property
    def coverage(self) -> float:
        """The share of predictions of which it is known what turned out."""
        return self.labelled / self.predictions if self.predictions else 0.0


def quality_of(window: Window, predicted: npt.ArrayLike, joined: Joined, loss: str = "absolute") -> Quality:
    """Return how good predictions were. Sums are exact (Shewchuk 1997), so the order of rows does not count.

    Raises:
        MonitoringError: There is no such loss.
    """
    if loss not in LOSSES:
        near = nearest(loss, LOSSES)
        raise MonitoringError(
            f"There is no loss '{loss}'", fix=f"Did you mean '{near}'?" if near else f"There are {', '.join(LOSSES)}."
        )
    given = np.asarray(predicted, dtype=np.float64)
    known = np.isfinite(joined.values) & np.isfinite(given)
    losses = LOSSES[loss](given[known], joined.values[known]).tolist()
    if not losses:
        return Quality(window, given.size, 0, None, None)
    mean = math.fsum(losses) / len(losses)
    spread = math.sqrt(math.fsum((one - mean) ** 2 for one in losses) / len(losses))
    return Quality(window, given.size, len(losses), mean, spread)


class _Stored(msgspec.Struct):
    format: str
    ids: bytes
    rows: bytes
    values: bytes
    arrived: bytes


@dataclass(frozen=True, slots=True)
class LabelShelf:
    """Labels that have come, in a folder: a file for each delivery and day of the predictions, never changed.

    A delivery that comes twice is one: those that say when they were known are the same file, and of those that do not
    `news` leaves nothing. Whatever the order of deliveries, the same labels are read.

    Attributes:
        folder: Where they are.
    """

    folder: Path

    def news(self, labels: Labels, now: float) -> Labels:
        """Return of labels what is to be added: what does not say when it was known is known now, if it is new.

        It is not where the value is that which holds already, or where what holds was known later than now. Of several
        in one delivery the largest holds. What does say when it was known is left as it is.

        Args:
            labels: What has come.
            now: In seconds since 1970 UTC.

        Raises:
            MonitoringError: An identity is none that a service gave.
        """
        places = np.flatnonzero(np.isnan(labels.arrived))
        if not places.size:
            return labels
        arrived = labels.arrived.copy()
        arrived[places] = now
        dated = Labels(labels.ids, labels.rows, labels.values, arrived)
        mine = dated.only(places)
        new = mine.values == mine.holding(mine.ids, mine.rows)[0]
        days = mine.days()
        for day in np.unique(days).tolist():
            there = np.flatnonzero(days == day)
            value, since = self.between(day, day + _DAY).holding(mine.ids[there], mine.rows[there])
            new[there] &= ~((value == mine.values[there]) | (since > now))
        keep = np.ones(arrived.size, bool)
        keep[places] = new
        return dated.only(keep)

    def add(self, labels: Labels) -> tuple[int, ...]:
        """Keep labels; returns the days of the predictions that they are of, as seconds since 1970 of their begin.

        Raises:
            MonitoringError: An identity is none that a service gave, or a label does not say when it was known.
        """
        if not np.isfinite(labels.arrived).all():
            raise MonitoringError(
                "A label does not say when it was known", fix="Give `arrived` in seconds since 1970 UTC."
            )
        days = labels.days()
        for day in np.unique(days).tolist():
            mine = days == day
            stored = _Stored(
                _FORMAT,
                labels.ids[mine].astype("S36").tobytes(),
                *(np.ascontiguousarray(one[mine], kind).tobytes() for one, kind in _parts(labels)),
            )
            data = zlib.compress(msgspec.msgpack.encode(stored), 1)
            path = self.folder / str(day) / f"{blob_of(data)[:32]}.labels"
            if not path.exists():
                write_whole(path, data)
        return tuple(np.unique(days).tolist())

    def names(self, start: float, end: float) -> list[str]:
        """Return what tells the deliveries for predictions made from one moment up to another; none came without."""
        found = []
        for folder in sorted(self.folder.glob("[0-9]*")):
            if start - _DAY < int(folder.name) < end:
                found += [f"{folder.name}/{path.name}" for path in sorted(folder.glob("*.labels"))]
        return found

    def between(self, start: float, end: float) -> Labels:
        """Return the labels of predictions made from one moment up to another, in an order that files do not change."""
        found = [_EMPTY]
        for folder in sorted(self.folder.glob("[0-9]*")):
            if start - _DAY < int(folder.name) < end:
                found += [_decoded(path.read_bytes(), path) for path in sorted(folder.glob("*.labels"))]
        parts = [np.concatenate([getattr(one, name) for one in found]) for name in Labels.__slots__]
        whole = Labels(*parts)
        moments = _moments(whole.ids)
        mine = (moments >= start) & (moments < end)
        return whole.only(mine)


_EMPTY: Final = Labels(np.empty(0, "S36"), np.empty(0, np.int64), np.empty(0), np.empty(0))


def _parts(labels: Labels) -> tuple[tuple[npt.NDArray[Any], str], ...]:
    return (labels.rows, "<i8"), (labels.values, "<f8"), (labels.arrived, "<f8")


def _decoded(data: bytes, path: Path) -> Labels:
    try:
        stored = msgspec.msgpack.decode(zlib.decompress(data), type=_Stored)
    except (zlib.error, msgspec.DecodeError) as error:
        raise MonitoringError(f"This is no file of labels: {error}", str(path), "Give the labels again.") from error
    if stored.format != _FORMAT:
        raise NewerFormatError(
            f"Labels have the format {stored.format!r}, and this release knows {_FORMAT!r}", str(path)
        )
    sides = ((stored.rows, "<i8"), (stored.values, "<f8"), (stored.arrived, "<f8"))
    return Labels(np.frombuffer(stored.ids, "S36"), *(np.frombuffer(raw, kind) for raw, kind in sides))


def _moments(ids: npt.NDArray[Any]) -> Floats:
    """When predictions were made: the first 48 bits of their identity are milliseconds (UUIDv7, RFC 9562)."""
    try:
        heads = [int(one[:8] + one[9:13], 16) for one in ids.tolist()]
    except ValueError as error:
        raise MonitoringError(
            f"A label has an identity that is none: {error}", fix="Give the 'id' of the answer."
        ) from error
    return np.array(heads, dtype=np.float64) / 1000
