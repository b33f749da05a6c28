"""What is installed: reading the metadata of every distribution on a search path.

`importlib.metadata` finds the same; its way through an e-mail parser costs more than all else that a first run reads.
It is used for what is no `.dist-info` folder.
"""

import importlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from io import FileIO
from pathlib import Path
from typing import Any

from mainspring.digest import tagged
from mainspring.digest.texts import from_json
from mainspring.engine.installed import Distribution, Installed

__all__ = ["normal", "read_installed"]

_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_MODULE = re.compile(r"([A-Za-z_]\w*)(?:\.[^/,]*)?\.(?:py|pyc|so|pyd)[\",]")
_SEPARATORS = re.compile(r"[-_.]+")
_HEADERS = ("Name", "Version", "Requires-Dist")
_OWN = re.compile(r"\.dist-info/(?:INSTALLER|REQUESTED|direct_url\.json|RECORD)\"?,")


def read_installed(path: Sequence[str]) -> Installed:
    """Read the metadata of every distribution on a search path; the first of a name counts."""
    found = Installed({}, {})
    for source in _sources(path):
        about = _headers(source)
        name, version = about["Name"], about["Version"]
        if not name or not version or normal(name[0]) in found.distributions or _is_project_code(source):
            continue
        key, record = normal(name[0]), (source.read_text("RECORD") or "").splitlines()
        found.distributions[key] = Distribution(
            name[0],
            version[0],
            _content(record),
            "+" in version[0] or source.read_text("direct_url.json") is not None,
            tuple(map(_requirement, about["Requires-Dist"])),
        )
        for module in sorted(_modules(record) or set((source.read_text("top_level.txt") or "").split())):
            found.modules.setdefault(module, []).append(key)
    return found


class _DistInfo:
    """A `.dist-info` folder, with what is used of `importlib.metadata.Distribution`."""

    requires = None

    def __init__(self, folder: str) -> None:
        self._folder = folder
        try:
            self._names = frozenset(_names(folder))
        except NotADirectoryError:
            self._names = frozenset()

    def read_text(self, name: str) -> str | None:
        """Return the text of a file, or None when there is none."""
        if name not in self._names:
            return None
        with FileIO(f"{self._folder}/{name}") as file:
            return file.readall().decode("utf-8", "replace")

    def locate_file(self, name: str) -> Path:
        """Return where an installed file is."""
        return Path(self._folder).parent / name


def _sources(path: Sequence[str]) -> Iterator[Any]:
    """Yield the distributions of a search path in its order."""
    for place in path:
        try:
            names = _names(place or ".")
        except NotADirectoryError:  # an archive
            names = [".egg"]
        except OSError:
            continue
        for name in names:
            if name.endswith(".dist-info"):
                yield _DistInfo(f"{place or '.'}/{name}")
        if any(name.endswith((".egg-info", ".egg")) for name in names):
            metadata = importlib.import_module("importlib.metadata")
            for source in metadata.distributions(path=[place]):
                if not str(getattr(source, "_path", "")).endswith(".dist-info"):
                    yield source


def _names(place: str) -> list[str]:
    with os.scandir(place) as entries:
        return [entry.name for entry in entries]


def _headers(source: Any) -> dict[str, list[str]]:
    """Return what the metadata says under the names that count, without parsing the long text that follows them."""
    text = source.read_text("METADATA")
    found: dict[str, list[str]] = {name: [] for name in _HEADERS}
    for line in (text or source.read_text("PKG-INFO") or "").partition("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        if name in found:
            found[name].append(value.strip())
    if text is None:  # an old layout, which has its requirements in a file of their own
        found["Requires-Dist"] = list(source.requires or ())
    return found


def _is_project_code(source: Any) -> bool:
    """Return whether a distribution is an editable install, new style or old."""
    origin = from_json(source.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        return True
    old = source.read_text("PKG-INFO") is not None and source.read_text("SOURCES.txt") is not None
    return old and Path(source.locate_file("")).name not in ("site-packages", "dist-packages")


def _content(record: Iterable[str]) -> str:
    """Return a digest of the installed files, equal for equal installs in different places.

    A line of the record is path, digest and size of a file. What an installer writes for itself does not count, nor
    what lies outside, such as a command with the place of its Python in it.
    """
    kept = [
        line
        for line in record
        if line
        and line[0] not in "./"
        and ".pyc" not in line
        and (".dist-info/" not in line or _OWN.search(line) is None)
    ]
    return tagged("record/2", "\n".join(sorted(kept))) if kept else ""


def _modules(record: Iterable[str]) -> set[str]:
    """Return the names that the installed files can be imported by, and some more that cannot."""
    tops: set[str] = set()
    last = "/"  # lines of a folder follow each other
    for line in record:
        if not line.startswith(last):
            top, slash, _ = line.partition("/")
            tops.add(top)
            last = top + slash if slash else "/"
    modules = {top if "," not in top else (_MODULE.match(top.strip('"')) or [None, ""])[1] for top in tops}
    return {module for module in modules if module and module.isidentifier() and module != "__pycache__"}


def _requirement(line: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return what a requirement names. Of its marker only extras are read: what is not installed is not found."""
    requirement, _, marker = line.partition(";")
    found = _REQUIREMENT.match(requirement)
    name, extras = found.groups() if found else ("", None)
    wanted = tuple(normal(extra) for extra in (extras or "").split(",") if extra.strip())
    return normal(name), wanted, tuple(normal(extra) for extra in _EXTRA.findall(marker))


def normal(name: str) -> str:
    """Return the name of a distribution as names are compared."""
    return _SEPARATORS.sub("-", name.strip()).lower()
