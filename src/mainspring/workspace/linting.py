"""`config lint`: advice about a project's configuration, from its code and its runs."""

import json
from pathlib import Path

from mainspring.config import Config
from mainspring.config.advice import Finding
from mainspring.config.lint import lint
from mainspring.engine.sources import ProjectSources
from mainspring.graph import trace
from mainspring.graph.code import CodeIndex
from mainspring.tracking import Facts
from mainspring.workspace.project import Project

__all__ = ["lint_project"]

_RUNS = 50


def lint_project(project: Project, config: Config, facts: Facts | None = None) -> list[Finding]:
    """Return advice about what should be configured and is not, and what is and need not be.

    Args:
        project: The pipeline.
        config: Its configuration.
        facts: What was run before; None when nothing was.

    Raises:
        DefinitionError: Steps or pipeline cannot work as they are written.
    """
    dag = trace(project.pipeline, config.value)
    sources = ProjectSources(project.root)
    index = CodeIndex(sources)
    steps = {node.step.name: node.step for node in dag.nodes.values()}
    modules = {name for step in steps.values() for name in index.code_of(step.fn).modules}
    modules.add(sources.name_of(project.module.__name__))
    texts = [text for name in sorted(modules) if (text := sources.module(name)) is not None]
    prefix = project.root.relative_to(project.folder) if project.root.is_relative_to(project.folder) else Path()
    functions = {*(step.fn.__name__ for step in steps.values()), project.pipeline.fn.__name__}
    return lint(
        [(str(prefix / text.path), text.text) for text in texts],
        functions,
        config=config,
        history=[] if facts is None else _history(facts, project.pipeline.name),
    )


def _history(facts: Facts, pipeline: str) -> list[dict[str, object]]:
    rows = facts.runs.list(_RUNS, pipeline=pipeline)
    records = [json.loads(facts.runs.get(row.id).record or "{}") for row in rows]
    return [record["config"]["values"] for record in records if "config" in record]
