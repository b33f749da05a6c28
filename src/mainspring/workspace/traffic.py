"""Traffic: what was answered, as frames of logged rows, sorted into windows and made ready to be counted."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import msgspec

from mainspring.batch.polars import polars
from mainspring.monitoring import OUTPUT, Layout, Served, Window, layout_of
from mainspring.serving.predlog import ModelRow
from mainspring.stats import Column, columns_of, merge_profiles, profile_frame
from mainspring.workspace.rolled import INPUT, frames
from mainspring.workspace.rolled import OUTPUT as LOGGED
from mainspring.workspace.vectors import spread

__all__ = ["DAY", "HOUR", "Laying", "answered", "by_window", "columns_to_count", "given", "requests_of", "side_of"]

HOUR: Final = 3600
DAY: Final = 86_400


def answered(log: Path, since: float = 0.0) -> Iterator[tuple[ModelRow, Any]]:
    """Yield what was answered, not what a shadow predicted, nor what was erased."""
    return given(frames(log, since))


def given(found: Iterable[tuple[ModelRow, Any]]) -> Iterator[tuple[ModelRow, Any]]:
    """Yield of frames what was answered, not what a shadow predicted, nor what was erased."""
    pl = polars()
    for model, frame in found:
        kept = frame.filter(~pl.col("shadow") & ~pl.col("erased"))
        if kept.height:
            yield model, kept


def by_window(model: ModelRow, frame: Any, seconds: int, segments: Sequence[str] = ()) -> Iterator[tuple[Window, Any]]:
    """Yield the rows of each window, and of each segment of it: the values of the columns that are named."""
    pl = polars()
    starts = (frame["time"].cast(pl.Int64) // (seconds * 1000) * seconds).alias("window")
    for (start,), part in frame.with_columns(starts).group_by("window", maintain_order=True):
        whole = Window(int(start), seconds, model.name, model.package)
        yield whole, part
        for column in segments:
            if INPUT + column in part.columns:
                for (value,), rows in part.group_by(INPUT + column, maintain_order=True):
                    yield replace(whole, segment=f"{column}={value}"), rows


def side_of(frame: Any, prefix: str) -> Any:
    """Return the columns of one side, without their prefix; a vector as `spread` has it."""
    pl = polars()
    made = []
    for name in frame.columns:
        if not name.startswith(prefix):
            continue
        series, plain = frame[name], name.removeprefix(prefix)
        if isinstance(series.dtype, pl.Array):
            made += spread(series, plain)
        else:
            made.append(series.alias(plain))
    return pl.DataFrame(made)


def columns_to_count(frame: Any) -> tuple[Column, ...]:
    """Return the columns of rows as windows count them."""
    inputs, outputs = columns_of(side_of(frame, INPUT)), columns_of(side_of(frame, LOGGED))
    return (*inputs, *(replace(one, name=OUTPUT + one.name) for one in outputs))


def requests_of(frame: Any) -> Served:
    """Return what is known of the requests that rows came in."""
    answers = frame.filter(polars().col("row") == 0)
    marks: dict[str, int] = {}
    for said in answers["marks"].drop_nulls().to_list():
        for path, rule in msgspec.json.decode(said):
            name = f"{path.rpartition('.')[2]}: {rule}"
            marks[name] = marks.get(name, 0) + 1
    return Served(
        answers["micros"].to_numpy(),
        int((answers["level"] > 0).sum()),
        marks,
        frame["time"].max().timestamp(),
    )


class Laying:
    """Makes a layout of rows that come in parts; nothing of them is kept but their profiles.

    Args:
        days: For how long, from the first row on, rows count.
        since: Rows before this, in seconds since 1970 UTC, do not count.
        until: Nor do rows from this on.
    """

    def __init__(self, days: int, since: float = 0.0, until: float = math.inf) -> None:
        self._days, self._since, self._until = days, since, until
        self._sides: list[Any] = []
        self.begun = math.inf

    def add(self, frame: Any) -> None:
        """Take rows into account."""
        times = frame["time"].cast(polars().Int64)
        mine = frame.filter(times >= self._since * 1000)
        if self.begun == math.inf and mine.height:
            self.begun = mine["time"].min().timestamp()
        times = mine["time"].cast(polars().Int64)
        mine = mine.filter(times < min(self.begun + self._days * DAY, self._until) * 1000)
        if not mine.height:
            return
        sides = [profile_frame(side_of(mine, prefix)) for prefix in (INPUT, LOGGED)]
        self._sides = [merge_profiles(pair) for pair in zip(self._sides, sides, strict=True)] if self._sides else sides

    def layout(self) -> Layout:
        """Return the layout of all of them."""
        inputs, outputs = self._sides
        return layout_of([inputs], outputs=[outputs])
