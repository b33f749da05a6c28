"""Which definitions do more than define: they register, patch, or count something when their module is imported."""

import ast
from collections.abc import Callable, Iterator

from mainspring.graph.modules import FUNCTIONS, Module
from mainspring.graph.sourcetext import dotted, option_decorators

__all__ = ["MUTATORS", "calls_on_import", "changes_outside"]

MUTATORS = frozenset(
    {"append", "add", "update", "insert", "extend", "setdefault", "register", "pop", "remove", "clear", "discard"}
    | {"appendleft", "put", "popitem", "__setitem__", "__setattr__", "sort", "reverse", "set"}
)
_FRESH = (ast.Dict, ast.List, ast.Set, ast.Tuple, ast.Constant, ast.ListComp, ast.SetComp, ast.DictComp, ast.JoinedStr)
_MAKERS = frozenset(
    {"list", "dict", "set", "defaultdict", "OrderedDict", "Counter", "collections.defaultdict", "deque"}
)


def calls_on_import(module: Module, node: ast.stmt) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield (dotted name, whether it is a decorator) of what a definition calls when its module is imported.

    Those are decorators, metaclasses and bases (for `__init_subclass__`), and what an assignment calls.
    """
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        yield from _decorators(module, node)
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
    module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
) -> Iterator[tuple[tuple[str, ...], bool]]:
    options = option_decorators(module)
    for decorator in node.decorator_list:
        name = tuple(dotted(decorator).split("."))
        if name[0] and ".".join(name) not in options:
            yield name, True


def changes_outside(node: ast.stmt, is_shared: Callable[[str, str], bool]) -> bool:
    """Say whether a function's source looks as if calling it changed what others see.

    Args:
        node: The definition.
        is_shared: Whether a name is a global object of the project, and an attribute of it a method of the project's.
    """
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
        if isinstance(inner, ast.Call) and _call_changes(inner, own, is_shared):
            return True
    return False


def _call_changes(node: ast.Call, own: set[str], is_shared: Callable[[str, str], bool]) -> bool:
    if isinstance(node.func, ast.Name):
        return node.func.id in ("setattr", "delattr") and bool(node.args) and _root(node.args[0]) not in own
    if not isinstance(node.func, ast.Attribute):
        return False
    root = _root(node.func.value)
    return (node.func.attr in MUTATORS and root not in own) or is_shared(root, node.func.attr)


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
