"""What is installed, as it is kept from one process to the next, and what tells that it is still so."""

import os
from collections.abc import Iterator, Sequence

from msgspec import Struct

__all__ = ["Distribution", "Installed", "marks_of"]

_METADATA = (".dist-info", ".egg-info", ".egg-link")


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


def marks_of(path: Sequence[str]) -> Iterator[str]:
    """Yield texts that change when a distribution on a search path is added, removed or replaced."""
    for place in path:
        yield place
        yield from sorted(_metadata_entries(place or "."))


def _metadata_entries(place: str) -> Iterator[str]:
    try:
        with os.scandir(place) as entries:
            yield from (f"{one.name} {one.stat().st_mtime_ns}" for one in entries if one.name.endswith(_METADATA))
    except OSError:  # a place that does not exist, or is an archive: nothing can be installed into it meanwhile
        return
