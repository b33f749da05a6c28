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
from msgspec.structs import replace

from mainspring.errors import MainspringError
from mainspring.package import read_content
from mainspring.registry import Decision, Move, Registry, Version
from mainspring.testing.registry import report_of
from mainspring.testing.worlds import same

__all__ = ["Fresh", "RegistryMachine", "registry_machine"]

Fresh: TypeAlias = Callable[[], Registry]

MODELS = st.sampled_from(["retail", "churn"])
NAMES = ("champion", "challenger", "previous")
ALIASES = st.sampled_from(NAMES)
ANSWERS = st.sampled_from(["pass", "pass", "fail", "inconclusive"])


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

    @rule(model=MODELS, number=st.integers(1, 3))
    def move(self, model: str, number: int) -> None:
        """Move an alias to a version, which may not be there, or where it stands."""
        alias = "challenger"
        answer = self.agreed(lambda registry: registry.set_alias(model, alias, number, who="ada", why="so").target)
        if number > len(self.digests.get(model, [])):
            same(answer, "NotFoundError")
            return
        same(answer, number)
        self._record(model, alias, number)

    @rule(model=MODELS, alias=st.sampled_from(["champion", "previous"]), number=st.integers(1, 3))
    def set_what_cannot_be_set(self, model: str, alias: str, number: int) -> None:
        """Champion and previous are not set, whatever version it is."""
        same(self.agreed(lambda registry: registry.set_alias(model, alias, number, who="a", why="b")), "RegistryError")

    @rule(model=MODELS, number=st.integers(1, 3), answer=ANSWERS, stale=st.booleans())
    def promote(self, model: str, number: int, answer: Any, stale: bool) -> None:
        """Promote a version on a report, which may not have passed, or be about a champion of the past."""

        def promoted(registry: Registry) -> int:
            report = report_of(registry, model, number, answer)
            if stale:
                report = replace(report, against=7)
            return registry.promote(model, number, gates=report, who="ada", why="so").target

        said = self.agreed(promoted)
        if number > len(self.digests.get(model, [])):
            same(said, "NotFoundError")
        elif self.aliases_of(model).get("champion") == number:
            same(said, number)
        elif answer != "pass" or stale:
            same(said, "PromotionRefusedError")
        else:
            same(said, number)
            self._champion(model, number)

    @rule(model=MODELS)
    def rollback(self, model: str) -> None:
        """Roll back to what was champion before, if there is any."""
        said = self.agreed(lambda registry: registry.rollback(model, who="ada", why="so").target)
        previous = self.aliases_of(model).get("previous")
        if model not in self.digests:
            same(said, "NotFoundError")
        elif previous is None:
            same(said, "PromotionRefusedError")
        else:
            same(said, previous)
            self._champion(model, previous)

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

    @invariant()
    def each_move_of_the_champion_has_its_decision(self) -> None:
        """What became champion passed its gates, and the report is there."""
        for model in self.digests:
            decided = self.agreed(partial(_decided, model))
            moves = [(source, target) for alias, source, target in self.moves.get(model, []) if alias == "champion"]
            same([(one["source"], one["target"]) for one, _ in decided], moves)
            same(all(passed for _, passed in decided), True)

    def _champion(self, model: str, number: int) -> None:
        source = self._record(model, "champion", number)
        if source is not None:
            self._record(model, "previous", source)

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


def _decided(model: str, registry: Registry) -> list[tuple[dict[str, Any], bool]]:
    passed = {report.digest for report in registry.gate_reports(model) if report.passed}
    return [(_timeless(one), one.report in passed) for one in registry.decisions(model)[::-1]]


def _answer(call: Callable[[Registry], Any], registry: Registry) -> Any:
    try:
        return _timeless(call(registry))
    except MainspringError as error:
        return type(error).__name__


def _timeless(answer: Any) -> Any:
    if isinstance(answer, list):
        return [_timeless(one) for one in answer]
    if isinstance(answer, Decision | Move | Version):
        aside = ("made", "moved", "created", "path")
        return {name: getattr(answer, name) for name in type(answer).__struct_fields__ if name not in aside}
    return answer


def registry_machine(places: Mapping[str, Fresh], packages: Sequence[Path]) -> type[RegistryMachine]:
    """Return the state machine over these registries, with three packages that differ and have no source."""
    return type("RegistryOfAll", (RegistryMachine,), {"places": dict(places), "packages": tuple(packages)})
