"""Skew, followed by the watch: features that were computed later, against those that the champion was served.

Days are compared whole, and again when their tables or their rows are others than before. What was compared is kept in
the home by one rename. `docs/decisions/0014-loop.md` says when an alert of it is over.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mainspring.batch.polars import polars
from mainspring.config.monitor import Monitor
from mainspring.data import read
from mainspring.digest import tagged
from mainspring.disk import write_whole
from mainspring.errors import InputError, MainspringError, MonitoringError, NewerFormatError
from mainspring.monitoring import Difference, Skew, raised_by_skew
from mainspring.serving.ids import milliseconds
from mainspring.serving.predlog import ModelRow
from mainspring.tracking import Alerts, Change, Origin
from mainspring.workspace.catalogue import Catalogue, Key
from mainspring.workspace.closing import opened
from mainspring.workspace.loop_files import Held, look_at
from mainspring.workspace.recomputed import Asked, compare_rows, moments_of
from mainspring.workspace.rolled import read_part
from mainspring.workspace.traffic import DAY, given

__all__ = ["FollowedSkew"]

_FORMAT: Final = "mainspring-skew/1"
_FOLDER: Final = "skew"  # the folder in a home
_SOURCE: Final = Origin("skew", 1)
_EXAMPLES: Final = 20
_AT: Final = "mainspring.at"


class Span(Struct, array_like=True, frozen=True):
    """A table, and of which moments it speaks, in seconds since 1970 UTC: those from `first` to `last`."""

    held: Held
    first: float
    last: float


class Compared(Struct):
    """What was compared before.

    Attributes:
        settings: By which settings.
        tables: The tables, by their names.
        days: By which tables, and of which rows, the answers of a day were compared, by its begin.
        wrong: Days that differed, and neither agree by now nor are followed by a whole day that does.
    """

    format: str = _FORMAT
    settings: str = ""
    tables: dict[str, Span] = {}
    days: dict[int, str] = {}
    wrong: list[int] = []


class FollowedSkew:
    """The comparisons of the models of a home with the tables that `[monitor] skew` names.

    Args:
        home: The home.
        folder: The folder of the configuration file.
        alerts: Where alerts are kept.
    """

    def __init__(self, home: Path, folder: Path, alerts: Alerts) -> None:
        self._home = home
        self._folder = folder
        self._alerts = alerts
        self._last: dict[str, tuple[object, MainspringError | None]] = {}

    def look(self, model: str, package: str | None, monitor: Monitor, now: float, *, made: bool) -> list[Change]:
        """Return what changes in the alerts of a model because of what is new: tables, windows, or the champion.

        Args:
            model: The model.
            package: The digest of its champion's package; None where it has none.
            monitor: Where the tables are, and how their rows belong to those that were served.
            now: In seconds since 1970 UTC.
            made: Whether windows of the model were made since the last look.

        Raises:
            MonitoringError: Tables cannot be read, or not be compared with what was served.
        """
        if not monitor.skew:
            return self._let_go(model, now)
        if package is None:
            return []
        path = self._home / _FOLDER / f"{tagged('skew/1', model, package)[:32]}.msgpack"
        before = _read(path)
        held = {
            name: look_at(one, before.tables[name].held if name in before.tables else None)
            for name, one in _named(self._folder, monitor.skew).items()
        }
        asked = Asked(monitor.skew_keys, monitor.skew_time, monitor.skew_tolerance)
        settings = tagged("skew-settings/1", *asked.keys, "", asked.time, repr(asked.tolerance), str(monitor.window))
        state = (package, settings, held)
        last, problem = self._last.get(model, (None, None))
        if state == last and not made:
            if problem is not None:
                raise problem
            return []
        if (self._alerts.observed(model, package, _SOURCE) or 0) >= int(now):
            return []  # two looks of one second count once; the next tick looks
        if settings != before.settings:
            before = Compared(settings=settings)
        try:
            look = _Look(self._folder, self._home, (model, package), monitor.window, asked)
            after, found = look.compare(before, held, now)
        except (MainspringError, polars().exceptions.PolarsError) as error:
            problem = _problem(model, error)
            self._last[model] = (state, problem)
            raise problem from error
        changes = self._observe((model, package), after, found, now)
        write_whole(path, msgspec.msgpack.encode(after))
        self._last[model] = (state, None)
        return changes

    def _observe(self, of: tuple[str, str], after: Compared, found: "_Found", now: float) -> list[Change]:
        """Tell of what differs, or that nothing does any more."""
        if found.wrong:
            files = [name for name, one in after.tables.items() if any(found.touches(one))]
            shown = [replace(one, windows=tuple(found.wrong)) for one in raised_by_skew(found.skew(), files)]
            return self._alerts.observe(*of, int(now), shown, now=now, source=_SOURCE)
        if found.agreed and not after.wrong:
            return self._alerts.observe(*of, int(now), [], now=now, source=_SOURCE)
        return []

    def _let_go(self, model: str, now: float) -> list[Change]:
        """Resolve what was told, where nothing is to be compared any more."""
        mine = [one for one in self._alerts.open(model) if one.source == _SOURCE.name]
        return [
            change
            for one in mine
            for change in self._alerts.observe(model, one.version, int(now), [], now=now, source=_SOURCE)
        ]


@dataclass(slots=True)
class _Found:
    """What one look has found.

    Attributes:
        length: How many seconds a day has, or a window, where that is longer.
        wrong: Days that differ.
        agreed: Days that do not.
    """

    length: int
    rows: int = 0
    differing: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[Difference]] = field(default_factory=dict)
    wrong: list[int] = field(default_factory=list)
    agreed: list[int] = field(default_factory=list)

    def add(self, day: int, found: Skew) -> None:
        self.rows += found.rows
        for name, count in found.differing.items():
            self.differing[name] = self.differing.get(name, 0) + count
        for one in found.examples:
            shown = self.examples.setdefault(one.column, [])
            if len(shown) < _EXAMPLES:
                shown.append(one)
        if found.rows:
            (self.wrong if found else self.agreed).append(day)

    def touches(self, one: Span) -> Iterator[bool]:
        return (one.first < day + self.length and day <= one.last for day in self.wrong)

    def skew(self) -> Skew:
        return Skew(self.rows, 0, 0, self.differing, tuple(one for some in self.examples.values() for one in some))


@dataclass(frozen=True, slots=True)
class _Look:
    """One comparison of what is new."""

    folder: Path
    home: Path
    of: tuple[str, str]
    seconds: int
    asked: Asked

    def compare(self, before: Compared, held: Mapping[str, Held], now: float) -> tuple[Compared, _Found]:
        """Compare the days whose tables or rows are others than before."""
        tables = {
            name: known if (known := before.tables.get(name)) and known.held == one else self._span(name, one)
            for name, one in held.items()
        }
        length = max(self.seconds, DAY)
        spoken = self._spoken(tables.values())
        found, reading = _Found(length), _Reading(self.folder, tables, self.asked)
        with opened(self.home, self.seconds) as (log, _, catalogue):
            days: dict[int, dict[int, int]] = {}
            places = [place for place, of in enumerate(catalogue.versions) if of == self.of]
            for (_, start), count in catalogue.rows(places).items():
                if count and start + self.seconds <= now and spoken(start):
                    days.setdefault(start // length * length, {})[start] = count
            states = {day: self._state(day + length, days[day], tables) for day in sorted(days)}
            fresh = [day for day, state in states.items() if before.days.get(day) != state]
            for day in fresh:
                rows = self._rows(log, catalogue, {(places[0], start) for start in days[day]})
                found.add(day, compare_rows(rows, reading.of(day, day + length), self.asked).skew)
        wrong = sorted({*before.wrong} - {*found.agreed} | {*found.wrong})
        if wrong and not found.wrong and any(day > wrong[-1] and day + length <= now for day in found.agreed):
            wrong = []
        return Compared(_FORMAT, before.settings, tables, states, wrong), found

    def _span(self, name: str, held: Held) -> Span:
        """Of which moments a table speaks: of its answers, from its first time to its last, or of all."""
        table = read(self.folder / name)
        keys = self.asked.keys_of(table.columns)
        if not table.height:
            return Span(held, inf, -inf)
        if self.asked.time:
            if self.asked.time not in table.columns:
                raise InputError(f"There is no column '{self.asked.time}'", name, f"It has {', '.join(table.columns)}.")
            moments = moments_of(table, self.asked.time)
        elif "id" in keys:
            try:
                moments = milliseconds(table["id"].to_list()) / 1000
            except (TypeError, ValueError) as error:
                fix = "Give the 'id' of the answer, or name [monitor] skew_keys."
                raise InputError("There are identities in it that no service gave", name, fix) from error
        else:
            return Span(held, -inf, inf)
        return Span(held, float(moments.min()), float(moments.max()))

    def _spoken(self, tables: Collection[Span]) -> Callable[[int], bool]:
        """Say of which windows it is known what held in them. After the last time something else may have held."""
        ordered = sorted((one.first, one.last) for one in tables)
        firsts, reach = [first for first, _ in ordered], list(accumulate((last for _, last in ordered), max))

        def spoken(start: int) -> bool:
            before = bisect_left(firsts, start + self.seconds)
            if self.asked.time:
                return before > 0 and start + self.seconds <= reach[-1]
            return before > 0 and start <= reach[before - 1]

        return spoken

    def _state(self, end: int, counts: Mapping[int, int], tables: Mapping[str, Span]) -> str:
        since = -inf if self.asked.time else min(counts)
        digests = [one.held.digest for one in tables.values() if one.first < end and since <= one.last]
        return tagged("skew-day/1", *digests, "", *(f"{start} {count}" for start, count in sorted(counts.items())))

    def _rows(self, log: Path, catalogue: Catalogue, keys: set[Key]) -> Iterator[tuple[ModelRow, Any]]:
        """Yield what was served in some windows."""
        starts = [start for _, start in keys]
        for part, _ in catalogue.touching(log, keys):
            for row, frame in given(read_part(part)):
                if (row.name, row.package) == self.of:
                    times = frame["time"].cast(polars().Int64)
                    mine = frame.filter((times // (self.seconds * 1000) * self.seconds).is_in(starts))
                    if mine.height:
                        yield row, mine


class _Reading:
    """Reads tables, each once, as days come up; what is behind a day is forgotten.

    Args:
        folder: Where they are.
        tables: The tables.
        asked: How their rows belong to those that were served.
    """

    def __init__(self, folder: Path, tables: Mapping[str, Span], asked: Asked) -> None:
        self._folder = folder
        self._asked = asked
        self._left = sorted(((one.first, name, one.last) for name, one in tables.items()), reverse=True)
        self._frames: list[tuple[float, Any]] = []

    def of(self, day: int, end: int) -> Any:
        """Return the rows that may have held on a day; days come one after the other."""
        while self._left and self._left[-1][0] < end:
            _, name, last = self._left.pop()
            if self._asked.time or last >= day:
                self._frames.append((last, self._alike(name)))
        if not self._asked.time:
            self._frames = [(last, frame) for last, frame in self._frames if last >= day]
        whole = polars().concat([frame for _, frame in self._frames], how="vertical_relaxed")
        keys = self._asked.keys_of(whole.columns)
        if self._asked.time and all(name in whole.columns for name in keys):
            whole = self._recent(whole, keys, day)
            self._frames = [(inf, whole)]
        return whole

    def _alike(self, name: str) -> Any:
        """A table, with its columns in the order of those before it."""
        table = read(self._folder / name)
        columns = self._frames[0][1].columns if self._frames else table.columns
        if {*columns} != {*table.columns}:
            raise InputError(
                f"Tables have other columns: {', '.join(table.columns)}, where another has {', '.join(columns)}",
                name,
                "Give those that speak of one time the same columns.",
            )
        return table.select(columns)

    def _recent(self, whole: Any, keys: Sequence[str], day: int) -> Any:
        """Of rows that began to hold before a day, only the last of each key still matters."""
        pl = polars()
        whole = whole.with_columns(pl.Series(_AT, moments_of(whole, self._asked.time))).sort(_AT)
        old = whole.filter(pl.col(_AT) < day).unique(list(keys), keep="last", maintain_order=True)
        return pl.concat([old, whole.filter(pl.col(_AT) >= day)]).drop(_AT)


def _named(folder: Path, pattern: str) -> dict[str, Path]:
    return {str(one.relative_to(folder)): one for one in sorted(folder.glob(pattern)) if one.is_file()}


def _read(path: Path) -> Compared:
    if not path.exists():
        return Compared()
    try:
        found = msgspec.msgpack.decode(path.read_bytes(), type=Compared)
    except msgspec.DecodeError as error:
        fix = "Remove the file; all is compared again."
        raise MonitoringError(f"What was compared before cannot be read: {error}", str(path), fix) from error
    if found.format != _FORMAT:
        fix = "Install the release that wrote it, or a newer one."
        raise NewerFormatError(f"What was compared has another format than {_FORMAT!r}", str(path), fix)
    return found


def _problem(model: str, error: Exception) -> MonitoringError:
    said = f"What '{model}' was served cannot be compared with [monitor] skew"
    if isinstance(error, MainspringError):
        return MonitoringError(f"{said}: {error.what}", error.where, error.fix)
    return MonitoringError(
        f"{said}: {str(error).partition(chr(10))[0]}", None, "Write tables that are whole and alike."
    )
