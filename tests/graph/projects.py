"""Projects in temporary folders, imported for one question and forgotten again."""

import importlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mainspring.engine.sources import ProjectSources
from mainspring.graph.book import Memo
from mainspring.graph.code import Code, CodeIndex

TESTS = f"{Path(__file__).resolve().parents[1]}/"
Edit = tuple[str, str, str]


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def edited(files: dict[str, str], edits: Iterable[Edit]) -> dict[str, str]:
    """Return a project with each (path, old, new) applied: `old` is there exactly once, or empty for a new file."""
    changed = dict(files)
    for path, old, new in edits:
        assert (path not in changed) if not old else changed[path].count(old) == 1, (path, old)
        changed[path] = changed[path].replace(old, new) if old else new
    return changed


@contextmanager
def imported(folder: Path, names: Iterable[str]) -> Iterator[None]:
    """Import modules of a project; at the end `sys.modules` is what it was.

    Modules of these tests are set aside: any that is loaded would be project code.
    """
    tops = {path.stem for path in folder.iterdir()}
    aside = {
        name: sys.modules.pop(name)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in tops or str(getattr(module, "__file__", "")).startswith(TESTS)
    }
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        for name in names:
            importlib.import_module(name)
        yield
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] in tops]:
            del sys.modules[name]
        sys.modules.update(aside)


class Kept(dict[str, str]):
    """A memo in memory."""

    def set(self, name: str, value: str) -> None:
        self[name] = value


def codes_of(folder: Path, steps: Iterable[str], memo: Memo | None = None) -> dict[str, Code]:
    """Return the code identities of steps, as `module.step`, from one index; `pipeline` is imported first."""
    steps = list(steps)
    first = ["pipeline"] if (folder / "pipeline.py").exists() else []
    with imported(folder, dict.fromkeys([*first, *(step.rpartition(".")[0] for step in steps)])):
        index = CodeIndex(ProjectSources(folder), memo)
        found = {}
        for step in steps:
            module, _, name = step.rpartition(".")
            value = getattr(sys.modules[module], name)
            found[step] = index.code_of(getattr(value, "fn", value))
        index.keep()
        return found
