"""Project code that steps can reach, by name alone: what the rules about literals look at."""

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import Struct

__all__ = ["Body", "Source", "parse", "reached"]

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Source(Struct, frozen=True):
    """A parsed file of the project."""

    path: str
    tree: ast.Module


class Body(Struct, frozen=True):
    """Statements that run as part of a step: those of a function, or a constant of a module.

    Attributes:
        name: Function, or name of the constant.
        path: File.
        statements: What runs; decorators, defaults and docstrings are left out.
    """

    name: str
    path: str
    statements: list[ast.stmt]


def parse(texts: Iterable[tuple[str, str]]) -> list[Source]:
    """Return path and syntax tree of each text; what cannot be parsed is left out, as no run can use it."""
    found = []
    for path, text in texts:
        try:
            found.append(Source(path, ast.parse(text)))
        except SyntaxError:
            continue
    return found


def reached(sources: Sequence[Source], names: Collection[str]) -> list[Body]:
    """Return the functions of these names, what they mention of the project, and so on, in the order of the sources."""
    bodies = [body for source in sources for body in _bodies(source)]
    wanted = set(names)
    size = 0
    while len(wanted) > size:
        size = len(wanted)
        for body in bodies:
            if body.name in wanted:
                wanted |= mentioned(body.statements)
    return [body for body in bodies if body.name in wanted]


def mentioned(statements: Sequence[ast.stmt]) -> set[str]:
    """Return every name and attribute that is read."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def _bodies(source: Source) -> Iterator[Body]:
    for statement in source.tree.body:
        if isinstance(statement, Function):
            yield Body(statement.name, source.path, _without_docstring(statement.body))
        elif isinstance(statement, ast.ClassDef):
            methods = [inner for inner in statement.body if isinstance(inner, Function)]
            yield from (Body(statement.name, source.path, _without_docstring(method.body)) for method in methods)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (Body(one.id, source.path, [statement]) for one in targets if isinstance(one, ast.Name))


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    is_text = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return body[1:] if is_text else body
