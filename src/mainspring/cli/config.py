"""`mainspring config`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from mainspring.cli.choosing import configured, home_path
from mainspring.cli.failing import Exit
from mainspring.cli.options import AsJson, Chosen, flat
from mainspring.cli.printing import put, put_json, put_table
from mainspring.config import Config, listing
from mainspring.config.advice import Finding
from mainspring.workspace.homes import open_home
from mainspring.workspace.linting import lint_project
from mainspring.workspace.project import Project

__all__ = ["COMMANDS"]


@flat
def show(chosen: Chosen, *, as_json: AsJson = False) -> None:
    """Show the configuration of a run, and where each value comes from."""
    _, config = configured(chosen)
    rows = listing(config)
    if as_json:
        values: dict[str, Any] = {row.key: {"value": row.value, "origin": row.origin} for row in rows}
        put_json({"file": str(config.path), "profile": config.profile, "values": values})
        return
    put_table(
        ("key", "value", "origin"), [(row.key, json.dumps(row.value, ensure_ascii=False), row.origin) for row in rows]
    )


@flat
def lint(
    chosen: Chosen,
    *,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when there is advice.")] = False,
    as_json: AsJson = False,
) -> None:
    """Give advice about the configuration.

    That is: what should be in it and is not, such as numbers in the code of steps; and what is there and need not be.
    """
    project, config = configured(chosen)
    path = home_path(chosen, project, config)
    findings = _with_history(project, config, path)
    if as_json:
        put_json({"findings": [_record(finding) for finding in findings]})
    else:
        for finding in findings:
            put(f"{finding.path}:{finding.line}: {finding.message} [{finding.rule}]")
            put(f"  {finding.fix}")
        put(f"{len(findings):,} findings" if len(findings) != 1 else "1 finding")
    if findings and strict:
        raise typer.Exit(Exit.FAILED)


def _with_history(project: Project, config: Config, path: Path) -> list[Finding]:
    if not path.is_dir():
        return lint_project(project, config)
    with open_home(path, config.settings) as home:
        return lint_project(project, config, home.facts)


def _record(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "message": finding.message,
        "path": finding.path,
        "line": finding.line,
        "fix": finding.fix,
    }


COMMANDS = {"show": show, "lint": lint}
