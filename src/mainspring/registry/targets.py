"""What people name when something is to predict: a path, a model of the registry, or a run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from mainspring.config.homes import find_home, home_and_settings
from mainspring.digest import Artifact
from mainspring.errors import MainspringError, NotFoundError, nearest
from mainspring.package.content import read_content
from mainspring.package.value import Package
from mainspring.registry.opening import open_registry
from mainspring.registry.rows import Version
from mainspring.registry.versions import CHAMPION, Registry
from mainspring.store import LocalStore
from mainspring.store import load as load_value
from mainspring.tracking import open_facts

__all__ = ["Following", "Target", "resolve"]

_CODEC: Final = "package/"
_RUN: Final = "run:"
_GRAMMAR: Final = "a folder or zip, NAME@ALIAS, NAME@VERSION, NAME, or run:RUN[/STEP]"


class Target(NamedTuple):
    """The package that a target stands for.

    Attributes:
        path: Where it lies.
        digest: The digest that it must have; None for a path, of which nothing is known.
        name: The model, where it came from the registry.
        version: Its number there.
        alias: The alias by which it was found.
        run: The run that made it, where that is known.
        trust: Digests of source that may run: approved when it was registered, or of a run of this home.
        follow: What says that the target stands for another package since it was last called: that, or None while it is
            the same. It may be called from any thread. None when the target can never stand for another.
    """

    path: Path
    digest: str | None = None
    name: str | None = None
    version: int | None = None
    alias: str | None = None
    run: str | None = None
    trust: tuple[str, ...] = ()
    follow: Callable[[], Any] | None = None


class Following:
    """What an alias stands for, asked again and again over one connection; a forked process opens its own.

    Args:
        home: The home of the registry.
        name: The model.
        alias: Its alias.
        generation: How often the alias had been moved when it was last looked at.
    """

    def __init__(self, home: Path | None, name: str, alias: str, generation: int) -> None:
        self._home, self._name, self._alias, self._generation = home, name, alias, generation
        self._registry: Registry | None = None
        self._process = os.getpid()

    def __call__(self) -> Target | None:
        """Return what the alias stands for by now; None while that is what it was."""
        if self._registry is None or self._process != os.getpid():
            self._registry, self._process = open_registry(self._home), os.getpid()
        try:
            # Read before the version: a move between the two is then seen by the next look.
            generation = self._registry.generation(self._name, self._alias)
            if generation == self._generation:
                return None
            version = self._registry.resolve(f"{self._name}@{self._alias}")
        except MainspringError:
            self.close()  # the next look opens it anew: a server may have ended the connection
            raise
        self._generation = generation
        return _of_version(version, self._alias, self)

    def close(self) -> None:
        """Close the connection; the next look opens one."""
        if self._registry is not None and self._process == os.getpid():
            self._registry.close()
        self._registry = None


def resolve(target: str, home: Path | None = None) -> Target:
    """Return the package that a target stands for now; nothing of it is loaded.

    Args:
        target: The path of a folder or zip; `NAME@ALIAS`, `NAME@VERSION` or `NAME` of the registry, where a name alone
            is its champion, or its newest version while it has none; `run:RUN` or `run:RUN/STEP`; RUN may be `latest`.
        home: The home of the registry and the runs; by default that of the project around the working directory.

    Raises:
        NotFoundError: It stands for nothing.
    """
    if target.startswith(_RUN):
        return _of_run(target.removeprefix(_RUN), home)
    path = Path(target)
    if path.exists():
        return Target(path)
    if "/" in target or path.suffix == ".zip":
        near = nearest(path.name, [one.name for one in path.parent.iterdir()]) if path.parent.is_dir() else None
        fix = f"Did you mean '{path.parent / near}'?" if near else f"Name {_GRAMMAR}."
        raise NotFoundError(f"There is no package '{target}'", fix=fix)
    return _of_model(target, home)


def _of_model(target: str, home: Path | None) -> Target:
    found = home_and_settings(home)[0]
    if not found.is_dir() and home is None:
        try:
            find_home()
        except NotFoundError as error:
            raise NotFoundError(
                f"There is no package '{target}', and no home whose registry could know it",
                None,
                f"Name {_GRAMMAR}; name the home with --home.",
            ) from error
    with open_registry(home) as registry:
        name, _, which = target.partition("@")
        if not which and CHAMPION in registry.aliases(name):
            which = CHAMPION
        if not which or which.isdecimal():
            return _of_version(registry.resolve(target), None, None)
        # Read before the version: a move between the two is then seen by the first look.
        generation = registry.generation(name, which)
        version = registry.resolve(f"{name}@{which}")
    return _of_version(version, which, Following(home, name, which, generation))


def _of_version(version: Version, alias: str | None, follow: Following | None) -> Target:
    return Target(
        version.path, version.digest, version.name, version.number, alias, version.run, version.trusted, follow
    )


def _of_run(target: str, home: Path | None) -> Target:
    run, _, step = target.partition("/")
    path, settings = home_and_settings(home)
    if not path.is_dir():
        raise NotFoundError(f"There is no home '{path}'", fix="Run the pipeline first, or name the home with --home.")
    with open_facts(settings.database_at(path)) as facts:
        row = facts.runs.get(run or "latest")
        made = {
            f"{name}.{artifact.name}" if len(result.artifacts) > 1 else name: artifact
            for name, result in facts.results.of_run(row.id).items()
            for artifact in result.artifacts
            if artifact.codec.startswith(_CODEC)
        }
    package = _package(_chosen(made, step, row.id), LocalStore(path))
    # The source of a run of this home is that of its own project, which ran here before.
    return Target(package.path, package.digest, run=row.id, trust=read_content(package.path).manifest.sources)


def _package(artifact: Artifact, blobs: LocalStore) -> Package:
    value = load_value(artifact, blobs)
    if not isinstance(value, Package):
        raise NotFoundError(f"Artifact '{artifact.name}' is no package", fix="Name the step that returns it.")
    return value


def _chosen(made: dict[str, Artifact], step: str, run: str) -> Artifact:
    if step in made:
        return made[step]
    if len(made) == 1 and not step:
        return next(iter(made.values()))
    listed = ", ".join(f"{_RUN}{run}/{name}" for name in sorted(made))
    what = f"Step '{step}' of run {run} returned no package" if step else f"Run {run} has {len(made) or 'no'} packages"
    raise NotFoundError(what, fix=f"Name one of {listed}." if made else "Name a run in which a step returns a Package.")
