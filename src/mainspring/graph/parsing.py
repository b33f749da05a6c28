"""Reading a module's tree: its definitions, its imports, and the statements that act."""

import ast
from collections.abc import Iterable, Iterator

from msgspec import Struct

from mainspring.errors import SourceError
from mainspring.graph.effects import calls_on_import
from mainspring.graph.modules import Definition, Import, Module, ModuleText, Statement
from mainspring.graph.sourcetext import FUNCTIONS, option_decorators

__all__ = ["Tree", "imports_in", "outline", "parse"]

_IMPORTS = (ast.Import, ast.ImportFrom)
_BODIES = ("body", "orelse", "finalbody")
_COMPOUND = (ast.If, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.For, ast.AsyncFor, ast.While, ast.Match)


class Tree(Struct):
    """A parsed module.

    Attributes:
        top: The statements of its top level.
        nodes: Those, then the methods of the classes among them: what a `Definition` numbers.
    """

    top: list[ast.stmt]
    nodes: list[ast.stmt]


def parse(text: ModuleText) -> Tree:
    """Return the tree of a module.

    Raises:
        SourceError: The source is not valid Python.
    """
    try:
        top = ast.parse(text.text).body
    except (SyntaxError, ValueError) as error:
        raise SourceError(
            f"Module '{text.name}' is not valid Python: {getattr(error, 'msg', error)}",
            f"{text.path}:{getattr(error, 'lineno', None) or 1}",
            "Correct it.",
        ) from error
    classes = [statement for statement in top if isinstance(statement, ast.ClassDef)]
    return Tree(top, [*top, *(inner for owner in classes for inner in owner.body if isinstance(inner, FUNCTIONS))])


def outline(text: ModuleText, tree: Tree) -> Module:
    """Return the definitions, imports and acting statements of a module."""
    module = Module(text)
    numbers = {node: number for number, node in enumerate(tree.nodes)}
    for statement in tree.top:
        _take(module, statement, numbers)
    classes = False
    for statement in _every_statement(tree.top):
        if isinstance(statement, _IMPORTS):
            for _, found in imports_in(statement, text):
                module.imported += [found.module, f"{found.module}.{found.name}"] if found.name else [found.module]
            module.imports_inside |= statement not in numbers
        classes |= isinstance(statement, ast.ClassDef)
    for definition in module.definitions.values() if classes else ():
        _list_members(module, definition, tree)
    module.options = option_decorators(module)
    module.statements = [_statement(node, module.options) for node in tree.nodes]
    return module


def _statement(node: ast.stmt, options: frozenset[str]) -> Statement:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    calls = list(dict.fromkeys(calls_on_import(node, options)))
    return Statement(node.lineno, first, node.end_lineno or node.lineno, calls)


def _every_statement(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements and all those inside them, bodies of functions and classes included."""
    for statement in body:
        yield statement
        for name in _BODIES:
            yield from _every_statement(getattr(statement, name, ()))
        for clause in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _every_statement(clause.body)


def _list_members(module: Module, definition: Definition, tree: Tree) -> None:
    """Note every name that a class binds, be it at the top level, in another class or in a function.

    A field of a dataclass that is only annotated is bound to nothing: to read it runs no code of the class.
    """
    names: dict[str, None] = {}
    for number in definition.nodes:
        for inner in ast.walk(tree.nodes[number]):
            if isinstance(inner, ast.ClassDef):
                plain = _is_dataclass(inner)
                for statement in inner.body:
                    if plain and isinstance(statement, ast.AnnAssign) and statement.value is None:
                        continue
                    names.update(dict.fromkeys(_bound_names(statement)))
    for name in names:
        module.members.setdefault(name, []).append(definition)


def _is_dataclass(node: ast.ClassDef) -> bool:
    made = [decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in node.decorator_list]
    return any("dataclass" in (getattr(name, "attr", None), getattr(name, "id", None)) for name in made)


def _take(module: Module, statement: ast.stmt, numbers: dict[ast.stmt, int]) -> None:
    if isinstance(statement, _IMPORTS):
        _bind_imports(module, statement)
    elif isinstance(statement, FUNCTIONS):
        _define(module, statement.name, "function", numbers[statement])
    elif isinstance(statement, ast.ClassDef):
        _take_class(module, statement, numbers)
    elif not _is_main_guard(statement):
        _take_other(module, statement, numbers[statement])


def _take_class(module: Module, statement: ast.ClassDef, numbers: dict[ast.stmt, int]) -> None:
    owner = _define(module, statement.name, "class", numbers[statement])
    for inner in statement.body:
        if isinstance(inner, FUNCTIONS):
            method = Definition(module, f"{statement.name}.{inner.name}", "method")
            owner.parts.setdefault(inner.name, method).nodes.append(numbers[inner])


def _take_other(module: Module, statement: ast.stmt, number: int) -> None:
    for name in _bound_names(statement):
        _define(module, name, "constant", number)
    every = list(_statements(statement))
    for inner in every:
        if isinstance(inner, _IMPORTS):
            _bind_imports(module, inner)
    if any(_acts(inner) for inner in every):
        module.acting.append(number)


def _define(module: Module, name: str, kind: str, number: int) -> Definition:
    known = module.definitions.setdefault(name, Definition(module, name, kind))
    known.nodes.append(number)
    if known.kind != kind:
        known.kind = "constant"
    return known


def _bind_imports(module: Module, statement: ast.Import | ast.ImportFrom) -> None:
    for name, found in imports_in(statement, module.text):
        if name == "*":
            module.stars.append(found.module)
        else:
            module.imports.setdefault(name, []).append(found)


def imports_in(statement: ast.Import | ast.ImportFrom, text: ModuleText) -> Iterator[tuple[str, Import]]:
    """Yield (name, what it is bound to) for an import statement; the name of a star import is `*`."""
    if isinstance(statement, ast.Import):
        for alias in statement.names:
            yield (
                (alias.asname, Import(alias.name))
                if alias.asname
                else (alias.name.split(".")[0], Import(alias.name.split(".")[0]))
            )
            if not alias.asname and "." in alias.name:
                yield alias.name.split(".")[0], Import(alias.name)
        return
    base = statement.module or ""
    if statement.level:
        parts = text.name.split(".")
        parts = parts[: len(parts) - statement.level + (1 if text.package else 0)]
        base = ".".join([*parts, base] if base else parts)
    for alias in statement.names:
        yield (alias.asname or alias.name), (Import(base) if alias.name == "*" else Import(base, alias.name))


def _statements(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Yield a statement and those nested in it that run on import: bodies of functions and classes are left out."""
    yield statement
    for name in _BODIES:
        for inner in getattr(statement, name, []) if isinstance(statement, _COMPOUND) else []:
            yield from _statements(inner)
    for clause in (*getattr(statement, "handlers", []), *getattr(statement, "cases", [])):
        for inner in clause.body:
            yield from _statements(inner)


def _bound_names(statement: ast.stmt) -> Iterable[str]:
    """Return the names that a statement, and those nested in it, bind at the top level."""
    found: dict[str, None] = {}
    for inner in _statements(statement):
        if isinstance(inner, (*FUNCTIONS, ast.ClassDef)):
            found[inner.name] = None
            continue
        for node in ast.walk(inner):
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                found[node.id] = None
            elif type(node).__name__ == "TypeAlias" and isinstance(node.name, ast.Name):  # type: ignore[attr-defined]
                found[node.name.id] = None  # type: ignore[attr-defined]
            elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
                found[node.name] = None
    return found


def _acts(statement: ast.stmt) -> bool:
    """Say whether a top-level statement does something beside binding names in its own module."""
    if isinstance(statement, ast.Expr):
        return not isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Assign | ast.AugAssign | ast.AnnAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        stored = [node for target in targets for node in ast.walk(target)]
        if any(isinstance(node, ast.Attribute | ast.Subscript) for node in stored):
            return True
        return all(isinstance(t, ast.Name) and t.id == "_" for t in targets)
    return isinstance(statement, ast.Delete | ast.Assert | ast.Raise | ast.For | ast.While | ast.With | ast.Global)


def _is_main_guard(statement: ast.stmt) -> bool:
    """Say whether a statement is `if __name__ == "__main__":`, which no import runs."""
    if not isinstance(statement, ast.If) or statement.orelse or not isinstance(statement.test, ast.Compare):
        return False
    if not isinstance(statement.test.ops[0], ast.Eq):
        return False
    sides = [statement.test.left, *statement.test.comparators]
    names = any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
    return names and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
