"""`mainspring artifacts`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from mainspring.charts.numbers import duration, moment, short, size
from mainspring.cli.completing import artifacts as complete_artifacts
from mainspring.cli.failing import relative
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import put, put_json, put_pairs, put_table, stamp
from mainspring.digest import Artifact
from mainspring.tracking import ResultRow
from mainspring.workspace.artifacts import Found, find_artifact, made_in
from mainspring.workspace.exporting import export_value
from mainspring.workspace.homes import Home
from mainspring.workspace.opening import open_existing
from mainspring.workspace.views import load_verified

__all__ = ["COMMANDS"]

NAME = "STEP or STEP.OUTPUT of the newest run that has it, RUN/STEP.OUTPUT, or the beginning of a digest."
_LINES = 20


def show(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="ARTIFACT", help=f"{NAME} Without it: all of the newest run.", autocompletion=complete_artifacts
        ),
    ] = None,
    *,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Show an artifact: what it is, who made it, and its value."""
    with open_existing(home) as opened:
        if name is None:
            _show_all(opened, as_json=as_json)
            return
        found = find_artifact(opened, name)
        if as_json:
            put_json({"name": name, "artifacts": [_record(one, found.result) for one in found.artifacts]})
            return
        _show_one(opened, found)


def _show_all(home: Home, *, as_json: bool) -> None:
    run = home.facts.runs.get("latest").id
    made = list(made_in(home, run))
    if as_json:
        put_json({"run": run, "artifacts": [{"of": step, **_record(one, result)} for step, result, one in made]})
        return
    rows = [
        (
            step if one.name == "result" else f"{step}.{one.name}",
            one.summary,
            one.codec,
            size(one.size),
            short(one.digest),
        )
        for step, _, one in made
        if ":" not in step
    ]
    put_table(("artifact", "value", "format", "size", "digest"), rows, right=("size",))


def _show_one(home: Home, found: Found) -> None:
    artifact, result = found.artifact, found.result
    put_pairs(
        [
            ("artifact", f"{found.name}, {len(found.artifacts):,} elements" if found.mapped else found.name),
            ("value", artifact.summary),
            ("digest", artifact.digest),
            ("blob", artifact.blob),
            ("format", artifact.codec),
            ("size", size(artifact.size)),
            ("made by", f"{result.step} in run {result.run}, {moment(result.created)}, in {duration(result.seconds)}"),
        ]
    )
    if not found.mapped:
        lines = repr(load_verified(artifact, home.blobs)).splitlines()
        put()
        for line in lines[:_LINES]:
            put(line)
        if len(lines) > _LINES:
            put(f"… and {len(lines) - _LINES:,} more lines")


def export(
    name: Annotated[str, typer.Argument(metavar="ARTIFACT", help=NAME, autocompletion=complete_artifacts)],
    target: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="The file to write; its ending says the format: .json .csv .parquet …"),
    ],
    *,
    home: HomePath = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the bytes as they are stored, whatever the ending.")
    ] = False,
) -> None:
    """Write an artifact to a file in a format that other programs read. Nothing is overwritten."""
    with open_existing(home) as opened:
        found = find_artifact(opened, name)
        written = export_value(found, opened.blobs, target.absolute(), raw=raw)
    put(f"wrote {relative(written)}")


def _record(one: Artifact, result: ResultRow) -> dict[str, Any]:
    return {
        "output": one.name,
        "digest": one.digest,
        "blob": one.blob,
        "codec": one.codec,
        "size": one.size,
        "summary": one.summary,
        "run": result.run,
        "step": result.step,
        "created": stamp(result.created),
        "seconds": result.seconds,
    }


COMMANDS = {"show": show, "export": export}
