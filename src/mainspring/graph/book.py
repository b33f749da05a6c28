"""The references of every symbol of a module, kept from one process to the next: they follow from its text alone."""

from pathlib import Path
from typing import Final, Protocol

from msgspec import MsgspecError
from msgspec.json import decode, encode

from mainspring.digest import tagged
from mainspring.graph.modules import Definition, Module
from mainspring.graph.references import References, references_of

__all__ = ["Book", "Memo"]

_READERS: Final = ("implicit.py", "modules.py", "references.py", "scopes.py", "sourcetext.py")


class Memo(Protocol):
    """Small texts by name that outlive the process. Called from the thread that owns the analysis."""

    def get(self, name: str) -> str | None:
        """Return the text, or None."""

    def set(self, name: str, value: str) -> None:
        """Keep the text."""


class Book:
    """References by symbol: a page a module, which counts as long as the module and its readers here are the same."""

    def __init__(self, memo: Memo | None = None) -> None:
        self._memo = memo
        self._pages: dict[Module, dict[str, References]] = {}
        self._grown: set[Module] = set()

    def of(self, definition: Definition) -> References:
        """Return what a symbol refers to."""
        module = definition.module
        if definition.kind == "statements":  # which they are depends on other modules too
            return references_of(definition.nodes, module)
        if module not in self._pages:
            self._pages[module] = self._kept(module)
        page = self._pages[module]
        if definition.name not in page:
            page[definition.name] = references_of(definition.nodes, module)
            self._grown.add(module)
        return page[definition.name]

    def keep(self) -> None:
        """Keep what was found out since it was kept last."""
        if self._memo is not None:
            for module in self._grown:
                page = (_mark(module), self._pages[module])
                self._memo.set(_name(module), encode(page).decode())
        self._grown.clear()

    def _kept(self, module: Module) -> dict[str, References]:
        text = None if self._memo is None else self._memo.get(_name(module))
        if text is None:
            return {}
        try:
            mark, page = decode(text, type=tuple[str, dict[str, References]])
        except MsgspecError:  # another version wrote it
            return {}
        return page if mark == _mark(module) else {}


def _name(module: Module) -> str:
    return f"references/{module.text.path}"


def _mark(module: Module) -> str:
    """Return what a page depends on: the module, and the code here that reads it."""
    text = module.text
    readers = [Path(__file__).with_name(name).stat() for name in _READERS]
    versions = [f"{reader.st_size} {reader.st_mtime_ns}" for reader in readers]
    return tagged("references/1", *versions, text.name, text.path, str(text.package), text.text)
