"""Skew of a home: features as they were logged when they were served, against those computed later, as of that time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from mainspring.batch.polars import polars
from mainspring.errors import InputError, MonitoringError, NotFoundError, nearest
from mainspring.monitoring import Difference, Skew, skew
from mainspring.serving.predlog import ModelRow
from mainspring.workspace.label_files import seconds_of
from mainspring.workspace.predictions import log_of
from mainspring.workspace.rolled import INPUT
from mainspring.workspace.traffic import answered

__all__ = ["Asked", "Recomputed", "compare_rows", "compare_served", "moments_of"]

_SHOWN: Final = 20
_OWN: Final = ("id", "row")
_PLACE: Final = "mainspring.place"
_TIME: Final = "mainspring.time"
_THEN: Final = "mainspring.then:"


@dataclass(frozen=True, slots=True)
class Asked:
    """How computed rows belong to logged ones.

    Attributes:
        keys: Inputs that tell rows apart, such as `store`; empty: `id`, and `row` where the table has it.
        time: The column that says from when on a computed row holds, until the next one of its key; empty: they hold
            always.
        tolerance: The largest difference of numbers that does not count; see `skew`.
        since: From when on logged rows are looked at, in seconds since 1970 UTC.
    """

    keys: tuple[str, ...] = ()
    time: str = ""
    tolerance: float = 1e-9
    since: float = 0.0

    def keys_of(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return the columns by which rows of a table with these columns are joined."""
        return self.keys or tuple(name for name in _OWN if name in columns)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What came of it.

    Attributes:
        skew: Rows and columns that differ; `served_only` are logged rows that nothing was computed for.
        compared: The columns that both sides have.
        not_computed: Logged inputs that the table lacks.
        not_logged: Columns of the table that are no inputs, or are sensitive.
    """

    skew: Skew
    compared: tuple[str, ...]
    not_computed: tuple[str, ...]
    not_logged: tuple[str, ...]


@dataclass(slots=True)
class _Found:
    """What was found so far."""

    rows: int = 0
    lost: int = 0
    differing: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[Difference]] = field(default_factory=dict)


def compare_served(model: str | None, table: Any, home: Path | None = None, asked: Asked | None = None) -> Recomputed:
    """Return where features that were served differ from those that were computed later.

    What was logged is read file by file. Each logged row is compared with the computed one of its key, and where a time
    is named with the one that held when it was served: the latest that is not later. Numbers are compared with the
    precision in which they were logged. A key may have been served any number of times.

    Args:
        model: The model; by default the only one.
        table: The computed features, a frame of Polars.
        home: The home; by default that of the project around the working directory.
        asked: How rows belong together.

    Raises:
        NotFoundError: Nothing was logged of such a model.
        MonitoringError: There is no column to compare, or a key is none.
        InputError: The table has a row twice.
    """
    asked = asked or Asked()
    log = log_of(home)
    seen = set[str]()

    def mine() -> Iterator[tuple[ModelRow, Any]]:
        for row, frame in answered(log, asked.since):
            seen.add(row.name)
            rows = frame.filter(frame["time"].cast(polars().Int64) >= asked.since * 1000)
            if model in (None, row.name):
                yield row, rows

    found = compare_rows(mine(), table, asked)
    if model not in seen if model is not None else len(seen) != 1:
        near = nearest(model or "", seen)
        said = f"Nothing was logged of '{model}'" if model else f"Predictions of {len(seen)} models were logged"
        fix = f"Did you mean '{near}'?" if near else f"There are {', '.join(sorted(seen)) or 'none'}."
        raise NotFoundError(said, str(log), fix)
    return found


def compare_rows(rows: Iterable[tuple[ModelRow, Any]], table: Any, asked: Asked) -> Recomputed:
    """Return where logged rows differ from the computed ones; see `compare_served`.

    Args:
        rows: Frames of the log, of one model.
        table: The computed features, a frame of Polars.
        asked: How rows belong together.

    Raises:
        MonitoringError: There is no column to compare, or a key is none.
        InputError: The table has a row twice, or other types.
    """
    keys = asked.keys_of(table.columns)
    prepared: dict[tuple[Any, ...], Any] = {}
    found, matched = _Found(), np.zeros(table.height, bool)
    compared: list[str] = []
    inputs: list[str] = []
    for _, frame in rows:
        inputs = [name.removeprefix(INPUT) for name in frame.columns if name.startswith(INPUT)]
        compared = [name for name in inputs if name in table.columns and name not in (*keys, asked.time)]
        kinds = tuple((name, frame[INPUT + name].dtype) for name in inputs)
        if kinds not in prepared:
            prepared[kinds] = _prepared(table, frame, keys, compared, asked.time)
        if frame.height:
            matched[_compare(frame, prepared[kinds], (keys, compared), asked, found)] = True
    examples = tuple(one for some in found.examples.values() for one in some)
    own = {*keys, asked.time, *_OWN}
    return Recomputed(
        Skew(found.rows, found.lost, int((~matched).sum()), found.differing, examples),
        tuple(compared),
        tuple(name for name in inputs if name not in table.columns and name not in keys),
        tuple(name for name in table.columns if name not in inputs and name not in own),
    )


def moments_of(table: Any, time: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return from when on each row of a table holds, in seconds since 1970 UTC.

    Raises:
        InputError: A row has no time, or the column has none.
    """
    moments = seconds_of(table[time], f"column '{time}'")
    lacking = int(np.isnan(moments).sum())
    if lacking:
        raise InputError(
            f"{lacking:,} of {table.height:,} rows of the computed features have no time",
            f"column '{time}'",
            "Say of each from when on it holds.",
        )
    return moments


def _prepared(table: Any, frame: Any, keys: Sequence[str], compared: Sequence[str], time: str) -> Any:
    """The table as it is joined: of the types of what was logged, in the order of its times."""
    pl = polars()
    for name in (*keys, *([time] if time else [])):
        if name not in table.columns or (name in keys and name not in _OWN and INPUT + name not in frame.columns):
            near = nearest(name, table.columns)
            fix = f"Did you mean '{near}'?" if near else "Name a column that the table and the log have."
            raise MonitoringError(f"There is no column '{name}' on both sides to join by", None, fix)
    if not keys or not compared:
        raise MonitoringError(
            "There is nothing to join rows by" if not keys else "There is no feature to compare",
            f"the table has {', '.join(table.columns)}",
            "Name the inputs that tell rows apart." if not keys else "Give columns that are called as the inputs.",
        )
    logged = {name: frame[name if name in _OWN else INPUT + name].dtype for name in (*keys, *compared)}
    try:
        made = table.select(
            *(pl.col(name).cast(logged[name]) for name in keys),
            *(pl.col(name).cast(logged[name]).alias(_THEN + name) for name in compared),
        )
    except pl.exceptions.PolarsError as error:
        raise InputError(
            f"The computed features are of other types than those that were logged: {str(error).splitlines()[0]}",
            None,
            "Write them with the types of the inputs.",
        ) from error
    made = made.with_columns(pl.Series(_PLACE, np.arange(table.height)))
    own = list(keys)
    if time:
        made = made.with_columns(pl.Series(_TIME, np.round(moments_of(table, time) * 1000)).cast(pl.Int64)).sort(_TIME)
        own.append(_TIME)
    if made.select(own).is_duplicated().any():
        raise InputError(
            f"The computed features have a row twice by {' and '.join((*keys, *([time] if time else [])))}",
            None,
            "Name what tells rows apart.",
        )
    return made


def _compare(
    rows: Any, prepared: Any, names: tuple[Sequence[str], Sequence[str]], asked: Asked, found: _Found
) -> list[int]:
    """Compare some logged rows; returns the places of computed rows that they were compared with."""
    pl = polars()
    keys, compared = names
    left = rows.select(
        "id",
        "row",
        pl.col("time").cast(pl.Int64).alias(_TIME),
        *(pl.col(INPUT + name).alias(name) for name in (*keys, *compared) if name not in _OWN),
    )
    if asked.time:
        left = left.sort(_TIME)
        joined = left.join_asof(prepared, on=_TIME, by=list(keys), check_sortedness=False)
    else:
        joined = left.join(prepared, on=list(keys), how="left")
    both = joined.filter(pl.col(_PLACE).is_not_null())
    found.rows += both.height
    found.lost += joined.height - both.height
    if both.height:
        said = both.select(
            key=pl.when(pl.col("row") > 0).then(pl.format("{} row {}", "id", "row")).otherwise(pl.col("id")),
            time=pl.from_epoch(_TIME, time_unit="ms").dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ"),
        )
        own = {name: said[name].to_numpy() for name in ("key", "time")}
        sides = [{**own, **_values(both, prefix, compared)} for prefix in ("", _THEN)]
        part = skew(sides[0], sides[1], key="key", tolerance=asked.tolerance)
        for name, count in part.differing.items():
            if name != "time":
                found.differing[name] = found.differing.get(name, 0) + count
        for one in part.examples:
            shown = found.examples.setdefault(one.column, [])
            if len(shown) < _SHOWN:
                shown.append(_with_time(one, own))
    places: list[int] = both[_PLACE].to_list()
    return places


def _with_time(one: Difference, own: dict[str, Any]) -> Difference:
    place = int(np.flatnonzero(own["key"] == one.key)[0])
    return Difference(one.key, str(own["time"][place]), one.column, one.served, one.expected)


def _values(rows: Any, prefix: str, names: Sequence[str]) -> dict[str, Any]:
    """The values of columns by name; a vector as one column for each of its places."""
    found: dict[str, Any] = {}
    for name in names:
        series = rows[prefix + name]
        if isinstance(series.dtype, polars().Array):
            found |= {f"{name}[{place}]": _plain(series.arr.get(place)) for place in range(series.dtype.size)}
        else:
            found[name] = _plain(series)
    return found


def _plain(series: Any) -> Any:
    """The values of a column, as `skew` compares them."""
    kind = series.dtype
    if kind.is_numeric() and not series.null_count():
        return series.to_numpy()
    if kind.is_float():
        return series.fill_null(np.nan).to_numpy() if not series.is_nan().any() else np.array(series.to_list(), object)
    return np.array(series.to_list(), dtype=object)
