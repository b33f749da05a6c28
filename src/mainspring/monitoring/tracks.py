"""Tracks: what every check said of every column in window after window, and the episodes in which something was found.

What `check_windows` tells of windows one by one is told here of thousands at once, in arrays.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from mainspring.monitoring.bands import Bands, Level
from mainspring.monitoring.checking import adjusted
from mainspring.monitoring.layouts import Layout
from mainspring.monitoring.references import Reference
from mainspring.monitoring.rules import Rules
from mainspring.monitoring.shapes import Judged
from mainspring.monitoring.stacks import stacked
from mainspring.monitoring.telling import tell
from mainspring.monitoring.windows import Window, WindowProfile
from mainspring.stats import DISTANCES

__all__ = ["Episode", "Followed", "State", "Stretch", "Track", "episodes", "follow"]

Floats = npt.NDArray[np.float32]
State = Literal["found", "remarkable", "usual", "unknown"]
_AT_ONCE: Final = 256
_FIGURES: Final = ("size", "value", "expected", "threshold", "p", "adjusted")


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One check of one column, window by window. Arrays have a place for each window that was judged.

    Attributes:
        check: Which check.
        column: The column, a quantile of latency, or empty for windows as a whole.
        size: The size of the change; NaN where a window has no rows to tell it by.
        value: What the window has.
        expected: What its season has in the reference.
        threshold: The size that is remarkable on its own.
        p: The probability of such a change in windows like the reference's; 1 where it is too small to matter.
        adjusted: The p-value of so many changed windows, adjusted within the family of the check.
        found: Where it is a finding.
        by: The number of the distance that was the largest, of drift; -1 for other checks.
    """

    check: str
    column: str
    size: Floats
    value: Floats
    expected: Floats
    threshold: Floats
    p: Floats
    adjusted: Floats
    found: npt.NDArray[np.bool_]
    by: npt.NDArray[np.int8]

    def state(self, place: int, level: float) -> State:
        """Return what is to be said of a window: `found`, `remarkable` on its own, `usual`, or `unknown`."""
        if not np.isfinite(self.size[place]):
            return "unknown"
        if self.found[place]:
            return "found"
        return "remarkable" if self.p[place] <= level else "usual"

    def distance(self, place: int) -> str:
        """Return which distance was the largest in a window; empty for checks that have only one."""
        return DISTANCES[self.by[place]] if self.by[place] >= 0 else ""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """What came of windows that follow each other.

    Attributes:
        windows: All of them, the earliest first.
        rows: How many rows each has.
        begun: The place of the first that was judged; those before it are of the reference.
        levels: Levels with their bands, in all windows.
        shares: Of requests that a fallback answered and of rows that the policy of the signature marked, in all.
        tracks: Every check of every column, in the windows that were judged.
        last: The time of the latest row.
    """

    windows: tuple[Window, ...]
    rows: npt.NDArray[np.int64]
    begun: int
    levels: tuple[Level, ...]
    shares: dict[str, Floats]
    tracks: tuple[Track, ...]
    last: float

    @property
    def judged(self) -> tuple[Window, ...]:
        """The windows that were judged."""
        return self.windows[self.begun :]

    def by_name(self) -> dict[tuple[str, str], Track]:
        """Return the tracks by check and column."""
        return {(one.check, one.column): one for one in self.tracks}


@dataclass(frozen=True, slots=True, eq=False)
class Stretch:
    """The windows of one version.

    Attributes:
        version: The digest of the package.
        name: What it is called, such as `version 3`.
        layout: The axes.
        rules: When a window differs.
        reference: How many windows the reference has.
        until: The end of the reference, in seconds since 1970 UTC.
        cold: Whether those are too few for thresholds that are fitted.
        seasons: By which season each column's distribution is matched.
        followed: What came of the windows.
        before: Of how many days before the version's first answer the reference is; 0 where it is all its own.
        days: Of how many days the reference is.
    """

    version: str
    name: str
    layout: Layout
    rules: Rules
    reference: int
    until: float
    cold: bool
    seasons: dict[str, str]
    followed: Followed
    before: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class Episode:
    """A finding for as long as it lasted.

    Attributes:
        check: Which check.
        column: The column, or empty for windows as a whole.
        windows: The windows in which it was found.
        peak: The one with the largest change.
        size: How large that was.
        threshold: The size that was remarkable then.
        adjusted: The least adjusted p-value.
        says: One sentence with the numbers of the peak.
        latest: One with the numbers of the last of its windows.
        lasts: Whether the latest window still shows it.
    """

    check: str
    column: str
    windows: tuple[Window, ...]
    peak: Window
    size: float
    threshold: float
    adjusted: float
    says: str
    latest: str
    lasts: bool


def follow(profiles: Iterable[WindowProfile], reference: Reference, bands: Bands, *, since: float) -> Followed:
    """Return what came of windows that follow each other; they are held a few hundred at a time.

    Args:
        profiles: The windows, the earliest first.
        reference: What they are judged by.
        bands: What their levels are shown beside.
        since: From when on they are judged, in seconds since 1970 UTC.

    Raises:
        MonitoringError: A window was counted on another layout.
    """
    windows: list[Window] = []
    rows: list[int] = []
    levels: list[list[Level]] = []
    shares: list[npt.NDArray[np.float64]] = []
    judging = _Judging(reference)
    last = 0.0
    for chunk in _chunks(profiles):
        stack = stacked(chunk, reference.layout)
        levels.append(bands.of(chunk, stack))
        shares.append(stack.shares[:, (2, 0)] / np.maximum(stack.totals[:, (2, 0)], 1))
        judging.take([one for one in chunk if one.window.start >= since])
        windows += stack.windows
        rows += [one.rows for one in chunk]
        last = max(last, *(one.last for one in chunk))
    parts = np.concatenate(shares) if shares else np.zeros((0, 2))
    return Followed(
        tuple(windows),
        np.array(rows, dtype=np.int64),
        sum(one.start < since for one in windows),
        tuple(_joined_level(same) for same in zip(*levels, strict=True)),
        {name: parts[:, place].astype(np.float32) for place, name in enumerate(("fallback", "contract"))},
        judging.tracks(),
        last,
    )


def _chunks(profiles: Iterable[WindowProfile]) -> Iterator[list[WindowProfile]]:
    source = iter(profiles)
    while chunk := list(islice(source, _AT_ONCE)):
        yield chunk


def _joined_level(parts: Sequence[Level]) -> Level:
    value, low, high = (np.concatenate([getattr(one, name) for one in parts]) for name in ("value", "low", "high"))
    return replace(parts[0], value=value, low=low, high=high)


class _Judging:
    """Judges chunks of windows; of the one before it keeps what persistence looks back on.

    Args:
        reference: What they are judged by.
    """

    def __init__(self, reference: Reference) -> None:
        self._reference = reference
        self._before: dict[str, Judged] = {}
        self._kept: dict[str, list[dict[str, npt.NDArray[np.float32]]]] = {}
        self._columns: dict[str, tuple[str, ...]] = {}

    def take(self, profiles: Sequence[WindowProfile]) -> None:
        """Judge the windows that come next."""
        if not profiles:
            return
        stack = stacked(profiles, self._reference.layout)
        empty = stack.rows == 0
        rules = self._reference.rules
        judged = [_without(one, empty) for one in self._reference.judge(stack)]
        joined = [_after(self._before.get(one.check), one) for one in judged]
        found = adjusted(joined, rules)
        # Where there are no rows, nothing else was looked at: its volume stands alone in its family.
        alone = adjusted([one for one in joined if one.check == "volume"], rules)
        for one, whole in zip(judged, joined, strict=True):
            now = slice(len(whole.p) - len(one.p), None)
            p = found[one.check][now]
            if one.check == "volume":
                p = np.where(empty[:, np.newaxis], alone["volume"][now], p)
            self._columns[one.check] = one.columns
            self._kept.setdefault(one.check, []).append(_figures(one, p, rules))
            self._before[one.check] = _tail(whole, rules.of - 1)

    def tracks(self) -> tuple[Track, ...]:
        """Return what came of all windows."""
        made = []
        for check, parts in self._kept.items():
            whole = {name: np.concatenate([part[name] for part in parts]) for name in (*_FIGURES, "found", "by")}
            found, by = whole["found"].astype(np.bool_), whole["by"].astype(np.int8)
            for place, column in enumerate(self._columns[check]):
                size, value, expected, threshold, p, held = (whole[name][:, place] for name in _FIGURES)
                sides = size, value, expected, threshold, p, held, found[:, place], by[:, place]
                made.append(Track(check, column, *sides))
        return tuple(made)


def _without(one: Judged, empty: npt.NDArray[np.bool_]) -> Judged:
    """What was judged, but for windows without rows, of which only the volume can be told."""
    if one.check == "volume" or not empty.any():
        return one
    gone = empty[:, np.newaxis]
    size, value, expected, threshold = (
        np.where(gone, np.nan, side) for side in (one.size, one.value, one.expected, one.threshold)
    )
    p = np.where(gone, 1.0, one.p)
    return replace(one, p=p, size=size, value=value, expected=expected, threshold=threshold)


def _after(before: Judged | None, one: Judged) -> Judged:
    """P-values and sizes with those of the windows before them."""
    if before is None:
        return one
    return replace(one, p=np.concatenate([before.p, one.p]), size=np.concatenate([before.size, one.size]))


def _tail(one: Judged, most: int) -> Judged:
    kept = slice(len(one.p) - min(most, len(one.p)), None)
    return replace(one, p=one.p[kept], size=one.size[kept])


def _figures(one: Judged, p: npt.NDArray[np.float64], rules: Rules) -> dict[str, npt.NDArray[np.float32]]:
    floor = rules.floor(one.check)
    counted = np.where(np.abs(one.size) >= floor, one.p, 1.0)
    sides = {
        "size": one.size,
        "value": one.value,
        "expected": one.expected,
        "threshold": np.maximum(one.threshold, floor),
        "p": counted,
        "adjusted": p,
        "found": (p <= rules.discovery) & (counted <= rules.level),
        "by": np.full(one.p.shape, -1.0) if one.by is None else one.by,
    }
    return {name: np.asarray(side, dtype=np.float32) for name, side in sides.items()}


def episodes(followed: Followed, rules: Rules | None = None) -> list[Episode]:
    """Return what was found, with windows that are no further apart than persistence looks back as one, newest first.

    Args:
        followed: What came of windows.
        rules: When a window differs.
    """
    apart = (rules or Rules()).of
    made = []
    for track in followed.tracks:
        places = np.flatnonzero(track.found)
        parts = np.split(places, np.flatnonzero(np.diff(places) > apart) + 1) if places.size else []
        made += [_episode(track, part, followed.judged) for part in parts]
    made.sort(key=lambda one: (-one.windows[-1].start, one.adjusted, -one.size))
    return made


def _episode(track: Track, places: npt.NDArray[np.intp], windows: Sequence[Window]) -> Episode:
    peak = int(places[np.argmax(np.abs(track.size[places]))])
    says, latest = (
        tell(track.check, track.column, *(float(side[place]) for side in (track.size, track.value, track.expected)))
        for place in (peak, int(places[-1]))
    )
    return Episode(
        track.check,
        track.column,
        tuple(windows[place] for place in places.tolist()),
        windows[peak],
        float(track.size[peak]),
        float(track.threshold[peak]),
        float(track.adjusted[places].min()),
        says,
        latest,
        bool(places[-1] == len(windows) - 1),
    )
