"""`mainspring run` and `mainspring smoke`."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct, field
from msgspec.structs import replace

from mainspring.cli.choosing import configured, open_chosen
from mainspring.cli.completing import steps
from mainspring.cli.failing import Exit, relative
from mainspring.cli.options import AsJson, Chosen, flat
from mainspring.cli.printing import put_json
from mainspring.cli.progress import Board, Lines, closing, failures
from mainspring.config import Config
from mainspring.errors import DefinitionError
from mainspring.events import Listener
from mainspring.store import digest_value
from mainspring.workspace.homes import Home
from mainspring.workspace.project import Project
from mainspring.workspace.report import report_path
from mainspring.workspace.running import Request, execute
from mainspring.workspace.views import Run

__all__ = ["run", "smoke"]

_SMALL = 64 * 1024


class How(Struct, frozen=True):
    """How a run is executed."""

    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Steps that run at the same time; by default one a CPU.")
    ] = None
    force: Annotated[
        list[str],
        typer.Option(
            metavar="STEP", help="Run this step although its result is stored; may be repeated.", autocompletion=steps
        ),
    ] = field(default_factory=list)
    only: Annotated[
        list[str],
        typer.Option(
            metavar="STEP", help="Run this step alone, on stored inputs; may be repeated.", autocompletion=steps
        ),
    ] = field(default_factory=list)
    pdb: Annotated[
        bool, typer.Option("--pdb", help="When a step fails, call it again here and open the debugger where it raises.")
    ] = False
    as_json: AsJson = False


@flat
def run(chosen: Chosen, how: How) -> None:
    """Run a pipeline, and write a report.

    What is stored already is not computed again: a run that was interrupted, or failed, goes on where it was.
    """
    _run(chosen, how)


@flat
def smoke(chosen: Chosen, how: How) -> None:
    """Run the whole pipeline with the small values of [profile.smoke], in the same home as any other run."""
    _run(chosen if chosen.profile is not None else replace(chosen, profile="smoke"), how)


def _run(chosen: Chosen, how: How) -> None:
    if how.pdb and how.as_json:
        raise DefinitionError("--pdb and --json do not go together", None, "Leave one of them out.")
    project, config = configured(chosen)
    with open_chosen(chosen, project, config) as home:
        view = _silent if how.as_json else _view
        ran, board = view(lambda listener: execute(project, config, home, _request(chosen, how, listener)), home.path)
        if how.as_json:
            put_json(as_json(ran))
        for line in failures(board, {step.name: step.log for step in ran.steps}):
            typer.echo(line, err=True)
        if how.pdb and board.failed:
            _debug(project, config, home, board.failed[0].step)
    if ran.status != "succeeded":
        raise typer.Exit(Exit.FAILED)


def _request(chosen: Chosen, how: How, listener: Listener) -> Request:
    return Request(how.workers, tuple(how.force), tuple(how.only), chosen.profile, listener)


def _silent(execution: Callable[[Listener], Run], _: Path) -> tuple[Run, Board]:
    board = Board()
    return execution(board.follow), board


def _view(execution: Callable[[Listener], Run], home: Path) -> tuple[Run, Board]:
    live = sys.stdout.isatty()
    lines: Any = importlib.import_module("mainspring.cli.terminal").LiveLines() if live else Lines()
    with lines:
        try:
            ran = execution(lines)
        except KeyboardInterrupt:
            if lines.board.run:
                lines.write(lines.board.interrupted())
                report = report_path(home, lines.board.run)
                if report.exists():
                    lines.write(f"report: {relative(report)}")
            raise
        lines.write(closing(lines.board, ran.status, ran.seconds, ran.report, ran.package()))
    return ran, lines.board


def _debug(project: Project, config: Config, home: Home, step: str) -> None:
    debug = importlib.import_module("mainspring.workspace.debugging").debug
    typer.echo(f"Calling '{step}' again, in this process.", err=True)
    if not debug(project, config, home, step):
        typer.echo(f"'{step}' did not fail this time.", err=True)


def as_json(ran: Run) -> dict[str, Any]:
    """Return what `run --json` prints."""
    said: dict[str, Any] = {
        "run": ran.id,
        "status": ran.status,
        "steps": [
            {"name": step.name, "status": step.status, "reason": step.reason, "seconds": step.seconds}
            for step in ran.steps
        ],
        "result": _result(ran) if ran.status == "succeeded" else None,
    }
    if ran.error is not None:
        said["error"] = ran.error
    if ran.report is not None:
        said["report"] = str(ran.report)
    package = ran.package()
    if package is not None:
        said["package"] = str(package)
    return said


def _result(ran: Run) -> Any:
    """Return the result for JSON; the digest of one that is large, or that JSON has no place for."""
    digest = ran.result_digest()
    if digest is None:
        return _result_in_parts(ran)
    made = next((value for step in ran.steps for value in step.artifacts if value.digest == digest), None)
    if made is not None and (made.size > _SMALL or not made.artifact.codec.startswith("value/")):
        return digest
    value = ran.result
    return value if _fits(value) else digest


def _result_in_parts(ran: Run) -> Any:
    """Return a result that several steps returned parts of: each part that JSON has no place for as its digest."""
    value = _part(ran.result)
    return value if _fits(value) else None


def _part(value: Any) -> Any:
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _part(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_part(inner) for inner in value]
    return value if _fits(value) else digest_value(value, pickle=True)


def _fits(value: Any) -> bool:
    try:
        return len(importlib.import_module("json").dumps(value, allow_nan=False)) <= _SMALL
    except (TypeError, ValueError, RecursionError):
        return False
