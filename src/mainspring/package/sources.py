"""Source stages: whole modules that import NumPy and the standard library alone, run only when they are trusted."""

import ast
import sys
from importlib.abc import InspectLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NamedTuple

from mainspring.digest import blob_of
from mainspring.errors import StageError
from mainspring.package.stages import SourceStage

__all__ = ["Source", "check_imports", "class_in", "source_of"]

_FIX: Final = "Put the class into a module of its own that imports NumPy and the standard library alone."
_BLOCKS: Final = ("body", "orelse", "finalbody", "handlers", "cases")
_DYNAMIC: Final = frozenset({"importlib", "runpy", "pickle", "shelve", "marshal"})


class Source(NamedTuple):
    """The source of a stage.

    Attributes:
        text: Its whole module.
        name: The name of its class.
        digest: BLAKE3 of the text in UTF-8: what is trusted, or not.
    """

    text: str
    name: str
    digest: str


def source_of(stage: object) -> Source:
    """Return the source of a stage of the project.

    Raises:
        StageError: It cannot be packaged as source; the cause is told.
    """
    kind = type(stage)
    if not isinstance(stage, SourceStage):
        raise StageError(
            f"A {kind.__name__} has no 'state' and 'from_state'", fix="Write both, or wrap a fitted model in Models."
        )
    if "." in kind.__qualname__:
        raise StageError(f"{kind.__qualname__} is not at the top level of its module", fix=_FIX)
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    if not file:
        raise StageError(f"The module '{kind.__module__}' of {kind.__name__} has no source file", fix=_FIX)
    text = Path(file).read_text(encoding="utf-8")
    check_imports(text, Path(file).name)
    return Source(text, kind.__name__, blob_of(text.encode()))


def check_imports(text: str, file: str) -> None:
    """Refuse a module that imports anything but NumPy and the standard library.

    Raises:
        StageError: It does, or it is no Python.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise StageError(f"The source of a stage is no Python: {error}", file, _FIX) from error
    for node in _statements(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = ["." * node.level + (node.module or "")]
        for name in names:
            top = name.partition(".")[0]
            if top in _DYNAMIC or (top != "numpy" and top not in sys.stdlib_module_names):
                raise StageError(f"The source of a stage imports '{name}'", f"{file}:{node.lineno}", _FIX)  # type: ignore[attr-defined]


def _statements(tree: ast.Module) -> list[ast.AST]:
    """Return a module and its statements, those inside others after them; no expression has one in it."""
    found: list[ast.AST] = [tree]
    for node in found:
        found += (inner for name in _BLOCKS for inner in getattr(node, name, ()))
    return found


class _Loader(InspectLoader):
    """Runs a text that is at hand, so that what runs is what was verified."""

    def __init__(self, text: str) -> None:
        self._text = text

    def get_source(self, fullname: str) -> str:  # noqa: ARG002
        return self._text


def class_in(source: Source, file: str) -> Any:
    """Return the class of a stage from a source that is trusted; its module runs here.

    Raises:
        StageError: It imports what it must not, or does not have the class.
    """
    name = f"mainspring_stage_{source.digest[:16]}"
    module = sys.modules.get(name)
    if module is None:  # one of this digest that is loaded was found to be allowed
        check_imports(source.text, file)
        module = _run(name, source.text)
    kind = getattr(module, source.name, None)
    if not isinstance(kind, type):
        raise StageError(f"The source of a stage has no class '{source.name}'", file, "Build the package again.")
    return kind


def _run(name: str, text: str) -> ModuleType:
    loader = _Loader(text)
    spec = spec_from_loader(name, loader, origin=name)
    if spec is None:
        raise StageError(f"The source of '{name}' cannot be loaded", fix="Build the package again.")
    module = sys.modules[name] = module_from_spec(spec)
    try:
        loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
