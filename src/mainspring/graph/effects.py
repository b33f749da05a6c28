"""Which definitions do more than define: they register, patch, or count something when their module is imported."""

import ast
from collections.abc import Iterable, Iterator

from mainspring.graph.modules import MUTATORS, Changes
from mainspring.graph.sourcetext import FUNCTIONS, dotted

__all__ = ["calls_on_import", "changes_in"]

_FRESH = (ast.Dict, ast.List, ast.Set, ast.Tuple, ast.Constant, ast.ListComp, ast.SetComp, ast.DictComp, ast.JoinedStr)
_MAKERS = frozenset(
    {"list", "dict", "set", "defaultdict", "OrderedDict", "Counter", "collections.defaultdict", "deque"}
)


def calls_on_import(node: ast.stmt, options: frozenset[str]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield (dotted name, whether it is a decorator) of what a definition calls when its module is imported.

    Those are decorators, metaclasses and bases (for `__init_subclass__`), and what an assignment calls.
    """
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        yield from _decorators(node, options)
    if isinstance(node, ast.ClassDef):
        for base in (*node.bases, *(keyword.value for keyword in node.keywords)):
            if dotted(base):
                yield tuple(dotted(base).split(".")), False
    elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign) and node.value is not None:
        for inner in ast.walk(node.value):
            if isinstance(inner, ast.Call) and dotted(inner):
                yield tuple(dotted(inner).split(".")), False
            elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
                yield ("", inner.func.attr), False


def _decorators(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, options: frozenset[str]
) -> Iterator[tuple[tuple[str, ...], bool]]:
    for decorator in node.decorator_list:
        name = tuple(dotted(decorator).split("."))
        if name[0] and ".".join(name) not in options:
            yield name, True


def changes_in(nodes: Iterable[ast.stmt]) -> Changes:
    """Return whether a function's source looks as if calling it changed what others see."""
    calls: dict[tuple[str, str], None] = {}
    surely = any([_changes(node, calls) for node in nodes])
    return Changes(surely, list(calls))


def _changes(node: ast.stmt, calls: dict[tuple[str, str], None]) -> bool:
    """Say whether a function surely changes what others see; note methods that would do so of a shared object."""
    own = _own_names(node)

    def outside(target: ast.AST) -> bool:
        if not isinstance(target, ast.Attribute | ast.Subscript):
            return isinstance(target, ast.Tuple | ast.List) and any(outside(part) for part in target.elts)
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
            return False
        return _root(target) not in own

    for inner in ast.walk(node):
        if isinstance(inner, ast.Global | ast.Nonlocal):
            return True
        if any(outside(target) for target in _targets(inner)):
            return True
        if isinstance(inner, ast.Call) and _call_changes(inner, own):
            return True
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            calls[_root(inner.func.value), inner.func.attr] = None
    return False


def _call_changes(node: ast.Call, own: set[str]) -> bool:
    if isinstance(node.func, ast.Name):
        return node.func.id in ("setattr", "delattr") and bool(node.args) and _root(node.args[0]) not in own
    return isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS and _root(node.func.value) not in own


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign | ast.Delete):
        return node.targets
    return [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []


def _own_names(node: ast.stmt) -> set[str]:
    """Return the names that hold only what the function made itself: inner functions and new containers."""
    made: set[str] = set()
    other: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, (*FUNCTIONS, ast.ClassDef)) and inner is not node:
            made.add(inner.name)
        elif isinstance(inner, ast.Assign | ast.AnnAssign):
            fresh = isinstance(inner.value, _FRESH) or dotted(inner.value or inner) in _MAKERS
            names = {target.id for target in _targets(inner) if isinstance(target, ast.Name)}
            (made if fresh else other).update(names)
    return made - other


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
