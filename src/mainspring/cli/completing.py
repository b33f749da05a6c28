"""What the shell offers when a name is half typed. Nothing is imported from the project: its files are only read."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mainspring.config.toml import parse
from mainspring.errors import MainspringError
from mainspring.tracking.models import Model, Models
from mainspring.workspace.opening import open_existing

__all__ = ["artifacts", "keys", "models", "pipelines", "profiles", "runs", "steps", "versions"]

_RUNS = 50


def pipelines(incomplete: str) -> list[str]:
    """Return the Python files of this folder, which may have pipelines."""
    return [name for name in sorted(path.name for path in Path.cwd().glob("*.py")) if name.startswith(incomplete)]


def profiles(incomplete: str) -> list[str]:
    """Return the profiles of `config.toml`."""
    return [name for name in _config().get("profile", {}) if name.startswith(incomplete)]


def keys(incomplete: str) -> list[str]:
    """Return the keys of `config.toml` and of the dataclass of the pipeline, each with its `=`."""
    tables = {name: value for name, value in _config().items() if name != "profile"}
    found = [*_flat(tables), *_fields(_source())]
    return [f"{name}=" for name in dict.fromkeys(found) if name.startswith(incomplete)]


def steps(incomplete: str) -> list[str]:
    """Return the steps of `pipeline.py`, and those of the newest run."""
    found = [node.name for node in _source().body if isinstance(node, ast.FunctionDef) and _decorated(node, "step")]
    try:
        with open_existing() as home:
            found += [row.name for row in home.facts.steps.of(home.facts.runs.get("latest").id)]
    except MainspringError:  # no run yet
        pass
    return [name for name in dict.fromkeys(found) if name.startswith(incomplete) and ":" not in name]


def runs(incomplete: str) -> list[str]:
    """Return the newest runs."""
    try:
        with open_existing() as home:
            found = ["latest", *(row.id for row in home.facts.runs.list(_RUNS))]
    except MainspringError:  # no run yet
        found = []
    return [name for name in found if name.startswith(incomplete)]


def artifacts(incomplete: str) -> list[str]:
    """Return the artifacts of the newest run."""
    try:
        with open_existing() as home:
            made = home.facts.results.of_run(home.facts.runs.get("latest").id)
    except MainspringError:  # no run yet
        made = {}
    names = [
        step if one.name == "result" else f"{step}.{one.name}"
        for step, result in made.items()
        for one in result.artifacts
        if ":" not in step
    ]
    return [name for name in names if name.startswith(incomplete)]


def models(incomplete: str) -> list[str]:
    """Return the models of the registry."""
    return [model.name for model in _models() if model.name.startswith(incomplete)]


def versions(ctx: Any, incomplete: str) -> list[str]:
    """Return the versions of the model that was named before, newest first, and its aliases."""
    name = ctx.params.get("name")
    found = ["newest"]
    for model in _models():
        if model.name == name:
            found += [*model.aliases, *(str(number) for number in range(model.versions, 0, -1))]
    return [one for one in found if one.startswith(incomplete)]


def _models() -> list[Model]:
    try:
        with open_existing() as home:
            return Models(home.facts.database).list()
    except MainspringError:  # no home yet
        return []


def _config() -> dict[str, Any]:
    try:
        return parse(Path("config.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _source() -> ast.Module:
    try:
        return ast.parse(Path("pipeline.py").read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return ast.Module([], [])


def _flat(tables: dict[str, Any]) -> Iterator[str]:
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner in value)
        else:
            yield name


def _decorated(node: ast.FunctionDef, name: str) -> bool:
    decorators = [one.func if isinstance(one, ast.Call) else one for one in node.decorator_list]
    return any(ast.unparse(one).rpartition(".")[2] == name for one in decorators)


def _fields(source: ast.Module) -> Iterator[str]:
    """Yield the fields of the dataclass that a pipeline takes, those of dataclasses inside it with a dot."""
    classes = {node.name: node for node in source.body if isinstance(node, ast.ClassDef)}
    for node in source.body:
        if isinstance(node, ast.FunctionDef) and _decorated(node, "pipeline") and node.args.args:
            for name, kind in _annotated(classes.get(_name(node.args.args[0].annotation))):
                inner = [f"{name}.{deep}" for deep, _ in _annotated(classes.get(kind))]
                yield from inner or [name]


def _annotated(node: ast.ClassDef | None) -> list[tuple[str, str]]:
    body = node.body if node is not None else []
    return [
        (one.target.id, _name(one.annotation))
        for one in body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
    ]


def _name(annotation: ast.expr | None) -> str:
    return ast.unparse(annotation).strip("'\"") if annotation is not None else ""
