"""One state machine over several registries: they say the same, and what a plain model of the rules says.

    TestRegistry = registry_machine({"sqlite": fresh_sqlite, "postgres": fresh_postgres}, packages).TestCase

Each value returns a registry over a store that is empty. Needs Hypothesis.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mainspring.errors import MainspringError
from mainspring.package import read_content
from mainspring.registry import Move, Registry, Version
from mainspring.testing.worlds import same

__all__ = ["Fresh", "RegistryMachine", "registry_machine"]

Fresh: TypeAlias = Callable[[], Registry]

MODELS = st.sampled_from(["retail", "churn"])
NAMES = ("champion", "challenger", "previous")
ALIASES = st.sampled_from(NAMES)


class RegistryMachine(RuleBasedStateMachine):
    """Does the same to all registries, and to two dictionaries; `registry_machine` sets `places` and `packages`."""

    places: ClassVar[Mapping[str, Fresh]] = {}
    packages: ClassVar[Sequence[Path]] = ()

    def __init__(self) -> None:
        super().__init__()
        self.all = {name: fresh() for name, fresh in self.places.items()}
        self.digests: dict[str, list[str]] = {}
        self.moves: dict[str, list[tuple[str, int | None, int]]] = {}

    def teardown(self) -> None:
        """Close the connections."""
        for registry in self.all.values():
            registry.close()

    def agreed(self, call: Callable[[Registry], Any]) -> Any:
        """Return what the call gives on every registry, or the kind of its error; times and places aside."""
        answers = {name: _answer(call, registry) for name, registry in self.all.items()}
        first = next(iter(answers.values()))
        for name, answer in answers.items():
            if answer != first:
                raise AssertionError(f"{name} says {answer!r}, others {first!r}")
        return first

    def aliases_of(self, model: str) -> dict[str, int]:
        """Return where the aliases stand by the record of their moves."""
        return {alias: target for alias, _, target in self.moves.get(model, [])}

    @rule(model=MODELS, package=st.integers(0, 2))
    def register(self, model: str, package: int) -> None:
        """Register a package; it may be there already."""
        path = self.packages[package]
        digests = self.digests.setdefault(model, [])
        digest = read_content(path).digest
        if digest not in digests:
            digests.append(digest)
        answer = self.agreed(lambda registry: registry.register(path, model).number)
        same(answer, digests.index(digest) + 1)

    @rule(model=MODELS, alias=ALIASES, number=st.integers(1, 3))
    def move(self, model: str, alias: str, number: int) -> None:
        """Move an alias to a version, which may not be there, or where it stands."""
        answer = self.agreed(lambda registry: registry.set_alias(model, alias, number, who="ada", why="so").target)
        if number > len(self.digests.get(model, [])):
            same(answer, "NotFoundError")
            return
        same(answer, number)
        source = self._record(model, alias, number)
        if alias == "champion" and source not in (None, number):
            self._record(model, "previous", int(str(source)))

    @rule(model=MODELS, alias=ALIASES)
    def resolve(self, model: str, alias: str) -> None:
        """Resolve an alias, or learn that there is none."""
        expected = self.aliases_of(model).get(alias)
        answer = self.agreed(lambda registry: registry.resolve(f"{model}@{alias}").number)
        same(answer, "NotFoundError" if expected is None else expected)

    @invariant()
    def versions_never_change(self) -> None:
        """Numbers go on without gaps, and each stands for the package that it was given to."""
        for model, digests in self.digests.items():
            listed = self.agreed(partial(_digests, model))
            same(listed[::-1], digests)

    @invariant()
    def history_is_what_happened(self) -> None:
        """Moves are on record in their order, and aliases stand where the last one put them."""
        for model in self.digests:
            moves = self.moves.get(model, [])
            history, aliases, generations = self.agreed(partial(_record_of, model))
            same([(move["alias"], move["source"], move["target"]) for move in history[::-1]], moves)
            same(aliases, self.aliases_of(model))
            same(generations, {alias: sum(one == alias for one, _, _ in moves) for alias in NAMES})

    def _record(self, model: str, alias: str, number: int) -> int | None:
        source = self.aliases_of(model).get(alias)
        if source != number:
            self.moves.setdefault(model, []).append((alias, source, number))
        return source


def _digests(model: str, registry: Registry) -> list[str]:
    return [version.digest for version in registry.versions(model)]


def _record_of(model: str, registry: Registry) -> tuple[list[dict[str, Any]], dict[str, int], dict[str, int]]:
    generations = {alias: registry.generation(model, alias) for alias in NAMES}
    return [_timeless(move) for move in registry.history(model)], registry.aliases(model), generations


def _answer(call: Callable[[Registry], Any], registry: Registry) -> Any:
    try:
        return _timeless(call(registry))
    except MainspringError as error:
        return type(error).__name__


def _timeless(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_timeless(one) for one in answer]
    if isinstance(answer, Move | Version):
        aside = ("moved", "created", "path")
        return {name: getattr(answer, name) for name in type(answer).__struct_fields__ if name not in aside}
    return answer


def registry_machine(places: Mapping[str, Fresh], packages: Sequence[Path]) -> type[RegistryMachine]:
    """Return the state machine over these registries, with three packages that differ and have no source."""
    return type("RegistryOfAll", (RegistryMachine,), {"places": dict(places), "packages": tuple(packages)})
