"""A batch from its input to its output: parts are read in order, predicted side by side, and kept one by one."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from mainspring.batch.inputs import KINDS, Part, parts, rows_of, sources
from mainspring.batch.predicting import Predicted, Predictor
from mainspring.batch.work import Done, Plan, Work, report_path
from mainspring.errors import BatchError, InputError
from mainspring.package import Loaded

__all__ = ["Options", "Progress", "Report", "predict_batch"]

PART_ROWS: Final = 65_536
_AHEAD: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a batch runs.

    Attributes:
        keep: Input columns that are written beside the predictions.
        rejects: Where refused rows go; None is beside the output, as `NAME.rejects.ndjson`.
        part_rows: Rows of a part: what is held in memory, a few at a time, and what a kill can lose.
        workers: Parts that are predicted at a time; None is one a processor.
        overwrite: Whether an output, or parts, of another batch are replaced.
        target: What the package was found by, for the report.
    """

    keep: tuple[str, ...] = ()
    rejects: Path | None = None
    part_rows: int = PART_ROWS
    workers: int | None = None
    overwrite: bool = False
    target: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a batch is.

    Attributes:
        rows: Rows that are done, refused ones included.
        rejected: How many of them were refused.
        total: Rows of the input; None where that is not known before it is read.
    """

    rows: int
    rejected: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a batch; it is kept beside the output.

    Attributes:
        target: What the package was found by.
        package: What its maker calls it.
        digest: Its digest.
        output: Where the predictions are.
        rejects: Where the refused rows are; None when there are none.
        rows: Rows of the input.
        predicted: Rows of the output.
        rejected: Rows that were refused.
        marked: Rows that passed with a mark.
        parts: How many parts there were.
        resumed: How many of them were done before this process began.
        seconds: How long this process took.
        already: Whether all was done before.
    """

    target: str
    package: str
    digest: str
    output: str
    rejects: str | None
    rows: int
    predicted: int
    rejected: int
    marked: int
    parts: int
    resumed: int
    seconds: float
    already: bool = False


def predict_batch(
    loaded: Loaded,
    given: str | Path,
    output: str | Path,
    options: Options | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Report:
    """Return what became of a batch after its output is whole and in its place.

    Started again after it was killed, it goes on with the parts that it has; started again when it is over, it does
    nothing. The rows of the output are in the order of the input, each once; rows that do not fit the signature are
    missing, and stand in the rejects with the reasons.

    Args:
        loaded: The package.
        given: A file of Parquet, CSV or Arrow, a folder or a glob.
        output: A folder, which gets a Parquet file for each part; or a file of Parquet, CSV or Arrow, by its ending.
        options: How it runs.
        watch: Is told how far it is, after each part.

    Raises:
        InputError: The input cannot be read.
        SignatureError: A column as a whole does not fit the signature.
        BatchError: The output is taken, another process is at it, or the input changed.
        StorageFullError: The disk is full.
    """
    options = options or Options()
    begun = time.monotonic()
    target = Path(output).absolute()
    _check(target, loaded, options)
    rejects = options.rejects or target.with_name(f"{target.name}.rejects.ndjson")
    found = sources(str(given))
    plan = Plan(loaded.package.digest, found, options.keep, options.part_rows, str(rejects.absolute()))
    work = Work(target, plan)
    with work.held(overwrite=options.overwrite) as needed:
        if not needed:
            kept = msgspec.json.decode(report_path(target).read_bytes())
            return msgspec.convert({**kept["report"], "already": True}, Report)
        before = work.done()
        if not work.finishing:
            root = None if len(found) == 1 else _root(str(given), found)
            predictor = Predictor(loaded, found, options.keep, root)
            _all(plan, work, before, _pipeline(loaded, predictor, options, watch))
            _check_same(str(given), plan)
        done = work.done().values()
        rejected = sum(row.rejected for row in done)
        rows = sum(row.rows for row in done)
        report = Report(
            options.target,
            loaded.package.name,
            loaded.package.digest,
            str(target),
            str(rejects) if rejected else None,
            rows,
            rows - rejected,
            rejected,
            sum(row.marked for row in done),
            len(done),
            len(before),
            round(time.monotonic() - begun, 3),
        )
        work.finish({"plan": plan.record, "report": msgspec.to_builtins(report)})
    return report


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """What parts go through."""

    signature: Any
    predictor: Predictor
    workers: int
    watch: Callable[[Progress], None]


def _pipeline(
    loaded: Loaded, predictor: Predictor, options: Options, watch: Callable[[Progress], None] | None
) -> _Pipeline:
    workers = options.workers or len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else options.workers
    return _Pipeline(loaded.signature, predictor, workers or os.cpu_count() or 1, watch or (lambda _: None))


def _all(plan: Plan, work: Work, before: dict[int, Done], through: _Pipeline) -> None:
    """Predict all parts that are not done; at most `_AHEAD` more than there are workers are in memory.

    What a part has become is written by a thread of its own: those that predict do not wait for the disk.
    """
    counts = [rows_of(source) for source in plan.sources]
    total = None if None in counts else sum(count or 0 for count in counts)
    rows, rejected = (sum(getattr(row, name) for row in before.values()) for name in ("rows", "rejected"))
    through.watch(Progress(rows, rejected, total))
    waiting: deque[Future[Future[Done]]] = deque()
    with ThreadPoolExecutor(1, "keep") as keeping, ThreadPoolExecutor(through.workers, "batch") as pool:

        def one(part: Part) -> Future[Done]:
            return keeping.submit(_keep, part, through.predictor(part), work)

        def first() -> None:
            nonlocal rows, rejected
            done = waiting.popleft().result().result()
            rows, rejected = rows + done.rows, rejected + done.rejected
            through.watch(Progress(rows, rejected, total))

        try:
            for part in _open_parts(plan, before, through):
                waiting.append(pool.submit(one, part))
                while len(waiting) >= through.workers + _AHEAD:
                    first()
            while waiting:
                first()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _open_parts(plan: Plan, before: dict[int, Done], through: _Pipeline) -> Iterator[Part]:
    """The parts that are still to do."""
    first = next(number for number in range(len(before) + 1) if number not in before)
    for part in parts(plan.sources, through.signature, plan.keep, plan.part_rows, first):
        if part.number not in before:
            yield part


def _keep(part: Part, predicted: Predicted, work: Work) -> Done:
    done = Done(part.number, part.file, predicted.rows, predicted.rejected, predicted.marked, part.last)
    work.keep(done, predicted)
    return done


def _check(target: Path, loaded: Loaded, options: Options) -> None:
    if target.suffix and target.suffix.lower() not in KINDS:
        raise BatchError(
            f"'{target.name}' names no kind of table that can be written",
            fix=f"Use a folder, or one of {', '.join(KINDS)}.",
        )
    wide = [field.name for field in loaded.signature.outputs if field.shape]
    if wide and KINDS.get(target.suffix.lower()) == "csv":
        raise BatchError(
            f"Output '{wide[0]}' is a vector, which a text file has no place for",
            fix="Write Parquet or Arrow: name a folder, or a file that ends in .parquet.",
        )
    if options.part_rows < 1 or (options.workers is not None and options.workers < 1):
        raise BatchError("A batch needs parts of at least one row, and one worker", fix="Give positive numbers.")


def _check_same(given: str, plan: Plan) -> None:
    """An input that changed while it was read would have been read half before and half after."""
    if sources(given) != plan.sources:
        raise InputError(
            f"'{given}' changed while it was read", fix="Begin anew with --overwrite, and leave it alone until the end."
        )


def _root(given: str, found: tuple[Any, ...]) -> str:
    """What the paths of the files have in common, up to a folder."""
    if Path(given).is_dir():
        return f"{Path(given).absolute()}/"
    return os.path.commonpath([str(Path(source.path).parent) for source in found]) + "/"
