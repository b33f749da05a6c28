"""`mainspring init`."""

from pathlib import Path
from typing import Annotated

import typer

from mainspring.cli.failing import relative
from mainspring.cli.printing import put
from mainspring.workspace.starting import start

__all__ = ["init"]


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder; it is made when it is not there.")],
) -> None:
    """Write a first pipeline into a new folder: recognising handwritten digits, in five steps, with its tests.

    Nothing is overwritten: a file in the way is an error.
    """
    for path in start(folder.absolute()):
        put(f"wrote {relative(path)}")
    put(f"Next: cd {folder} && mainspring run")
