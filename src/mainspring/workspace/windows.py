"""Windows of a home: made from its prediction log, compared with the reference, explained by rows of the log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from mainspring.batch.polars import polars
from mainspring.config.monitor import Monitor
from mainspring.errors import MonitoringError, NotFoundError, TooEarlyError, nearest
from mainspring.monitoring import (
    OUTPUT,
    WINDOWS,
    Calendar,
    Check,
    Finding,
    Layout,
    Measure,
    Rules,
    Shelf,
    Window,
    check_windows,
)
from mainspring.workspace.closing import make_again
from mainspring.workspace.predictions import log_of
from mainspring.workspace.references import referred
from mainspring.workspace.rolled import INPUT, frames, models_of, parts
from mainspring.workspace.rolled import OUTPUT as LOGGED
from mainspring.workspace.traffic import HOUR

__all__ = ["Backfilled", "Checked", "Example", "Part", "backfill", "check_home", "explain", "latest"]

_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What was made of the log.

    Attributes:
        model: The name of the model.
        version: The digest of its package.
        windows: How many windows there are.
        rows: How many rows they have.
    """

    model: str
    version: str
    windows: int
    rows: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of the windows of a model after its reference.

    Attributes:
        model: The name of the model.
        version: The digest of the package.
        reference: How many windows the reference has.
        seasons: By which season each column is matched.
        checks: One for each window, the earliest first.
        before: Of how many days before the version's first answer the reference is; 0 where it is all its own.
        days: Of how many days the reference is.
    """

    model: str
    version: str
    reference: int
    seasons: dict[str, str]
    checks: tuple[Check, ...]
    before: int
    days: int


@dataclass(frozen=True, slots=True)
class Part:
    """Which windows are checked.

    Attributes:
        seconds: How long they last.
        days: How many days, from the first on, are the reference.
        segment: Which rows, as `column=value`; empty for all. They are compared with their own past.
        last: How many windows are checked at most, so that memory does not grow with the log.
        calendar: What is declared of times.
    """

    seconds: int = HOUR
    days: int = 28
    segment: str = ""
    last: int = 168
    calendar: Calendar | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A logged row that shows what was found.

    Attributes:
        id: The identity of the prediction.
        row: Which row of the answer.
        values: What is in the columns that are logged.
    """

    id: str
    row: int
    values: dict[str, Any]


def backfill(
    home: Path | None = None,
    *,
    seconds: int = HOUR,
    days: int = 28,
    segments: Sequence[str] = (),
    watched: Callable[[str], Monitor] | None = None,
) -> list[Backfilled]:
    """Make all windows of the log again, as they would be closed at its end; what was there is replaced.

    Args:
        home: The home; by default that of the project around the working directory.
        seconds: How long a window lasts.
        days: How many days, from the first answer of a version on, are its reference: its layout is made of them. That
            of a version which is younger is made of the days before.
        segments: Inputs by whose values windows are made besides those of all rows, such as `store`.
        watched: How each model is watched, in the place of these three.

    Raises:
        MonitoringError: Nothing was logged.
    """
    log = log_of(home)
    alike = Monitor(window=seconds, reference_days=days, segments=tuple(segments))
    how = watched or (lambda _: alike)
    models = sorted({model.name for part in parts(log) for model in models_of(part)})
    made = {(model, version): of for model in models for version, of in make_again(home, how(model), model).items()}
    if not made:
        raise MonitoringError("Nothing was logged that could be watched", str(log), "Serve a model first.")
    return [Backfilled(*key, len(rows), sum(rows.values())) for key, rows in sorted(made.items())]


def check_home(
    name: str | None = None,
    home: Path | None = None,
    *,
    rules: Rules | None = None,
    part: Part | None = None,
    version: str | None = None,
) -> Checked:
    """Return what comes of the latest windows of a version of a model after its reference.

    The reference is the first days of the version. Until they are over it is the days before it, of which the inputs
    are compared; where no version answered then, nothing is checked yet. Where a reference has few windows, a cold
    start is said.

    Args:
        name: The model; by default the only one.
        home: The home; by default that of the project around the working directory.
        rules: When a window differs.
        part: Which windows.
        version: The digest of its package; by default, and where it has no windows, the version with the newest ones.

    Raises:
        NotFoundError: There are no windows of that model or segment.
        TooEarlyError: There is no window after the reference.
        MonitoringError: Windows are damaged, or were counted on another layout.
    """
    part = part or Part()
    shelf, like = latest(name, home, part.seconds, part.calendar, version)
    layout = shelf.layout(like.model, like.version)
    if layout is None:
        raise MonitoringError("Windows have no layout", str(shelf.folder), "Run: mainspring monitor backfill.")
    mine = replace(like, segment=part.segment)
    found = referred(shelf, mine, layout, part.days)
    if found is None:
        raise NotFoundError(f"There are no windows of '{part.segment}'", None, "Name segments when windows are made.")
    live = list(found.cut(shelf.between(mine, max(found.until, like.end - part.last * part.seconds), np.inf)))
    if not live:
        raise TooEarlyError(
            f"{like.model} has no window after the first {part.days} days, which are its reference",
            str(shelf.folder),
            "Wait, or make the reference shorter: --reference-days.",
        )
    fitted = found.fit(rules or Rules())
    checks = tuple(check_windows(live, fitted))
    return Checked(like.model, like.version, fitted.windows, fitted.seasons, checks, found.before, found.days)


def latest(
    name: str | None, home: Path | None, seconds: int, calendar: Calendar | None = None, version: str | None = None
) -> tuple[Shelf, Window]:
    """Return the shelf, and the newest window of a model, by default of the only one; of a version, where it has any.

    Raises:
        NotFoundError: There are no windows of it.
    """
    shelf = Shelf(log_of(home).parent / WINDOWS, calendar)
    newest: dict[str, Window] = {}
    for window in sorted(shelf.versions(seconds), key=lambda one: (one.version == version, one.start)):
        newest[window.model] = window
    chosen = next(iter(newest), None) if name is None and len(newest) == 1 else name
    if chosen in newest:
        return shelf, newest[chosen]
    near = nearest(name or "", newest)
    fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(sorted(newest)) or 'none'}."
    said = f"There are no windows of '{name}'" if name else f"There are windows of {len(newest)} models"
    raise NotFoundError(said, str(shelf.folder), f"{fix} Windows are made by: mainspring monitor backfill.")


def explain(finding: Finding | Measure, window: Window, home: Path | None = None, *, count: int = 5) -> list[Example]:
    """Return a few logged rows of a window that show what was found in a column.

    What is missing, new or out of range is shown by rows that are; of a moved number the most extreme rows. Columns
    that are sensitive are not in the log.

    Args:
        finding: What was found.
        window: In which window.
        home: The home; by default that of the project around the working directory.
        count: How many rows.
    """
    pl = polars()
    log = log_of(home)
    name = LOGGED + finding.column.removeprefix(OUTPUT) if finding.column.startswith(OUTPUT) else INPUT + finding.column
    layout = Shelf(log.parent / WINDOWS).layout(window.model, window.version)
    found: list[Example] = []
    for model, frame in frames(log, since=window.start):
        if (model.name, model.package) != (window.model, window.version) or len(found) >= count:
            continue
        times = frame["time"].cast(pl.Int64)
        mine = frame.filter((times >= window.start * 1000) & (times < window.end * 1000) & ~frame["shadow"])
        if not mine.height:
            continue
        shown = _showing(mine, name, finding.check, layout)
        prefixed = [one for one in mine.columns if one.startswith((INPUT, LOGGED))]
        rows = shown.head(count - len(found)).iter_rows(named=True)
        found += [Example(row["id"], row["row"], {one: row[one] for one in prefixed}) for row in rows]
    return found


def _showing(frame: Any, name: str, check: str, layout: Layout | None) -> Any:
    """The rows of a frame that show a finding, the clearest first."""
    pl = polars()
    axis = next((one for one in layout.axes if one.name in (name.removeprefix(INPUT), name)), None) if layout else None
    if name not in frame.columns or axis is None:
        return frame
    column = pl.col(name)
    if check == "nulls":
        numeric = frame[name].dtype.is_float()
        return frame.filter(column.is_null() | column.is_nan() if numeric else column.is_null())
    if check == "new_category" and axis.known is not None:
        return frame.filter(column.is_not_null() & ~column.cast(pl.String).is_in(sorted(axis.known)))
    if axis.kind != "number":
        return frame
    if check == "range":
        return frame.filter((column < axis.minimum) | (column > axis.maximum))
    return frame.sort((column - axis.centre).abs(), descending=True, nulls_last=True)
