"""Conformance of a database with what the registry needs of it.

A case is a function that gets `connect`, which opens another registry over one store that was empty before the case,
and three packages that differ and have no source:

    @pytest.mark.parametrize("case", registry.CASES, ids=registry.name_of)
    def test_conformance(case, connect, packages):
        case(connect, packages)

A case that fails raises `AssertionError`. Beside the cases there is a state machine, `registry_machine`, which needs
Hypothesis.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Barrier, Thread
from typing import TypeAlias

from mainspring.errors import NotFoundError, PromotionRefusedError, RegistryError
from mainspring.package import read_content
from mainspring.registry import Decision, GateAnswer, GateReport, Registry
from mainspring.testing.worlds import refused, same
from mainspring.tracking.promotions import Answer

__all__ = ["CASES", "Case", "Connect", "name_of", "promoted", "report_of"]

Connect: TypeAlias = Callable[[], Registry]
Case: TypeAlias = Callable[[Connect, Sequence[Path]], None]

_THREADS = 4
_MOVES = 6


def name_of(case: Case) -> str:
    """Return what a case says, for the report of a test."""
    return getattr(case, "__name__", "case")


def report_of(registry: Registry, name: str, number: int, answer: Answer = "pass") -> GateReport:
    """Return a report of one gate that says `answer` of a version, against what is champion now.

    No gate ran: for tests of what comes after gates, such as a service that follows the champion.
    """
    against = registry.aliases(name).get("champion")
    against = None if against == number else against
    record = json.dumps({"planted": answer, "model": name, "number": number, "against": against})
    gates = (GateAnswer("planted", answer, f"was told to say {answer}"),)
    return GateReport(name, number, registry.version(name, number).digest, against, gates, record)


def promoted(registry: Registry, name: str, number: int, *, who: str = "test", why: str = "a test") -> Decision:
    """Return the decision that made a version the champion, on a report in which no gate ran; see `report_of`."""
    return registry.promote(name, number, gates=report_of(registry, name, number), who=who, why=why)


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
    """When a version is promoted, `previous` is what was champion; a rollback swaps the two. Each is on record."""
    with connect() as mine, connect() as other:
        for path in packages:
            mine.register(path, "a")
        first = promoted(mine, "a", 1, who="ada", why="first")
        same((first.kind, first.source, first.target, mine.aliases("a")), ("promotion", None, 1, {"champion": 1}))
        second = promoted(other, "a", 3, who="bob", why="better")
        same(mine.aliases("a"), {"champion": 3, "previous": 1})
        same(promoted(mine, "a", 3), second)
        back = mine.rollback("a", who="eve", why="it was not")
        same((back.kind, back.source, back.target, back.who), ("rollback", 3, 1, "eve"))
        same(back.report, first.report)
        same(mine.aliases("a"), {"champion": 1, "previous": 3})
        same([move.alias for move in mine.history("a")], ["previous", "champion"] * 2 + ["champion"])
        same([move.evidence for move in mine.history("a", "champion")], [back.report, second.report, first.report])
        same(other.decisions("a"), [back, second, first])
        same([one.generation for one in other.decisions("a")], [3, 2, 1])
        same(next(one.passed for one in other.gate_reports("a", 3)), True)


def only_what_passed_its_gates_is_promoted(connect: Connect, packages: Sequence[Path]) -> None:
    """A gate that failed, or is inconclusive, or none at all, a report of another version: nothing of it moves."""
    with connect() as mine:
        for path in packages:
            mine.register(path, "a")
        promoted(mine, "a", 1)
        answers: tuple[Answer, ...] = ("fail", "inconclusive")
        for answer in answers:
            report = report_of(mine, "a", 2, answer)
            mine.record_gates(report)
            refused(PromotionRefusedError, f"planted ({answer})", partial(_promote, mine, 2, report))
        nothing = GateReport("a", 2, mine.version("a", 2).digest, 1, (), "{}")
        refused(PromotionRefusedError, "there are no gates", lambda: _promote(mine, 2, nothing))
        refused(RegistryError, "not for 'a' version 2", lambda: _promote(mine, 2, report_of(mine, "a", 3)))
        other = GateReport("a", 2, mine.version("a", 3).digest, 1, report_of(mine, "a", 2).answers, "{}")
        refused(PromotionRefusedError, "which is not 'a' version 2", lambda: _promote(mine, 2, other))
        same((mine.aliases("a"), len(mine.history("a")), len(mine.decisions("a"))), ({"champion": 1}, 1, 1))
        same(sorted(one.passed for one in mine.gate_reports("a")), [False, False, True])


def a_champion_that_was_not_compared_is_not_replaced(connect: Connect, packages: Sequence[Path]) -> None:
    """When another version was promoted while the gates ran, what they say is of the past."""
    with connect() as mine, connect() as other:
        for path in packages:
            mine.register(path, "a")
        early = report_of(mine, "a", 2)
        promoted(other, "a", 1)
        refused(PromotionRefusedError, "has the champion 1 by now", lambda: _promote(mine, 2, early))
        late = report_of(mine, "a", 2)
        promoted(other, "a", 3)
        refused(PromotionRefusedError, "compared version 2 with version 1", lambda: _promote(mine, 2, late))
        same(mine.aliases("a"), {"champion": 3, "previous": 1})


def a_rollback_needs_something_to_go_back_to(connect: Connect, packages: Sequence[Path]) -> None:
    """Without a champion before there is none; and neither alias can be set past the gates."""
    with connect() as mine:
        mine.register(packages[0], "a")
        refused(NotFoundError, "There is no model 'b'", lambda: mine.rollback("b", who="ada", why="so"))
        refused(PromotionRefusedError, "nothing to go back to", lambda: mine.rollback("a", who="ada", why="so"))
        promoted(mine, "a", 1)
        refused(PromotionRefusedError, "nothing to go back to", lambda: mine.rollback("a", who="ada", why="so"))
        refused(RegistryError, "does not say why", lambda: mine.rollback("a", who="ada", why=" "))
        refused(RegistryError, "mainspring promote a 1", lambda: mine.set_alias("a", "champion", 1, who="x", why="y"))
        refused(RegistryError, "cannot be set", lambda: mine.set_alias("a", "previous", 1, who="x", why="y"))


def people_stand_for_versions(connect: Connect, packages: Sequence[Path]) -> None:
    """Sign-offs are kept with who and what was looked at."""
    with connect() as mine, connect() as other:
        mine.register(packages[0], "a")
        same(mine.signed("a", 1), [])
        mine.sign("a", 1, who="ada", note="the worst ten stores")
        mine.sign("a", 1, who="bob", note="the gates")
        same(
            [(one.who, one.note) for one in other.signed("a", 1)],
            [("bob", "the gates"), ("ada", "the worst ten stores")],
        )
        refused(NotFoundError, "has no version 2", lambda: mine.sign("a", 2, who="ada", note="x"))
        refused(RegistryError, "does not say why", lambda: mine.sign("a", 1, who="ada", note=""))


def _promote(registry: Registry, number: int, report: GateReport) -> Decision:
    return registry.promote("a", number, gates=report, who="ada", why="so")


def what_is_not_there_is_named(connect: Connect, packages: Sequence[Path]) -> None:
    """Unknown models, versions and aliases, and names that cannot be one, are refused; nothing of them is kept."""
    with connect() as mine:
        refused(NotFoundError, "There is no model 'a'", lambda: mine.versions("a"))
        mine.register(packages[0], "retail")
        refused(NotFoundError, "Did you mean 'retail'?", lambda: mine.resolve("retial"))
        refused(NotFoundError, "has no version 2", lambda: mine.version("retail", 2))
        refused(NotFoundError, "has no alias 'champion'", lambda: mine.resolve("retail@champion"))
        refused(NotFoundError, "has no version 9", lambda: mine.set_alias("retail", "live", 9, who="ada", why="no"))
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
                        with suppress(PromotionRefusedError):  # another thread was faster
                            promoted(registry, "a", 1 + (place + turn) % 2, who=f"t{place}", why=f"{turn}")
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
        decided = [(one.generation, one.source, one.target) for one in mine.decisions("a")[::-1]]
        same(decided, [(move.generation, move.source, move.target) for move in champions])


CASES: tuple[Case, ...] = (
    versions_are_numbered_without_gaps,
    the_same_package_is_one_version,
    a_version_does_not_move,
    aliases_move_with_their_record,
    the_champion_leaves_a_previous,
    only_what_passed_its_gates_is_promoted,
    a_champion_that_was_not_compared_is_not_replaced,
    a_rollback_needs_something_to_go_back_to,
    people_stand_for_versions,
    what_is_not_there_is_named,
    moves_at_once_happen_one_after_the_other,
)
