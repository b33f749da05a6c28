"""What a command that fails prints, and the code it exits with."""

import errno
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import TypeGuard

import typer

from mainspring.errors import (
    ConfigError,
    MainspringError,
    ParityError,
    PromotionRefusedError,
    RunFailedError,
    SignatureError,
    StepFailedError,
    StoreError,
    TrackingError,
    UnstorableError,
)
from mainspring.errors import shortened as shortened_in

__all__ = ["EXIT_CODES", "Exit", "exit_code_of", "is_of_output", "relative", "shortened", "show_error", "write_nowhere"]

DEBUG = "MAINSPRING_DEBUG"
PACKAGE = str(Path(__file__).parent.parent)


class Exit(IntEnum):
    """What the exit code of a command says."""

    OK = 0
    FAILED = 1
    USAGE = 2
    STORE = 3
    FAULT = 70
    INTERRUPTED = 130
    PIPE = 141


EXIT_CODES = {
    Exit.OK.value: "it succeeded",
    Exit.FAILED.value: "the run failed, a check found something, or a promotion was refused",
    Exit.USAGE.value: "wrong usage, definition, configuration or input",
    Exit.STORE.value: "the home, its database or its store cannot be used",
    Exit.FAULT.value: "a fault in Mainspring itself",
    Exit.INTERRUPTED.value: "interrupted",
    Exit.PIPE.value: "the reader of the output went away",
}
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_BY_CLASS = (
    ((StepFailedError, RunFailedError, PromotionRefusedError), Exit.FAILED),
    ((UnstorableError,), Exit.USAGE),
    ((StoreError, TrackingError, OSError), Exit.STORE),
    ((MainspringError,), Exit.USAGE),
)


def exit_code_of(error: Exception) -> Exit | None:
    """Return the code to exit with; None for what the command line library raises to end a command."""
    if hasattr(error, "exit_code") or isinstance(error, typer.Abort):
        return None
    if not isinstance(error, MainspringError) and _project_place(error):
        return Exit.USAGE
    return next((code for kinds, code in _BY_CLASS if isinstance(error, kinds)), Exit.FAULT)


def show_error(error: Exception) -> None:
    """Print an error in its three parts: what happened, where, what to do; with `MAINSPRING_DEBUG`, its traceback."""
    place = None if isinstance(error, MainspringError) else _project_place(error)
    if isinstance(error, MainspringError):
        _show(error)
    elif place:
        what = f"{type(error).__qualname__}: {error}"
        fix = f"Correct it; with {DEBUG}=1 the whole traceback is shown."
        _show(MainspringError(what, place, fix), _project_lines(error))
    elif is_of_output(error):
        _show(
            MainspringError(f"The output cannot be written: {error.strerror}", None, "Free some space where it goes.")
        )
    elif isinstance(error, OSError) and error.filename is not None:
        what = error.strerror or str(error)
        _show(MainspringError(what, str(error.filename), "Look at the disk and its permissions."))
    else:
        typer.echo("".join(traceback.format_exception(error)), err=True)
        _show(MainspringError("This is a fault in Mainspring itself", None, "Report it with the lines above."))
        return
    if os.environ.get(DEBUG):
        typer.echo("".join(traceback.format_exception(error)), err=True)


def is_of_output(error: Exception) -> TypeGuard[OSError]:
    """Return whether what is printed found no space: all that is written elsewhere names its file."""
    return isinstance(error, OSError) and error.filename is None and error.errno in _NO_SPACE


def write_nowhere() -> None:
    """Have what is still written to standard output go nowhere: it is gone, or full."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def relative(path: str | Path) -> str:
    """Return a path as it is typed from here: relative when it is below the working directory."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def shortened(text: str) -> str:
    """Return a text with the paths below the working directory as they are typed from here."""
    return shortened_in(text, str(Path.cwd()))


def _show(error: MainspringError, lines: Iterable[str] = ()) -> None:
    title = "Error:" if os.environ.get("NO_COLOR") else typer.style("Error:", fg="red", bold=True)
    typer.echo(f"{title} {shortened(error.what)}", err=True)
    for line in (*(f"  | {shortened(line)}" for line in lines), *_below(error, "  ")):
        typer.echo(line, err=True)


def _below(error: MainspringError, margin: str) -> list[str]:
    lines = [f"{margin}where: {shortened(error.where)}"] if error.where else []
    lines += [f"{margin}fix:   {error.fix}"] if error.fix else []
    lines += [f"{margin}- {line}" for line in error.lines] if isinstance(error, ParityError) else []
    for problem in error.problems if isinstance(error, ConfigError | SignatureError) else ():
        lines += [f"{margin}- {shortened(problem.what)}", *_below(problem, f"{margin}  ")]
    return lines


def _project_place(error: Exception) -> str | None:
    """Return `file:line` of the innermost frame of the user's own code, or None when there is none."""
    if isinstance(error, SyntaxError) and error.filename and not _is_ours(error.filename):
        return f"{error.filename}:{error.lineno}"
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if not _is_ours(frame.filename):
            return f"{frame.filename}:{frame.lineno}"
    return None


def _project_lines(error: Exception) -> Iterator[str]:
    """Yield the traceback as far as it is in the user's own code; for a syntax error, the line that it is in."""
    for frame in traceback.extract_tb(error.__traceback__):
        if not _is_ours(frame.filename):
            yield f'File "{frame.filename}", line {frame.lineno}, in {frame.name}'
            yield f"  {frame.line}"
    if isinstance(error, SyntaxError):
        for text in traceback.format_exception_only(error)[:-1]:
            yield from (line.removeprefix("  ") for line in text.splitlines())


def _is_ours(file: str) -> bool:
    """Return whether a file belongs to Mainspring, to Python or to what is installed, and not to a project."""
    outside = (PACKAGE, sys.prefix, sys.base_prefix, "<")
    return file.startswith(outside) or "site-packages" in file
