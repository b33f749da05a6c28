"""Where the code of a step looks as if what it returns could move: evidence beside what was observed, never alone."""

import ast
from collections.abc import Iterator, Mapping

from msgspec import Struct

from mainspring.graph.code import Code

__all__ = ["Suspect", "audit"]

_CLOCKS = frozenset(
    {"time", "time_ns", "perf_counter", "monotonic", "process_time", "now", "utcnow", "today", "localtime", "ctime"}
)
_CLOCK_ROOTS = frozenset({"time", "datetime", "date", "dt"})
_GENERATORS = frozenset({"default_rng", "Random", "RandomState", "Generator", "SystemRandom"})
_DRAWS = frozenset({"urandom", "uuid1", "uuid4", "token_hex", "token_bytes", "randbits", "randbelow", "SystemRandom"})
_LISTINGS = frozenset({"listdir", "scandir", "walk", "glob", "iglob", "rglob", "iterdir"})
_THREADED = frozenset({"ThreadPoolExecutor", "ThreadPool", "Thread", "as_completed", "imap_unordered", "cpu_count"})
_PLACES = frozenset({"getcwd", "cwd", "mkdtemp", "mkstemp", "NamedTemporaryFile", "abspath", "absolute", "resolve"})
_ZONES = frozenset({"localtime", "mktime", "fromtimestamp", "astimezone", "tzset"})
_LOCALES = frozenset({"setlocale", "strcoll", "strxfrm", "getpreferredencoding", "format_string"})
_ORDERED = frozenset({"sorted", "len", "sum", "min", "max", "any", "all", "set", "frozenset", "bool"})


class Suspect(Struct, frozen=True):
    """A place in the code of a step.

    Attributes:
        name: Which perturbation would move it.
        what: The call, or what is done there.
        where: `file:line`.
    """

    name: str
    what: str
    where: str


def audit(code: Code | None, sources: Mapping[str, str]) -> tuple[Suspect, ...]:
    """Return the suspicious places of a step, in the order of its code.

    Args:
        code: What the step reaches; None when that is not known.
        sources: Text of each file, by path.
    """
    found: dict[Suspect, None] = {}
    for symbol in code.symbols if code is not None else ():
        text = sources.get(symbol.path)
        if text is None:
            continue
        try:
            tree = ast.parse(text)
        except SyntaxError:  # written for another Python
            continue
        for line, name, what in _suspects(tree):
            if symbol.first <= line <= symbol.last:
                found[Suspect(name, what, f"{symbol.path}:{line}")] = None
    return tuple(found)


def _suspects(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    calm = _calm(tree)
    sets = _set_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _call(node, calm, sets)
        elif isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter, sets) and node.iter not in calm:
            yield node.iter.lineno, "hash seed", "goes through a set"
        elif isinstance(node, ast.Subscript | ast.Constant) and _threads_variable(node):
            yield node.lineno, "threads", "reads the number of threads"


def _call(node: ast.Call, calm: set[ast.AST], sets: set[str]) -> Iterator[tuple[int, str, str]]:
    name, root = _name(node.func), _root(node.func)
    shown = f"{f'{root}.' if root else ''}{name}()"
    by_name = {
        "unseeded random": name in _DRAWS or (name in _GENERATORS and not node.args and not node.keywords),
        "wall clock": name in _CLOCKS and (root in _CLOCK_ROOTS or not root),
        "file order": name in _LISTINGS and node not in calm,
        "threads": name in _THREADED,
        "working directory": name in _PLACES,
        "time zone": name in _ZONES,
        "locale": name in _LOCALES,
        "hash seed": name == "hash",
    }
    yield from ((node.lineno, kind, shown) for kind, holds in by_name.items() if holds)
    if name in ("list", "tuple", "enumerate", "join", "array") and node.args and _is_set(node.args[0], sets):
        yield node.lineno, "hash seed", f"{name}() of a set"
    if name == "open" and len(node.args) < 2 and not any(one.arg in ("encoding", "mode") for one in node.keywords):
        yield node.lineno, "locale", "open() without an encoding"


def _calm(tree: ast.AST) -> set[ast.AST]:
    """Return what is an argument of a call to which the order does not matter."""
    return {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _name(node.func) in _ORDERED
        for argument in node.args
        for inner in ast.walk(argument)
    }


def _set_names(tree: ast.AST) -> set[str]:
    return {
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and _is_set(node.value, set())
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def _is_set(node: ast.AST, names: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.BinOp):
        return _is_set(node.left, names) or _is_set(node.right, names)
    return isinstance(node, ast.Set | ast.SetComp) or (
        isinstance(node, ast.Call) and _name(node.func) in ("set", "frozenset", "union", "intersection", "difference")
    )


def _threads_variable(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.endswith("_NUM_THREADS")


def _name(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _root(node: ast.AST) -> str:
    return _name(node.value) if isinstance(node, ast.Attribute) else ""
