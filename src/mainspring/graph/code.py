"""The identity of a step's code: a digest over everything in the project that it can reach, symbol by symbol.

docs/decisions/0001-code-identity.md says what counts, what does not, and what cannot be seen. Where a reference cannot
be resolved, more counts, never less.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from inspect import unwrap
from types import FunctionType, MethodType
from typing import Any, Protocol

from msgspec import Struct, convert, to_builtins

from mainspring.digest import tagged
from mainspring.errors import SourceError
from mainspring.graph.book import Book, Memo
from mainspring.graph.constants import Values, closure_of, defaults_of, live_parts
from mainspring.graph.modules import Definition
from mainspring.graph.reach import ModuleReader, Reaches

__all__ = ["MISSING", "Code", "CodeIndex", "Sources", "Symbol", "SymbolChange", "diff", "from_record", "to_record"]

MISSING = object()


class Sources(ModuleReader, Protocol):
    """Where the analysis gets source and live values from; it reads nothing itself.

    Threads: one. Ownership: the caller's. Errors: a module that is not project code, or that does not exist, is None.
    """

    def name_of(self, module: str) -> str:
        """Return the name that a module's identity has: that of its file, never `__main__`."""

    def value(self, module: str, name: str) -> object:
        """Return the live value of a module's global, or `MISSING`."""

    def digest(self, value: object) -> str | None:
        """Return the digest of a live value, the same wherever the project lies; None for what has none."""


class Symbol(Struct, frozen=True):
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


class Code(Struct, frozen=True):
    """What a step's code reaches.

    Attributes:
        digest: The identity of all of it.
        symbols: Every symbol, by name.
        modules: Project modules that it reaches, and those that they import.
        imports: Top-level names of the modules outside the project that it imports.
        remarks: What could not be resolved, so that more counts.
    """

    digest: str
    symbols: tuple[Symbol, ...]
    modules: tuple[str, ...]
    imports: tuple[str, ...]
    remarks: tuple[str, ...]


class SymbolChange(Struct, frozen=True):
    """A symbol that is `changed`, `added` or `removed` between two versions of a step's code."""

    name: str
    kind: str
    path: str
    first: int
    last: int


class CodeIndex:
    """Makes code identities. Each module is read once, each symbol resolved once; a step costs what it reaches."""

    def __init__(self, sources: Sources, memo: Memo | None = None) -> None:
        self._sources = sources
        self._book = Book(memo)
        self._reaches = Reaches(sources, self._book)
        self._symbols: dict[Definition, Symbol] = {}
        self._values = Values(sources.digest, self._is_ours)

    def code_of(self, fn: Callable[..., Any]) -> Code:
        """Return the identity of a function's code.

        Raises:
            SourceError: The function has no source that can be read.
        """
        extra: list[tuple[str, str]] = []
        roots = list(self._roots(fn, extra, set()))
        reached, modules, imports, remarks = self._walk(roots)
        symbols = sorted((self._symbol(found) for found in reached), key=lambda symbol: symbol.name)
        pre_image = [piece for symbol in symbols for piece in (symbol.name, symbol.digest)]
        pre_image += [piece for pair in extra for piece in pair]
        return Code(
            tagged("code/1", *pre_image),
            tuple(symbols),
            tuple(sorted(modules)),
            tuple(sorted(imports)),
            tuple(dict.fromkeys(remarks)),
        )

    def keep(self) -> None:
        """Keep for later processes what was found out about the text of modules."""
        self._book.keep()

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
        inner = unwrap(fn) if callable(fn) and hasattr(fn, "__wrapped__") else fn
        if inner is not fn:
            yield from self._roots(inner, extra, seen)
        if not isinstance(fn, FunctionType):
            return
        found = self._definition_of(fn)
        if found is not None:
            yield found
        for place, value in (*closure_of(fn), *defaults_of(fn)):
            yield from self._carried(place, value, extra, seen)

    def _carried(self, place: str, value: object, extra: list[tuple[str, str]], seen: set[int]) -> Iterator[Definition]:
        live = getattr(value, "fn", value)
        if isinstance(live, FunctionType | MethodType | partial):
            yield from self._roots(live, extra, seen)
            return
        kind = value if isinstance(value, type) else type(value)
        module = self._reaches.module(self._sources.name_of(kind.__module__))
        if module is not None and kind.__qualname__.split(".")[0] in module.definitions:
            yield module.definitions[kind.__qualname__.split(".")[0]]
        if not isinstance(value, type):
            extra.append((place, self._values.digest(value)))

    def _definition_of(self, fn: FunctionType) -> Definition | None:
        module = self._reaches.module(self._sources.name_of(fn.__module__))
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

    def _walk(self, roots: Iterable[Definition]) -> tuple[set[Definition], set[str], set[str], list[str]]:
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
            reach = self._reaches.of(found)
            imports |= reach.imports
            remarks += reach.remarks
            front += reach.named
            front += reach.possible
            for module in (found.module, *reach.modules):
                if module.text.name not in modules:
                    closure = self._reaches.imported_by(module)
                    front += [self._reaches.acting(other) for name, other in closure.items() if name not in modules]
                    modules.update(closure)
        files = {name for name in modules if self._is_file(name)}
        return {found for found in reached if found.nodes}, files, imports, sorted(remarks)

    def _is_file(self, name: str) -> bool:
        module = self._reaches.module(name)
        return module is not None and module.text.path.endswith(".py")

    def _symbol(self, definition: Definition) -> Symbol:
        known = self._symbols.get(definition)
        if known is None:
            text = definition.module.text
            told = self._book.told(definition)
            values = live_parts(definition, told, self._live(definition), self._values)
            statements = [definition.module.statements[number] for number in definition.nodes]
            first = min(statement.first for statement in statements)
            last = max(statement.last for statement in statements)
            digest = tagged("symbol/1", told.source, *values)
            known = Symbol(f"{text.path}::{definition.name}", digest, text.path, first, last)
            self._symbols[definition] = known
        return known

    def _is_ours(self, cls: type) -> bool:
        return self._reaches.module(self._sources.name_of(cls.__module__)) is not None

    def _live(self, definition: Definition) -> object:
        """Return the live value of a symbol; of a method, the function that its class has."""
        top, _, method = definition.name.partition(".")
        value = self._sources.value(definition.module.text.name, top)
        value = getattr(value, "fn", value) if definition.kind == "function" else value
        return vars(value).get(method, MISSING) if method and isinstance(value, type) else value


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
    return {"format": 1, **to_builtins(code)}


def from_record(record: dict[str, Any]) -> Code:
    """Return the code identity that `to_record` wrote.

    Raises:
        SourceError: A newer version of Mainspring wrote it.
    """
    if record.get("format") != 1:
        raise SourceError(f"A code record has format {record.get('format')!r}", None, "Upgrade Mainspring.")
    return convert(record, Code)
