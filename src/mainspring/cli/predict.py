"""`mainspring predict`."""

import importlib
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct, field

from mainspring.batch import Options, Progress, Report, predict_batch
from mainspring.charts.numbers import count, duration
from mainspring.cli.failing import relative
from mainspring.cli.options import AsJson, HomePath, flat
from mainspring.cli.printing import mark, put, put_json
from mainspring.registry import load

__all__ = ["predict"]


class Written(Struct, frozen=True):
    """What is written, and how."""

    keep: Annotated[
        list[str], typer.Option(metavar="COLUMN", help="An input column to write as well; may be repeated.")
    ] = field(default_factory=list)
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Where refused rows go, in place of OUTPUT.rejects.ndjson.", show_default=False
        ),
    ] = None
    part_rows: Annotated[int, typer.Option(min=1, metavar="N", help="Rows that are read at a time.")] = 65_536
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Parts at a time; by default one a processor.")
    ] = None
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace what is there of another batch.")] = False


class Found(Struct, frozen=True):
    """Where the package is found, and what of it may run."""

    trust: Annotated[
        list[str], typer.Option(metavar="DIGEST", help="A source stage, or package, that may run; may be repeated.")
    ] = field(default_factory=list)
    home: HomePath = None


@flat
def predict(
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="A folder, a zip, NAME@ALIAS, NAME@VERSION, or run:RUN[/STEP].")
    ],
    given: Annotated[str, typer.Argument(metavar="INPUT", help="A Parquet, CSV or Arrow file, a folder or a glob.")],
    output: Annotated[
        Path, typer.Argument(metavar="OUTPUT", help="A folder, or a file that ends in .parquet, .csv or .arrow.")
    ],
    *,
    written: Written,
    found: Found,
    as_json: AsJson = False,
) -> None:
    """Predict all rows of a table. Killed and started again it goes on, and ends with the same output.

    Rows are validated as the service does; those that are refused go to a file of their own, each with the reasons.
    """
    loaded = load(target, home=found.home, trust=found.trust)
    options = Options(
        keep=tuple(written.keep),
        rejects=written.rejects,
        part_rows=written.part_rows,
        workers=written.workers,
        overwrite=written.overwrite,
        target=target,
    )
    with _bar(as_json=as_json) as watch:
        report = predict_batch(loaded, given, output, options, watch)
    if as_json:
        put_json(asdict(report))
        return
    _print(report)


def _bar(*, as_json: bool) -> AbstractContextManager[Callable[[Progress], Any] | None]:
    if as_json or not sys.stdout.isatty():
        return nullcontext()
    bar: AbstractContextManager[Callable[[Progress], Any]] = importlib.import_module("mainspring.cli.batchbar").Bar()
    return bar


def _print(report: Report) -> None:
    if report.already:
        put(f"{mark('ok')} done before: {relative(report.output)}, {count(report.predicted, 'prediction')}")
        return
    resumed = f", {count(report.resumed, 'part')} of which were done before" if report.resumed else ""
    made = f"{count(report.predicted, 'prediction')} in {relative(report.output)}"
    put(f"{mark('ok')} {made}, {count(report.parts, 'part')}{resumed}, {duration(report.seconds)}")
    if report.rejects:
        put(f"{mark('warn')} {count(report.rejected, 'row')} refused, with the reasons: {relative(report.rejects)}")
    if report.marked:
        put(f"{mark('warn')} {count(report.marked, 'row')} passed with a mark")
