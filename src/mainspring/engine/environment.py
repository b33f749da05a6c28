"""What is installed: the part of it that a step's code imports, for cache keys, and all of it, for the run record.

Reading the metadata of every distribution takes some hundred milliseconds. It is done once for each set of installed
distributions and kept in a memo; later processes only list the directories of the search path.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Protocol

from msgspec.json import decode, encode

from mainspring.digest import tagged
from mainspring.digest.texts import to_json
from mainspring.engine.installed import Distribution, Installed, marks_of

__all__ = ["THREADS", "Environment", "Memo"]

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
_CPU_LINES = 64


class Memo(Protocol):
    """Small texts by name that outlive the process. Called from the thread that owns the environment."""

    def get(self, name: str) -> str | None:
        """Return the text, or None."""

    def set(self, name: str, value: str) -> None:
        """Keep the text."""


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
            marks = tagged("installed", _FORMAT, sys.version, sys.prefix, *marks_of(self._path))
            name = f"installed/{marks}"
            kept = None if self._memo is None else self._memo.get(name)
            self._installed = decode(kept, type=Installed) if kept else _read_installed(self._path)
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
        text = to_json(found)
        return tagged("environment", text), text


def _read_installed(path: Sequence[str]) -> Installed:
    """Read what is installed, by the code that a process needs which finds nothing in the memo."""
    found: Installed = import_module("mainspring.engine.distributions").read_installed(path)
    return found


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
