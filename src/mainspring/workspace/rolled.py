"""Rolled predictions: closed files of the prediction log as Parquet, a row for each predicted row.

A file of Parquet is named by the file of frames that it comes from, and counts once that is gone: killed at any moment,
nothing is there twice or missing, and rolling again goes on.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from mainspring.batch.polars import polars, series_of
from mainspring.disk import flush
from mainspring.errors import ServingError
from mainspring.package.dtypes import DTYPES
from mainspring.serving.ids import milliseconds
from mainspring.serving.predlog import (
    Answer,
    AnswerRow,
    ColumnRow,
    Erased,
    ModelRow,
    Segment,
    blanked,
    glance_segment,
    held,
    is_whole,
    packed,
    place_of,
    places_of,
    rows_of_segment,
    segments,
)

__all__ = [
    "INPUT",
    "OUTPUT",
    "Part",
    "Rolled",
    "Table",
    "erase_rolled",
    "find_rolled",
    "frames",
    "model_of",
    "models_of",
    "parts",
    "prune_rolled",
    "read_part",
    "roll",
    "tables",
    "there",
]

INPUT: Final = "input."
OUTPUT: Final = "output."
_FOLDER: Final = "rolled"
_MODEL: Final = "mainspring.model"
_FORMAT: Final = "mainspring.predictions"
_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Rolled:
    """What rolling did.

    Attributes:
        files: How many files of frames are Parquet now.
        rows: How many predicted rows they had.
        damaged: Files that were left as they are: some of their bytes have changed since they were written.
    """

    files: int
    rows: int
    damaged: tuple[Path, ...]


class Table(NamedTuple):
    """A file of rolled predictions: the answers of one model in one file of frames.

    Attributes:
        path: The file.
        begun: When its file of frames was begun, in seconds since 1970 UTC.
        worker: The number of the worker process.
    """

    path: Path
    begun: float
    worker: int


class Part(NamedTuple):
    """A part of a log: a file of frames, or what was rolled of one, by the same name.

    Attributes:
        begun: When it was begun, in seconds since 1970 UTC.
        name: What tells it from others, whatever its form.
        frames: The file of frames; None where it was rolled.
        tables: The files that it was rolled to.
    """

    begun: float
    name: str
    frames: Path | None
    tables: tuple[Path, ...] = ()


def parts(folder: Path) -> list[Part]:
    """Return the parts of a log, oldest first, in an order that does not depend on their form."""
    found = [Part(one.begun, one.path.stem, one.path) for one in segments(folder)]
    for name, some in groupby(tables(folder), key=lambda one: one.path.name.partition(".")[0]):
        every = list(some)
        found.append(Part(every[0].begun, name, None, tuple(one.path for one in every)))
    return sorted(found)


def read_part(part: Part) -> Iterator[tuple[ModelRow, Any]]:
    """Yield what a part of a log has, as frames of Polars with a row for each predicted row."""
    for path in part.tables:
        yield model_of(path), polars().read_parquet(path, glob=False)
    if part.frames is not None:
        models, answers = _sorted_out(there(part.frames))
        for number, given in answers.items():
            yield models[number], _frame(models[number], given)


def models_of(part: Part) -> Iterator[ModelRow]:
    """Yield the models whose answers a part of a log has."""
    for path in part.tables:
        yield model_of(path)
    if part.frames is not None:
        for _, rows in glance_segment(there(part.frames)):
            yield from (row for row in rows if isinstance(row, ModelRow))


def there(path: Path) -> Path:
    """Return where a file of frames is now: a service may have closed it since it was listed."""
    closed = path.with_suffix(".log")
    return closed if not path.exists() and closed.exists() else path


def tables(folder: Path) -> list[Table]:
    """Return the rolled files of a log that count, oldest first."""
    open_still = {segment.path.stem for segment in segments(folder)}
    found = []
    for path in sorted((folder / _FOLDER).glob("*.parquet")):
        stem = path.name.partition(".")[0]
        if stem not in open_still:
            begun, worker, _ = stem.split("-")
            found.append(Table(path, int(begun) / 1000, int(worker, 16)))
    return found


def roll(folder: Path) -> Rolled:
    """Make Parquet of every closed file of a log; services that write to it go on.

    Raises:
        BatchError: Polars is not installed.
    """
    files, rows, damaged = 0, 0, []
    polars()
    with held(folder):
        for segment in segments(folder):
            if not segment.closed:
                continue
            if not is_whole(segment):
                damaged.append(segment.path)
                continue
            rows += _roll(folder / _FOLDER, segment)
            files += 1
    return Rolled(files, rows, tuple(damaged))


def frames(folder: Path, since: float = 0.0) -> Iterator[tuple[ModelRow, Any]]:
    """Yield all that a log has, as frames of Polars with a row for each predicted row, about in the order of time.

    Args:
        folder: The log.
        since: Files that were finished before this time (seconds since 1970 UTC) are left out.

    Raises:
        BatchError: Polars is not installed.
    """
    for part in parts(folder):
        files = part.tables or (there(part.frames),) if part.frames else part.tables
        if max(one.stat().st_mtime for one in files) >= since:
            yield from read_part(part)


def _sorted_out(path: Path) -> tuple[dict[int, ModelRow], dict[int, list[AnswerRow]]]:
    models: dict[int, ModelRow] = {}
    answers: dict[int, list[AnswerRow]] = {}
    for row in rows_of_segment(path):
        if isinstance(row, AnswerRow):
            answers[row.model].append(row)
        else:
            models[row.number] = row
            answers.setdefault(row.number, [])
    return models, {number: given for number, given in answers.items() if given}


def _roll(out: Path, segment: Segment) -> int:
    """Write the tables of a file of frames, remove it, and return how many rows it had."""
    models, answers = _sorted_out(segment.path)
    if answers:
        out.mkdir(exist_ok=True)
        flush(out.parent)
    rows, age = 0, segment.path.stat().st_mtime_ns
    for number, given in answers.items():
        frame = _frame(models[number], given)
        _write(out / f"{segment.path.stem}.{number:03d}.parquet", frame, models[number], age)
        rows += frame.height
    segment.path.unlink()
    return rows


def _write(path: Path, frame: Any, model: ModelRow, age: int) -> None:
    """Put a table in its place, whole and on the disk; its time is that of the answers, by which they are pruned."""
    fresh = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    said = {_FORMAT: _VERSION, _MODEL: msgspec.json.encode(model).decode()}
    frame.write_parquet(fresh, metadata=said)
    flush(fresh)
    os.utime(fresh, ns=(age, age))
    fresh.replace(path)
    flush(path.parent)


def _frame(model: ModelRow, answers: list[AnswerRow]) -> Any:
    """The rows of some answers. What is said of an answer as a whole stands in its first row."""
    pl = polars()
    counts = np.array([one.rows for one in answers])
    first = np.cumsum(counts) - counts
    total = int(counts.sum())

    places = None if total == len(answers) else np.repeat(np.arange(len(answers)), counts)

    def repeated(values: Any, kind: Any) -> Any:
        series = pl.Series(values, dtype=kind)
        return series if places is None else series.gather(places)

    def once(texts: list[tuple[Any, ...]]) -> Any:
        column: list[str | None] = [None] * total
        for place, text in zip(first.tolist(), texts, strict=True):
            if text:
                column[place] = msgspec.json.encode(text).decode()
        return pl.Series(column, dtype=pl.String)

    erased = np.zeros(total, bool)
    for place, one in zip(first.tolist(), answers, strict=True):
        if one.erased:
            erased[[place + row for row in one.erased]] = True
    columns = {
        "id": repeated([one.id for one in answers], pl.String),
        "row": pl.Series(np.arange(total) - np.repeat(first, counts), dtype=pl.Int32),
        "time": repeated(milliseconds([one.id for one in answers]), pl.Int64).cast(pl.Datetime("ms", "UTC")),
        "model": pl.repeat(model.name, total, eager=True),
        "version": pl.repeat(model.version, total, eager=True),
        "package": pl.repeat(model.package, total, eager=True),
        "alias": pl.repeat(model.alias, total, dtype=pl.String, eager=True),
        "run": pl.repeat(model.run, total, dtype=pl.String, eager=True),
        "shadow": repeated([one.shadow for one in answers], pl.Boolean),
        "level": repeated([one.level for one in answers], pl.Int16),
        "reason": repeated([one.reason for one in answers], pl.String),
        "micros": repeated([one.micros for one in answers], pl.Int64),
        "marks": once([one.marks for one in answers]),
        "overridden": once([one.overridden for one in answers]),
        "erased": pl.Series(erased),
    }
    for prefix, names, given in (
        (INPUT, model.inputs, [one.inputs for one in answers]),
        (OUTPUT, model.outputs, [one.outputs for one in answers]),
    ):
        for column, parts in zip(names, zip(*given, strict=True), strict=True):
            columns[prefix + column.name] = series_of(column, _joined(parts, column, total))
    return pl.DataFrame(columns)


def _joined(parts: tuple[Any, ...], column: ColumnRow, total: int) -> Any:
    if isinstance(parts[0], list):
        return np.fromiter(chain.from_iterable(parts), object, total)
    return np.frombuffer(b"".join(parts), DTYPES[column.type]).reshape(total, *column.shape)


def model_of(path: Path) -> ModelRow:
    """Return the model whose answers a rolled file has.

    Raises:
        ServingError: It is of another version, or no file of rolled predictions.
    """
    said = polars().read_parquet_metadata(path)
    if said.get(_FORMAT) != _VERSION:
        raise ServingError(
            f"These rolled predictions have the version {said.get(_FORMAT)}", str(path), "Use a newer release."
        )
    return msgspec.json.decode(said[_MODEL], type=ModelRow)


def find_rolled(folder: Path, identity: str) -> list[Answer]:
    """Return what rolled files have under an identity: the answer, and those of shadows.

    Raises:
        ServingError: It is no identity.
    """
    moment, worker = place_of(identity)
    likely = [one for one in tables(folder) if one.worker == worker and one.begun <= moment + 1]
    if not likely:
        return []
    pl = polars()
    found: list[Answer] = []
    # What a shadow predicts is logged after the answer: newest first, nothing is missed when the answer is found.
    for _, same in groupby(reversed(likely), key=lambda one: one.begun):
        for one in same:
            rows = pl.scan_parquet(one.path, glob=False).filter(pl.col("id") == identity).collect()
            found += [_answer(model_of(one.path), rows.filter(kind)) for kind in _kinds(rows)]
        if any(not answer.row.shadow for answer in found):
            break
    return found


def _kinds(rows: Any) -> Iterator[Any]:
    """Which rows were answered, and which a shadow has predicted, where there are any."""
    for mask in (~rows["shadow"], rows["shadow"]):
        if mask.any():
            yield mask


def _answer(model: ModelRow, rows: Any) -> Answer:
    """The answer that some rows are, as it was logged."""
    rows = rows.sort("row")
    first = rows.row(0, named=True)
    return Answer(
        AnswerRow(
            first["id"],
            model.number,
            rows.height,
            first["micros"],
            tuple(packed(_values(rows[INPUT + one.name], one)) for one in model.inputs),
            tuple(packed(_values(rows[OUTPUT + one.name], one)) for one in model.outputs),
            first["level"],
            first["reason"],
            tuple((path, rule) for path, rule in msgspec.json.decode(first["marks"] or "[]")),
            tuple(msgspec.json.decode(first["overridden"] or "[]")),
            first["shadow"],
            tuple(rows["row"].filter(rows["erased"]).to_list()),
        ),
        model,
    )


def _values(series: Any, column: ColumnRow) -> Any:
    if column.type == "string":
        return np.fromiter(series.to_list(), object, len(series))
    return np.ascontiguousarray(series.to_numpy()).astype(DTYPES[column.type], copy=False)


def prune_rolled(folder: Path, before: float) -> list[Path]:
    """Remove the rolled files all of whose answers are older than a time; returns which.

    Args:
        folder: The log.
        before: Seconds since 1970 UTC.
    """
    removed = []
    with held(folder):
        for table in tables(folder):
            if table.path.stat().st_mtime < before:
                table.path.unlink()
                removed.append(table.path)
    return removed


def erase_rolled(folder: Path, column: str, value: str) -> Erased:
    """Erase the inputs and outputs of rolled rows in which a column has a value; that they were answered stays.

    Args:
        folder: The log.
        column: The key, such as `customer`.
        value: Its value as text: numbers as `12`, dates as `2026-01-31`.
    """
    rows, files, known = 0, 0, False
    with held(folder):
        for table in tables(folder):
            model = model_of(table.path)
            if column not in {one.name for one in model.inputs}:
                continue
            known = True
            count = _erase(table.path, model, column, value)
            rows, files = rows + count, files + bool(count)
    return Erased(rows, files, known, ())


def _erase(path: Path, model: ModelRow, column: str, value: str) -> int:
    pl = polars()
    (key,) = [one for one in model.inputs if one.name == column]
    asked = pl.scan_parquet(path, glob=False).select(INPUT + column, "erased").collect()
    gone = asked["erased"].to_numpy()
    places = [row for row in places_of(_values(asked[INPUT + column], key), value) if not gone[row]]
    if not places:
        return 0
    frame = pl.read_parquet(path, glob=False)
    named = [(INPUT + one.name, one) for one in model.inputs] + [(OUTPUT + one.name, one) for one in model.outputs]
    frame = frame.with_columns(
        series_of(one, blanked(_values(frame[name], one), places)).alias(name) for name, one in named
    )
    mask = frame["erased"].to_numpy().copy()
    mask[places] = True
    _write(path, frame.with_columns(erased=pl.Series(mask)), model, path.stat().st_mtime_ns)
    return len(places)
