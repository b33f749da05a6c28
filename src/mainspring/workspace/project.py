"""Finding a project: the pipeline file, the module that it is, and the folders around it."""

import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from msgspec import Struct

from mainspring.digest import main_name
from mainspring.errors import DefinitionError, NotFoundError, nearest
from mainspring.graph import Pipeline

__all__ = ["Project", "load_project", "project_of"]

_THREADS: Final = "OPENBLAS_NUM_THREADS"


class Project(Struct, frozen=True):
    """A pipeline and where it lives.

    Attributes:
        pipeline: The pipeline.
        file: The file that defines it.
        root: The folder that its modules are imported from; the file's own unless it is in a package.
        module: The pipeline file as a module.
    """

    pipeline: Pipeline[..., Any]
    file: Path
    root: Path
    module: ModuleType

    @property
    def folder(self) -> Path:
        """The folder of the pipeline file: `config.toml` and the home are there."""
        return self.file.parent

    @property
    def config_file(self) -> Path:
        """Where the configuration file is, if there is one."""
        return self.folder / "config.toml"


def project_of(pipeline: Pipeline[..., Any]) -> Project:
    """Return the project of a pipeline that has been imported, or defined in the running script.

    Raises:
        DefinitionError: The pipeline has no file: it was defined at a prompt or in a notebook.
    """
    module = sys.modules[pipeline.fn.__module__]
    file = getattr(module, "__file__", None)
    if file is None:
        raise DefinitionError(
            f"Pipeline '{pipeline.name}' is defined at a prompt or in a notebook",
            pipeline.where,
            "Put pipeline and steps into a file, such as pipeline.py, and import them.",
        )
    path = Path(file).resolve()
    root, name = _module_of(path)
    if module.__name__ == "__main__":
        name = main_name()
        sys.modules.setdefault(name, module)  # what is loaded later finds its classes here, not in a second copy
    _import_from(root)
    return Project(pipeline, path, root, module)


def load_project(target: str | None = None) -> Project:
    """Return the project of `FILE.py[:PIPELINE]`, by default the only pipeline of `./pipeline.py`.

    Raises:
        NotFoundError: There is no such file or no such pipeline in it, or there are several and none was named.
        DefinitionError: Its name is that of another module, or it ends the program when it is imported.
        Exception: Whatever the module raises when it is imported, as it is: it is the author's to read.
    """
    name, _, chosen = (target or "pipeline.py").partition(":")
    path = Path(name).resolve()
    if path.is_dir():
        path /= "pipeline.py"
    if not path.is_file():
        near = nearest(path.name, [file.name for file in path.parent.glob("*.py")]) if path.parent.is_dir() else None
        advice = (
            f"Did you mean '{near}'?"
            if near
            else "Go to the project's folder, or name the file; `mainspring init DIR` makes one."
        )
        raise NotFoundError(f"There is no pipeline file '{name}'", str(path.parent), advice)
    root, module_name = _module_of(path)
    _import_from(root)
    module = _imported(module_name, name)
    if Path(str(module.__file__)).resolve() != path:
        raise DefinitionError(
            f"Module '{module_name}' is {module.__file__}, not {path}",
            None,
            "Rename the file: its name is taken by a module that was imported before.",
        )
    return Project(_choose(module, chosen, name), path, root, module)


def _imported(module_name: str, file: str) -> ModuleType:
    try:
        with _without_threads():
            return importlib.import_module(module_name)
    except SystemExit as error:
        raise DefinitionError(
            f"'{file}' ends the program when it is imported (exit {error.code})",
            file,
            'Put what runs a script below `if __name__ == "__main__":`.',
        ) from error


@contextmanager
def _without_threads() -> Iterator[None]:
    """Let NumPy start no threads of its own while a pipeline is imported: it is computed in other processes."""
    if _THREADS in os.environ:
        yield
        return
    os.environ[_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[_THREADS]


def _choose(module: ModuleType, chosen: str, file: str) -> Pipeline[..., Any]:
    found = {key: value for key, value in vars(module).items() if isinstance(value, Pipeline)}
    own = {key: value for key, value in found.items() if value.fn.__module__ == module.__name__}
    if chosen:
        if chosen in found:
            return found[chosen]
        near = nearest(chosen, found)
        advice = f"Did you mean '{near}'?" if near else f"It has: {', '.join(found) or 'none'}."
        raise NotFoundError(f"There is no pipeline '{chosen}'", file, advice)
    candidates = own or found
    if len(candidates) == 1:
        return next(iter(candidates.values()))
    if not candidates:
        raise NotFoundError("There is no pipeline", file, "Decorate the function that calls the steps with @pipeline.")
    names = ", ".join(candidates)
    raise NotFoundError(
        f"There are {len(candidates)} pipelines: {names}", file, f"Name one: {file}:{next(iter(candidates))}."
    )


def _module_of(path: Path) -> tuple[Path, str]:
    """Return the folder that a file is imported from, and its module name: packages above it are part of the name."""
    root, parts = path.parent, [path.stem]
    while (root / "__init__.py").is_file() and root.name.isidentifier():
        parts.insert(0, root.name)
        root = root.parent
    return root, ".".join(parts)


def _import_from(root: Path) -> None:
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
