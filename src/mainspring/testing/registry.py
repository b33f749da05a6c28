"""Conformance of a database with what the registry needs of it.

A case is a function that gets `connect`, which opens another registry over one store that was empty before the case,
and three packages that differ and have no source:

    @pytest.mark.parametrize("case", registry.CASES, ids=registry.name_of)
    def test_conformance(case, connect, packages):
        case(connect, packages)

A case that fails raises `AssertionError`. Beside the cases there is a state machine, `registry_machine`, which needs
Hypothesis.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Barrier, Thread
from typing import TypeAlias

from mainspring.errors import NotFoundError, RegistryError
from mainspring.package import read_content
from mainspring.registry import Registry
from mainspring.testing.worlds import refused, same

__all__ = ["CASES", "Case", "Connect", "name_of"]

Connect: TypeAlias = Callable[[], Registry]
Case: TypeAlias = Callable[[Connect, Sequence[Path]], None]

_THREADS = 4
_MOVES = 6


def name_of(case: Case) -> str:
    """Return what a case says, for the report of a test."""
    return getattr(case, "__name__", "case")


def versions_are_numbered_without_gaps(connect: Connect, packages: Sequence[Path]) -> None:
    """Versions count from 1 in each model; another connection sees them."""
    with connect() as mine, connect() as other:
        same([mine.register(path, "a").number for path in packages], [1, 2, 3])
        same(mine.register(packages[1], "b").number, 1)
        same([version.number for version in other.versions("a")], [3, 2, 1])
        same([(model.name, model.versions) for model in other.models()], [("a", 3), ("b", 1)])
        same(other.version("a", 2).digest, read_content(packages[1]).digest)
        same(other.resolve("a"), other.version("a", 3))
        same(other.resolve("a@1"), other.version("a", 1))


def the_same_package_is_one_version(connect: Connect, packages: Sequence[Path]) -> None:
    """Registering again gives the version that there is, as it was first said."""
    with connect() as mine, connect() as other:
        first = mine.register(packages[0], "a", run="r1", note="first")
        same(other.register(packages[0], "a", run="r2", note="second"), first)
        same((first.run, first.note), ("r1", "first"))
        same(len(mine.versions("a")), 1)


def a_version_does_not_move(connect: Connect, packages: Sequence[Path]) -> None:
    """A version has a copy of its package, which is whole, and another place than what was registered."""
    with connect() as mine:
        version = mine.register(packages[0], "a")
        same(version.path == packages[0], False)
        same(read_content(version.path, version.digest).digest, version.digest)


def aliases_move_with_their_record(connect: Connect, packages: Sequence[Path]) -> None:
    """Each move is on record with what the alias stood for; a move to where it stands is none."""
    with connect() as mine, connect() as other:
        for path in packages:
            mine.register(path, "a")
        same(mine.generation("a", "live"), 0)
        first = mine.set_alias("a", "live", 1, who="ada", why="first", evidence="none")
        same((first.source, first.target, first.generation, first.evidence), (None, 1, 1, "none"))
        second = other.set_alias("a", "live", 3, who="bob", why="better")
        same((second.source, second.target, second.who, second.why), (1, 3, "bob", "better"))
        same(mine.set_alias("a", "live", 3, who="eve", why="again"), second)
        same(mine.history("a"), [second, first])
        same((mine.generation("a", "live"), mine.aliases("a")), (2, {"live": 3}))
        same(other.resolve("a@live"), other.version("a", 3))
        same(second.moved >= first.moved, True)


def the_champion_leaves_a_previous(connect: Connect, packages: Sequence[Path]) -> None:
    """When the champion moves, `previous` is what it was; moving back to it swaps the two."""
    with connect() as mine:
        for path in packages:
            mine.register(path, "a")
        mine.set_alias("a", "champion", 1, who="ada", why="first")
        same(mine.aliases("a"), {"champion": 1})
        mine.set_alias("a", "champion", 3, who="ada", why="better")
        same(mine.aliases("a"), {"champion": 3, "previous": 1})
        mine.set_alias("a", "champion", 1, who="ada", why="it was not")
        same(mine.aliases("a"), {"champion": 1, "previous": 3})
        same([move.alias for move in mine.history("a")], ["previous", "champion"] * 2 + ["champion"])


def what_is_not_there_is_named(connect: Connect, packages: Sequence[Path]) -> None:
    """Unknown models, versions and aliases, and names that cannot be one, are refused; nothing of them is kept."""
    with connect() as mine:
        refused(NotFoundError, "There is no model 'a'", lambda: mine.versions("a"))
        mine.register(packages[0], "retail")
        refused(NotFoundError, "Did you mean 'retail'?", lambda: mine.resolve("retial"))
        refused(NotFoundError, "has no version 2", lambda: mine.version("retail", 2))
        refused(NotFoundError, "has no alias 'champion'", lambda: mine.resolve("retail@champion"))
        refused(NotFoundError, "has no version 9", lambda: mine.set_alias("retail", "champion", 9, who="ada", why="no"))
        refused(RegistryError, "cannot be an alias", lambda: mine.set_alias("retail", "9", 1, who="ada", why="no"))
        refused(RegistryError, "does not say why", lambda: mine.set_alias("retail", "live", 1, who="ada", why=" "))
        refused(RegistryError, "who decides", lambda: mine.set_alias("retail", "live", 1, who="", why="no"))
        refused(RegistryError, "cannot be the name", lambda: mine.register(packages[0], "a@b"))
        same((mine.history("retail"), mine.aliases("retail")), ([], {}))


def moves_at_once_happen_one_after_the_other(connect: Connect, packages: Sequence[Path]) -> None:
    """Each move starts where the one before it ended, whichever connection made it; a package gets one number."""
    with connect() as mine:
        for path in packages[:2]:
            mine.register(path, "a")
        ready = Barrier(_THREADS)
        faults: list[Exception] = []

        def move(place: int) -> None:
            try:
                with connect() as registry:
                    ready.wait()
                    for turn in range(_MOVES):
                        registry.register(packages[(place + turn) % 3], "a")
                        registry.set_alias("a", "champion", 1 + (place + turn) % 2, who=f"t{place}", why=f"{turn}")
            except Exception as error:  # noqa: BLE001
                faults.append(error)

        threads = [Thread(target=move, args=(place,)) for place in range(_THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        same(faults, [])
        same(len(mine.versions("a")), 3)
        for alias in ("champion", "previous"):
            moves = mine.history("a", alias)[::-1]
            same([move.generation for move in moves], list(range(1, len(moves) + 1)))
            same([move.source for move in moves], [None, *(move.target for move in moves[:-1])])
            same(mine.aliases("a")[alias], moves[-1].target)
        champions = mine.history("a", "champion")[::-1]
        previous = mine.history("a", "previous")[::-1]
        same([move.target for move in previous], [move.source for move in champions if move.source is not None])


CASES: tuple[Case, ...] = (
    versions_are_numbered_without_gaps,
    the_same_package_is_one_version,
    a_version_does_not_move,
    aliases_move_with_their_record,
    the_champion_leaves_a_previous,
    what_is_not_there_is_named,
    moves_at_once_happen_one_after_the_other,
)
