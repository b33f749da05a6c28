"""Where the loop sees that something has changed: windows of the log, labels, files of the project."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from mainspring.batch.polars import polars
from mainspring.config.monitor import Monitor, read_monitor
from mainspring.config.triggers import Triggers
from mainspring.digest import blob_of_file, tagged
from mainspring.digest.texts import from_json, to_json
from mainspring.errors import MonitoringError, NotFoundError
from mainspring.loop import Data, Looked
from mainspring.monitoring import Check, Finding, Rules
from mainspring.registry import open_registry
from mainspring.serving.predlog import PREDICTIONS
from mainspring.tracking.loops import LoopEvent
from mainspring.tracking.promotions import CHAMPION
from mainspring.triggers import Lost, New, Shown
from mainspring.workspace.loop_rows import ServedRows
from mainspring.workspace.windows import Part, backfill, check_home

__all__ = ["HomeSources"]

_BROKEN: Final = ("contract", "skew")
_LINES: Final = (".csv", ".jsonl", ".ndjson")


class Held(Struct, frozen=True):
    """What a file, or a partition, is known to hold."""

    size: int
    time: int
    digest: str
    rows: int | None = None


class HomeSources:
    """The windows, labels and files of a home and its project.

    Args:
        home: The home.
        config: The configuration file of the project.
        rows: The rows of the log.
    """

    def __init__(self, home: Path, config: Path, rows: ServedRows) -> None:
        self._home = home
        self._config = config
        self._rows = rows
        self._closed = ""

    def close(self, now: float) -> None:
        """Make the windows that have ended."""
        log = self._home / PREDICTIONS
        state = self._rows.changed()
        if state == self._closed or not log.is_dir() or not any(log.rglob("*.*")):
            return
        monitor = read_monitor(self._config, "")
        backfill(self._home, seconds=monitor.window, days=monitor.reference_days, segments=monitor.segments)
        self._closed = state

    def look(self, model: str, policy: Triggers, since: float, now: float) -> Looked:
        """Return what there is to see of a model; labels are counted that came after `since`."""
        monitor = read_monitor(self._config, model)
        checks = self._checks(model, monitor, now)
        found = checks[-1].findings if checks else ()
        shown = tuple(_shown(one) for one in found)
        stopped = tuple(one.says for one in shown if one.check in _BROKEN)
        labels = self._rows.labels_since(since) if policy.labels else 0
        losses: tuple[Lost, ...] = ()
        if policy.quality is not None and (package := self._package(model)):
            losses = self._rows.losses(model, package, monitor)
        return Looked(shown, stopped, losses, labels, _events(model, checks, now))

    def _checks(self, model: str, monitor: Monitor, now: float) -> list[Check]:
        """The checks of the windows that have ended; none while there is only a reference."""
        rules = Rules(
            discovery=monitor.discovery,
            least=monitor.least,
            of=monitor.of,
            floors=dict(monitor.floors or {}),
            shift=monitor.shift,
        )
        part = Part(monitor.window, monitor.reference_days, last=4 * monitor.of)
        try:
            checked = check_home(model, self._home, rules=rules, part=part)
        except (MonitoringError, NotFoundError):
            return []  # nothing was served yet, or not for long enough
        return [one for one in checked.checks if one.window.end <= now]

    def _package(self, model: str) -> str | None:
        with open_registry(self._home) as registry:
            number = registry.aliases(model).get(CHAMPION)
            return None if number is None else registry.version(model, number).digest

    def data(self, policy: Triggers, known: str | None) -> Data:
        """Return what is new in the data that are watched; nothing is when nothing was known."""
        folder = self._config.parent
        before: dict[str, Held] = {name: Held(*held) for name, held in from_json(known or "{}").items()}
        now: dict[str, Held] = {}
        for path in sorted(folder.glob(policy.data)):
            name = str(path.relative_to(folder))
            now[name] = _held(path, before.get(name), rows=policy.rows > 0)
        new = [name for name, one in now.items() if name not in before or before[name].digest != one.digest]
        rows = None
        if policy.rows:
            rows = sum((now[name].rows or 0) - (before[name].rows or 0 if name in before else 0) for name in new)
        state = tagged("loop-data/1", *(part for name, one in now.items() for part in (name, one.digest)))
        text = to_json({name: [one.size, one.time, one.digest, one.rows] for name, one in now.items()})
        return Data(New(state, () if known is None else tuple(new), rows), text)

    def tell(self, event: LoopEvent, key: str) -> None:
        """Alert people of something that the loop did, or could not do."""

    def deliver(self, now: float) -> None:
        """Hand on what people are to be told."""


def _shown(one: Finding) -> Shown:
    windows = tuple(window.start for window in one.windows)
    return Shown(one.check, (one.column,), one.windows[-1].end, one.says, None, windows)


def _events(model: str, checks: list[Check], now: float) -> dict[str, LoopEvent]:
    """What is found in the latest window and was not in the one before."""
    if not checks:
        return {}
    before = {(one.check, one.column) for one in checks[-2].findings} if len(checks) > 1 else set()
    new = [one for one in checks[-1].findings if (one.check, one.column) not in before]
    window = checks[-1].window
    found = {}
    for one in new:
        links = to_json({"check": one.check, "column": one.column, "window": window.start, "package": window.version})
        key = f"found/{window.version[:16]}/{window.start}/{one.check}/{one.column}"
        found[key] = LoopEvent(now, "alert", model, one.says, links)
    return found


def _held(path: Path, before: Held | None, *, rows: bool) -> Held:
    """What a file or a partition holds; its bytes are read only where it was touched since."""
    files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    stats = [one.stat() for one in files]
    size, time = sum(one.st_size for one in stats), max((one.st_mtime_ns for one in stats), default=0)
    if before is not None and (before.size, before.time) == (size, time) and (before.rows is not None or not rows):
        return before
    parts = [text for one in files for text in (str(one.relative_to(path.parent)), blob_of_file(one))]
    return Held(size, time, tagged("loop-file/1", *parts), sum(_rows(one) for one in files) if rows else None)


def _rows(path: Path) -> int:
    if path.suffix == ".parquet":
        pl = polars()
        return int(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item())
    if path.suffix in _LINES:
        with path.open("rb") as file:
            lines = sum(chunk.count(b"\n") for chunk in _chunks(file))
        return max(0, lines - (path.suffix == ".csv"))
    return 0


def _chunks(file: Any) -> Iterator[bytes]:
    while chunk := file.read(1 << 20):
        yield chunk
