"""Which names are local in a function, and which of those cannot hold an object of a project class."""

import ast
from collections.abc import Callable

from msgspec import Struct, field

from mainspring.graph.implicit import is_plain, plain_annotation
from mainspring.graph.sourcetext import FUNCTIONS

__all__ = ["COMPREHENSIONS", "Scope", "bound_in", "class_scope", "comprehension_scope", "function_scope"]

COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_Outer = Callable[[str], bool]


class Scope(Struct, frozen=True):
    """The names of one function, lambda, comprehension or class body.

    Attributes:
        bound: Names that it binds.
        plain: Those of them that hold numbers, text, frames, and what the source names or makes.
        outside: Names that it declares global.
        is_class: The body of a class, whose names its functions do not see.
    """

    bound: frozenset[str]
    plain: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    is_class: bool = False


class _Bindings(Struct):
    values: dict[str, list[ast.expr]] = field(default_factory=dict)
    unknown: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)

    @property
    def bound(self) -> set[str]:
        return {*self.values, *self.unknown, *self.plain} - self.outside


def function_scope(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, outer: _Outer) -> Scope:
    """Return the scope of a function; `outer` says of a name around it whether it is plain."""
    found = _Bindings()
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    for argument in every:
        if argument is not None:
            (found.plain if plain_annotation(argument.annotation) else found.unknown).add(argument.arg)
    found.unknown -= found.plain
    found.plain.update(parameter.name for parameter in getattr(node, "type_params", []))
    for statement in node.body if isinstance(node.body, list) else [node.body]:
        _gather(statement, found)
    return _settled(found, outer)


def comprehension_scope(node: ast.expr, outer: _Outer) -> Scope:
    """Return the scope of a comprehension."""
    found = _Bindings()
    for generator in getattr(node, "generators", []):
        _bind(generator.target, generator.iter, found)
    return _settled(found, outer)


def class_scope(node: ast.ClassDef) -> Scope:
    """Return the scope of a class body."""
    return Scope(frozenset(bound_in(node.body)), is_class=True)


def bound_in(body: list[ast.stmt]) -> set[str]:
    """Return the names that statements bind, without those of inner functions and classes."""
    found = _Bindings()
    for statement in body:
        _gather(statement, found)
    return found.bound


def _settled(found: _Bindings, outer: _Outer) -> Scope:
    """Take out of the plain names, until nothing changes, those that are bound to what may be anything."""
    bound = found.bound
    plain = ({*found.values} | found.plain) - found.unknown - found.outside

    def known(name: str) -> bool:
        return name in plain if name in bound else outer(name)

    while True:
        lost = {name for name in plain if not all(is_plain(value, known) for value in found.values.get(name, ()))}
        if not lost:
            return Scope(frozenset(bound), frozenset(plain), frozenset(found.outside))
        plain -= lost


def _gather(node: ast.AST, found: _Bindings) -> None:
    """Collect what binds names, in a node and those in it that are of the same function."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        found.plain.add(node.name)
        for decorator in node.decorator_list:
            _gather(decorator, found)
        return
    if isinstance(node, (ast.Lambda, *COMPREHENSIONS)):
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                found.unknown.add(inner.target.id)
        return
    _bindings_of(node, found)
    for inner in ast.iter_child_nodes(node):
        _gather(inner, found)


def _bindings_of(node: ast.AST, found: _Bindings) -> None:
    rule = _BINDERS.get(type(node))
    if rule is not None:
        rule(node, found)


def _bind(target: ast.expr, value: ast.expr, found: _Bindings) -> None:
    for inner in ast.walk(target):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            found.values.setdefault(inner.id, []).append(value)
        elif isinstance(inner, ast.Subscript | ast.Attribute) and isinstance(inner.value, ast.Name):
            # What is put into a container can come out of it again.
            found.values.setdefault(inner.value.id, []).append(value) if inner.value.id in found.values else None


def _assign(node: ast.Assign, found: _Bindings) -> None:
    for target in node.targets:
        _bind(target, node.value, found)


def _annotated(node: ast.AnnAssign, found: _Bindings) -> None:
    if isinstance(node.target, ast.Name):
        found.values.setdefault(node.target.id, []).extend([node.value] if node.value is not None else [])


def _import(node: ast.Import | ast.ImportFrom, found: _Bindings) -> None:
    found.plain.update((alias.asname or alias.name).split(".")[0] for alias in node.names)


def _captured(node: ast.AST, found: _Bindings) -> None:
    name = getattr(node, "rest", None) or getattr(node, "name", None)
    if name:
        found.unknown.add(name)


def _with(node: ast.withitem, found: _Bindings) -> None:
    if node.optional_vars is not None:
        _bind(node.optional_vars, node.context_expr, found)


def _called(node: ast.Call, found: _Bindings) -> None:
    """`rows.append(x)` puts x into rows."""
    place = node.func.value if isinstance(node.func, ast.Attribute) else None
    if isinstance(place, ast.Name) and place.id in found.values:
        found.values[place.id] += [*node.args, *(keyword.value for keyword in node.keywords)]


_BINDERS: dict[type, Callable[..., None]] = {
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: lambda node, found: _bind(node.target, node.value, found),
    ast.NamedExpr: lambda node, found: _bind(node.target, node.value, found),
    ast.For: lambda node, found: _bind(node.target, node.iter, found),
    ast.AsyncFor: lambda node, found: _bind(node.target, node.iter, found),
    ast.withitem: _with,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.ExceptHandler: _captured,
    ast.MatchAs: _captured,
    ast.MatchStar: _captured,
    ast.MatchMapping: _captured,
    ast.Global: lambda node, found: found.outside.update(node.names),
    ast.Call: _called,
}
