"""Methods that Python calls without naming them, and the expressions whose values cannot be a project's own objects."""

import ast
from collections.abc import Callable, Iterable

__all__ = ["BUILTIN_METHODS", "implicit_methods", "is_plain", "plain_annotation"]

_BINARY: dict[type, str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.MatMult: "matmul",
    ast.Div: "truediv",
    ast.FloorDiv: "floordiv",
    ast.Mod: "mod",
    ast.Pow: "pow",
    ast.LShift: "lshift",
    ast.RShift: "rshift",
    ast.BitAnd: "and",
    ast.BitOr: "or",
    ast.BitXor: "xor",
}
_UNARY: dict[type, tuple[str, ...]] = {
    ast.USub: ("__neg__",),
    ast.UAdd: ("__pos__",),
    ast.Invert: ("__invert__",),
    ast.Not: ("__bool__", "__len__"),
}
_COMPARE: dict[type, tuple[str, ...]] = {
    ast.Lt: ("__lt__", "__gt__"),
    ast.Gt: ("__gt__", "__lt__"),
    ast.LtE: ("__le__", "__ge__"),
    ast.GtE: ("__ge__", "__le__"),
    ast.Eq: ("__eq__",),
    ast.NotEq: ("__ne__", "__eq__"),
    ast.In: ("__contains__", "__iter__", "__next__", "__getitem__", "__eq__", "__hash__"),
    ast.NotIn: ("__contains__", "__iter__", "__next__", "__getitem__", "__eq__", "__hash__"),
}
_ITEM: dict[type, str] = {ast.Load: "__getitem__", ast.Store: "__setitem__", ast.Del: "__delitem__"}
_ITERATION = ("__iter__", "__next__", "__getitem__", "__len__")
_TRUTH = ("__bool__", "__len__")
_TEXT = ("__str__", "__repr__", "__format__")
_KEY = ("__hash__", "__eq__")
_ORDER = ("__lt__", "__gt__")
# What methods of the language's own types call on their arguments and on what they hold.
_METHODS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("format", "write", "format_map"), _TEXT),
    **dict.fromkeys(("join", "extend", "fromkeys", "writelines", "chain"), _ITERATION),
    **dict.fromkeys(("index", "count", "remove"), ("__eq__",)),
    **dict.fromkeys(("add", "discard", "update", "union", "intersection", "difference"), (*_ITERATION, *_KEY)),
    **dict.fromkeys(("get", "setdefault", "pop"), _KEY),
    "sort": _ORDER,
}

BUILTIN_METHODS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("str", "repr", "ascii", "print", "format"), _TEXT),
    **dict.fromkeys(("list", "tuple", "zip", "enumerate", "iter", "next", "map", "filter"), _ITERATION),
    **dict.fromkeys(("set", "frozenset"), (*_ITERATION, *_KEY)),
    **dict.fromkeys(("any", "all", "filter"), (*_ITERATION, *_TRUTH)),
    **dict.fromkeys(("min", "max", "sorted"), (*_ITERATION, *_ORDER)),
    **dict.fromkeys(("int", "range", "hex", "oct", "bin", "chr"), ("__int__", "__index__", "__trunc__")),
    "dict": (*_ITERATION, *_KEY, "keys"),
    "sum": (*_ITERATION, "__add__", "__radd__"),
    "reversed": (*_ITERATION, "__reversed__"),
    "len": ("__len__",),
    "bool": _TRUTH,
    "float": ("__float__", "__index__"),
    "complex": ("__complex__", "__float__", "__index__"),
    "bytes": ("__bytes__", *_ITERATION),
    "hash": ("__hash__",),
    "abs": ("__abs__",),
    "round": ("__round__",),
    "divmod": ("__divmod__", "__rdivmod__"),
    "pow": ("__pow__", "__rpow__"),
    "open": ("__fspath__",),
    "dir": ("__dir__",),
    "isinstance": ("__instancecheck__", "__class__"),
    "issubclass": ("__subclasscheck__", "__subclasshook__"),
    "callable": ("__call__",),
    "aiter": ("__aiter__",),
    "anext": ("__anext__",),
}
_PLAIN_RESULT = frozenset(
    {"len", "int", "float", "str", "bool", "repr", "ascii", "range", "hash", "bytes", "complex", "isinstance", "open"}
    | {"issubclass", "callable", "ord", "chr", "hex", "oct", "bin", "format", "id", "any", "all", "print", "type"}
)
_SCALARS = frozenset({"int", "float", "str", "bool", "bytes", "complex", "None", "range", "bytearray"})
_FRAMES = frozenset(
    {"DataFrame", "LazyFrame", "Series", "ndarray", "Table", "RecordBatch", "Tensor", "Path", "File", "Folder"}
    | {"datetime", "date", "timedelta", "Decimal", "NDArray"}
)
_CONTAINERS = frozenset(
    {"list", "dict", "tuple", "set", "frozenset", "Optional", "Union", "Literal", "Annotated", "Sequence", "Iterable"}
    | {"Mapping", "Iterator", "Collection", "List", "Dict", "Tuple", "Set", "Final", "NDArray"}
)


def implicit_methods(node: ast.AST) -> tuple[Iterable[ast.expr], tuple[str, ...]]:
    """Return the operands of a node, and the methods that Python may call on them without naming them."""
    found = _RULES.get(type(node))
    return found(node) if found is not None else ((), ())


def _binary(node: ast.BinOp) -> tuple[Iterable[ast.expr], tuple[str, ...]]:
    name = _BINARY[type(node.op)]
    text = _TEXT if isinstance(node.op, ast.Mod) else ()
    return (node.left, node.right), (f"__{name}__", f"__r{name}__", *text)


def _augmented(node: ast.AugAssign) -> tuple[Iterable[ast.expr], tuple[str, ...]]:
    name = _BINARY[type(node.op)]
    return (node.target, node.value), (f"__i{name}__", f"__{name}__", f"__r{name}__")


def _compared(node: ast.Compare) -> tuple[Iterable[ast.expr], tuple[str, ...]]:
    return (node.left, *node.comparators), tuple(name for op in node.ops for name in _COMPARE.get(type(op), ()))


def _attribute(node: ast.Attribute) -> tuple[Iterable[ast.expr], tuple[str, ...]]:
    if isinstance(node.ctx, ast.Load):
        return (node.value,), ("__getattr__", "__getattribute__")
    return (node.value,), ("__setattr__", "__delattr__")


def _call(node: ast.Call) -> tuple[Iterable[ast.expr], tuple[str, ...]]:
    called = _METHODS.get(node.func.attr, ()) if isinstance(node.func, ast.Attribute) else ()
    return (node.func, *(node.args if called else ())), ("__call__", *called)


def _unpacked(node: ast.Assign) -> tuple[Iterable[ast.expr], tuple[str, ...]]:
    unpacks = any(isinstance(target, ast.Tuple | ast.List) for target in node.targets)
    return ((node.value,), _ITERATION) if unpacks else ((), ())


_RULES: dict[type, Callable[..., tuple[Iterable[ast.expr], tuple[str, ...]]]] = {
    ast.BinOp: _binary,
    ast.AugAssign: _augmented,
    ast.Compare: _compared,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.Assign: _unpacked,
    ast.UnaryOp: lambda node: ((node.operand,), _UNARY[type(node.op)]),
    ast.Subscript: lambda node: ((node.value,), (_ITEM[type(node.ctx)],)),
    ast.For: lambda node: ((node.iter,), _ITERATION),
    ast.comprehension: lambda node: ((node.iter, *node.ifs), (*_ITERATION, *_TRUTH, "__aiter__", "__anext__")),
    ast.Starred: lambda node: ((node.value,), _ITERATION),
    ast.YieldFrom: lambda node: ((node.value,), _ITERATION),
    ast.AsyncFor: lambda node: ((node.iter,), ("__aiter__", "__anext__")),
    ast.Await: lambda node: ((node.value,), ("__await__",)),
    ast.withitem: lambda node: ((node.context_expr,), ("__enter__", "__exit__", "__aenter__", "__aexit__")),
    ast.If: lambda node: ((node.test,), _TRUTH),
    ast.While: lambda node: ((node.test,), _TRUTH),
    ast.IfExp: lambda node: ((node.test,), _TRUTH),
    ast.Assert: lambda node: ((node.test,), _TRUTH),
    ast.BoolOp: lambda node: (node.values, _TRUTH),
    ast.FormattedValue: lambda node: ((node.value,), _TEXT),
    ast.Set: lambda node: (node.elts, _KEY),
    ast.Dict: lambda node: ([key for key in node.keys if key is not None], _KEY),
    ast.Match: lambda node: ((node.subject,), ("__eq__", "__match_args__", *_ITERATION)),
}


def is_plain(node: ast.AST | None, name_is_plain: Callable[[str], bool]) -> bool:
    """Say whether an expression's value is of no project class, unless its own source names or makes it.

    Args:
        node: The expression.
        name_is_plain: Whether that holds for a name.
    """
    if isinstance(node, ast.Name):
        return name_is_plain(node.id)
    if isinstance(node, ast.Call):
        return _call_is_plain(node, name_is_plain)
    if isinstance(node, ast.Lambda | ast.JoinedStr):
        return True
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp | ast.Yield | ast.YieldFrom):
        return False
    return node is None or all(
        is_plain(inner, name_is_plain) for inner in ast.iter_child_nodes(node) if isinstance(inner, ast.expr)
    )


def _call_is_plain(node: ast.Call, name_is_plain: Callable[[str], bool]) -> bool:
    if isinstance(node.func, ast.Name) and node.func.id in _PLAIN_RESULT and name_is_plain(node.func.id):
        return True
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    return all(is_plain(inner, name_is_plain) for inner in (node.func, *arguments))


def plain_annotation(node: ast.expr | None) -> bool:
    """Say whether a value of that annotation is of no project class: numbers, text, frames, and containers of them."""
    if isinstance(node, ast.Constant):
        return node.value is None or (isinstance(node.value, str) and _plain_text(node.value))
    if isinstance(node, ast.Name | ast.Attribute):
        return (node.id if isinstance(node, ast.Name) else node.attr) in _SCALARS | _FRAMES
    if isinstance(node, ast.BinOp):
        return plain_annotation(node.left) and plain_annotation(node.right)
    if isinstance(node, ast.Subscript):
        return _plain_container(node)
    return False


def _plain_text(text: str) -> bool:
    try:
        return plain_annotation(ast.parse(text, mode="eval").body)
    except SyntaxError:
        return False


def _plain_container(node: ast.Subscript) -> bool:
    name = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
    if name == "Literal":
        return True
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if name == "Annotated":
        parts = parts[:1]
    return name in _CONTAINERS and all(
        plain_annotation(part) or (isinstance(part, ast.Constant) and part.value is ...) for part in parts
    )
