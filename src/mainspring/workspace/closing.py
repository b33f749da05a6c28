"""Closing windows: those that are over, and those that rows came for since, made of the prediction log.

A window is made wholly of the rows that the log has of it, in the order of its files, never added to: whatever
happens in between, and however often it is closed, it is the same. `docs/decisions/0016-closing.md` says more.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError
from mainspring.monitoring import WINDOWS, Layout, Served, Shelf, Window, WindowProfile, count_rows, merge_windows
from mainspring.monitoring.inputs import input_layout
from mainspring.monitoring.shelf import EARLIER
from mainspring.monitoring.windows import blank
from mainspring.serving.predlog import held
from mainspring.workspace.catalogue import Catalogue, Earlier, Key, Provisional
from mainspring.workspace.predictions import log_of
from mainspring.workspace.rolled import read_part
from mainspring.workspace.traffic import DAY, Laying, by_window, columns_to_count, given, requests_of

__all__ = ["close_windows", "make_again", "opened"]

_OFTEN: Final = 256
_NONE: Final = np.zeros(0, np.int64)


def close_windows(home: Path | None, monitor: Monitor, now: float, *, model: str | None = None) -> list[Window]:
    """Return the windows that were made: those that are over and have rows which were not in them yet.

    Only what is new in the log is looked at, and only files that have rows of these windows are read again. Rows that
    come late, and what was erased, have their windows made again. Whoever is killed here goes on the next time; what
    was returned to somebody who was then killed is not returned again, so what a window led to is to be kept by who
    acts on it. Any number of processes may call it: one works, the others wait and then find nothing left to do.

    A version's layout is made of the first days of its traffic, as many as a reference has. Before there are as many,
    it is made of the traffic of the versions before it, as far as they have the same columns; where even that is too
    short, of what there is, and anew, with all its windows, whenever twice as much has come. On the layout of such a
    young version the traffic before its first answer is counted as well: what `check_home` compares its inputs with.

    Args:
        home: The home; by default that of the project around the working directory.
        monitor: How long windows last, of how many days references are, and by which columns windows are divided.
        now: In seconds since 1970 UTC; a window is over when its end is not later.
        model: Whose windows; by default those of all models. Models may be watched in different ways.

    Raises:
        MonitoringError: Files of windows cannot be read.
        BatchError: Polars is not installed.
    """
    if not log_of(home).is_dir():
        return []
    with opened(home, monitor.window) as (log, shelf, catalogue):
        catalogue.divide(model, monitor.segments)
        return sorted(_Closing(log, shelf, catalogue, monitor.reference_days, now).close(model))


def make_again(home: Path | None, monitor: Monitor, model: str) -> dict[str, dict[int, int]]:
    """Return the windows of a model by version, each with how many rows it has; all of them were made again.

    It comes to what `close_windows` does at the end of the last window; what is no longer in the log stays.

    Args:
        home: The home; by default that of the project around the working directory.
        monitor: How long windows last, of how many days references are, and by which columns windows are divided.
        model: Whose windows.

    Raises:
        MonitoringError: Files of windows cannot be read.
        BatchError: Polars is not installed.
    """
    with opened(home, monitor.window) as (log, shelf, catalogue):
        catalogue.divide(model, monitor.segments)
        rows = catalogue.rows(catalogue.places(model))
        catalogue.pending |= set(rows)
        for place in catalogue.places(model):
            catalogue.earlier.pop(place, None)
        end = max((start for _, start in rows), default=0) + monitor.window
        for _ in _Closing(log, shelf, catalogue, monitor.reference_days, end).close(model):
            pass
        found: dict[str, dict[int, int]] = {}
        for (place, start), count in sorted(rows.items()):
            found.setdefault(catalogue.versions[place][1], {})[start] = count
        return found


@contextmanager
def opened(home: Path | None, seconds: int) -> Iterator[tuple[Path, Shelf, Catalogue]]:
    """Return a block in which nobody else makes windows, or changes the log; the catalogue knows all that is in it.

    Args:
        home: The home; by default that of the project around the working directory.
        seconds: How long a window lasts.
    """
    log = log_of(home)
    shelf = Shelf(log.parent / WINDOWS)
    with held(shelf.folder), held(log):
        catalogue = Catalogue.read(shelf.folder, seconds)
        if catalogue.refresh(log):
            catalogue.write(shelf.folder)
        yield log, shelf, catalogue


@dataclass(frozen=True, slots=True)
class _Target:
    """What rows of the log become part of.

    Attributes:
        window: The window of all of them.
        layout: How they are counted.
        own: Whether the version of the window answered them.
    """

    window: Window
    layout: Layout
    own: bool = True

    def requests(self, rows: Any) -> Served:
        """What is known of the requests of rows; those that another version answered do not count."""
        return requests_of(rows) if self.own else Served(_NONE, last=rows["time"].max().timestamp())


@dataclass(frozen=True, slots=True)
class _Closing:
    """One closing, with what it works on."""

    log: Path
    shelf: Shelf
    catalogue: Catalogue
    days: int
    now: float

    @property
    def before(self) -> Shelf:
        """Where windows of the traffic before young versions are: nobody takes them for their own."""
        return Shelf(self.shelf.folder.with_name(EARLIER))

    def close(self, model: str | None) -> Iterator[Window]:
        """Make what is to be made; yields the windows that were."""
        self.lay_out(model)
        ready = self.ready(model)
        if not ready:
            return
        self.catalogue.write(self.shelf.folder)
        self.look_back(model)
        count = 0
        for some in self.make(ready):
            yield from some
            count += len(some)
            if count % _OFTEN < len(some):
                self.catalogue.write(self.shelf.folder)
        self.catalogue.write(self.shelf.folder)

    def over(self, model: str | None) -> set[Key]:
        """The windows that are over and have rows that are not in them."""
        places = self.catalogue.places(model)
        return {
            (place, start)
            for place, start in self.catalogue.pending
            if place in places and start + self.catalogue.seconds <= self.now
        }

    def ready(self, model: str | None) -> set[Key]:
        """The windows that are to be made. One that has lost rows stays as it was."""
        over = self.over(model)
        lost = {key for key in over if key[1] < self.catalogue.gone and self.shelf.get(self._window(key)) is not None}
        self.catalogue.pending -= lost
        return over - lost

    def _window(self, key: Key) -> Window:
        return Window(key[1], self.catalogue.seconds, *self.catalogue.versions[key[0]])

    def make(self, ready: set[Key]) -> Iterator[list[Window]]:
        """Make windows; yields those that are kept by then, which no longer are pending."""
        layouts = {place: self._kept(place) for place in {place for place, _ in ready}}
        keys = {self._window(key): key for key in ready}
        for whole, profiles in self._counted({key: _Target(one, layouts[key[0]]) for one, key in keys.items()}):
            # Where there are none, all its rows were erased.
            for profile in profiles or [blank(whole, layouts[keys[whole][0]])]:
                self.shelf.put(profile)
            self.catalogue.pending.discard(keys[whole])
            yield [one.window for one in profiles] or [whole]

    def _counted(self, targets: Mapping[Key, _Target]) -> Iterator[tuple[Window, list[WindowProfile]]]:
        """Yield windows as the last of their rows are read, each with its segments: nothing where there are no rows."""
        touching = list(self.catalogue.touching(self.log, set(targets)))
        last = {targets[key].window: number for number, (_, keys) in enumerate(touching) for key in keys}
        for whole in sorted({one.window for one in targets.values()} - last.keys()):
            yield whole, []
        open_windows: dict[Window, dict[Window, WindowProfile]] = {}
        for number, (part, keys) in enumerate(touching):
            for model, frame in given(read_part(part)):
                place = self.catalogue.place_of(model.name, model.package)
                segments = self.catalogue.segments.get(model.name, ())
                for window, rows in by_window(model, frame, self.catalogue.seconds, segments):
                    if (place, window.start) in keys:
                        target = targets[place, window.start]
                        profiles = open_windows.setdefault(target.window, {})
                        self._add(profiles, replace(window, version=target.window.version), rows, target)
            for whole in sorted({targets[key].window for key in keys}):
                if last[whole] == number:
                    yield whole, list(open_windows.pop(whole, {}).values())

    @staticmethod
    def _add(profiles: dict[Window, WindowProfile], window: Window, rows: Any, target: _Target) -> None:
        made = count_rows(target.layout, window, columns_to_count(rows), target.requests(rows))
        profiles[window] = merge_windows([profiles[window], made], window) if window in profiles else made

    def _kept(self, place: int) -> Layout:
        layout = self.shelf.layout(*self.catalogue.versions[place])
        if layout is None:
            raise MonitoringError(
                f"A version of '{self.catalogue.versions[place][0]}' has windows and no layout",
                str(self.shelf.folder),
                "Remove its folder; its windows are made again.",
            )
        return layout

    def lay_out(self, model: str | None) -> None:
        """See to the layout of each version that has windows to be made; a new one has all its windows made again."""
        catalogue = self.catalogue
        for place in sorted({place for place, _ in self.over(model)}):
            kept = self.shelf.layout(*catalogue.versions[place])
            if kept is None and not catalogue.rows([place]):  # it was erased before there was a window of it
                catalogue.pending = {key for key in catalogue.pending if key[0] != place}
                continue
            early = catalogue.provisional.get(place)
            if kept is None or (early is not None and (self.now >= early.until or kept.digest != early.digest)):
                kept = self._lay(place)
            if catalogue.layouts.get(place, kept.digest) != kept.digest:
                catalogue.pending |= set(catalogue.rows([place]))
            catalogue.layouts[place] = kept.digest

    def _lay(self, place: int) -> Layout:
        """Make the layout of a version of what there is."""
        span, seconds = self.days * DAY, self.catalogue.seconds
        begun = min(start for _, start in self.catalogue.rows([place]))
        alike = self._alike(place)
        self.catalogue.provisional.pop(place, None)
        if self.now >= begun + span:
            layout, _ = self._of_traffic({place}, (begun, begun + span + seconds))
        elif self._reaches(alike - {place}, begun - span):
            layout, _ = self._of_traffic(alike - {place}, (begun - span, begun))
        else:
            layout, first = self._of_traffic(alike, (int(self.now) - span, int(self.now) + 1))
            if self.now < first + span - seconds:
                # What is provisional is known before it is there: else it would be taken for what was meant to last.
                self.catalogue.provisional[place] = Provisional(2 * self.now - first, layout.digest)
                self.catalogue.write(self.shelf.folder)
        self.shelf.renew_layout(*self.catalogue.versions[place], layout)
        return layout

    def _alike(self, place: int) -> set[int]:
        """A version and those of its model in the log that have the same inputs and outputs."""
        same = {one for one, _ in self.catalogue.rows(self.catalogue.places(self.catalogue.versions[place][0]))}
        columns = {one: (row.inputs, row.outputs) for one in same for row in [self.catalogue.model_row(self.log, one)]}
        return {one for one in same if columns[one] == columns[place]}

    def _reaches(self, versions: set[int], start: int) -> bool:
        """Whether some versions have rows of the window that begins at a moment."""
        return any(begun == start for _, begun in self.catalogue.rows(versions))

    def _of_traffic(self, versions: set[int], span: tuple[int, int]) -> tuple[Layout, float]:
        """The layout of rows of some versions between two moments, and when the first of these came."""
        since, until = span
        keys = {key for key in self.catalogue.rows(versions) if since - self.catalogue.seconds < key[1] < until}
        laying = Laying(self.days, *span)
        for part, _ in self.catalogue.touching(self.log, keys):
            for model, frame in given(read_part(part)):
                if self.catalogue.place_of(model.name, model.package) in versions:
                    laying.add(frame)
        return laying.layout(), laying.begun

    def look_back(self, model: str | None) -> None:
        """Count the traffic before each young version; what was counted before one that no longer is young goes."""
        catalogue, span = self.catalogue, self.days * DAY
        known = catalogue.earlier.keys() & catalogue.places(model)
        for place in sorted(known | {place for place, _ in self.over(model)}):
            begun = self._begun(place)
            if self.now < begun + span + catalogue.seconds:
                self._count_before(place, begun)
            elif place in catalogue.earlier:
                self.before.drop(*catalogue.versions[place])
                del catalogue.earlier[place]

    def _begun(self, place: int) -> int:
        """Where the first window of a version begins, though its rows may be pruned by now."""
        first = self.shelf.first(Window(0, self.catalogue.seconds, *self.catalogue.versions[place]))
        starts = [start for _, start in self.catalogue.rows([place])]
        return min([*starts, *([] if first is None else [first])], default=int(self.now))

    def _count_before(self, place: int, begun: int) -> None:
        """Count on the layout of a version the inputs of what others answered before it, as far as that has changed."""
        catalogue, named = self.catalogue, self.catalogue.versions[place]
        whole, segments = self._kept(place), catalogue.segments.get(named[0], ())
        known = catalogue.earlier.get(place)
        if known is None or (known.layout, known.segments) != (whole.digest, segments):
            self.before.drop(*named)
            known = Earlier(whole.digest, segments, {})
        since = max(begun - self.days * DAY, catalogue.gone)  # what was pruned stays as it was counted
        counts = catalogue.rows(self._alike(place) - {place})
        rows: dict[int, int] = {}
        for (_, start), count in counts.items():
            if since <= start < begun:
                rows[start] = rows.get(start, 0) + count
        kept = {start: count for start, count in known.rows.items() if start < since}
        changed = {start for start, _ in rows.items() ^ (known.rows.items() - kept.items())}
        layout = input_layout(whole)
        if not changed or not layout.axes:
            return
        windows = {start: Window(start, catalogue.seconds, *named) for start in changed}
        for start in changed - rows.keys():  # all its rows were erased
            self.before.put(blank(windows[start], layout))
        mine = {key: _Target(windows[key[1]], layout, own=False) for key in counts if key[1] in rows.keys() & changed}
        for _, profiles in self._counted(mine):
            for profile in profiles:
                self.before.put(profile)
        catalogue.earlier[place] = Earlier(whole.digest, segments, kept | rows)
        catalogue.write(self.shelf.folder)
