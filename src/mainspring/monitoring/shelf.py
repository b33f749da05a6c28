"""Windows on disk: a file for each, in folders that are their own index. They can be made again from the log."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mainspring.digest import blob_of
from mainspring.disk import write_whole
from mainspring.errors import MonitoringError
from mainspring.monitoring.calendars import Calendar
from mainspring.monitoring.layouts import Layout, decode_layout, encode_layout
from mainspring.monitoring.windows import Window, WindowProfile, decode_window, encode_window

__all__ = ["EARLIER", "WINDOWS", "Shelf"]

WINDOWS: Final = "windows"  # the folder in a home
EARLIER: Final = "windows-before"  # that of traffic before young versions, which is not theirs
_DAY: Final = 86_400
_LAYOUT: Final = "layout.msgpack"
_SAFE: Final = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Windows of versions of models: `MODEL/VERSION/SEGMENT/SECONDS/DAY/START.window`.

    A file takes its place by one rename; writing a window again replaces it by what is equal, unless the log has
    changed. Any number of processes may read and write.

    Attributes:
        folder: The folder `windows` of a home, or `windows-before`.
        calendar: What is declared of times; windows are given back with their season by it.
    """

    folder: Path
    calendar: Calendar | None = None

    def put(self, profile: WindowProfile) -> None:
        """Keep a window, in the place of what it was before."""
        write_whole(self._path(profile.window), encode_window(profile))

    def get(self, window: Window) -> WindowProfile | None:
        """Return a window, None where it is not kept."""
        path = self._path(window)
        return self._read(path) if path.exists() else None

    def between(self, like: Window, start: float, end: float) -> Iterator[WindowProfile]:
        """Yield the windows of a model, version, segment and length that begin from one moment up to another.

        Args:
            like: Any window of them.
            start: The first moment, in seconds since 1970 UTC.
            end: The first moment that is not looked at.
        """
        for day in sorted(self._root(like).glob("[0-9]*"), key=lambda one: int(one.name)):
            if start - _DAY < int(day.name) < end:
                for path in sorted(day.glob("*.window"), key=lambda one: int(one.stem)):
                    if start <= int(path.stem) < end:
                        yield self._read(path)

    def first(self, like: Window) -> int | None:
        """Return when the first window of a model, version, segment and length begins; None where there is none."""
        for day in sorted(self._root(like).glob("[0-9]*"), key=lambda one: int(one.name)):
            starts = [int(path.stem) for path in day.glob("*.window")]
            if starts:
                return min(starts)
        return None

    def versions(self, seconds: int) -> Iterator[Window]:
        """Yield the newest window of each version of each model, of all rows, of one length."""
        for root in sorted(self.folder.glob(f"*/*/all/{seconds}")):
            days = sorted((one for one in root.glob("[0-9]*")), key=lambda one: int(one.name))
            files = sorted(days[-1].glob("*.window"), key=lambda one: int(one.stem)) if days else []
            if files:
                yield decode_window(files[-1].read_bytes()).window

    def segments(self, like: Window) -> list[str]:
        """Return the segments that a version has windows of, of one length, in their order."""
        found = set()
        for root in self._version(like.model, like.version).glob(f"*/{like.seconds}"):
            path = next(root.glob("[0-9]*/*.window"), None)
            if path is not None:
                found.add(decode_window(path.read_bytes()).window.segment)
        return sorted(found - {""})

    def put_layout(self, model: str, version: str, layout: Layout) -> None:
        """Keep the layout on which all windows of a version are counted.

        Raises:
            MonitoringError: Another layout is kept, by which windows may have been counted.
        """
        path = self._version(model, version) / _LAYOUT
        if path.exists() and path.read_bytes() != encode_layout(layout):
            raise MonitoringError(
                f"Windows of {model} are counted on another layout", str(path), "Remove its folder, and backfill again."
            )
        write_whole(path, encode_layout(layout))

    def renew_layout(self, model: str, version: str, layout: Layout) -> None:
        """Keep a layout in the place of another; windows that were counted on that have to be made again."""
        write_whole(self._version(model, version) / _LAYOUT, encode_layout(layout))

    def layout(self, model: str, version: str) -> Layout | None:
        """Return the layout of a version, None where there is none yet."""
        path = self._version(model, version) / _LAYOUT
        return decode_layout(path.read_bytes()) if path.exists() else None

    def drop(self, model: str, version: str) -> None:
        """Remove all that is kept of a version."""
        shutil.rmtree(self._version(model, version), ignore_errors=True)

    def prune(self, before: float) -> int:
        """Remove windows that ended before a moment; returns how many."""
        removed = 0
        for path in self.folder.glob("*/*/*/*/*/*.window"):
            if int(path.stem) + int(path.parent.parent.name) <= before:
                path.unlink()
                removed += 1
        return removed

    def _read(self, path: Path) -> WindowProfile:
        try:
            profile = decode_window(path.read_bytes())
        except MonitoringError as error:
            raise MonitoringError(error.what, str(path), error.fix) from error
        return profile if self.calendar is None else replace(profile, window=self.calendar.on(profile.window))

    def _version(self, model: str, version: str) -> Path:
        return self.folder / _named(model) / _named(version[:32])

    def _root(self, window: Window) -> Path:
        segment = _named(window.segment) if window.segment else "all"
        return self._version(window.model, window.version) / segment / str(window.seconds)

    def _path(self, window: Window) -> Path:
        return self._root(window) / str(window.start // _DAY * _DAY) / f"{window.start}.window"


def _named(text: str) -> str:
    """A name that is a folder; one that could not be is told from others by its digest."""
    plain = _SAFE.sub("_", text)[:60]
    return plain if plain == text and text.strip(".") else f"{plain}-{blob_of(text.encode())[:12]}"
