"""Profiles of windows: what a slice of traffic holds, counted on a frozen layout, merged by addition."""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from mainspring.errors import MonitoringError, NewerFormatError
from mainspring.monitoring.layouts import Layout

__all__ = ["LATENCY_EDGES", "Window", "WindowProfile", "blank", "decode_window", "encode_window", "merge_windows"]

_FORMAT: Final = "mainspring-window/1"
_NOVEL: Final = 32
_BITS: Final = 128
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LATENCY_EDGES: Final[Floats] = 10.0 ** np.linspace(1, 8, 85)
"""Edges, in microseconds, between which durations are counted: a factor of 1.21 from one to the next."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A slice of the traffic of one version of a model.

    Attributes:
        start: Its first moment, in seconds since 1970 UTC.
        seconds: How long it lasts; the moment at its end is not in it.
        model: The name of the model.
        version: The digest of the package.
        segment: Which rows, as `column=value`; empty for all.
        season: The key by which windows are matched, where the calendar is not to do it.
    """

    start: int
    seconds: int
    model: str = ""
    version: str = ""
    segment: str = ""
    season: str = ""

    @property
    def end(self) -> int:
        """The first moment after it."""
        return self.start + self.seconds


@dataclass(frozen=True, slots=True, eq=False)
class WindowProfile:
    """What one window holds. Arrays have a place for each column of the layout.

    Attributes:
        window: Which.
        layout: The digest of the layout.
        rows: How many rows.
        nulls: Rows without a value.
        nan: Values that are NaN.
        infinite: Values that are infinite.
        below: Numbers below the least of the reference.
        above: Numbers above the greatest of the reference.
        fresh: Values of categories that the reference does not have.
        counts: Values in each bin, padded with 0.
        sums: Sums of the first four powers of numbers, in deviations from the centre of the axis by its scale.
        products: Sums of products of such numbers of each two columns; what is missing counts as the centre.
        minimum: Least finite number, infinity where there is none.
        maximum: Greatest finite number, minus infinity where there is none.
        bits: Which of 1,024 places the values hash to, for `distinct`.
        novel: Values that the reference does not have, with the column's place and how often they occur: at most 32.
        answers: How many requests were answered; one has a row or more.
        micros: How many requests took how long, between `LATENCY_EDGES`, with both outsides.
        marks: How often each rule of the signature's policy has marked a value, by `path: rule`.
        fallbacks: Requests that a model down the fallback chain has answered.
        repeated: Rows that are equal to an earlier one of the same part of the window.
        last: The time of the latest row, in seconds since 1970 UTC; 0 without rows.
    """

    window: Window
    layout: str
    rows: int
    nulls: Ints
    nan: Ints
    infinite: Ints
    below: Ints
    above: Ints
    fresh: Ints
    counts: Ints
    sums: Floats
    products: Floats
    minimum: Floats
    maximum: Floats
    bits: npt.NDArray[np.uint8]
    micros: Ints
    novel: tuple[tuple[int, str, int], ...] = ()
    answers: int = 0
    marks: Mapping[str, int] = field(default_factory=dict)
    fallbacks: int = 0
    repeated: int = 0
    last: float = 0.0

    @property
    def finite(self) -> Ints:
        """How many values of each column have a bin, or would have."""
        return self.rows - self.nulls - self.nan - self.infinite

    @property
    def missing(self) -> Ints:
        """How many values of each column are null or NaN."""
        return self.nulls + self.nan

    def distinct(self) -> Floats:
        """Return about how many different values each column has, by linear counting; infinity beyond some 7,000.

        -m·ln(share of m places that no value hashes to) (Whang, Vander-Zanden, Taylor, ACM TODS 15, 1990).
        """
        size = self.bits.shape[1] * 8
        empty = size - np.unpackbits(self.bits, axis=1).sum(axis=1)
        with np.errstate(divide="ignore"):
            return np.asarray(-size * np.log(empty / size) + 0.0, dtype=np.float64)


_SUMMED: Final = ("nulls", "nan", "infinite", "below", "above", "fresh", "counts", "sums", "products", "micros")
_BY_COLUMN: Final = ("nulls", "nan", "infinite", "below", "above", "fresh")
_PLAIN: Final = ("rows", "answers", "fallbacks", "repeated")
_ARRAYS: Final = {name: "<f8" if name in ("sums", "products") else "<i8" for name in _SUMMED} | {
    "minimum": "<f8",
    "maximum": "<f8",
    "bits": "|u1",
}


def blank(window: Window, layout: Layout) -> WindowProfile:
    """Return the profile of a window without rows."""
    size = len(layout.axes)
    whole: dict[str, Any] = {name: np.zeros(size, np.int64) for name in _BY_COLUMN}
    return WindowProfile(
        window,
        layout.digest,
        0,
        **whole,
        counts=np.zeros((size, layout.bins), np.int64),
        sums=np.zeros((size, 4)),
        products=np.zeros((layout.numbers.size, layout.numbers.size)),
        minimum=np.full(size, np.inf),
        maximum=np.full(size, -np.inf),
        bits=np.zeros((size, _BITS), np.uint8),
        micros=np.zeros(LATENCY_EDGES.size + 1, np.int64),
    )


def merge_windows(profiles: Iterable[WindowProfile], window: Window | None = None) -> WindowProfile:
    """Return the profile of all rows together: counts and sums are added, bits joined, extremes compared.

    Args:
        profiles: Of one layout.
        window: What the whole is called; by default from the first moment to the last.

    Raises:
        MonitoringError: There is none, or they have different layouts.
    """
    every = list(profiles)
    if not every:
        raise MonitoringError("There is no window to merge", fix="Give at least one.")
    whole = reduce(_merged, every)
    if window is None:
        start = min(one.window.start for one in every)
        window = replace(whole.window, start=start, seconds=max(one.window.end for one in every) - start)
    return replace(whole, window=window)


def _merged(first: WindowProfile, second: WindowProfile) -> WindowProfile:
    if first.layout != second.layout:
        raise MonitoringError(
            f"Windows are counted on different layouts, {first.layout[:12]} and {second.layout[:12]}",
            fix="Make them again from the log with one layout: mainspring monitor backfill.",
        )
    novel: dict[tuple[int, str], int] = {}
    for place, value, count in (*first.novel, *second.novel):
        novel[place, value] = novel.get((place, value), 0) + count
    marks = dict(first.marks)
    for name, count in second.marks.items():
        marks[name] = marks.get(name, 0) + count
    parts: dict[str, Any] = {name: getattr(first, name) + getattr(second, name) for name in (*_SUMMED, *_PLAIN)}
    return replace(
        first,
        **parts,
        minimum=np.minimum(first.minimum, second.minimum),
        maximum=np.maximum(first.maximum, second.maximum),
        bits=first.bits | second.bits,
        novel=most_novel(novel),
        marks=marks,
        last=max(first.last, second.last),
    )


def most_novel(counts: Mapping[tuple[int, str], int]) -> tuple[tuple[int, str, int], ...]:
    """Return the most frequent new values, as a window keeps them."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple((place, value, count) for (place, value), count in ordered[:_NOVEL])


class _Stored(msgspec.Struct):
    format: str
    window: Window
    layout: str
    plain: dict[str, int]
    last: float
    novel: tuple[tuple[int, str, int], ...]
    marks: dict[str, int]
    arrays: dict[str, tuple[tuple[int, ...], bytes]]


def encode_window(profile: WindowProfile) -> bytes:
    """Return a profile as compressed MessagePack with its format; equal profiles give equal bytes."""
    arrays = {name: np.ascontiguousarray(getattr(profile, name), kind) for name, kind in _ARRAYS.items()}
    stored = _Stored(
        _FORMAT,
        profile.window,
        profile.layout,
        {name: getattr(profile, name) for name in _PLAIN},
        profile.last,
        profile.novel,
        dict(sorted(profile.marks.items())),
        {name: (array.shape, array.tobytes()) for name, array in arrays.items()},
    )
    return zlib.compress(msgspec.msgpack.encode(stored), 1)


def decode_window(data: bytes) -> WindowProfile:
    """Return the profile that `encode_window` wrote.

    Raises:
        MonitoringError: The bytes are no profile of a window.
        NewerFormatError: This release does not know the format.
    """
    try:
        plain = zlib.decompress(data)
        said = msgspec.msgpack.decode(plain, type=dict[str, Any]).get("format")
        if said == _FORMAT:
            stored = msgspec.msgpack.decode(plain, type=_Stored)
            kept: dict[str, Any] = {
                name: np.frombuffer(raw, _ARRAYS[name]).reshape(shape) for name, (shape, raw) in stored.arrays.items()
            }
            kept |= stored.plain
            return WindowProfile(
                stored.window,
                stored.layout,
                novel=stored.novel,
                marks=stored.marks,
                last=stored.last,
                **kept,
            )
    except (zlib.error, msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
        raise MonitoringError(
            f"The {len(data):,} bytes are no profile of a window: {error}", fix="Make it again from the log."
        ) from error
    raise NewerFormatError(
        f"The profile of a window has the format {said!r}, and this release knows {_FORMAT!r}",
        fix="Install the release that wrote it, or a newer one.",
    )
