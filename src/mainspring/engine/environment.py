"""What is installed: the part of it that a step's code imports, for cache keys, and all of it, for the run record.

Reading the metadata of every distribution takes some hundred milliseconds. It is done once for each set of installed
distributions and kept in a memo; later processes only list the directories of the search path.
"""

import importlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from msgspec import Struct
from msgspec.json import decode, encode

from mainspring.digest import tagged

__all__ = ["THREADS", "Distribution", "Environment", "Memo"]

THREADS = (
    "BLIS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_OURSELVES = "mainspring"
_FORMAT = "2"
_METADATA = (".dist-info", ".egg-info", ".egg-link")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_MODULE = re.compile(r"([A-Za-z_]\w*)(?:\.[^/,]*)?\.(?:py|pyc|so|pyd)[\",]")
_HEADERS = ("Name", "Version", "Requires-Dist")
_OWN = re.compile(r"\.dist-info/(?:INSTALLER|REQUESTED|direct_url\.json|RECORD)\"?,")
_CPU_LINES = 64


class Memo(Protocol):
    """Small texts by name that outlive the process. Called from the thread that owns the environment."""

    def get(self, name: str) -> str | None:
        """Return the text, or None."""

    def set(self, name: str, value: str) -> None:
        """Keep the text."""


class Distribution(Struct, frozen=True, array_like=True):
    """One installed distribution.

    Attributes:
        name: As its author writes it.
        version: As installed.
        content: Digest of what its RECORD says was installed; empty when there is no RECORD.
        exact: The content identifies it, the version does not: a local version, or an install from a file or address.
        requires: What it needs: normalised name, the extras of it, and the own extras that this holds for.
    """

    name: str
    version: str
    content: str
    exact: bool
    requires: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]

    @property
    def identity(self) -> str:
        """The version, with the content where the version alone does not identify it."""
        return f"{self.version} ({self.content[:16]})" if self.exact and self.content else self.version


class Installed(Struct, frozen=True):
    """All installed distributions by normalised name, and for each importable name the distributions that have it."""

    distributions: dict[str, Distribution]
    modules: dict[str, list[str]]


class Environment:
    """The installed distributions, as cache keys and run records see them.

    Editable installs are left out: they are project code, identified by their source. What a distribution needs for an
    extra counts only where something requires it with that extra. Of Mainspring itself only the version counts.
    """

    def __init__(self, memo: Memo | None = None, *, path: Sequence[str] | None = None) -> None:
        self._memo = memo
        self._path = list(sys.path if path is None else path)
        self._installed: Installed | None = None
        self._versions: dict[frozenset[str], tuple[str, dict[str, str]]] = {}

    @property
    def installed(self) -> Installed:
        """Every distribution on the search path that is not project code."""
        if self._installed is None:
            name = f"installed/{_fingerprint(self._path)}"
            kept = None if self._memo is None else self._memo.get(name)
            self._installed = decode(kept, type=Installed) if kept else _read(self._path)
            if self._memo is not None and not kept:
                self._memo.set(name, encode(self._installed).decode())
        return self._installed

    def versions_for(self, imports: Iterable[str]) -> tuple[str, dict[str, str]]:
        """Return a digest and the versions of the distributions behind import names, with all that these require.

        Args:
            imports: Names as in import statements; only what is before the first dot counts. Names that no distribution
                has (the standard library, project code, what is not installed) add nothing.

        >>> sorted(Environment().versions_for(["numpy.random", "json"])[1])
        ['numpy']
        """
        roots = frozenset(name.partition(".")[0] for name in imports)
        known = self._versions.get(roots)
        if known is None:
            names = {name for root in roots for name in self.installed.modules.get(root, ())}
            versions = _closure(self.installed.distributions, names)
            digest = tagged("distributions", *(part for pair in versions.items() for part in pair))
            known = self._versions[roots] = (digest, versions)
        return known

    def snapshot(self) -> tuple[str, str]:
        """Return digest and JSON text of the environment: distributions, Python, platform, CPU, threads and host."""
        machine = os.uname()
        found = {
            "format": 1,
            "python": sys.version,
            "implementation": sys.implementation.name,
            "platform": f"{machine.sysname} {machine.release} {machine.machine}",
            "libc": _libc(),
            "host": machine.nodename,
            "cpu": _cpu(Path("/proc/cpuinfo")),
            "cpus": os.cpu_count(),
            "threads": {name: os.environ[name] for name in THREADS if name in os.environ},
            "distributions": {
                one.name: {"version": one.version, "content": one.content}
                for _, one in sorted(self.installed.distributions.items())
            },
        }
        text = json.dumps(found, separators=(",", ":"))
        return tagged("environment", text), text


def _closure(distributions: Mapping[str, Distribution], roots: Iterable[str]) -> dict[str, str]:
    """Return name and identity of the distributions and of all that they require, in alphabetic order."""
    followed: dict[str, set[str]] = {}
    todo: list[tuple[str, tuple[str, ...]]] = [(name, ()) for name in roots]
    while todo:
        name, extras = todo.pop()
        one = distributions.get(name)
        new = {"", *extras} - followed.get(name, set())
        if one is None or not new:
            continue
        followed.setdefault(name, set()).update(new)
        if name != _OURSELVES:
            todo += [(needed, wanted) for needed, wanted, when in one.requires if new.intersection(when or ("",))]
    return {distributions[name].name: distributions[name].identity for name in sorted(followed)}


def _fingerprint(path: Sequence[str]) -> str:
    """Return a digest that changes when a distribution on the search path is added, removed or replaced."""
    parts = [_FORMAT, sys.version, sys.prefix]
    for place in path:
        parts += [place, *sorted(_metadata_entries(place or "."))]
    return tagged("installed", *parts)


def _metadata_entries(place: str) -> Iterator[str]:
    try:
        with os.scandir(place) as entries:
            yield from (f"{one.name} {one.stat().st_mtime_ns}" for one in entries if one.name.endswith(_METADATA))
    except OSError:  # a place that does not exist, or is an archive: nothing can be installed into it meanwhile
        return


def _read(path: Sequence[str]) -> Installed:
    """Read the metadata of every distribution: slow."""
    metadata = importlib.import_module("importlib.metadata")
    found = Installed({}, {})
    for source in metadata.distributions(path=list(path)):
        about = _headers(source)
        name, version = about["Name"], about["Version"]
        if not name or not version or _normal(name[0]) in found.distributions or _is_project_code(source):
            continue
        key, record = _normal(name[0]), (source.read_text("RECORD") or "").splitlines()
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
    origin = json.loads(source.read_text("direct_url.json") or "{}")
    place = Path(source.locate_file(""))
    old = source.read_text("PKG-INFO") is not None and source.read_text("SOURCES.txt") is not None
    return bool(origin.get("dir_info", {}).get("editable")) or (
        old and place.name not in ("site-packages", "dist-packages")
    )


def _content(record: Iterable[str]) -> str:
    """Return a digest of the installed files, equal for equal installs in different places.

    A line of the record is path, digest and size of a file. What an installer writes for itself does not count, nor
    what lies outside, such as a command with the place of its Python in it.
    """
    kept = sorted(line for line in record if line and line[0] not in "./" and not _is_own(line))
    return tagged("record/2", "\n".join(kept)) if kept else ""


def _is_own(line: str) -> bool:
    return ".pyc" in line or (".dist-info/" in line and _OWN.search(line) is not None)


def _modules(record: Iterable[str]) -> set[str]:
    """Return the names that the installed files can be imported by, and some more that cannot."""
    tops = {line.partition("/")[0] for line in record}
    modules = {top if "," not in top else (_MODULE.match(top.strip('"')) or [None, ""])[1] for top in tops}
    return {module for module in modules if module and module.isidentifier() and module != "__pycache__"}


def _requirement(line: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """Return what a requirement names. Of its marker only extras are read: what is not installed is not found."""
    requirement, _, marker = line.partition(";")
    found = _REQUIREMENT.match(requirement)
    name, extras = found.groups() if found else ("", None)
    wanted = tuple(_normal(extra) for extra in (extras or "").split(",") if extra.strip())
    return _normal(name), wanted, tuple(_normal(extra) for extra in _EXTRA.findall(marker))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _libc() -> str:
    name = "CS_GNU_LIBC_VERSION"
    return (os.confstr(name) or "") if name in os.confstr_names else ""


def _cpu(source: Path) -> dict[str, str]:
    """Return model and sorted flags of the first CPU, as far as the system tells them."""
    if not source.exists():
        return {}
    with source.open(encoding="utf-8", errors="replace") as lines:
        pairs = [line.partition(":")[::2] for line in islice(lines, _CPU_LINES)]
    said = {key.strip(): value.strip() for key, value in reversed(pairs)}
    flags = said.get("flags") or said.get("Features") or ""
    return {"model": said.get("model name", ""), "flags": " ".join(sorted(flags.split()))}
