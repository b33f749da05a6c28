"""`mainspring lineage`."""

from typing import Annotated, Any

import typer

from mainspring.charts.numbers import count, moment, short
from mainspring.cli.completing import artifacts
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import grouped, put, put_json, stamp
from mainspring.workspace.artifacts import find_artifact
from mainspring.workspace.lineage import Consumer, Lineage, Maker
from mainspring.workspace.lineage import lineage as trace_lineage
from mainspring.workspace.opening import open_existing

__all__ = ["lineage"]

_PLACES = 4
_DEEPEST = 20


def lineage(
    name: Annotated[
        str,
        typer.Argument(
            metavar="ARTIFACT",
            help="STEP or STEP.OUTPUT of the newest run that has it, RUN/STEP.OUTPUT, or the beginning of a digest.",
            autocompletion=artifacts,
        ),
    ],
    *,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Show what an artifact was made from, up to files and code, and which steps read it."""
    with open_existing(home) as opened:
        found = trace_lineage(opened, find_artifact(opened, name))
    if as_json:
        put_json(_record(found))
    else:
        _print(name, found)


def _print(name: str, found: Lineage) -> None:
    artifact = found.artifact
    put(f"{name}: {artifact.summary or artifact.codec}, {artifact.digest}")
    put()
    put("made by")
    for step, makers in grouped(found.above, lambda maker: maker.step, lambda maker: (maker.level, maker.run)):
        _print_maker(step, makers[0])
    put()
    put("read by" if found.below else "read by nothing")
    for step, consumers in grouped(found.below, lambda one: one.step, lambda one: (one.level, one.latest)):
        _print_consumer(step, consumers[0])


def _print_maker(step: str, maker: Maker) -> None:
    margin = _margin(maker.level)
    put(f"{margin}{step}, run {maker.run}, {moment(maker.created)}")
    if maker.code:
        places = [f"{symbol.path}:{symbol.first}-{symbol.last}" for symbol in maker.code[:_PLACES]]
        more = len(maker.code) - _PLACES
        put(f"{margin}  code: {', '.join(places)}{f' and {more:,} more' if more > 0 else ''}")
    for path, digest in maker.files:
        put(f"{margin}  file: {path} {short(digest)}")
    for parameter, shown in maker.parameters:
        put(f"{margin}  {parameter} = {shown}")


def _print_consumer(step: str, consumer: Consumer) -> None:
    margin = _margin(consumer.level)
    returned = ", ".join(short(digest) for _, digest in consumer.returned)
    made = f" → {returned}" if returned else ""
    put(f"{margin}{step}, {count(consumer.runs, 'run')}, the newest {consumer.latest}{made}")


def _margin(level: int) -> str:
    return "  " * min(level + 1, _DEEPEST)


def _record(found: Lineage) -> dict[str, Any]:
    artifact = found.artifact
    return {
        "artifact": {"name": artifact.name, "digest": artifact.digest, "summary": artifact.summary},
        "made_by": [
            {
                "level": maker.level,
                "step": maker.step,
                "run": maker.run,
                "created": stamp(maker.created),
                "returned": dict(maker.returned),
                "code": [
                    {"name": symbol.name, "path": symbol.path, "first": symbol.first, "last": symbol.last}
                    for symbol in maker.code
                ],
                "parameters": dict(maker.parameters),
                "files": dict(maker.files),
                "inputs": list(maker.inputs),
            }
            for maker in found.above
        ],
        "read_by": [
            {
                "level": consumer.level,
                "step": consumer.step,
                "runs": consumer.runs,
                "latest": consumer.latest,
                "read": consumer.read,
                "returned": dict(consumer.returned),
            }
            for consumer in found.below
        ],
    }
