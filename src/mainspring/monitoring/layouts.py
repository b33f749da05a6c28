"""Layouts: the axes on which windows are counted, frozen from the reference so that counts of windows add up."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from mainspring.digest import blob_of
from mainspring.errors import MonitoringError, NewerFormatError
from mainspring.stats import MEASURED, ColumnProfile, FrameProfile, merge_profiles, profile_frame

__all__ = ["OUTPUT", "Axis", "Layout", "decode_layout", "encode_layout", "layout_of", "layout_of_rows"]

OUTPUT: Final = "output."
"""What comes before the name of a column that was predicted."""

_FORMAT: Final = "mainspring-layout/1"
_BINS: Final = 20
_LEAST: Final = 1e-12
_MOMENTS: Final = ("date", "datetime")


@dataclass(frozen=True, slots=True)
class Axis:
    """How one column is counted.

    Attributes:
        name: The column; an output has `output.` before its name.
        kind: `number` has edges, `category` labels; `counted` has neither: only what is missing is counted, as in
            columns that are sensitive, or moments in time, which are never what they were.
        edges: Inner edges of a number's bins: a bin holds its lower edge and not its upper one.
        labels: Values of a category that have a bin of their own; all others share the last bin.
        known: All values of a category that the reference has; None where they are too many to tell what is new.
        unseen: The share of rows of values that the reference did not have, to be expected in data like it: that of
            values that occur once in it (Good, Biometrika 40, 1953), at least one row.
        minimum: Least number of the reference.
        maximum: Greatest number of the reference.
        centre: Mean of the reference; what numbers are taken from before they are summed.
        scale: Standard deviation of the reference, 1 where it is 0; the unit of sums and distances.
    """

    name: str
    kind: Literal["number", "category", "counted"]
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    known: frozenset[str] | None = None
    unseen: float = 1.0
    minimum: float | None = None
    maximum: float | None = None
    centre: float = 0.0
    scale: float = 1.0

    @property
    def bins(self) -> int:
        """How many bins it has."""
        if self.kind == "number":
            return len(self.edges) + 1
        return len(self.labels) + 1 if self.kind == "category" else 0


@dataclass(frozen=True)
class Layout:
    """The axes of all columns.

    Attributes:
        axes: One for each column, outputs after inputs.
    """

    axes: tuple[Axis, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(axis.name for axis in self.axes)

    @cached_property
    def bins(self) -> int:
        """The largest number of bins, at least two."""
        return max([2, *(axis.bins for axis in self.axes)])

    @cached_property
    def digest(self) -> str:
        """What tells one layout from another: windows of different ones do not add up."""
        return blob_of(encode_layout(self))[:32]

    @cached_property
    def widths(self) -> npt.NDArray[np.float64]:
        """How much each cut between bins weighs in Wasserstein's distance, in standard deviations; NaN: no order."""
        found = np.full((len(self.axes), self.bins - 1), np.nan)
        for place, axis in enumerate(self.axes):
            if axis.kind == "number" and axis.edges:
                gaps = np.diff(axis.edges) / axis.scale
                ends = np.concatenate([gaps[:1], gaps, gaps[-1:]]) if gaps.size else np.ones(2)
                found[place, : len(axis.edges)] = (ends[:-1] + ends[1:]) / 2
        return found

    @cached_property
    def numbers(self) -> npt.NDArray[np.int64]:
        """The places of numbers."""
        return np.array([place for place, axis in enumerate(self.axes) if axis.kind == "number"], dtype=np.int64)


def layout_of_rows(frame: Any, *, outputs: Any = None, bins: int = _BINS, sensitive: Collection[str] = ()) -> Layout:
    """Return the layout that rows of a reference give; see `layout_of`."""
    profiles = [profile_frame(frame, sensitive=sensitive)]
    return layout_of(profiles, outputs=() if outputs is None else [profile_frame(outputs)], bins=bins)


def layout_of(profiles: Iterable[FrameProfile], *, outputs: Iterable[FrameProfile] = (), bins: int = _BINS) -> Layout:
    """Return the layout that profiles of reference windows give.

    A number has edges at quantiles of equal distance, or one bin for each value where it has no more values than bins;
    a category has a bin for each of its most frequent values, and one for the rest.

    Args:
        profiles: Of the inputs in each reference window, such as a package carries.
        outputs: Of the predictions.
        bins: The most bins that a column has.

    Raises:
        MonitoringError: There is no profile, or fewer than four bins.
        StatisticsError: They are not of the same columns.
    """
    inputs = list(profiles)
    if not inputs or bins < 4:
        raise MonitoringError(
            "There is nothing to lay windows out by" if not inputs else f"{bins} bins say nothing",
            fix="Give the profiles of the reference, and at least four bins.",
        )
    found = [_axis(column, bins, "") for column in merge_profiles(inputs).columns]
    predicted = list(outputs)
    if predicted:
        found += [_axis(column, bins, OUTPUT) for column in merge_profiles(predicted).columns]
    return Layout(tuple(found))


def _axis(column: ColumnProfile, bins: int, prefix: str) -> Axis:
    name = prefix + column.name
    if column.kind in MEASURED and column.kind not in _MOMENTS and column.bins is not None and column.finite:
        return _number(column, name, bins)
    if column.tallies is not None and column.tallies.values:
        tallies = column.tallies
        once = sum(1 for count in tallies.counts if count == 1)
        rows = max(column.rows - column.nulls, 1)
        return Axis(
            name,
            "category",
            labels=tallies.values[: bins - 1],
            known=frozenset(tallies.values) if tallies.complete else None,
            unseen=min(1.0, (once + 1) / (rows + 1)),
        )
    return Axis(name, "counted")


def _number(column: ColumnProfile, name: str, bins: int) -> Axis:
    assert column.bins is not None  # noqa: S101 - the caller has looked
    if column.distinct is not None and column.distinct <= bins:
        edges = column.bins.edges()[0][1:]
    else:
        edges = np.unique(column.quantile(np.arange(1, bins) / bins))
        edges = edges[edges > (column.minimum or 0.0)] if column.minimum is not None else edges
    scale = column.std or 0.0
    centre = column.mean or 0.0
    usable = scale > _LEAST * max(1.0, abs(centre))
    return Axis(
        name,
        "number",
        tuple(float(edge) for edge in edges),
        minimum=column.minimum,
        maximum=column.maximum,
        centre=centre,
        scale=scale if usable else 1.0,
    )


class _Envelope(msgspec.Struct):
    format: str
    axes: msgspec.Raw


def encode_layout(layout: Layout) -> bytes:
    """Return a layout as MessagePack with its format; equal layouts give equal bytes."""
    axes = [
        {**{name: getattr(axis, name) for name in Axis.__slots__}, "known": _sorted(axis.known)} for axis in layout.axes
    ]
    return msgspec.msgpack.encode({"format": _FORMAT, "axes": axes})


def _sorted(known: frozenset[str] | None) -> list[str] | None:
    return None if known is None else sorted(known)


def decode_layout(data: bytes) -> Layout:
    """Return the layout that `encode_layout` wrote.

    Raises:
        MonitoringError: The bytes are no layout.
        NewerFormatError: This release does not know the format.
    """
    try:
        envelope = msgspec.msgpack.decode(data, type=_Envelope)
        if envelope.format == _FORMAT:
            return Layout(msgspec.msgpack.decode(envelope.axes, type=tuple[Axis, ...]))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MonitoringError(f"The {len(data):,} bytes are no layout: {error}", fix="Make it anew.") from error
    raise NewerFormatError(
        f"A layout has the format {envelope.format!r}, and this release knows {_FORMAT!r}",
        fix="Install the release that wrote it, or a newer one.",
    )
