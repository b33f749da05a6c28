"""Late labels of a home: kept, joined to what was logged, and how good every window is as far as is known now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from mainspring.batch.polars import polars
from mainspring.config.monitor import Monitor
from mainspring.digest import blob_of
from mainspring.errors import MonitoringError, NotFoundError, nearest
from mainspring.monitoring import (
    OUTPUT,
    Axis,
    Calendar,
    Joined,
    Labels,
    LabelShelf,
    Layout,
    Quality,
    Rating,
    RatingShelf,
    Shelf,
    Window,
    fit_errors,
    fit_estimate,
    join,
    rate,
)
from mainspring.serving.predlog import ModelRow
from mainspring.stats import Cusum
from mainspring.workspace.calendars import calendar_of
from mainspring.workspace.catalogue import Catalogue
from mainspring.workspace.closing import opened
from mainspring.workspace.predictions import log_of
from mainspring.workspace.rolled import OUTPUT as LOGGED
from mainspring.workspace.rolled import read_part
from mainspring.workspace.traffic import DAY, HOUR, by_window, given, side_of

__all__ = [
    "LABELS",
    "LEAST",
    "Added",
    "LabelDay",
    "Rated",
    "add_labels",
    "label_days",
    "output_of",
    "predictions",
    "rate_home",
]

LABELS: Final = "labels"  # the folder in a home
_RATINGS: Final = "ratings"
_MONTH: Final = 30 * DAY
LEAST: Final = 100
_FEWEST: Final = 20


@dataclass(frozen=True, slots=True)
class Added:
    """What labels came to.

    Attributes:
        labels: How many came.
        again: How many of them were left out: they do not say when they were known, and their value holds already.
        replaced: How many of them have another value than that which holds of the same row among them.
        days: The days of the predictions that they are of, in seconds since 1970 UTC of their begin.
        joined: Of how many a prediction is in the log.
        unknown: The identities of some that are not, at most five.
    """

    labels: int
    again: int
    replaced: int
    days: tuple[int, ...]
    joined: int
    unknown: tuple[str, ...]


def add_labels(labels: Labels, home: Path | None = None, *, now: float = np.nan) -> Added:
    """Keep labels, and return how many of them belong to a prediction that is in the log.

    The same labels again change nothing. Those of predictions that are not in the log, or not yet, are kept as well.

    Args:
        labels: What turned out.
        home: The home; by default that of the project around the working directory.
        now: When those were known that do not say it, in seconds since 1970 UTC.

    Raises:
        MonitoringError: An identity is none that a service gave, or it is not known when a label was known.
    """
    log = log_of(home)
    shelf = LabelShelf(log.parent / LABELS)
    fresh = shelf.news(labels, now)
    shelf.add(fresh)
    dated = replace(labels, arrived=np.where(np.isnan(labels.arrived), now, labels.arrived))
    replaced = int((dated.holding(labels.ids, labels.rows)[0] != labels.values).sum())
    days = tuple(np.unique(labels.days()).tolist())
    with opened(home, HOUR) as (_, _, catalogue):
        keys = {key for key in catalogue.rows(catalogue.places(None)) if key[1] // DAY * DAY in days}
        known = np.zeros(labels.ids.size, bool)
        for part, _ in catalogue.touching(log, keys):
            for _, frame in given(read_part(part)):
                known |= _logged(labels, frame)
    lost = np.flatnonzero(~known)
    unknown = tuple(one.decode() for one in labels.ids[lost[:5]].tolist())
    return Added(labels.ids.size, labels.ids.size - fresh.ids.size, replaced, days, int(known.sum()), unknown)


def _logged(labels: Labels, frame: Any) -> npt.NDArray[np.bool_]:
    """Of which labels the rows are in a frame of the log; only those of its time are looked for."""
    least, greatest = str(frame["id"].min()).encode(), str(frame["id"].max()).encode()
    found = (labels.ids >= least) & (labels.ids <= greatest)
    near = np.flatnonzero(found)
    nothing = np.zeros(frame.height)
    logged = Labels(frame["id"].to_numpy().astype("S36"), frame["row"].to_numpy(), nothing, nothing)
    found[near] = np.isfinite(logged.holding(labels.ids[near], labels.rows[near])[0])
    return found


@dataclass(frozen=True, slots=True)
class LabelDay:
    """The labels of the predictions of a day.

    Attributes:
        day: When it begins, in seconds since 1970 UTC.
        labels: How many came, of which later ones may replace earlier ones.
        deliveries: In how many deliveries.
        last: When the last of them was known.
    """

    day: int
    labels: int
    deliveries: int
    last: float


def label_days(home: Path | None = None) -> list[LabelDay]:
    """Return the days of predictions that have labels, the earliest first.

    Args:
        home: The home; by default that of the project around the working directory.
    """
    shelf = LabelShelf(log_of(home).parent / LABELS)
    found = []
    for day in sorted({int(name.partition("/")[0]) for name in shelf.names(0, np.inf)}):
        labels = shelf.between(day, day + DAY)
        deliveries = len(shelf.names(day, day + DAY))
        found.append(LabelDay(day, len(labels.ids), deliveries, float(labels.arrived.max(initial=0))))
    return found


@dataclass(frozen=True, slots=True)
class Rated:
    """How good the windows of a version are.

    Attributes:
        model: The model.
        version: The digest of the package.
        output: What was predicted.
        loss: What it is judged by.
        windows: Every window that is over and has rows, the earliest first.
        reference: How many of them, from the first on, are the reference.
        errors: The cumulative sums of the errors of the windows after the reference; None where too few have labels.
        estimates: For each window after the reference what it will probably lose, from what was predicted, and the
            band of that; None where too few of the reference have labels, or the window is not closed.
    """

    model: str
    version: str
    output: str
    loss: str
    windows: tuple[Quality, ...]
    reference: int
    errors: Cusum | None
    estimates: tuple[tuple[float, float, float] | None, ...]

    @property
    def followed(self) -> tuple[Quality, ...]:
        """The windows after the reference."""
        return self.windows[self.reference :]

    @property
    def moved(self) -> bool:
        """Whether the errors of the last windows are others than those of the reference: the concept has changed."""
        found = self.errors
        return found is not None and bool(found.up.size) and bool(max(found.up[-1], found.down[-1]) > found.limit)

    @property
    def since(self) -> int | None:
        """Since when they probably are, in seconds since 1970 UTC; None while they are not."""
        return self.followed[self.errors.since].window.start if self.moved and self.errors is not None else None


def rate_home(
    model: str | None, home: Path | None, monitor: Monitor, now: float, *, version: str | None = None
) -> Rated:
    """Return how good the windows of a model's newest version are, as far as is known now.

    Windows are those of the log. A day is joined again only when labels or rows of it are others than before, so that
    this costs what is new; in whatever order labels came, the figures are the same.

    Args:
        model: The model; by default the only one.
        home: The home; by default that of the project around the working directory.
        monitor: How long windows last, of how many days references are, what was predicted, and the loss.
        now: In seconds since 1970 UTC; a window counts when its end is not later.
        version: The digest of the package; by default that which answered last.

    Raises:
        NotFoundError: Nothing was logged of such a model.
        MonitoringError: It has no such output, or several and none is named.
    """
    with opened(home, monitor.window) as (log, shelf, catalogue):
        place = _version(catalogue, log, model, version)
        name, package = catalogue.versions[place]
        output = output_of(catalogue.model_row(log, place), monitor.output)
        layout = shelf.layout(name, package)
        axis = next((one for one in layout.axes if one.name == OUTPUT + output), None) if layout else None
        joining = _Joining(log, catalogue, place, output, monitor.loss, axis)
        ratings = joining.all(now)
        predicted = [_bins(shelf, one.quality.window, layout, axis) for one in ratings]
    calendar = calendar_of(monitor, home) or Calendar.of(())
    windows = tuple(replace(one.quality, window=calendar.on(one.quality.window)) for one in ratings)
    begun = windows[0].window.start if windows else 0
    reference = sum(1 for one in windows if one.window.start < begun + monitor.reference_days * DAY)
    errors = _followed(windows, reference, monitor)
    return Rated(
        name, package, output, monitor.loss, windows, reference, errors, _estimated(ratings, predicted, reference)
    )


def _version(catalogue: Catalogue, log: Path, model: str | None, package: str | None) -> int:
    """The place of the version of a model that answered last, or of the one that is named."""
    last: dict[int, int] = {}
    for place, start in catalogue.rows(catalogue.places(None)):
        last[place] = max(start, last.get(place, 0))
    names = sorted({catalogue.versions[place][0] for place in last})
    chosen = names[0] if model is None and len(names) == 1 else model
    mine = [place for place in last if catalogue.versions[place][0] == chosen]
    mine = [place for place in mine if package in (None, catalogue.versions[place][1])]
    if mine:
        return max(mine, key=lambda place: last[place])
    near = nearest(model or "", names)
    raise NotFoundError(
        f"Nothing was logged of '{model}'" if model else f"Predictions of {len(names)} models were logged",
        str(log),
        f"Did you mean '{near}'?" if near else f"There are {', '.join(names) or 'none'}.",
    )


def output_of(row: ModelRow, named: str) -> str:
    """Return the output that labels are of: the one that is named, or the only one.

    Raises:
        MonitoringError: There is no such output, or several and none is named.
    """
    outputs = [one.name for one in row.outputs]
    if named.partition("[")[0] in outputs or (not named and len(outputs) == 1):
        return named or outputs[0]
    near = nearest(named, outputs)
    raise MonitoringError(
        f"'{row.name}' has no output '{named}'" if named else f"'{row.name}' has {len(outputs)} outputs",
        "[monitor] output",
        f"Did you mean '{near}'?" if near else f"Name one of {', '.join(outputs)}.",
    )


@dataclass(frozen=True, slots=True)
class _Joining:
    """The joining of labels to what a version has answered."""

    log: Path
    catalogue: Catalogue
    place: int
    output: str
    loss: str
    axis: Axis | None

    def all(self, now: float) -> list[Rating]:
        """The ratings of all windows that are over, the earliest first."""
        seconds = self.catalogue.seconds
        days: dict[int, dict[int, int]] = {}
        for (_, start), count in self.catalogue.rows([self.place]).items():
            if start + seconds <= now and count:
                days.setdefault(start // max(seconds, DAY) * max(seconds, DAY), {})[start] = count
        return [rating for day in sorted(days) for rating in self._of_day(day, days[day])]

    def _window(self, start: int) -> Window:
        return Window(start, self.catalogue.seconds, *self.catalogue.versions[self.place])

    def _of_day(self, day: int, counts: dict[int, int]) -> list[Rating]:
        labels = LabelShelf(self.log.parent / LABELS)
        end = max(counts) + self.catalogue.seconds
        names = labels.names(day, end)
        if not names:
            return [Rating(Quality(self._window(start), counts[start], 0, None, None)) for start in sorted(counts)]
        edges = () if self.axis is None else self.axis.edges
        state = blob_of(msgspec.msgpack.encode([names, sorted(counts.items()), self.output, self.loss, edges]))
        kept = RatingShelf(self.log.parent / LABELS / _RATINGS)
        found = kept.get(self._window(day), day, state)
        if found is None:
            found = self._rated(set(counts), labels.between(day, end))
            kept.put(self._window(day), day, state, found)
        return found

    def _rated(self, starts: set[int], labels: Labels) -> list[Rating]:
        """The ratings of some windows; what they have is joined at once."""
        name, package = self.catalogue.versions[self.place]
        parts: list[tuple[int, Any]] = []
        for part, _ in self.catalogue.touching(self.log, {(self.place, start) for start in starts}):
            for model, frame in given(read_part(part)):
                if (model.name, model.package) == (name, package):
                    parts += [
                        (window.start, rows)
                        for window, rows in by_window(model, frame, self.catalogue.seconds)
                        if window.start in starts
                    ]
        ids = np.concatenate([rows["id"].to_numpy().astype("S36") for _, rows in parts])
        numbers = np.concatenate([rows["row"].to_numpy() for _, rows in parts])
        predicted = np.concatenate([predictions(rows, self.output) for _, rows in parts])
        of = np.repeat([start for start, _ in parts], [rows.height for _, rows in parts])
        joined = join(ids, numbers, labels)
        found = []
        for start in sorted(starts):
            mine = of == start
            part_of = Joined(joined.values[mine], joined.arrived[mine], 0, 0)
            found.append(rate(self._window(start), predicted[mine], part_of, self.loss, self.axis))
        return found


def predictions(rows: Any, output: str) -> npt.NDArray[np.float64]:
    """Return what was predicted in logged rows, of an output such as `sales`, or one place of it, `sales[0]`.

    Raises:
        MonitoringError: The output is no number.
    """
    side = side_of(rows, LOGGED)
    if output not in side.columns or not (side[output].dtype.is_numeric() or side[output].dtype == polars().Boolean):
        raise MonitoringError(
            f"The output '{output}' is no number that a label can be compared with",
            "[monitor] output",
            f"Name one of {', '.join(side.columns)}.",
        )
    return np.asarray(side[output].to_numpy(), dtype=np.float64)


def _followed(windows: Sequence[Quality], reference: int, monitor: Monitor) -> Cusum | None:
    known = [one for one in windows[:reference] if one.loss is not None]
    if len(known) < LEAST or reference == len(windows):
        return None
    fitted = fit_errors(known, month=max(2, _MONTH // monitor.window), shift=monitor.shift)
    return fitted.follow(windows[reference:])


def _bins(shelf: Shelf, window: Window, layout: Layout | None, axis: Axis | None) -> tuple[float, ...]:
    """How many predictions of a window are in which bin; empty where that is not known."""
    kept = shelf.get(window) if layout is not None and axis is not None else None
    if kept is None or layout is None or axis is None or kept.layout != layout.digest:
        return ()
    counted: list[float] = kept.counts[layout.axes.index(axis), : axis.bins].tolist()
    return tuple(counted)


def _estimated(
    ratings: Sequence[Rating], predicted: Sequence[tuple[float, ...]], reference: int
) -> tuple[tuple[float, float, float] | None, ...]:
    """What windows after the reference will probably lose, from what was predicted."""
    pairs = [pair for pair in zip(ratings[:reference], predicted, strict=False) if pair[0].losses and pair[1]]
    later = predicted[reference:]
    if len(pairs) < _FEWEST:
        return tuple(None for _ in later)
    columns = zip(*((counts, rating.losses, rating.labelled) for rating, counts in pairs), strict=True)
    fitted = fit_estimate(*(np.array(one, dtype=np.float64) for one in columns))
    return tuple(fitted.of(counts) if counts else None for counts in later)
