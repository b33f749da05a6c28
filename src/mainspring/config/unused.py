"""Over-configuration: keys that nobody reads, and keys that never change."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any, get_args

from mainspring.config.advice import Finding
from mainspring.config.fields import fields_of, is_table, reads_text, table_of
from mainspring.config.listing import as_json, flatten
from mainspring.config.load import Config
from mainspring.config.reached import Source
from mainspring.schema.fit import plain

__all__ = ["always_default", "never_read", "never_varied"]

_FEWEST_RUNS = 5
_READ_WHOLE = {"asdict", "astuple", "vars", "__dict__"}
_READ_BY_NAME = {"getattr", "attrgetter"}


def never_read(config: Config, sources: Sequence[Source]) -> Iterator[Finding]:
    """Keys that no code of the project reads; silent where it turns a whole configuration into a dict."""
    schema = type(config.value)
    words = {word for source in sources for node in ast.walk(source.tree) for word in _read(node)}
    if words & _READ_WHOLE:
        return
    if words & _READ_BY_NAME:
        words |= {text for source in sources for node in ast.walk(source.tree) for text in _text(node)}
    for key in _keys(schema):
        if not set(key.split(".")) <= words:
            path, line = _place(config, key, sources)
            fix = f"Remove '{key}' from '{schema.__qualname__}' and from the file, or read it."
            yield Finding("key-never-read", f"No code of the project reads '{key}'", path, line, fix)


def always_default(
    config: Config, sources: Sequence[Source], history: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    """Keys that had their default in every recorded run."""
    defaults = _defaults(type(config.value), config.base)
    for key, values in _recorded(config, history):
        if key in defaults and all(value == defaults[key] for value in values):
            path, line = _place(config, key, sources)
            message = f"'{key}' had its default, {defaults[key]!r}, in all {len(values)} runs"
            yield Finding("key-always-default", message, path, line, "Make it a constant, if nobody will change it.")


def never_varied(config: Config, sources: Sequence[Source], history: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Keys that had one value, other than their default, in every recorded run; files and secrets are left out."""
    defaults = _defaults(type(config.value), config.base)
    for key, values in _recorded(config, history):
        same = all(value == values[0] for value in values)
        if same and not (key in defaults and defaults[key] == values[0]) and not _is_place(type(config.value), key):
            path, line = _place(config, key, sources)
            message = f"'{key}' was {values[0]!r} in all {len(values)} runs"
            yield Finding("key-never-varied", message, path, line, "Make it a constant, if nobody will change it.")


def _recorded(config: Config, history: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Any]]]:
    """Yield key and recorded values of each key that enough runs had, and that has the same value now."""
    now = flatten(config.value, config.base)
    for key in _keys(type(config.value)):
        values = [run[key] for run in history if key in run]
        if len(values) >= _FEWEST_RUNS and now.get(key) == values[0]:
            yield key, values


def _keys(schema: type) -> Iterator[str]:
    for one in fields_of(schema).values():
        inner = table_of(one.annotation)
        if is_table(inner):
            yield from (f"{one.name}.{name}" for name in fields_of(inner))
        else:
            yield one.name


def _defaults(schema: type, base: FilePath) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for one in fields_of(schema).values():
        inner = table_of(one.annotation)
        if is_table(inner):
            made = flatten(one.make(), base) if one.make else _defaults(inner, base)
            found |= {f"{one.name}.{name}": value for name, value in made.items()}
        elif one.make:
            found[one.name] = as_json(one.make(), base)
    return found


def _is_place(schema: type, key: str) -> bool:
    """Return whether a key holds files, folders or secrets, which say where something is."""
    table, _, inner = key.partition(".")
    annotation = fields_of(schema)[table].annotation
    held = table_of(annotation)
    return _holds_place(fields_of(held)[inner].annotation if inner and is_table(held) else annotation)


def _holds_place(annotation: Any) -> bool:
    kind = plain(annotation)
    return reads_text(kind) or any(_holds_place(part) for part in get_args(kind) if not isinstance(part, str | int))


def _place(config: Config, key: str, sources: Sequence[Source]) -> tuple[str, int]:
    """Return where a key is set in the file, or else where its field is defined."""
    name, _, line = config.origins.get(key, "").partition(":")
    if name == config.path.name:
        return str(config.path), int(line)
    for source in sources:
        for node in ast.walk(source.tree):
            if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == key.rpartition(".")[2]:
                return source.path, node.lineno
    return str(config.path), 1


def _read(node: ast.AST) -> Iterator[str]:
    """Yield the attributes that a node reads, and what it calls."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        yield node.attr
    elif isinstance(node, ast.MatchClass):
        yield from node.kwd_attrs
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        yield node.func.id


def _text(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
