"""`mainspring gc`."""

from typing import Annotated

import typer

from mainspring.charts.numbers import count, size
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import put, put_json
from mainspring.config.spans import SPANS, seconds_of
from mainspring.workspace.collecting import Collected, collect
from mainspring.workspace.opening import open_existing

__all__ = ["gc"]


def _seconds(text: str) -> float:
    try:
        return seconds_of(text)
    except ValueError:
        raise typer.BadParameter(f"'{text}' is no age. Write {SPANS}.", param_hint="'--older-than'") from None


def gc(
    *,
    older_than: Annotated[
        str, typer.Option(metavar="AGE", help="The grace period, such as 30d, 12h or 0s: what is younger stays.")
    ] = "30d",
    keep: Annotated[int, typer.Option(min=0, metavar="N", help="The newest runs to keep, however old they are.")] = 10,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Remove runs from before a grace period, then results that no run needs, then blobs that nothing references.

    A pinned run stays, with all that it needs; so does a run that goes on.
    """
    seconds = _seconds(older_than)
    with open_existing(home) as opened:
        found = collect(opened, older_than=seconds, keep=keep, dry=dry_run)
    if as_json:
        put_json(
            {
                "dry_run": found.dry,
                "runs": list(found.runs),
                "results": found.results,
                "blobs": found.blobs,
                "files": found.files,
                "bytes": found.blob_bytes + found.file_bytes,
            }
        )
        return
    _print(found)


def _print(found: Collected) -> None:
    verb = "would remove" if found.dry else "removed"
    put(
        f"{verb} {count(len(found.runs), 'run')}, {count(found.results, 'result')}, {count(found.blobs, 'blob')}, "
        f"{count(found.files, 'file')}"
    )
    put(f"{'would free' if found.dry else 'freed'} {size(found.blob_bytes + found.file_bytes)}")
