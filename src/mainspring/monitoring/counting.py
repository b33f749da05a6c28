"""Counting: rows become the profile of a window, a part at a time, without keeping a row."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.errors import MonitoringError, nearest
from mainspring.monitoring.layouts import Axis, Layout
from mainspring.monitoring.windows import LATENCY_EDGES, Window, WindowProfile, blank, most_novel
from mainspring.stats import Column

__all__ = ["Served", "count_rows", "mixed"]

_MIX: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
_MISSING: Final = np.uint64(0x1234_5678_9ABC_DEF1)
_PLACES: Final = 1024
_BLOCK: Final = 1 << 14
_PRODUCT: Final = 512
_FEW: Final = 64


@dataclass(frozen=True, slots=True)
class Served:
    """What is known of answered requests besides their rows.

    Attributes:
        micros: How long each request took, in microseconds.
        fallbacks: How many a model down the chain has answered.
        marks: How often each rule has marked a value.
        last: The time of the latest, in seconds since 1970 UTC.
    """

    micros: npt.NDArray[np.int64]
    fallbacks: int = 0
    marks: Mapping[str, int] | None = None
    last: float = 0.0


def count_rows(
    layout: Layout, window: Window, columns: Mapping[str, Any] | tuple[Column, ...], served: Served | None = None
) -> WindowProfile:
    """Return the profile of rows.

    Args:
        layout: How they are counted. A column that the rows lack is counted as null in every row.
        window: Which window they belong to; a part of it is as good, since parts are merged by addition.
        columns: Arrays of equal length by column (an output with `output.` before its name), in which None, NaN and NaT
            are what they are called; or columns of `mainspring.stats.columns_of`.
        served: The requests in which they came.

    Raises:
        MonitoringError: Rows have no column of the layout, or arrays differ in length.
    """
    given = {one.name: one for one in columns} if isinstance(columns, tuple) else columns
    rows = _length(layout, given)
    made = blank(window, layout)
    novel: dict[tuple[int, str], int] = {}
    numbers: list[_Numbers] = []
    slots = {int(place): slot for slot, place in enumerate(layout.numbers)}
    hashes = np.zeros(rows, np.uint64)
    for place, axis in enumerate(layout.axes):
        values = given.get(axis.name)
        if values is None:
            made.nulls[place] = rows
        elif axis.kind == "number":
            numbers.append(_Numbers(made, place, axis, slots[place], *_floats(values)))
        elif axis.kind == "category":
            hashed = _Category(made, place, axis, novel).count(values)
            made.bits[place] = _bits(hashed)
            hashes = (hashes ^ hashed) * _MIX
        else:
            made.nulls[place] = _nulls(values).sum()
    for start in range(0, rows, _BLOCK):
        _count_block(numbers, slice(start, start + _BLOCK), hashes, made)
    found = replace(made, rows=rows, novel=most_novel(novel), repeated=_repeated(hashes))
    return found if served is None else _with_requests(found, served)


def _count_block(numbers: list["_Numbers"], block: slice, hashes: npt.NDArray[np.uint64], made: WindowProfile) -> None:
    """Count the numbers of so few rows that they stay in the cache of a processor."""
    part = hashes[block]
    size = len(made.products)
    deviations = np.zeros((size, part.size))
    for one in numbers:
        hashed = one.count(block, deviations[one.slot])
        np.bitwise_xor(part, hashed, out=part)
        np.multiply(part, _MIX, out=part)
    # Slices so small that the product stays on one processor: others would only wait for each other.
    for start in range(0, part.size, _PRODUCT):
        some = deviations[:, start : start + _PRODUCT]
        made.products[:] += some @ some.T


def _length(layout: Layout, given: Mapping[str, Any]) -> int:
    sizes = {len(one.nulls) if isinstance(one, Column) else len(one) for one in given.values()}
    if len(sizes) == 1 and set(layout.names) & set(given):
        return sizes.pop()
    near = nearest(next(iter(given), ""), layout.names)
    raise MonitoringError(
        "Rows have no column that is watched" if len(sizes) < 2 else "Columns of rows differ in length",
        fix=f"Did you mean '{near}'?" if near else f"Give columns such as {', '.join(layout.names[:3])}.",
    )


def _repeated(hashes: npt.NDArray[np.uint64]) -> int:
    """How many rows are equal to an earlier one. They are sorted in place."""
    hashes.sort()
    return int((hashes[1:] == hashes[:-1]).sum())


def _bits(hashed: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """The bitmap that hashed values set."""
    taken = np.zeros(_PLACES, bool)
    taken[(hashed >> np.uint64(54)).view(np.int64)] = True
    return np.packbits(taken)


def mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return well-spread numbers for numbers, as SplitMix64 ends (Steele, Lea, Flood, OOPSLA 2014), shortened."""
    made = bits * _MIX
    made ^= made >> np.uint64(29)
    return made * _MIX


def _nulls(values: Any) -> npt.NDArray[np.bool_]:
    if isinstance(values, Column):
        return values.nulls
    array = np.asarray(values)
    if array.dtype.kind == "O":
        return np.fromiter((one is None for one in array.tolist()), bool, array.size)
    return np.isnat(array) if array.dtype.kind in "mM" else np.zeros(len(array), bool)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A column of numbers, and its place in a profile in the making."""

    made: WindowProfile
    place: int
    axis: Axis
    slot: int
    values: npt.NDArray[np.float64]
    nulls: npt.NDArray[np.bool_]

    def count(self, block: slice, deviations: npt.NDArray[np.float64]) -> npt.NDArray[np.uint64]:
        """Count some rows; returns a hash of each, and fills in the deviations."""
        made, place, axis = self.made, self.place, self.axis
        values, nulls = self.values[block], self.nulls[block]
        finite = np.isfinite(values)
        whole = bool(finite.all()) and not nulls.any()
        kept = values
        if not whole:
            finite &= ~nulls
            kept = values[finite]
            gone, nan = int(nulls.sum()), int((np.isnan(values) & ~nulls).sum())
            made.nulls[place] += gone
            made.nan[place] += nan
            made.infinite[place] += values.size - gone - nan - kept.size
        if kept.size:
            self._tally(kept)
            scaled = (kept - axis.centre) / axis.scale
            squares = scaled * scaled
            cubes = squares * scaled
            made.sums[place] += scaled.sum(), squares.sum(), cubes.sum(), np.multiply(squares, squares, cubes).sum()
            deviations[:] = scaled if whole else 0.0
            if not whole:
                deviations[finite] = scaled
        bits = (values + 0.0).view(np.uint64)
        hashed = mixed(bits if whole else np.where(nulls, _MISSING, bits))
        made.bits[place] |= _bits(hashed)
        return hashed

    def _tally(self, kept: npt.NDArray[np.float64]) -> None:
        made, place, axis = self.made, self.place, self.axis
        if len(axis.edges) <= _FEW:
            reached = np.array([kept.size, *(np.count_nonzero(kept >= edge) for edge in axis.edges), 0], dtype=np.int64)
            made.counts[place, : axis.bins] += reached[:-1] - reached[1:]
        else:
            bins = np.searchsorted(np.asarray(axis.edges), kept, side="right")
            made.counts[place, : axis.bins] += np.bincount(bins, minlength=axis.bins)
        least, most = kept.min(), kept.max()
        made.minimum[place], made.maximum[place] = min(made.minimum[place], least), max(made.maximum[place], most)
        if axis.minimum is not None and least < axis.minimum:
            made.below[place] += int((kept < axis.minimum).sum())
        if axis.maximum is not None and most > axis.maximum:
            made.above[place] += int((kept > axis.maximum).sum())


@dataclass(frozen=True, slots=True)
class _Category:
    """A category, and its place in a profile in the making."""

    made: WindowProfile
    place: int
    axis: Axis
    novel: dict[tuple[int, str], int]

    def count(self, given: Any) -> npt.NDArray[np.uint64]:
        """Count values of a category; returns a hash of each."""
        texts, places, nulls = _coded(given)
        made, place, axis = self.made, self.place, self.axis
        made.nulls[place] = int(nulls.sum())
        counts = np.bincount(places[~nulls] if nulls.any() else places, minlength=len(texts))
        slots = {label: slot for slot, label in enumerate(axis.labels)}
        known = axis.known
        for text, count in zip(texts, counts.tolist(), strict=True):
            if not count:
                continue
            made.counts[place, slots.get(text, axis.bins - 1)] += count
            if known is not None and text not in known:
                made.fresh[place] += count
                self.novel[place, text] = count
        codes = np.fromiter((_hash_of(text) for text in texts), np.uint64, len(texts))
        hashed = codes[places] if len(texts) else np.zeros(places.size, np.uint64)
        return np.where(nulls, _MISSING, hashed)


def _hash_of(text: str) -> int:
    """64 bits of a text, the same in every process."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) * int(_MIX) & 0xFFFF_FFFF_FFFF_FFFF


def _floats(given: Any) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    if isinstance(given, Column):
        return np.ascontiguousarray(given.values, np.float64), given.nulls
    array = np.asarray(given)
    if array.dtype.kind == "O":
        nulls = _nulls(array)
        return np.array([np.nan if one is None else float(one) for one in array.tolist()]), nulls
    if array.dtype.kind in "mM":
        nulls = np.isnat(array)
        return np.where(nulls, 0, array.astype(np.int64)).astype(np.float64), nulls
    return np.ascontiguousarray(array, np.float64), np.zeros(array.size, bool)


def _coded(given: Any) -> tuple[list[str], npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the different values as texts, the place of each row's, and which are null."""
    if isinstance(given, Column):
        return list(given.labels), np.where(given.nulls, 0, given.values).astype(np.int64), given.nulls
    listed = np.asarray(given).tolist()
    found: dict[Any, int] = {}
    places = np.fromiter((found.setdefault(one, len(found)) for one in listed), np.int64, len(listed))
    gone = found.get(None)
    nulls = places == gone if gone is not None else np.zeros(places.size, bool)
    return [_said(one) for one in found], places, nulls


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_requests(profile: WindowProfile, served: Served) -> WindowProfile:
    slots = np.searchsorted(LATENCY_EDGES, served.micros, side="right")
    return replace(
        profile,
        answers=int(served.micros.size),
        micros=np.bincount(slots, minlength=LATENCY_EDGES.size + 1),
        fallbacks=served.fallbacks,
        marks=dict(served.marks or {}),
        last=served.last,
    )
