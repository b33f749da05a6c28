"""One project module as the analysis of code sees it: its definitions, its imports, and the statements that act."""

import ast
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from mainspring.errors import SourceError

__all__ = ["FUNCTIONS", "Definition", "Import", "Module", "ModuleText", "imports_in", "parse_module"]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORTS = (ast.Import, ast.ImportFrom)
_BODIES = ("body", "orelse", "finalbody")
_COMPOUND = (ast.If, ast.Try, ast.TryStar, ast.With, ast.AsyncWith, ast.For, ast.AsyncFor, ast.While, ast.Match)


class ModuleText(Struct, frozen=True):
    """The source of a project module.

    Attributes:
        name: Dotted name that it is imported by.
        path: Its identity: POSIX, relative to the folder that it is imported from.
        text: The source.
        package: Whether it is the `__init__` of a package.
    """

    name: str
    path: str
    text: str
    package: bool


class Import(Struct, frozen=True):
    """What a name is bound to by an import: a module, or a name in one.

    Attributes:
        module: Absolute dotted name.
        name: The name in that module, or None when the module itself is bound.
    """

    module: str
    name: str | None = None


class Definition(Struct, eq=False):
    """A symbol: everything at the top level of a module that binds one name, or one method.

    Attributes:
        module: The module.
        name: The name; `Class.method` for a method; `<statements>` for the statements that act on import.
        kind: `function`, `class`, `method`, `constant`, or `statements`.
        nodes: The statements in order; several when the name is bound more than once.
        parts: Methods of a class, by name; they are reached with it.
    """

    module: "Module"
    name: str
    kind: str
    nodes: list[ast.stmt] = field(default_factory=list)
    parts: dict[str, "Definition"] = field(default_factory=dict)


class Module(Struct, eq=False):
    """A parsed module.

    Attributes:
        text: Its source.
        definitions: Symbols by name.
        members: For each name that the body of a class binds, the symbols that such classes are or are in.
        imports: Import bindings by name, those inside functions not included.
        stars: Modules that it imports everything from.
        imported: Every module that it imports anywhere.
        imports_inside: Whether some of its imports are not at the top level.
        acting: The statements that act on import, in order.
        options: Decorators whose arguments are no code, once they have been looked for.
    """

    text: ModuleText
    definitions: dict[str, Definition] = field(default_factory=dict)
    members: dict[str, list[Definition]] = field(default_factory=dict)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    stars: list[str] = field(default_factory=list)
    imported: list[str] = field(default_factory=list)
    imports_inside: bool = False
    acting: list[ast.stmt] = field(default_factory=list)
    options: frozenset[str] | None = None


def parse_module(text: ModuleText) -> Module:
    """Return the definitions, imports and acting statements of a module.

    Raises:
        SourceError: The source is not valid Python.
    """
    try:
        tree = ast.parse(text.text)
    except (SyntaxError, ValueError) as error:
        raise SourceError(
            f"Module '{text.name}' is not valid Python: {getattr(error, 'msg', error)}",
            f"{text.path}:{getattr(error, 'lineno', None) or 1}",
            "Correct it.",
        ) from error
    module = Module(text)
    for statement in tree.body:
        _take(module, statement)
    classes = False
    for statement in _every_statement(tree.body):
        if isinstance(statement, _IMPORTS):
            for _, found in imports_in(statement, text):
                module.imported += [found.module, f"{found.module}.{found.name}"] if found.name else [found.module]
            module.imports_inside |= statement not in tree.body
        classes |= isinstance(statement, ast.ClassDef)
    for definition in module.definitions.values() if classes else ():
        _list_members(module, definition)
    return module


def _every_statement(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements and all those inside them, bodies of functions and classes included."""
    for statement in body:
        yield statement
        for name in _BODIES:
            yield from _every_statement(getattr(statement, name, ()))
        for clause in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
            yield from _every_statement(clause.body)


def _list_members(module: Module, definition: Definition) -> None:
    """Note every name that a class binds, be it at the top level, in another class or in a function.

    A field of a dataclass that is only annotated is bound to nothing: to read it runs no code of the class.
    """
    names: dict[str, None] = {}
    for node in definition.nodes:
        for inner in ast.walk(node):
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
    return any(getattr(name, "attr", None) == "dataclass" or getattr(name, "id", None) == "dataclass" for name in made)


def _take(module: Module, statement: ast.stmt) -> None:
    if isinstance(statement, _IMPORTS):
        _bind_imports(module, statement)
    elif isinstance(statement, FUNCTIONS):
        _define(module, statement.name, "function", statement)
    elif isinstance(statement, ast.ClassDef):
        _take_class(module, statement)
    elif not _is_main_guard(statement):
        _take_other(module, statement)


def _take_class(module: Module, statement: ast.ClassDef) -> None:
    owner = _define(module, statement.name, "class", statement)
    for inner in statement.body:
        if isinstance(inner, FUNCTIONS):
            method = Definition(module, f"{statement.name}.{inner.name}", "method")
            owner.parts.setdefault(inner.name, method).nodes.append(inner)


def _take_other(module: Module, statement: ast.stmt) -> None:
    for name in _bound_names(statement):
        _define(module, name, "constant", statement)
    every = list(_statements(statement))
    for inner in every:
        if isinstance(inner, _IMPORTS):
            _bind_imports(module, inner)
    if any(_acts(inner) for inner in every):
        module.acting.append(statement)


def _define(module: Module, name: str, kind: str, statement: ast.stmt) -> Definition:
    known = module.definitions.setdefault(name, Definition(module, name, kind))
    known.nodes.append(statement)
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
