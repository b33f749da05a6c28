"""What is served: a package on the disk, and how to learn that another one is to be."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["PathTarget", "Resolver", "Target", "resolve"]


class Target(Protocol):
    """A package that a name stands for now.

    `follow` is called from a thread of its own, every second or so: it returns what the name stands for by then, or
    None while that is the same. It may raise whatever its database raises; what is served goes on being served.
    """

    @property
    def path(self) -> Path:
        """Where the package lies; it does not change there."""
        ...

    @property
    def name(self) -> str | None:
        """The name of the model in the registry."""
        ...

    @property
    def version(self) -> int | None:
        """The number of the version in the registry."""
        ...

    @property
    def alias(self) -> str | None:
        """The alias by which it was found."""
        ...

    @property
    def run(self) -> str | None:
        """The run that made it."""
        ...

    @property
    def follow(self) -> "Callable[[], Target | None] | None":
        """What says that the name stands for another package; None when it never will."""
        ...


Resolver = Callable[[str, Path | None], Target]


@dataclass(frozen=True, slots=True)
class PathTarget:
    """A package named by its path."""

    path: Path
    name: str | None = None
    version: int | None = None
    alias: str | None = None
    run: str | None = None
    follow: "Callable[[], Target | None] | None" = None


def resolve(target: str, _: Path | None = None) -> Target:
    """Return the package at a path."""
    return PathTarget(Path(target))
