"""What a batch has done so far, on the disk: killed at any moment, it is gone on with.

.NAME.batch/        beside the output, until that is whole
plan.json         what is predicted, with what: parts of another plan are not gone on with
parts/            part-000000.parquet …
rejects/          part-000000.ndjson …
done/             000000.json …: the part is whole, and this is what became of it
finishing         all parts are done, and the output is being put in its place
NAME                the output
NAME.batch.json     the report; with it the batch is over
"""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from mainspring.batch.inputs import Source
from mainspring.batch.polars import polars
from mainspring.batch.predicting import Predicted
from mainspring.disk import flush
from mainspring.errors import BatchError, ReadOnlyError, StorageFullError

__all__ = ["FORMAT", "Done", "Plan", "Work", "report_path"]

FORMAT: Final = 1
_FULL: Final = (28, 122)
_FINISHING: Final = "finishing"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a batch predicts. Two batches with equal plans have equal outputs.

    Attributes:
        digest: Of the package.
        sources: The input files.
        keep: Input columns that are written beside the predictions.
        part_rows: Rows of a part.
        rejects: Where refused rows go.
        format: The version of this format.
    """

    digest: str
    sources: tuple[Source, ...]
    keep: tuple[str, ...]
    part_rows: int
    rejects: str
    format: int = FORMAT

    @property
    def record(self) -> dict[str, Any]:
        """It as JSON has it."""
        record: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(self))
        return record


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a part that is whole.

    Attributes:
        number: Its number.
        file: The number of its file.
        rows: How many rows it had.
        rejected: How many did not fit.
        marked: How many passed with a mark.
        last: Whether its file ends with it.
    """

    number: int
    file: int
    rows: int
    rejected: int
    marked: int
    last: bool


def report_path(output: Path) -> Path:
    """Return where the report of a batch is."""
    return output.with_name(f"{output.name}.batch.json")


class Work:
    """The folder of a batch that is under way. One process at a time has it.

    Args:
        output: Where the predictions go.
        plan: What is predicted.
    """

    def __init__(self, output: Path, plan: Plan) -> None:
        self._output, self._plan = output, plan
        self._root = output.with_name(f".{output.name}.batch")
        self._parts, self._rejects, self._done = (self._root / name for name in ("parts", "rejects", "done"))

    @contextmanager
    def held(self, *, overwrite: bool) -> Iterator[bool]:
        """Return a block in which the folder is this process's; whether there is something to do in it.

        Raises:
            BatchError: Another process is at it; or there is an output, or there are parts, of another batch, and they
                are not to be overwritten.
            StorageFullError: The disk is full.
            ReadOnlyError: The place cannot be written to.
        """
        with _disk(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._root, os.O_RDONLY)
            try:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise BatchError(
                        "Another process is at this batch", str(self._output), "Wait for it, or name another output."
                    ) from None
                yield self._begin(overwrite=overwrite)
            finally:
                os.close(handle)

    def done(self) -> dict[int, Done]:
        """Return what became of the parts that are whole."""
        rows = [msgspec.json.decode(path.read_bytes(), type=Done) for path in sorted(self._done.glob("*.json"))]
        return {row.number: row for row in rows}

    @property
    def finishing(self) -> bool:
        """Whether all parts are done."""
        return (self._root / _FINISHING).exists()

    def keep(self, done: Done, predicted: Predicted) -> None:
        """Keep a part. It counts when its record is there, which is written last."""
        name = f"{done.number:06d}"
        with _disk(self._root):
            if predicted.rejects:
                self._write(self._rejects / f"part-{name}.ndjson", predicted.rejects)
            self._write_with(self._parts / f"part-{name}.parquet", predicted.frame.write_parquet)
            self._write(self._done / f"{name}.json", msgspec.json.encode(done))

    def finish(self, report: dict[str, Any]) -> None:
        """Put the output in its place and end the batch; killed in the middle of it, it is done again."""
        with _disk(self._root):
            self._write(self._root / _FINISHING, b"")
            self._place_rejects(Path(self._plan.rejects))
            self._place_output()
            text = msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"
            self._write(report_path(self._output), text)
            shutil.rmtree(self._root)

    def _begin(self, *, overwrite: bool) -> bool:
        plan = self._plan.record
        report = _read(report_path(self._output))
        if self._output.exists() and report is not None and report.get("plan") == plan and not overwrite:
            shutil.rmtree(self._root)
            return False
        found = _read(self._root / "plan.json")
        if found == plan and (self.finishing or not overwrite):
            self._refuse_taken(overwrite=self.finishing or overwrite)
            return True
        if found is not None and found != plan and not overwrite:
            raise BatchError(
                f"There are parts of another batch: {_difference(found, plan)}",
                str(self._root),
                "Name another output, or begin anew with --overwrite.",
            )
        if found is None:
            self._clear_if_new(overwrite=overwrite)
        for folder in (self._parts, self._rejects, self._done):
            shutil.rmtree(folder, ignore_errors=True)
        (self._root / _FINISHING).unlink(missing_ok=True)
        for folder in (self._parts, self._rejects, self._done):
            folder.mkdir()
        self._write(self._root / "plan.json", msgspec.json.encode(plan))
        return True

    def _clear_if_new(self, *, overwrite: bool) -> None:
        try:
            self._refuse_taken(overwrite=overwrite)
        except BatchError:
            self._root.rmdir()
            raise

    def _refuse_taken(self, *, overwrite: bool) -> None:
        if self._output.exists() and not overwrite:
            raise BatchError(
                f"'{self._output}' is there already, and is not of this batch",
                fix="Name another output, or replace it with --overwrite.",
            )

    def _place_rejects(self, target: Path) -> None:
        files = sorted(self._rejects.glob("*.ndjson"))
        if not files:
            target.unlink(missing_ok=True)
            return

        def together(path: Path) -> None:
            with path.open("wb") as out:
                for file in files:
                    with file.open("rb") as part:
                        shutil.copyfileobj(part, out)

        # It may be on another file system than the folder of this batch.
        _write_with(target, target.with_name(f".{target.name}.new"), together)

    def _place_output(self) -> None:
        target = self._output
        if target.suffix:
            self._write_with(target, self._merge)
        elif self._parts.exists():
            if target.exists():
                target.rename(self._root / f"stale-{os.urandom(4).hex()}")
            self._parts.rename(target)
        flush(target.parent)

    def _write(self, path: Path, data: bytes) -> None:
        self._write_with(path, lambda fresh: fresh.write_bytes(data))

    def _write_with(self, path: Path, write: Callable[[Path], object]) -> None:
        # Begun in the folder of the batch: what a kill leaves half written is not among the parts, and goes with it.
        _write_with(path, self._root / f"new-{path.name}", write)

    def _merge(self, path: Path) -> None:
        pl = polars()
        rows = pl.scan_parquet(sorted(self._parts.glob("*.parquet")), glob=False)
        sinks = {".csv": rows.sink_csv, ".tsv": lambda out: rows.sink_csv(out, separator="\t")}
        arrow = {suffix: rows.sink_ipc for suffix in (".arrow", ".ipc", ".feather")}
        {**sinks, **arrow}.get(self._output.suffix.lower(), rows.sink_parquet)(path)


def _difference(found: dict[str, Any], plan: dict[str, Any]) -> str:
    names = {"digest": "package", "sources": "input", "part_rows": "rows of a part"}
    unlike = [names.get(name, name) for name in plan if found.get(name) != plan[name]]
    return f"{', '.join(unlike)} {'is' if len(unlike) == 1 else 'are'} not the same"


def _read(path: Path) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except msgspec.DecodeError:
        return {}


def _write_with(path: Path, fresh: Path, write: Callable[[Path], object]) -> None:
    """Write a file in another place, flush it and rename it."""
    write(fresh)
    flush(fresh)
    fresh.replace(path)
    flush(path.parent)


@contextmanager
def _disk(place: Path) -> Iterator[None]:
    """What the system says of the disk becomes an error of ours."""
    try:
        yield
    except OSError as error:
        kind = StorageFullError if error.errno in _FULL else ReadOnlyError
        raise kind(
            f"'{place}' cannot be written: {error.strerror or error}", fix="Choose another place for the output."
        ) from error
