"""Profiles of columns and frames: what a table holds, in a few kilobytes that merge and that are stored.

A profile serves as the reference of a package and as a window of monitoring. The merge of the profiles of parts equals
the profile of the whole: counts, extremes, bins and, up to the limit, values of categories are equal exactly; mean and
standard deviation within 1e-12 of the largest magnitude; counts of categories beyond the limit within `missed`.
"""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from mainspring.errors import NewerFormatError, StatisticsError, nearest
from mainspring.stats.bins import LIMIT, Bins, bins_of, merge_bins
from mainspring.stats.columns import MEASURED, Column, Kind
from mainspring.stats.frames import columns_of
from mainspring.stats.inputs import Floats
from mainspring.stats.tallies import Tallies, merge_tallies, tallies_of

__all__ = [
    "ColumnProfile",
    "FrameProfile",
    "decode_profile",
    "encode_profile",
    "merge_profiles",
    "profile_column",
    "profile_frame",
]

_FORMAT: Final = "mainspring-profile/1"
_LEAST_LIMIT: Final = 16


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """What one column holds.

    Attributes:
        name: Its name.
        kind: What it holds; see `mainspring.stats.Column`.
        type: The type of its values, in the words of where they came from.
        rows: Number of rows, nulls included.
        nulls: Rows without a value.
        nan: Values that are NaN.
        infinite: Values that are infinite.
        zeros: Values that are zero.
        negative: Finite values below zero.
        minimum: Least finite value, None where there is none; in the unit of `Column.values`.
        maximum: Greatest finite value.
        mean: Mean of the finite values.
        std: Standard deviation of the finite values, with n in the denominator.
        rounded: Whether integers beyond ±2^53 were rounded; distinct values are then counted too low.
        withheld: Whether the column is sensitive: its values are not kept, its counts are.
        bins: Distribution of the finite values; None for a kind that is not on an axis.
        tallies: Counts of the values of a category or boolean.
    """

    name: str
    kind: Kind
    type: str
    rows: int
    nulls: int
    nan: int = 0
    infinite: int = 0
    zeros: int = 0
    negative: int = 0
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    rounded: bool = False
    withheld: bool = False
    bins: Bins | None = None
    tallies: Tallies | None = None

    @property
    def finite(self) -> int:
        """Number of values that are neither null, NaN nor infinite."""
        return self.rows - self.nulls - self.nan - self.infinite

    @property
    def distinct(self) -> int | None:
        """Number of different finite values; None when there are more than the limit, or when it is not known."""
        if self.bins is not None:
            return self.bins.size if self.bins.exact and not self.rounded else None
        if self.tallies is not None:
            return len(self.tallies.values) if self.tallies.complete else None
        return None

    def quantile(self, levels: npt.ArrayLike) -> Floats:
        """Return the quantiles of the finite values at levels in [0, 1]; see `Bins.quantile`.

        Raises:
            StatisticsError: The column is not on an axis, or its values are withheld.
        """
        found = self._bins().quantile(levels)
        return found if self.minimum is None else np.clip(found, self.minimum, self.maximum)

    def histogram(self, edges: npt.ArrayLike) -> Floats:
        """Return the counts of the finite values between consecutive edges; see `Bins.histogram`.

        Raises:
            StatisticsError: The column is not on an axis, or its values are withheld.
        """
        return self._bins().histogram(edges)

    def _bins(self) -> Bins:
        if self.bins is None:
            why = "its values are withheld" if self.withheld else f"it is of the kind '{self.kind}'"
            raise StatisticsError(
                f"Column {self.name!r} has no distribution on an axis: {why}",
                fix="Ask for it where the kind is one of " + ", ".join(MEASURED) + ".",
            )
        return self.bins


@dataclass(frozen=True, slots=True)
class FrameProfile:
    """What a frame holds, column by column.

    Attributes:
        rows: Number of rows.
        columns: Profiles of the columns, in the order of the frame.
    """

    rows: int
    columns: tuple[ColumnProfile, ...]

    def column(self, name: str) -> ColumnProfile:
        """Return the profile of a column.

        Raises:
            StatisticsError: There is no column of that name.
        """
        found = next((column for column in self.columns if column.name == name), None)
        if found is None:
            raise _unknown(name, [column.name for column in self.columns])
        return found


def profile_frame(frame: Any, *, limit: int = LIMIT, sensitive: Collection[str] = ()) -> FrameProfile:
    """Return the profile of a frame.

    Args:
        frame: A Polars or pandas frame, a dict of arrays, or columns. An empty one has a profile of zero rows.
        limit: How many bins, or values of a category, are kept for each column; at least 16.
        sensitive: Columns of which no value may be kept: no extremes, mean, distribution or category.

    Raises:
        StatisticsError: A sensitive column is not in the frame, or the limit is too low.

    >>> sales = profile_frame({"units": [3, 0, 7, None], "shop": ["a", "b", "a", "a"]})
    >>> sales.column("units").nulls, sales.column("units").zeros, sales.column("shop").tallies.values
    (1, 1, ('a', 'b'))
    """
    columns = columns_of(frame)
    names = [column.name for column in columns]
    for name in sensitive:
        if name not in names:
            raise _unknown(name, names)
    profiles = tuple(profile_column(column, limit=limit, sensitive=column.name in sensitive) for column in columns)
    return FrameProfile(profiles[0].rows if profiles else 0, profiles)


def profile_column(column: Column, *, limit: int = LIMIT, sensitive: bool = False) -> ColumnProfile:
    """Return the profile of one column.

    Raises:
        StatisticsError: The limit is too low.
    """
    if limit < _LEAST_LIMIT:
        raise StatisticsError(f"A profile of {limit} bins says nothing", fix=f"Keep at least {_LEAST_LIMIT}.")
    rows, nulls = len(column.nulls), int(column.nulls.sum())
    bare = ColumnProfile(column.name, column.kind, column.type, rows, nulls, rounded=column.rounded, withheld=sensitive)
    if column.kind in MEASURED:
        return _measured(bare, column.present(), limit)
    if column.kind in ("category", "boolean") and not sensitive:
        counts = np.bincount(column.present(), minlength=len(column.labels))
        # Of what is less frequent than the first one too many, nothing stays: sorting a million texts is for nothing.
        first = np.argsort(-counts, kind="stable")[: limit + 1]
        present = {column.labels[place]: int(counts[place]) for place in first if counts[place]}
        return replace(bare, tallies=tallies_of(present, limit=limit))
    return bare


def _measured(bare: ColumnProfile, values: Floats, limit: int) -> ColumnProfile:
    nan = int(np.isnan(values).sum())
    finite = values[np.isfinite(values)] if not np.isfinite(values).all() else values
    counted = replace(
        bare,
        nan=nan,
        infinite=values.size - nan - finite.size,
        zeros=int((finite == 0).sum()),
        negative=int((finite < 0).sum()),
    )
    if bare.withheld:
        return counted
    counted = replace(counted, bins=bins_of(finite, limit=limit))
    if not finite.size:
        return counted
    low, high = float(finite.min()) + 0.0, float(finite.max()) + 0.0
    mean, std = _moments(finite, max(abs(low), abs(high)))
    return replace(counted, minimum=low, maximum=high, mean=mean, std=std)


def _moments(values: Floats, most: float) -> tuple[float, float]:
    """Return mean and standard deviation, of numbers whose squares may not be numbers."""
    scale = math.ldexp(1.0, math.frexp(most)[1] - 1) if most else 1.0
    scaled = values / scale
    return float(scaled.mean()) * scale, float(scaled.std()) * scale


def merge_profiles(profiles: Iterable[FrameProfile]) -> FrameProfile:
    """Return the profile of the data of all profiles together.

    Raises:
        StatisticsError: There is none; they have different columns; or a column is of different kinds.
    """
    every = list(profiles)
    if not every:
        raise StatisticsError("There is no profile to merge", fix="Give at least one.")
    return reduce(_merge_frames, every)


def _merge_frames(first: FrameProfile, second: FrameProfile) -> FrameProfile:
    names, others = ([column.name for column in side.columns] for side in (first, second))
    if sorted(names) != sorted(others):
        said = ", ".join(repr(name) for name in sorted(set(names) ^ set(others)))
        raise StatisticsError(f"Only one of two profiles has {said}", fix="Merge profiles of the same columns.")
    columns = tuple(_merge_columns(column, second.column(column.name)) for column in first.columns)
    return FrameProfile(first.rows + second.rows, columns)


def _merge_columns(first: ColumnProfile, second: ColumnProfile) -> ColumnProfile:
    kinds = {first.kind, second.kind} - {"empty"}
    if len(kinds) > 1 or first.withheld != second.withheld:
        one, other = (f"'{side.kind}'{', withheld' if side.withheld else ''}" for side in (first, second))
        raise StatisticsError(
            f"Column {first.name!r} is {one} in one profile and {other} in the other",
            fix="Merge profiles in which each column is of one kind.",
        )
    if "empty" in (first.kind, second.kind):
        full = second if first.kind == "empty" else first
        return replace(full, rows=first.rows + second.rows, nulls=first.nulls + second.nulls)
    mean, std = _merged_moments(first, second)
    return ColumnProfile(
        first.name,
        first.kind,
        " | ".join(dict.fromkeys([*first.type.split(" | "), *second.type.split(" | ")])),
        first.rows + second.rows,
        first.nulls + second.nulls,
        first.nan + second.nan,
        first.infinite + second.infinite,
        first.zeros + second.zeros,
        first.negative + second.negative,
        min((side.minimum for side in (first, second) if side.minimum is not None), default=None),
        max((side.maximum for side in (first, second) if side.maximum is not None), default=None),
        mean,
        std,
        first.rounded or second.rounded,
        first.withheld,
        None if first.bins is None or second.bins is None else merge_bins(first.bins, second.bins),
        None if first.tallies is None or second.tallies is None else merge_tallies(first.tallies, second.tallies),
    )


def _merged_moments(first: ColumnProfile, second: ColumnProfile) -> tuple[float | None, float | None]:
    """Return mean and deviation of both (Chan, Golub, LeVeque, COMPSTAT 1982), in a form whose squares fit."""
    if first.mean is None or first.std is None:
        return second.mean, second.std
    if second.mean is None or second.std is None:
        return first.mean, first.std
    total = first.finite + second.finite
    left, right = first.finite / total, second.finite / total
    apart = math.sqrt(left * right)
    std = math.hypot(
        math.sqrt(left) * first.std, math.sqrt(right) * second.std, apart * first.mean - apart * second.mean
    )
    return left * first.mean + right * second.mean, std


class _Envelope(msgspec.Struct):
    format: str
    profile: msgspec.Raw


def encode_profile(profile: FrameProfile) -> bytes:
    """Return a profile as MessagePack with its format; equal profiles give equal bytes."""
    return msgspec.msgpack.encode({"format": _FORMAT, "profile": profile})


def decode_profile(data: bytes) -> FrameProfile:
    """Return the profile that `encode_profile` wrote.

    Raises:
        NewerFormatError: This release does not know the format.
        StatisticsError: The bytes are no profile.
    """
    try:
        envelope = msgspec.msgpack.decode(data, type=_Envelope)
        if envelope.format == _FORMAT:
            return msgspec.msgpack.decode(envelope.profile, type=FrameProfile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StatisticsError(
            f"The {len(data):,} bytes are no profile: {error}", fix="Make the profile anew."
        ) from error
    raise NewerFormatError(
        f"A profile has the format {envelope.format!r}, and this release knows {_FORMAT!r}",
        fix="Install the release that wrote it, or a newer one.",
    )


def _unknown(name: str, names: list[str]) -> StatisticsError:
    near = nearest(name, names)
    fix = f"Did you mean {near!r}?" if near else f"There are {', '.join(repr(one) for one in names) or 'no columns'}."
    return StatisticsError(f"There is no column {name!r}", fix=fix)
