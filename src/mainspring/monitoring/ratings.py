"""Ratings: how good the windows of a day were, kept until labels or rows of that day are others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from mainspring.digest import blob_of
from mainspring.disk import write_whole
from mainspring.errors import MonitoringError
from mainspring.monitoring.labels import LOSSES, Joined, Quality, quality_of
from mainspring.monitoring.layouts import Axis
from mainspring.monitoring.windows import Window

__all__ = ["Rating", "RatingShelf", "rate"]

_FORMAT: Final = "mainspring-ratings/1"


@dataclass(frozen=True, slots=True)
class Rating:
    """How good the predictions of a window were, also by what was predicted.

    Attributes:
        quality: The window as a whole.
        losses: Sums of losses of labelled rows, by bin of the prediction.
        labelled: Labelled rows, by bin.
    """

    quality: Quality
    losses: tuple[float, ...] = ()
    labelled: tuple[int, ...] = ()


def rate(window: Window, predicted: npt.NDArray[np.float64], joined: Joined, loss: str, axis: Axis | None) -> Rating:
    """Return how good predictions were.

    Args:
        window: Which.
        predicted: What was predicted.
        joined: What turned out.
        loss: See `LOSSES`.
        axis: The bins of predictions; None: they are not told apart.

    Raises:
        MonitoringError: There is no such loss.
    """
    quality = quality_of(window, predicted, joined, loss)
    known = np.isfinite(joined.values) & np.isfinite(predicted)
    if axis is None or axis.kind != "number" or not known.any():
        return Rating(quality)
    places = np.searchsorted(np.asarray(axis.edges), predicted[known], side="right")
    losses = np.asarray(LOSSES[loss](predicted[known], joined.values[known]), dtype=np.float64)
    sums = np.bincount(places, losses, axis.bins)
    return Rating(quality, tuple(sums.tolist()), tuple(np.bincount(places, minlength=axis.bins).tolist()))


class _Stored(msgspec.Struct):
    format: str
    state: str
    ratings: list[Rating]


@dataclass(frozen=True, slots=True)
class RatingShelf:
    """Ratings on disk, a file for each day of a version; they can be made again from the log and the labels.

    Attributes:
        folder: The folder.
    """

    folder: Path

    def get(self, like: Window, day: int, state: str) -> list[Rating] | None:
        """Return the ratings of the windows of a day, as they were made of a state; None where it was another.

        Args:
            like: Any window of the version.
            day: When the day begins, in seconds since 1970 UTC.
            state: What tells the rows, labels and questions that they were made of.
        """
        path = self._path(like, day)
        if not path.exists():
            return None
        try:
            stored = msgspec.msgpack.decode(path.read_bytes(), type=_Stored)
        except msgspec.DecodeError as error:
            raise MonitoringError(f"These are no ratings: {error}", str(path), "Remove the file.") from error
        return stored.ratings if (stored.format, stored.state) == (_FORMAT, state) else None

    def put(self, like: Window, day: int, state: str, ratings: Sequence[Rating]) -> None:
        """Keep ratings in the place of those before."""
        write_whole(self._path(like, day), msgspec.msgpack.encode(_Stored(_FORMAT, state, list(ratings))))

    def _path(self, like: Window, day: int) -> Path:
        name = blob_of(msgspec.msgpack.encode([like.model, like.version, like.segment]))[:24]
        return self.folder / name / str(like.seconds) / f"{day}.ratings"
