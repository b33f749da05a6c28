"""The part of a symbol's identity that its source does not show: values that were worked out on import."""

import ast
from collections.abc import Iterator
from functools import partial
from inspect import unwrap
from types import FunctionType, MethodType
from typing import Any

from mainspring.digest import canonical, tagged
from mainspring.errors import UnstorableError
from mainspring.graph.modules import FUNCTIONS, Definition

__all__ = ["closure_of", "defaults_of", "live_parts", "plain_digest"]

_DEEPEST = 4


def live_parts(definition: Definition, value: Any) -> list[str]:
    """Return digests of what a symbol was given on import.

    A constant's value; a class's attributes; a function's defaults and closure, where its source computes them.

    Args:
        definition: The symbol.
        value: Its live value; what is no value of that kind adds nothing.
    """
    if definition.kind == "constant":
        return list(_parts(value, 0))
    if definition.kind == "class":
        names = [name for name in _computed_attributes(definition.nodes) if isinstance(value, type)]
        return [piece for name in names if name in vars(value) for piece in (name, *_parts(vars(value)[name], 0))]
    if definition.kind in ("function", "method") and any(_is_computed(node) for node in definition.nodes):
        return list(_parts(value, 0))
    return []


def plain_digest(value: object) -> str:
    """Return the digest of a plain value, or of the name of its type: such a value counts by its source alone."""
    try:
        return tagged("constant/1", canonical(value))
    except UnstorableError:
        return tagged("constant/1", "opaque", type(value).__module__, type(value).__qualname__)


def _parts(value: Any, depth: int) -> Iterator[str]:
    """Yield digests of a value, or of what a function or a bound object carries."""
    if depth > _DEEPEST:
        return
    if isinstance(value, staticmethod | classmethod | MethodType):
        value = value.__func__
    if callable(value) and not isinstance(value, type):
        value = unwrap(value)
    if isinstance(value, partial):
        inner: list[Any] = [value.func, *value.args, *value.keywords.values()]
    elif isinstance(value, FunctionType):
        inner = [part for _, part in (*defaults_of(value), *closure_of(value))]
    else:
        yield plain_digest(value)
        return
    for part in inner:
        yield from _parts(part, depth + 1)


def defaults_of(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield a word for it and the value of each default of a function."""
    for value in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
        yield "default", value


def closure_of(function: FunctionType) -> Iterator[tuple[str, object]]:
    """Yield a word for it and the value of each name that a function holds from around it."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield f"closure {name}", cell.cell_contents
        except ValueError:  # not bound yet
            continue


def _computed_attributes(nodes: list[ast.stmt]) -> Iterator[str]:
    """Yield the attributes of a class whose value is not in its source."""
    for node in nodes:
        for statement in node.body if isinstance(node, ast.ClassDef) else []:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and not isinstance(statement.value, ast.Constant):
                targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
                yield from (target.id for target in targets if isinstance(target, ast.Name))


def _is_computed(node: ast.stmt) -> bool:
    """Say whether a function has a decorator, or a default that is no literal."""
    if not isinstance(node, FUNCTIONS):
        return False
    defaults = (*node.args.defaults, *node.args.kw_defaults)
    return bool(node.decorator_list) or any(not isinstance(part, ast.Constant | None) for part in defaults)
