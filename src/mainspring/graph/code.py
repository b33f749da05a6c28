"""The identity of a step's code: a digest over everything in the project that it can reach, symbol by symbol.

docs/decisions/0001-code-identity.md says what counts, what does not, and what cannot be seen. Where a reference cannot be
resolved, more counts, never less.
"""

import ast
import builtins
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from inspect import unwrap
from types import FunctionType, MethodType
from typing import Any, Protocol

from mainspring.digest import canonical, tagged
from mainspring.errors import SourceError, UnstorableError
from mainspring.graph.modules import FUNCTIONS, Definition, Import, Module, ModuleText, parse_module
from mainspring.graph.references import References, option_decorators, own_source, references_of

__all__ = ["MISSING", "Code", "CodeIndex", "Sources", "Symbol", "SymbolChange", "diff", "from_record", "to_record"]

MISSING = object()
_STATEMENTS = "<statements>"
_MUTATORS = frozenset(
    {"append", "add", "update", "insert", "extend", "setdefault", "register", "pop", "remove", "clear"}
)


class Sources(Protocol):
    """Where the analysis gets source and live values from; it reads nothing itself.

    Threads: one. Ownership: the caller's. Errors: a module that is not project code, or that does not exist, is None.
    """

    def module(self, name: str) -> ModuleText | None:
        """Return the source of a project module by its dotted name; None for everything that is not project code."""

    def name_of(self, module: str) -> str:
        """Return the name that a module's identity has: that of its file, never `__main__`."""

    def value(self, module: str, name: str) -> object:
        """Return the live value of a module's global, or `MISSING`."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol that a step reaches.

    Attributes:
        name: `features.py::build_lags`.
        digest: Digest of its own source and value.
        path: File of the module.
        first: First line.
        last: Last line.
    """

    name: str
    digest: str
    path: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Code:
    """What a step's code reaches.

    Attributes:
        digest: The identity of all of it.
        symbols: Every symbol, by name.
        modules: Project modules that it reaches.
        imports: Top-level names of the modules outside the project that it imports.
        remarks: What could not be resolved, so that more counts.
    """

    digest: str
    symbols: tuple[Symbol, ...]
    modules: tuple[str, ...]
    imports: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SymbolChange:
    """A symbol that is `changed`, `added` or `removed` between two versions of a step's code."""

    name: str
    kind: str
    path: str
    first: int
    last: int


@dataclass(slots=True)
class _Reach:
    """What one symbol leads to, in one step: worked out once for each symbol."""

    definitions: list[Definition] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    remarks: list[str] = field(default_factory=list)


class CodeIndex:
    """Makes code identities. Each module is parsed once, each symbol resolved once; a step costs what it reaches."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._modules: dict[str, Module | None] = {}
        self._reaches: dict[Definition, _Reach] = {}
        self._symbols: dict[Definition, Symbol] = {}
        self._statements: dict[str, Definition] = {}
        self._closures: dict[str, list[Module]] = {}
        self._methods: dict[str, dict[str, list[Definition]]] = {}

    def code_of(self, fn: Callable[..., Any]) -> Code:
        """Return the identity of a function's code.

        Raises:
            SourceError: The function has no source that can be read.
        """
        extra: list[tuple[str, str]] = []
        roots = list(self._roots(fn, extra, set()))
        reached, imports, remarks = self._walk(roots)
        symbols = sorted((self._symbol(found) for found in reached), key=lambda symbol: symbol.name)
        pre_image = [piece for symbol in symbols for piece in (symbol.name, symbol.digest)]
        pre_image += [piece for pair in extra for piece in pair]
        modules = sorted({found.module.text.name for found in reached})
        return Code(
            tagged("code/1", *pre_image),
            tuple(symbols),
            tuple(modules),
            tuple(sorted(imports)),
            tuple(dict.fromkeys(remarks)),
        )

    def _roots(self, fn: object, extra: list[tuple[str, str]], seen: set[int]) -> Iterator[Definition]:
        """Yield the symbols of a live function, and of what it carries: its closure, defaults and what it wraps."""
        if id(fn) in seen:
            return
        seen.add(id(fn))
        if isinstance(fn, partial):
            for value in (fn.func, *fn.args, *fn.keywords.values()):
                yield from self._carried("partial", value, extra, seen)
            return
        if isinstance(fn, MethodType):
            yield from self._carried("self", fn.__self__, extra, seen)
            fn = fn.__func__
        inner = unwrap(fn) if callable(fn) else fn
        if inner is not fn:
            yield from self._roots(inner, extra, seen)
        if not isinstance(fn, FunctionType):
            return
        found = self._definition_of(fn)
        if found is not None:
            yield found
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            yield from self._carried(f"closure {name}", value, extra, seen)
        for value in (*(fn.__defaults__ or ()), *(fn.__kwdefaults__ or {}).values()):
            yield from self._carried("default", value, extra, seen)

    def _carried(self, place: str, value: object, extra: list[tuple[str, str]], seen: set[int]) -> Iterator[Definition]:
        live = getattr(value, "fn", value)
        if isinstance(live, FunctionType | MethodType | partial):
            yield from self._roots(live, extra, seen)
            return
        kind = value if isinstance(value, type) else type(value)
        module = self._module(self._sources.name_of(kind.__module__))
        if module is not None and kind.__qualname__.split(".")[0] in module.definitions:
            yield module.definitions[kind.__qualname__.split(".")[0]]
        if not isinstance(value, type):
            extra.append((place, _plain_digest(value)))

    def _definition_of(self, fn: FunctionType) -> Definition | None:
        module = self._module(self._sources.name_of(fn.__module__))
        if module is None:
            if self._outside(fn.__module__):
                return None
            raise SourceError(
                f"The source of '{fn.__qualname__}' in module '{fn.__module__}' cannot be read",
                f"{fn.__code__.co_filename}:{fn.__code__.co_firstlineno}",
                "Define it in a .py file of the project.",
            )
        top = fn.__qualname__.split(".")[0]
        found = module.definitions.get(top)
        if found is None:
            raise SourceError(
                f"There is no '{top}' in the source of module '{module.text.name}'",
                f"{module.text.path}:{fn.__code__.co_firstlineno}",
                "Save the file, and define the step with def at the top level.",
            )
        return found

    def _outside(self, module: str) -> bool:
        top = module.split(".")[0]
        return top in sys.stdlib_module_names or getattr(sys.modules.get(module), "__file__", None) is not None

    def _walk(self, roots: Iterable[Definition]) -> tuple[set[Definition], set[str], list[str]]:
        reached: set[Definition] = set()
        imports: set[str] = set()
        remarks: list[str] = []
        modules: set[str] = set()
        front = list(roots)
        while front:
            found = front.pop()
            if found in reached:
                continue
            reached.add(found)
            reach = self._reach(found)
            imports |= reach.imports
            remarks += reach.remarks
            front += reach.definitions
            for module in (found.module, *reach.modules):
                if module.text.name not in modules:
                    modules.add(module.text.name)
                    front += [self._acting(other) for other in self._import_closure(module)]
        return {found for found in reached if found.nodes}, imports, remarks

    def _symbol(self, definition: Definition) -> Symbol:
        known = self._symbols.get(definition)
        if known is None:
            text = definition.module.text
            value = ""
            if definition.kind == "constant":
                live = self._sources.value(text.name, definition.name)
                value = "" if live is MISSING else _plain_digest(live)
            first = min(_first_line(node) for node in definition.nodes)
            last = max(node.end_lineno or node.lineno for node in definition.nodes)
            digest = tagged("symbol/1", own_source(definition), value)
            known = Symbol(f"{text.path}::{definition.name}", digest, text.path, first, last)
            self._symbols[definition] = known
        return known

    def _reach(self, definition: Definition) -> _Reach:
        known = self._reaches.get(definition)
        if known is None:
            known = self._reaches[definition] = _Reach()
            if definition.nodes:
                self._resolve_all(definition, references_of(definition.nodes, definition.module), known)
            if definition.kind == "method":
                known.definitions.append(definition.module.definitions[definition.name.split(".")[0]])
        return known

    def _resolve_all(self, definition: Definition, found: References, reach: _Reach) -> None:
        module = definition.module
        for chain in found.chains:
            bindings = found.imports.get(chain[0], [])
            for binding in bindings:
                self._resolve_import(binding, chain[1:], reach, set())
            if not bindings:
                self._resolve(module, chain, reach, set())
        for attribute in found.attributes:
            self._resolve_attribute(module, attribute, reach)
        for name in found.modules:
            self._whole(name, reach)
        if found.dynamic:
            reach.definitions += module.definitions.values()
        for line, called in found.dynamic:
            reach.remarks.append(f"{called} at {module.text.path}:{line}: the whole module counts")
        if found.imports_anything:
            for other in self._import_closure(module):
                reach.definitions += other.definitions.values()

    def _resolve(self, module: Module, chain: tuple[str, ...], reach: _Reach, seen: set[tuple[str, str]]) -> None:
        """Follow a dotted name that begins with a global of `module`."""
        name, rest = chain[0], chain[1:]
        if (module.text.name, name) in seen:
            return
        seen.add((module.text.name, name))
        known = False
        if name in module.definitions:
            known = True
            reach.definitions.append(module.definitions[name])
            for attribute in rest:
                self._resolve_attribute(module, attribute, reach)
        for binding in module.imports.get(name, []):
            known = True
            self._resolve_import(binding, rest, reach, seen)
        if known or hasattr(builtins, name):
            return
        for star in module.stars:
            inner = self._module(star)
            if inner is None:
                reach.imports.add(star.split(".")[0])
            else:
                reach.remarks.append(f"star import of {star} in {module.text.path}: the whole module counts")
                self._whole(star, reach)
        getter = module.definitions.get("__getattr__")
        if getter is not None:
            reach.definitions.append(getter)

    def _resolve_import(
        self, binding: Import, rest: tuple[str, ...], reach: _Reach, seen: set[tuple[str, str]]
    ) -> None:
        target, names = binding.module, rest
        if binding.name is not None:
            names = (binding.name, *rest)
        module = self._module(target)
        self._packages(target, reach)
        if module is None:
            if binding.name is not None and self._module(f"{target}.{binding.name}") is not None:
                self._resolve_import(Import(f"{target}.{binding.name}"), rest, reach, seen)
            else:
                reach.imports.add(target.split(".")[0])
            return
        while (
            names and (inner := self._module(f"{target}.{names[0]}")) is not None and names[0] not in module.definitions
        ):
            target, names, module = f"{target}.{names[0]}", names[1:], inner
        reach.modules.append(module)
        if names:
            self._resolve(module, names, reach, seen)
        else:
            # The module itself is passed around: anything in it may be used.
            reach.definitions += module.definitions.values()

    def _packages(self, name: str, reach: _Reach) -> None:
        """Importing a module runs the `__init__` of every package above it."""
        parts = name.split(".")
        for count in range(1, len(parts)):
            package = self._module(".".join(parts[:count]))
            if package is not None:
                reach.modules.append(package)

    def _resolve_attribute(self, module: Module, attribute: str, reach: _Reach) -> None:
        reach.definitions += self._methods_near(module).get(attribute, [])

    def _methods_near(self, module: Module) -> dict[str, list[Definition]]:
        """Return every project method by name, of all modules that this one can have objects of."""
        name = module.text.name
        if name not in self._methods:
            table: dict[str, list[Definition]] = {}
            for other in self._import_closure(module):
                for method, found in other.methods.items():
                    table.setdefault(method, []).extend(found)
            self._methods[name] = table
        return self._methods[name]

    def _whole(self, name: str, reach: _Reach) -> None:
        module = self._module(name)
        if module is None:
            reach.imports.add(name.split(".")[0])
            return
        reach.modules.append(module)
        reach.definitions += module.definitions.values()

    def _acting(self, module: Module) -> Definition:
        """Return the statements of a module that act when it is imported, registering decorators included."""
        name = module.text.name
        if name not in self._statements:
            nodes = list(module.acting)
            for found in module.definitions.values():
                nodes += [node for node in found.nodes if self._registers(module, node)]
            nodes.sort(key=lambda node: node.lineno)
            self._statements[name] = Definition(module, _STATEMENTS, "statements", nodes)
        return self._statements[name]

    def _registers(self, module: Module, node: ast.stmt) -> bool:
        """Say whether a decorator of a definition may do more than change what it decorates."""
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            return False
        options = option_decorators(module)
        for decorator in node.decorator_list:
            for chain in references_of([decorator], module).chains:
                if ".".join(chain[:2]) in options or chain[0] in options:
                    continue
                reach = _Reach()
                self._resolve(module, chain, reach, set())
                if any(_changes_outside(inner) for found in reach.definitions for inner in found.nodes):
                    return True
        return False

    def _import_closure(self, module: Module) -> list[Module]:
        """Return a module and every project module that importing it imports, in a stable order."""
        name = module.text.name
        if name not in self._closures:
            found: dict[str, Module] = {}
            front = [module]
            while front:
                inner = front.pop()
                if inner.text.name in found:
                    continue
                found[inner.text.name] = inner
                for imported in inner.imported:
                    parts = imported.split(".")
                    names = [".".join(parts[: count + 1]) for count in range(len(parts))]
                    front += [other for other in map(self._module, names) if other is not None]
            self._closures[name] = [found[key] for key in sorted(found)]
        return self._closures[name]

    def _module(self, name: str) -> Module | None:
        if name not in self._modules:
            text = self._sources.module(name)
            self._modules[name] = None if text is None else parse_module(text)
        return self._modules[name]


def _first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _changes_outside(node: ast.stmt) -> bool:
    """Say whether a decorator's source looks as if it kept what it decorates somewhere."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Global | ast.Nonlocal):
            return True
        if isinstance(inner, ast.Assign | ast.AugAssign):
            targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
            if any(isinstance(target, ast.Subscript | ast.Attribute) for target in targets):
                return True
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr in _MUTATORS:
            return True
    return False


def _plain_digest(value: object) -> str:
    """Return the digest of a plain value, or the name of its type: such a value counts by its source alone."""
    try:
        return tagged("constant/1", canonical(value))
    except UnstorableError:
        return tagged("constant/1", "opaque", type(value).__module__, type(value).__qualname__)


def diff(old: Code, new: Code) -> list[SymbolChange]:
    """Return the symbols that differ between two versions of a step's code, by name."""
    before = {symbol.name: symbol for symbol in old.symbols}
    now = {symbol.name: symbol for symbol in new.symbols}
    found = []
    for name in sorted({*before, *now}):
        kind = "added" if name not in before else "removed" if name not in now else "changed"
        symbol = now.get(name) or before[name]
        if kind != "changed" or before[name].digest != now[name].digest:
            found.append(SymbolChange(name, kind, symbol.path, symbol.first, symbol.last))
    return sorted(found, key=lambda change: ("changed", "added", "removed").index(change.kind))


def to_record(code: Code) -> dict[str, Any]:
    """Return a code identity as data for JSON."""
    return {"format": 1, **asdict(code)}


def from_record(record: dict[str, Any]) -> Code:
    """Return the code identity that `to_record` wrote.

    Raises:
        SourceError: A newer version of Mainspring wrote it.
    """
    if record.get("format") != 1:
        raise SourceError(f"A code record has format {record.get('format')!r}", None, "Upgrade Mainspring.")
    symbols = tuple(Symbol(**symbol) for symbol in record["symbols"])
    return Code(record["digest"], symbols, tuple(record["modules"]), tuple(record["imports"]), tuple(record["remarks"]))
