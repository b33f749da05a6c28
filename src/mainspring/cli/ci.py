"""`mainspring ci`."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct
from msgspec.structs import replace

from mainspring.charts.numbers import change, duration
from mainspring.cli.choosing import configured, open_chosen
from mainspring.cli.failing import Exit, relative
from mainspring.cli.options import AsJson, Chosen, flat
from mainspring.cli.printing import coloured, put, put_json, put_table
from mainspring.config import Config
from mainspring.config.document import read_document
from mainspring.proof.ci import Report, ScoreChange, document
from mainspring.workspace.ci import Configs, Order, Written, ci, write_reports

__all__ = ["ci_command"]

_COLOURS = {"passed": "green", "failed": "red", "inconclusive": "yellow", "skipped": "bright_black"}
_GLYPHS = {"passed": "✓", "failed": "✗", "inconclusive": "?", "skipped": "-"}
_SMOKE = "smoke"


class What(Struct, frozen=True):
    """What is done."""

    tests: Annotated[bool, typer.Option(help="Run the project's tests with pytest.")] = True
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Also write report.md, ci.json and junit.xml here; it is made if need be."),
    ] = None
    as_json: AsJson = False


@flat
def ci_command(chosen: Chosen, what: What) -> None:
    """Smoke run, tests, gates and score, with a report for a pull request: as Markdown, JSON and JUnit XML.

    Exits with 1 when the smoke run, a test or a gate fails, or the score is below `at_least` of [testscore].
    """
    project, usual = configured(chosen)
    smoke = _smoke_of(chosen, usual)
    automated = os.environ.get("CI", "").lower() not in ("", "0", "false")
    with open_chosen(chosen, project, usual) as home:
        order = Order(tests=what.tests, automated=automated, say=_silent if what.as_json else _say)
        report = ci(project, Configs(usual, smoke), home, order)
        written = write_reports(report, home.path, what.out)
    if what.as_json:
        put_json(json.loads(json.dumps(document(report), default=str)))
    else:
        _print(report, written)
    if report.verdict == "failed":
        raise typer.Exit(Exit.FAILED)


def _smoke_of(chosen: Chosen, usual: Config) -> Config | None:
    profiles = read_document(usual.path).tables.get("profile", {})
    if _SMOKE not in profiles or chosen.profile is not None:
        return None
    return configured(replace(chosen, profile=_SMOKE))[1]


def _say(text: str) -> None:
    typer.echo(f"{text} …", err=True)


def _silent(_: str) -> None:
    pass


def _print(report: Report, written: Written) -> None:
    put(f"{report.pipeline}: {coloured(report.verdict, _COLOURS[report.verdict])}")
    put()
    rows = [
        (f"{_GLYPHS[one.status]} {one.name}", duration(one.seconds) if one.seconds else "", one.says)
        for one in report.stages
    ]
    put_table(("stage", "took", "result"), rows, right=("took",))
    for stage in report.stages:
        for case in stage.cases:
            if case.status == "failed":
                put()
                put(f"{stage.name}: {case.name}")
                for line in case.says.strip().splitlines():
                    put(f"  | {line}")
    if report.score is not None:
        put()
        _print_score(report.score)
    if report.worst_slice:
        put(f"worst slice: {report.worst_slice}")
    if report.configuration:
        put()
        put(f"configuration, against {report.compared_with}")
        rows = [(one.key, one.before, one.after) for one in report.configuration]
        put_table(("key", "before", "after"), rows)
    put()
    put(f"report: {relative(written.markdown)}")


def _print_score(score: ScoreChange) -> None:
    since = "" if score.before is None else f" ({change(score.score, score.before)} since the last time)"
    sections = ", ".join(f"{name} {points:g}" for name, points in score.sections.items())
    put(f"ML Test Score {score.score:g}{since}: {sections}")
    for name, says in score.failing:
        put(f"{name} has evidence that fails: {says}")
