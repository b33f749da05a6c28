"""Reading the source of project modules, and the live values of their globals."""

import os
import sys
import tokenize
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec
from pathlib import Path, PurePath
from types import FunctionType

from mainspring.digest import canonical, main_name, tagged
from mainspring.errors import SourceError, UnstorableError
from mainspring.graph.code import MISSING
from mainspring.graph.modules import ModuleText
from mainspring.store import digest_value

__all__ = ["ProjectSources"]

_TABLES = frozenset({"DataFrame", "LazyFrame", "Series", "Index", "Table", "ndarray", "float64", "float32", "int64"})
_LIBRARIES = frozenset({"numpy", "pandas", "polars", "pyarrow"})
_OURSELVES = "mainspring"
_MAIN = ("__main__", "__mp_main__")  # multiprocessing knows the running script by the second name
_INSTALLED = ("site-packages", "dist-packages")
_SUFFIXES = (".py", *EXTENSION_SUFFIXES, ".pyc")


class ProjectSources:
    """The project's modules: what is neither the standard library nor an installed distribution.

    Editable installs lie outside the installation folders, so they are project code. Mainspring itself never is.
    Nothing is imported, and what is found does not depend on what is imported already.

    Args:
        root: The folder that the project's modules are imported from.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._places = tuple(dict.fromkeys((str(self._root), str(root.absolute()))))
        self._outside = _installation()
        self._main = main_name()
        self._folders: dict[str, list[Path]] = {}

    def module(self, name: str) -> ModuleText | None:
        """Return the source of a project module, or None for any other.

        Raises:
            SourceError: It is project code whose source cannot be read, such as a compiled module.
        """
        top = name.partition(".")[0]
        if top == _OURSELVES or top in sys.builtin_module_names:
            return None
        file, folders = self._find(name)
        if file is None:
            if not any(self._is_project(folder) for folder in folders):
                return None
            self._folders[name] = folders
            return ModuleText(name, f"{name.replace('.', '/')}/", "", package=True)
        if not self._is_project(file):
            return None
        package = file.name == "__init__.py"
        if package:
            self._folders[name] = folders or [file.parent]
        return ModuleText(name, self._identity(name, package=package), _text(name, file), package)

    def name_of(self, module: str) -> str:
        """Return the name that a module's identity has: that of its file, never `__main__`."""
        return self._main if module in _MAIN else module

    def value(self, module: str, name: str) -> object:
        """Return the live value of a module's global, or `MISSING`."""
        loaded = sys.modules.get(module)
        if loaded is None and module == self._main:
            loaded = sys.modules.get("__main__")
        return getattr(loaded, "__dict__", {}).get(name, MISSING)

    def digest(self, value: object) -> str | None:
        """Return the digest of a plain value, a frame or an array, the same wherever the project lies; or None."""
        if isinstance(value, str | PurePath) and str(value).startswith(self._places):
            place = next(place for place in self._places if str(value).startswith(place))
            return tagged("constant/1", type(value).__name__, str(value).removeprefix(place))
        kind = type(value)
        if kind is FunctionType:
            return None  # most that is asked about is one, and refusing it below takes longer
        try:
            if kind.__name__ in _TABLES and kind.__module__.partition(".")[0] in _LIBRARIES:
                return digest_value(value)
            return tagged("constant/1", canonical(value))
        except UnstorableError:
            return None

    def loaded(self) -> Iterator[str]:
        """Yield the names of the project modules that are loaded now."""
        for name, loaded in list(sys.modules.items()):
            file = getattr(loaded, "__dict__", {}).get("__file__")
            if not isinstance(file, str) or (name in _MAIN and not file.endswith(".py")):
                continue  # the command's own script is no project code
            if name.partition(".")[0] == _OURSELVES:
                continue
            if not file.startswith(self._outside) and self._is_project(Path(file)):
                yield self.name_of(name)

    def every(self) -> Iterator[str]:
        """Yield the names of all modules in the project's folder, environments and hidden folders left out."""
        for folder, inner, files in os.walk(self._root):
            here = Path(folder)
            inner[:] = sorted(
                name
                for name in inner
                if name.isidentifier() and name not in _INSTALLED and not (here / name / "pyvenv.cfg").exists()
            )
            parts = here.relative_to(self._root).parts
            for file in sorted(files):
                stem = file.removesuffix(".py")
                if stem != file and stem.isidentifier():
                    yield ".".join([*parts, stem] if stem != "__init__" else parts) or stem

    def _find(self, name: str) -> tuple[Path | None, list[Path]]:
        """Return the file of a module, and the folders of a package."""
        loaded = sys.modules.get(name)
        if loaded is None and name == self._main:
            loaded = sys.modules.get("__main__")
        space = getattr(loaded, "__dict__", {})  # asking the module itself could call its __getattr__
        file = space.get("__file__")
        folders = [Path(place).resolve() for place in space.get("__path__", ())]
        if file or folders:
            return (Path(file).resolve() if file else None), folders
        parent, _, last = name.rpartition(".")
        if parent:
            return _search(self._folders.get(parent, []), last)
        try:
            spec = find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None, []
        if spec is None:
            return None, []
        places = [Path(place).resolve() for place in spec.submodule_search_locations or ()]
        return (Path(spec.origin).resolve() if spec.origin and spec.has_location else None), places

    def _is_project(self, path: Path) -> bool:
        if any(part in _INSTALLED for part in path.parts):
            return False
        text = f"{path}/"
        return text.startswith(f"{self._root}/") or not text.startswith(self._outside)

    def _identity(self, name: str, *, package: bool) -> str:
        path = name.replace(".", "/")
        return f"{path}/__init__.py" if package else f"{path}.py"


def _installation() -> tuple[str, ...]:
    """Return where Python and what is installed lie, as `sysconfig` has it, which takes longer to load than to ask."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = [str(Path(os.__file__).parent)]
    for prefix in (sys.base_prefix, sys.base_exec_prefix, sys.prefix, sys.exec_prefix):
        places += [f"{prefix}/{folder}/{version}" for folder in ("lib", sys.platlibdir)]
    return tuple(dict.fromkeys(f"{found}/" for place in places for found in (place, os.path.realpath(place))))


def _search(folders: list[Path], name: str) -> tuple[Path | None, list[Path]]:
    """Return what a submodule is, as the import system decides: package, module, then a folder without `__init__`."""
    for folder in folders:
        package = folder / name / "__init__.py"
        if package.is_file():
            return package, [package.parent]
        for suffix in _SUFFIXES:
            file = folder / f"{name}{suffix}"
            if file.is_file():
                return file, []
    return None, [folder / name for folder in folders if (folder / name).is_dir()]


def _text(name: str, file: Path) -> str:
    if file.suffix != ".py":
        raise SourceError(
            f"Module '{name}' of the project has no source: {file.name}",
            str(file),
            "Install it as a distribution, so that its version counts, or give its source.",
        )
    try:
        with tokenize.open(file) as stream:
            return stream.read()
    except (OSError, SyntaxError, UnicodeDecodeError) as error:
        raise SourceError(
            f"The source of module '{name}' cannot be read: {error}", str(file), "Restore the file."
        ) from error
