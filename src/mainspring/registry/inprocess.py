"""Predicting in this process."""

from collections.abc import Collection
from pathlib import Path

from mainspring.package.loading import Loaded
from mainspring.package.loading import load as load_package
from mainspring.registry.targets import resolve

__all__ = ["load"]


def load(
    target: str | Path, *, home: str | Path | None = None, trust: Collection[str] = (), threads: int = 1
) -> Loaded:
    """Return a package that predicts in this process; its bytes were verified and its golden samples replayed.

    What it returns may be called from several threads at once. Neither a trainer nor a frame library is imported.

    Args:
        target: The path of a folder or zip; `NAME@ALIAS`, `NAME@VERSION` or `NAME` of the registry; `run:RUN[/STEP]`.
        home: The home of the registry; by default that of the project around the working directory.
        trust: Digests of source in the package that may run here, beside what was approved when it was registered.
        threads: Threads that one prediction may use in a graph.

    Raises:
        NotFoundError: The target stands for nothing.
        PackageError: The package is not what it should be, runs source that nobody approved, or predicts otherwise than
            when it was built.
    """
    found = resolve(str(target), None if home is None else Path(home))
    approved = (trust,) if isinstance(trust, str) else trust
    return load_package(found.path, trust=(*approved, *found.trust), digest=found.digest, threads=threads)
