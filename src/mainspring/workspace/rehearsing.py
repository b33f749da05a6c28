"""Rehearsals: replayed traffic answered in process and logged as a service would, at the moments that it is about."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np

from mainspring.digest import blob_of
from mainspring.errors import MonitoringError
from mainspring.monitoring import Asked, Batch, durations
from mainspring.package.dtypes import DTYPES
from mainspring.serving.ids import Ids
from mainspring.serving.predlog import PREDICTIONS, ColumnRow, ModelRow
from mainspring.serving.predlog.writer import Entry, LogFile

__all__ = ["Rehearsal"]

_DAY: Final = 86_400
_WORKER: Final = 0x2EE7  # the worker that answers rehearsals: no identity of theirs is one of a service
Predict = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(slots=True)
class Rehearsal:
    """What answers replayed traffic in the place of a service, with its log; to be entered, and called with batches.

    Answers stand in the log of the home, in the format and with the identities of a service, at the moments at which
    rows are asked for: all that reads a log reads them. How long an answer takes is drawn, and does not depend on the
    machine. There is a file for each day.

    Attributes:
        home: The home, such as a folder `.mainspring` of its own.
        predict: Returns outputs by column for inputs by column.
        name: The name of the model.
        version: Its version, as answers name it.
        package: The digest of the package; by default one that follows from name and version.
        request: How many rows a request has.
        seed: What durations are drawn with.
    """

    home: Path
    predict: Predict
    name: str = "rehearsed"
    version: str = "1"
    package: str = ""
    request: int = 50
    seed: int = 0
    _file: LogFile | None = field(default=None, init=False, repr=False)
    _day: int = field(default=-1, init=False, repr=False)
    _model: ModelRow | None = field(default=None, init=False, repr=False)
    _ids: Ids = field(default_factory=lambda: Ids(_WORKER), init=False, repr=False)
    _rng: np.random.Generator = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self.package = self.package or blob_of(f"{self.name} {self.version}".encode())

    def __enter__(self) -> "Rehearsal":
        (self.home / PREDICTIONS).mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._finish()

    def __call__(self, batch: Batch) -> Asked:
        """Answer the rows of a step, and log them.

        Raises:
            MonitoringError: A column is of a type that no field has.
        """
        rows = batch.rows
        inputs = {name: _flat(values) for name, values in rows.columns.items()}
        outputs = {name: _flat(np.asarray(values)) for name, values in self.predict(rows.columns).items()}
        if self._model is None:
            said = tuple(_column(*one) for one in inputs.items()), tuple(_column(*one) for one in outputs.items())
            self._model = ModelRow(0, self.package, self.name, self.version, "champion", None, said[0], said[1])
        micros = durations(rows, self._rng)
        ids: list[str] = []
        entries = []
        for first in range(0, len(rows), self.request):
            part = slice(first, first + self.request)
            size = len(rows.times[part])
            identity = self._ids.make(float(rows.times[first]))
            ids += [identity] * size
            level = int(rows.level[first])
            entries.append(
                Entry(
                    identity,
                    self._model,
                    size,
                    int(micros[first]),
                    {name: values[part] for name, values in inputs.items()},
                    {name: values[part] for name, values in outputs.items()},
                    level,
                    "planted" if level else "",
                    (("planted", "marked"),) * int(rows.marked[part].sum()),
                )
            )
        self._log(batch).append(entries, os.write)
        return Asked(ids, [place % self.request for place in range(len(rows))])

    def _log(self, batch: Batch) -> LogFile:
        day = int(batch.start // _DAY)
        if self._file is None or day != self._day:
            self._finish()
            name = f"{int(batch.rows.times[0] * 1000):013d}-{_WORKER:04x}-{os.getpid()}.open"
            self._file, self._day = LogFile(self.home / PREDICTIONS / name), day
        return self._file

    def _finish(self) -> None:
        if self._file is not None:
            self._file.finish()
            self._file = None


def _flat(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Values as they are logged: moments in microseconds, texts as Python's."""
    if values.dtype.kind == "M" and values.dtype != DTYPES["date"]:
        return values.astype(DTYPES["datetime"])
    return np.ascontiguousarray(values.astype(object) if values.dtype.kind in "US" else values)


def _column(name: str, values: np.ndarray[Any, Any]) -> ColumnRow:
    for kind, dtype in DTYPES.items():
        if values.dtype == dtype:
            return ColumnRow(name, kind, values.shape[1:])
    raise MonitoringError(f"The column '{name}' is of {values.dtype}, which cannot be logged", fix="Make it numbers.")
