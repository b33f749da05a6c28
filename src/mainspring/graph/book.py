"""What the text of each module says, kept from one process to the next: a module that did not change is not parsed."""

from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import MsgspecError, Struct, field
from msgspec.json import decode, encode

from mainspring.digest import tagged
from mainspring.digest.written import written
from mainspring.graph.modules import Changes, Definition, Import, Module, ModuleText, Statement, Told

if TYPE_CHECKING:
    from mainspring.graph.reading import Tree

__all__ = ["Book", "Memo"]

_READING: Final = "mainspring.graph.reading"


class Memo(Protocol):
    """Small texts by name that outlive the process. Called from the thread that owns the analysis."""

    def get(self, name: str) -> str | None:
        """Return the text, or None."""

    def set(self, name: str, value: str) -> None:
        """Keep the text."""


class _Entry(Struct, array_like=True):
    """A symbol on a page: its kind, its statements, and those of its parts."""

    kind: str
    nodes: list[int]
    parts: dict[str, list[int]]


class _Page(Struct, array_like=True):
    """A `Module` as it is kept, with what has been asked about its symbols. All of it follows from the text alone."""

    mark: str
    definitions: dict[str, _Entry]
    members: dict[str, list[str]]
    imports: dict[str, list[Import]]
    stars: list[str]
    imported: list[str]
    imports_inside: bool
    acting: list[int]
    options: frozenset[str]
    statements: list[Statement]
    told: dict[str, Told] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)


class Book:
    """What modules say: a page a module, which counts as long as the module and the code here are the same.

    What depends on other modules too is on no page: which statements act is worked out each time.
    """

    def __init__(self, memo: Memo | None = None) -> None:
        self._memo = memo
        self._analysis = "" if memo is None else written(Path(__file__).parent)
        self._pages: dict[Module, _Page] = {}
        self._trees: dict[Module, Tree] = {}
        self._grown: set[Module] = set()

    def module(self, text: ModuleText) -> Module:
        """Return what a module says.

        Raises:
            SourceError: The source is not valid Python.
        """
        mark = tagged("page/1", self._analysis, text.name, text.path, str(text.package), text.text)
        page = self._kept(text, mark)
        if page is not None:
            module = _module_of(page, text)
        else:
            tree = _reading().parse(text)
            module = _reading().outline(text, tree)
            page = _page_of(module, mark)
            self._trees[module] = tree
            self._grown.add(module)
        self._pages[module] = page
        return module

    def told(self, definition: Definition) -> Told:
        """Return what the source of a symbol tells."""
        told = self._pages[definition.module].told
        known = told.get(definition.name)
        if known is None or known.nodes != definition.nodes:
            known = told[definition.name] = _reading().tell(definition, self._tree(definition.module))
        return known

    def changes(self, definition: Definition) -> Changes:
        """Return whether calling a function or method changes what others see, as far as its module tells."""
        changes = self._pages[definition.module].changes
        if definition.name not in changes:
            changes[definition.name] = _reading().change(definition, self._tree(definition.module))
        return changes[definition.name]

    def keep(self) -> None:
        """Keep what was found out since it was kept last."""
        if self._memo is not None:
            for module in self._grown:
                with suppress(UnicodeEncodeError):  # half a surrogate pair as a name: such a module is read each time
                    self._memo.set(_name(module.text), encode(self._pages[module]).decode())
        self._grown.clear()

    def _tree(self, module: Module) -> "Tree":
        """Return the tree of a module of which something is asked that its page does not say yet."""
        self._grown.add(module)
        if module not in self._trees:
            self._trees[module] = _reading().parse(module.text)
        return self._trees[module]

    def _kept(self, text: ModuleText, mark: str) -> _Page | None:
        kept = None if self._memo is None else self._memo.get(_name(text))
        if kept is None:
            return None
        try:
            page = decode(kept, type=_Page)
        except MsgspecError:  # another version wrote it
            return None
        return page if page.mark == mark else None


def _reading() -> Any:
    """Return what reads text. It is loaded when there is some to read: a run without edits needs none of it."""
    return import_module(_READING)


def _name(text: ModuleText) -> str:
    return f"page/{text.path}"


def _page_of(module: Module, mark: str) -> _Page:
    return _Page(
        mark,
        {
            name: _Entry(found.kind, found.nodes, {inner: part.nodes for inner, part in found.parts.items()})
            for name, found in module.definitions.items()
        },
        {member: [owner.name for owner in owners] for member, owners in module.members.items()},
        module.imports,
        module.stars,
        module.imported,
        module.imports_inside,
        module.acting,
        module.options,
        module.statements,
    )


def _module_of(page: _Page, text: ModuleText) -> Module:
    module = Module(
        text,
        imports=page.imports,
        stars=page.stars,
        imported=page.imported,
        imports_inside=page.imports_inside,
        acting=page.acting,
        options=page.options,
        statements=page.statements,
    )
    for name, entry in page.definitions.items():
        found = module.definitions[name] = Definition(module, name, entry.kind, entry.nodes)
        for inner, nodes in entry.parts.items():
            found.parts[inner] = Definition(module, f"{name}.{inner}", "method", nodes)
    for member, owners in page.members.items():
        module.members[member] = [module.definitions[owner] for owner in owners]
    return module
