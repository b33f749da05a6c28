"""Reading the source of project modules, and the live values of their globals."""

import sys
import sysconfig
import tokenize
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

from mainspring.digest import main_name
from mainspring.errors import SourceError
from mainspring.graph.code import MISSING
from mainspring.graph.modules import ModuleText

__all__ = ["ProjectSources"]

_INSTALLED = ("site-packages", "dist-packages")


class ProjectSources:
    """The project's modules: what is neither the standard library nor an installed distribution.

    Editable installs lie outside the installation folders, so they are project code. Mainspring itself never is.

    Args:
        root: The folder that the project's modules are imported from.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        paths = sysconfig.get_paths()
        self._outside = tuple(
            f"{Path(paths[name]).resolve()}/" for name in ("stdlib", "platstdlib", "purelib", "platlib")
        )
        self._main = main_name()

    def module(self, name: str) -> ModuleText | None:
        """Return the source of a project module, or None for any other.

        Raises:
            SourceError: It is project code without source, such as a compiled module.
        """
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top == "mainspring":
            return None
        found = self._find(name)
        if found is None:
            return None
        file, package = found
        if not self._is_project(file):
            return None
        if file.suffix != ".py":
            raise SourceError(
                f"Module '{name}' of the project has no source: {file.name}",
                str(file),
                "Install it as a distribution, so that its version counts, or give its source.",
            )
        with tokenize.open(file) as stream:
            text = stream.read()
        return ModuleText(name, self._identity(name, package=package), text, package)

    def name_of(self, module: str) -> str:
        """Return the name that a module's identity has: that of its file, never `__main__`."""
        return self._main if module == "__main__" else module

    def value(self, module: str, name: str) -> object:
        """Return the live value of a module's global, or `MISSING`."""
        loaded = sys.modules.get(module)
        if loaded is None and module == self._main:
            loaded = sys.modules.get("__main__")
        return vars(loaded).get(name, MISSING) if loaded is not None else MISSING

    def _find(self, name: str) -> tuple[Path, bool] | None:
        loaded = sys.modules.get(name)
        if loaded is None and name == self._main:
            loaded = sys.modules.get("__main__")
        if loaded is not None and getattr(loaded, "__file__", None):
            return Path(str(loaded.__file__)).resolve(), hasattr(loaded, "__path__")
        parent = name.rpartition(".")[0]
        if parent and parent not in sys.modules:
            return None  # looking further would import it
        try:
            spec: ModuleSpec | None = find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None
        if spec is None or spec.origin is None or not spec.has_location:
            return None
        return Path(spec.origin).resolve(), spec.submodule_search_locations is not None

    def _is_project(self, file: Path) -> bool:
        text = str(file)
        if any(part in _INSTALLED for part in file.parts):
            return False
        return text.startswith(f"{self._root}/") or not text.startswith(self._outside)

    def _identity(self, name: str, *, package: bool) -> str:
        path = name.replace(".", "/")
        return f"{path}/__init__.py" if package else f"{path}.py"
