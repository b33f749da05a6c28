"""Trials of a home: two versions of a model on what turned out for what they have predicted, from the log."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mainspring.batch.polars import polars
from mainspring.errors import MonitoringError, nearest
from mainspring.monitoring import LabelShelf, Side, Trial, Trying, join, try_pairs, try_split
from mainspring.registry import Version
from mainspring.workspace.labelled import LABELS, output_of, predictions
from mainspring.workspace.predictions import log_of
from mainspring.workspace.rolled import INPUT, frames

__all__ = ["AB", "Drawn", "compare_answers"]

_PREDICTED: Final = "mainspring.predicted"


@dataclass(frozen=True, slots=True)
class Drawn:
    """Which predictions are compared.

    Attributes:
        output: What labels are of; empty: the only output.
        unit: The input that the split was made by, such as `customer`; empty: the answer.
        since: From when on, in seconds since 1970 UTC.
        until: Up to when.
    """

    output: str = ""
    unit: str = ""
    since: float = 0.0
    until: float = np.inf


@dataclass(frozen=True, slots=True)
class AB:
    """A trial, of what.

    Attributes:
        trial: What came of it.
        output: What was predicted.
        begun: From when on both versions predicted, in seconds since 1970 UTC.
        ended: Up to when.
    """

    trial: Trial
    output: str
    begun: float
    ended: float


def compare_answers(
    first: Version,
    second: Version,
    home: Path | None = None,
    *,
    drawn: Drawn | None = None,
    trying: Trying | None = None,
) -> AB:
    """Return what came of two versions, on labels of what they have predicted.

    Only the time is looked at in which both did. Where the second was a shadow of the first, so that both predicted the
    same rows, these are compared; else the rows that each has answered.

    Args:
        first: The version that was there.
        second: The other one.
        home: The home; by default that of the project around the working directory.
        drawn: Which predictions.
        trying: How they are judged.

    Raises:
        MonitoringError: They have not predicted at the same time, or there is no such output or unit.
    """
    drawn, trying = drawn or Drawn(), trying or Trying()
    log = log_of(home)
    rows = _logged(log, (first, second), drawn)
    sides = [rows.filter(polars().col("package") == one.digest) for one in (first, second)]
    for version, side in zip((first, second), sides, strict=True):
        if not side.height:
            raise MonitoringError(
                f"Version {version.number} of '{version.name}' has predicted nothing that was logged in that time",
                str(log),
                "Serve it beside the other one, or as its shadow: mainspring serve --shadow.",
            )
    begun, ended = (max(one["time"].min() for one in sides), min(one["time"].max() for one in sides))
    if begun > ended:
        raise MonitoringError(
            f"Versions {first.number} and {second.number} of '{first.name}' never predicted at the same time",
            f"the later one began {_stamp(begun)}, the earlier one ended {_stamp(ended)}",
            "What they lost may come of the time. Serve both at once, or gates can compare them on the same rows.",
        )
    sides = [one.filter(polars().col("time").is_between(begun, ended)) for one in sides]
    labels = LabelShelf(log.parent / LABELS).between(begun.timestamp(), ended.timestamp() + 1)
    output = rows["output"][0]
    if 2 * int(sides[1]["shadow"].sum()) > sides[1].height:
        trial = try_pairs(*_pairs(sides, labels, drawn.unit), trying)
    else:
        one, other = _coded([side.filter(~polars().col("shadow")) for side in sides], labels, drawn.unit)
        trial = try_split(one, other, trying)
    return AB(trial, output, begun.timestamp(), ended.timestamp())


def _stamp(moment: Any) -> str:
    return str(moment.strftime("%Y-%m-%d %H:%M"))


def _logged(log: Path, versions: tuple[Version, Version], drawn: Drawn) -> Any:
    """What two versions have predicted, those of shadows too."""
    pl = polars()
    wanted = {one.digest for one in versions}
    found = []
    for model, frame in frames(log, drawn.since):
        if model.name != versions[0].name or model.package not in wanted:
            continue
        output = output_of(model, drawn.output)
        times = frame["time"].cast(pl.Int64)
        kept = frame.filter((times >= drawn.since * 1000) & (times < drawn.until * 1000) & ~frame["erased"])
        if not kept.height:
            continue
        inputs = [name for name in kept.columns if name.startswith(INPUT) and not kept[name].dtype.is_nested()]
        if drawn.unit and INPUT + drawn.unit not in inputs:
            near = nearest(drawn.unit, [name.removeprefix(INPUT) for name in inputs])
            fix = f"Did you mean '{near}'?" if near else "Name an input that is logged; sensitive ones are not."
            raise MonitoringError(f"'{model.name}' has no input '{drawn.unit}' in the log", str(log), fix)
        part = kept.select("id", "row", "time", "package", "shadow", *inputs)
        found.append(part.with_columns(pl.Series(_PREDICTED, predictions(kept, output)), output=pl.lit(output)))
    if not found:
        raise MonitoringError(
            f"Nothing was logged of these versions of '{versions[0].name}'",
            str(log),
            "Serve them, and wait for labels.",
        )
    return pl.concat(found, how="diagonal_relaxed").unique(["id", "row", "package", "shadow"], maintain_order=True)


def _coded(sides: Iterable[Any], labels: Any, unit: str) -> list[Side]:
    """Sides with numbers for units, the same on both."""
    every = list(sides)
    units = polars().concat([_units(one, unit) for one in every])
    codes = np.asarray(np.unique(units.to_numpy().astype(str), return_inverse=True)[1], dtype=np.int64)
    ends = np.cumsum([one.height for one in every])[:-1]
    return [_side(one, labels, part) for one, part in zip(every, np.split(codes, ends), strict=True)]


def _units(rows: Any, unit: str) -> Any:
    return rows[INPUT + unit if unit else "id"].cast(polars().String).fill_null("").alias("unit")


def _side(rows: Any, labels: Any, units: npt.NDArray[np.int64]) -> Side:
    joined = join(rows["id"].to_numpy().astype("S36"), rows["row"].to_numpy(), labels)
    columns = {
        name.removeprefix(INPUT): _plain(rows[name])
        for name in rows.columns
        if name.startswith(INPUT) and not rows[name].dtype.is_temporal()
    }
    times = rows["time"].cast(polars().Int64).to_numpy() / 1000
    return Side(units, times, rows[_PREDICTED].to_numpy(), joined.values, columns)


def _plain(series: Any) -> npt.NDArray[Any]:
    pl = polars()
    if series.dtype.is_numeric() or series.dtype == pl.Boolean:
        numbers: npt.NDArray[Any] = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return numbers
    return np.array(series.cast(pl.String).to_list(), dtype=object)


def _pairs(sides: list[Any], labels: Any, unit: str) -> tuple[Side, Side, Side]:
    """Rows that both have predicted, of both, in one order; and those that only the first has."""
    pl = polars()
    answered, shadow = sides[0].filter(~pl.col("shadow")), sides[1].filter("shadow")
    keys = ["id", "row"]
    both = answered.join(shadow.select(*keys), on=keys, how="semi").sort(keys)
    same = shadow.join(answered.select(*keys), on=keys, how="semi").sort(keys)
    rest = answered.join(shadow.select(*keys), on=keys, how="anti")
    first, second, others = _coded([both, same, rest], labels, unit)
    return first, second, others
