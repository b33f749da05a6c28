"""The canonical text of a symbol's own source."""

import ast
from collections.abc import Iterable
from typing import Any

from mainspring.graph.modules import Import, Module

__all__ = ["FUNCTIONS", "dotted", "option_decorators", "own_source"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_WITH_DOCSTRING = (*FUNCTIONS, ast.ClassDef)
_SILENT = frozenset({"ctx", "type_comment", "kind"})


def option_decorators(module: Module) -> frozenset[str]:
    """Return the dotted names under which a module knows `@step` and `@pipeline`, whose options are no code."""
    found = set()
    for name, bindings in module.imports.items():
        if bindings == [Import("mainspring")]:
            found |= {f"{name}.step", f"{name}.pipeline"}
        elif len(bindings) == 1 and bindings[0].module.split(".")[0] == "mainspring":
            found |= {name} if bindings[0].name in ("step", "pipeline") else set()
    return frozenset(found - module.definitions.keys())


def dotted(node: ast.AST) -> str:
    """Return the dotted name of an expression, or of what it calls; otherwise an empty string."""
    inner = node.func if isinstance(node, ast.Call) else node
    parts: list[str] = []
    while isinstance(inner, ast.Attribute):
        parts.insert(0, inner.attr)
        inner = inner.value
    return ".".join([inner.id, *parts]) if isinstance(inner, ast.Name) else ""


def own_source(nodes: Iterable[ast.stmt], options: frozenset[str], *, skeleton: bool) -> str:
    """Return the canonical text of a symbol: no comments, no formatting, no docstrings, no options of `@step`.

    Args:
        nodes: Its statements.
        options: The names of decorators whose arguments are no code.
        skeleton: Methods are symbols of their own: of a class, only the place of each is part of it.
    """
    return "\n".join(_dump(node, options, skeleton=skeleton) for node in nodes)


def _dump(node: Any, options: frozenset[str], *, skeleton: bool = False) -> str:
    kind = type(node)
    if kind is str:
        return f"str:{node!r}"
    if kind is list:
        return f"[{','.join([_dump(item, options) for item in node])}]"
    if not isinstance(node, ast.AST):
        return f"int:{node:x}" if kind is int else f"{kind.__name__}:{node!r}"
    fields = []
    for name in kind._fields:
        value = getattr(node, name, None)
        if value is None or value == [] or name in _SILENT:
            continue
        if name == "body" and isinstance(node, _WITH_DOCSTRING):
            value = _without_docstring(value)
            if skeleton:
                value = [inner.name if isinstance(inner, FUNCTIONS) else inner for inner in value]
        elif name == "decorator_list":
            value = [decorator for decorator in value if dotted(decorator) not in options]
        fields.append(f"{name}={_dump(value, options)}")
    return f"{kind.__name__}({','.join(fields)})"


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:]
    return body
