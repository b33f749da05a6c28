"""Closing windows: those that are over, and those that rows came for since, made of the prediction log.

A window is made wholly of the rows that the log has of it, in the order of its files, never added to: whatever
happens in between, and however often it is closed, it is the same. `docs/decisions/0014-closing.md` says more.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from mainspring.errors import MonitoringError
from mainspring.monitoring import WINDOWS, Layout, Shelf, Window, WindowProfile, count_rows, merge_windows
from mainspring.monitoring.windows import blank
from mainspring.serving.predlog import held
from mainspring.workspace.catalogue import Catalogue, Key, Provisional
from mainspring.workspace.predictions import log_of
from mainspring.workspace.rolled import read_part
from mainspring.workspace.traffic import DAY, Laying, by_window, columns_to_count, given, requests_of

__all__ = ["Watched", "close_windows", "opened"]

_OFTEN: Final = 256


class Watched(Protocol):
    """What is to be known of how a model is watched; `mainspring.config.monitor.Monitor` is one."""

    @property
    def window(self) -> int:
        """How long a window lasts, in seconds."""

    @property
    def reference_days(self) -> int:
        """How many days the reference has."""

    @property
    def segments(self) -> tuple[str, ...]:
        """Inputs by whose values windows are made besides those of all rows."""


def close_windows(home: Path | None, monitor: Watched, now: float) -> list[Window]:
    """Return the windows that were made: those that are over and have rows which were not in them yet.

    Only what is new in the log is looked at, and only files that have rows of these windows are read again. Rows that
    come late, and what was erased, have their windows made again. Whoever is killed here goes on the next time; what
    was returned to somebody who was then killed is not returned again, so what a window led to is to be kept by who
    acts on it. Any number of processes may call it: one works, the others wait and then find nothing left to do.

    A version's layout is made of the first days of its traffic, as many as a reference has. Before there are as many,
    it is made of the traffic of the versions before it as well, as far as they have the same columns; where even that
    is too short, of what there is, and anew, with all its windows, whenever twice as much has come.

    Args:
        home: The home; by default that of the project around the working directory.
        monitor: How long windows last, of how many days references are, and by which columns windows are divided.
        now: In seconds since 1970 UTC; a window is over when its end is not later.

    Raises:
        MonitoringError: Files of windows cannot be read.
        BatchError: Polars is not installed.
    """
    if not log_of(home).is_dir():
        return []
    with opened(home, monitor.window) as (log, shelf, catalogue):
        if catalogue.segments != monitor.segments:
            catalogue.segments = monitor.segments
            catalogue.pending |= catalogue.all_keys()
        closing = _Closing(log, shelf, catalogue, monitor.reference_days, now)
        closing.lay_out()
        ready = closing.ready()
        if not ready:
            return []
        catalogue.write(shelf.folder)
        made: list[Window] = []
        for some in closing.make(ready):
            made += some
            if len(made) % _OFTEN < len(some):
                catalogue.write(shelf.folder)
        catalogue.write(shelf.folder)
        return sorted(made)


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
class _Closing:
    """One closing, with what it works on."""

    log: Path
    shelf: Shelf
    catalogue: Catalogue
    days: int
    now: float

    def ready(self) -> set[Key]:
        """The windows that are over and to be made. One that has lost rows stays as it was."""
        over = {key for key in self.catalogue.pending if key[1] + self.catalogue.seconds <= self.now}
        lost = {key for key in over if key[1] < self.catalogue.gone and self.shelf.get(self._window(key)) is not None}
        self.catalogue.pending -= lost
        return over - lost

    def _window(self, key: Key) -> Window:
        return Window(key[1], self.catalogue.seconds, *self.catalogue.versions[key[0]])

    def make(self, ready: set[Key]) -> Iterator[list[Window]]:
        """Make windows; yields those that are kept by then, which no longer are pending."""
        touching = list(self.catalogue.touching(self.log, ready))
        last = {key: place for place, (_, keys) in enumerate(touching) for key in keys}
        layouts = {place: self._kept(place) for place in {place for place, _ in ready}}
        for key in ready - last.keys():  # all its rows were erased
            self.shelf.put(blank(self._window(key), layouts[key[0]]))
            self.catalogue.pending.discard(key)
            yield [self._window(key)]
        open_windows: dict[Key, dict[Window, WindowProfile]] = {}
        for number, (part, keys) in enumerate(touching):
            for model, frame in given(read_part(part)):
                place = self.catalogue.place_of(model.name, model.package)
                for window, rows in by_window(model, frame, self.catalogue.seconds, self.catalogue.segments):
                    if (place, window.start) in keys:
                        self._add(open_windows.setdefault((place, window.start), {}), window, rows, layouts[place])
            for key in sorted(key for key in keys if last[key] == number):
                profiles = open_windows.pop(key, {})
                for profile in profiles.values():
                    self.shelf.put(profile)
                self.catalogue.pending.discard(key)
                yield list(profiles)

    @staticmethod
    def _add(profiles: dict[Window, WindowProfile], window: Window, rows: Any, layout: Layout) -> None:
        made = count_rows(layout, window, columns_to_count(rows), requests_of(rows))
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

    def lay_out(self) -> None:
        """See to the layout of each version that has windows to be made; a new one has all its windows made again."""
        catalogue = self.catalogue
        for place in sorted({place for place, start in catalogue.pending if start + catalogue.seconds <= self.now}):
            kept = self.shelf.layout(*catalogue.versions[place])
            early = catalogue.provisional.get(place)
            if kept is None or (early is not None and (self.now >= early.until or kept.digest != early.digest)):
                kept = self._lay(place)
            if catalogue.layouts.get(place, kept.digest) != kept.digest:
                catalogue.pending |= {key for key in catalogue.all_keys() if key[0] == place}
            catalogue.layouts[place] = kept.digest

    def _lay(self, place: int) -> Layout:
        """Make the layout of a version of what there is."""
        span = self.days * DAY
        begun = min(start for _, start in self.catalogue.rows([place]))
        versions = self.catalogue.versions
        if self.now >= begun + span:
            layout, _ = self._of_traffic(place, {place}, (begun, begun + span + self.catalogue.seconds))
            self.shelf.renew_layout(*versions[place], layout)
            self.catalogue.provisional.pop(place, None)
            return layout
        same = {one for one, named in enumerate(versions) if named[0] == versions[place][0]}
        layout, first = self._of_traffic(place, same, (int(self.now) - span, int(self.now) + 1))
        if self.now < first + span - self.catalogue.seconds:
            # What is provisional is known before it is there: else it would be taken for what was meant to last.
            self.catalogue.provisional[place] = Provisional(2 * self.now - first, layout.digest)
            self.catalogue.write(self.shelf.folder)
        self.shelf.renew_layout(*versions[place], layout)
        return layout

    def _of_traffic(self, place: int, versions: set[int], span: tuple[int, int]) -> tuple[Layout, float]:
        """The layout of rows of some versions between two moments, and when the first of these came."""
        since, until = span
        keys = {key for key in self.catalogue.rows(versions) if since - self.catalogue.seconds < key[1] < until}
        laying, columns = Laying(self.days, since), self._columns(place)
        for part, _ in self.catalogue.touching(self.log, keys):
            for model, frame in given(read_part(part)):
                mine = self.catalogue.place_of(model.name, model.package) in versions
                if mine and (model.inputs, model.outputs) == columns:
                    laying.add(frame)
        return laying.layout(), laying.begun

    def _columns(self, place: int) -> tuple[Any, Any]:
        """The inputs and outputs of a version, as they are logged."""
        keys = set(self.catalogue.rows([place]))
        for part, _ in self.catalogue.touching(self.log, keys):
            for model, _ in read_part(part):
                if (model.name, model.package) == self.catalogue.versions[place]:
                    return model.inputs, model.outputs
        raise MonitoringError("A version is in the catalogue and not in the log", str(self.log), "Try again.")
