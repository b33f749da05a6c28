"""From a logged answer back to where it came from: version, alias, run, code and data."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mainspring.errors import MainspringError
from mainspring.registry import Move, Registry, Version, open_registry
from mainspring.serving.predlog import Answer
from mainspring.workspace.artifacts import find_artifact
from mainspring.workspace.lineage import Maker, lineage
from mainspring.workspace.opening import open_existing
from mainspring.workspace.predictions import find_answers, log_of

__all__ = ["Traced", "trace_answer"]


@dataclass(frozen=True, slots=True)
class Traced:
    """A logged answer, and where it came from, as far as the home knows.

    Attributes:
        answer: What was asked and answered, and with which package.
        version: The package in the registry.
        move: The move by which the alias that was served came to stand for that version.
        makers: The step runs that the package comes from, nearest first, with their code and data.
    """

    answer: Answer
    version: Version | None
    move: Move | None
    makers: tuple[Maker, ...]

    @property
    def run(self) -> str | None:
        """The run that made the package."""
        known = [maker.run for maker in self.makers[:1]]
        if self.version is not None:
            known.append(self.version.run or "")
        return next(filter(None, [*known, self.answer.model.run]), None)


def trace_answer(identity: str, home: Path | None = None) -> list[Traced]:
    """Return what is logged under an identity with where it came from: the answer first, then those of shadows.

    Args:
        identity: The `id` of an answer.
        home: The home of the service; by default that of the project around the working directory.

    Raises:
        NotFoundError: There is no home.
        ServingError: It is no identity, or nothing is logged under it.
    """
    log = log_of(home)
    found = find_answers(log, identity)
    return [Traced(one, *_registered(log.parent, one), _makers(log.parent, one.model.package)) for one in found]


def _registered(home: Path, answer: Answer) -> tuple[Version | None, Move | None]:
    try:
        with open_registry(home) as registry:
            version = next(_versions(registry, answer), None)
            return version, None if version is None else _move(registry, version, answer)
    except MainspringError:
        return None, None


def _versions(registry: Registry, answer: Answer) -> Iterator[Version]:
    """The versions that a package is, the one that was served first."""
    names = sorted((model.name for model in registry.models()), key=lambda name: name != answer.model.name)
    for name in names:
        same = [one for one in registry.versions(name) if one.digest == answer.model.package]
        yield from sorted(same, key=lambda one: str(one.number) != answer.model.version)


def _move(registry: Registry, version: Version, answer: Answer) -> Move | None:
    """The last move to a version before an answer."""
    if answer.model.alias is None:
        return None
    moves = registry.history(version.name, answer.model.alias)
    return next((one for one in moves if one.target == version.number and one.moved <= answer.time), None)


def _makers(home: Path, package: str) -> tuple[Maker, ...]:
    """The step runs that made a package; nothing when this home does not know it."""
    try:
        with open_existing(home) as opened:
            return lineage(opened, find_artifact(opened, package)).above
    except MainspringError:
        return ()
