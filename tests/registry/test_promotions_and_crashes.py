"""Promotions, rollbacks and kills of four processes: whatever happened, what is in the database is a whole history."""

import subprocess
import sys
from pathlib import Path

import pytest
from promotion_actors import BAD, GOOD, NAME

from linear_packages import linear
from mainspring.registry import Registry
from mainspring.tracking import open_database

ACTORS = Path(__file__).with_name("promotion_actors.py")


def check_whole(registry: Registry) -> int:
    """Hold everything that is recorded of a model against the rules; return how often its champion moved."""
    moves, decisions = registry.history(NAME, "champion")[::-1], registry.decisions(NAME)[::-1]
    aliases, reports = registry.aliases(NAME), {one.digest: one for one in registry.gate_reports(NAME)}
    # The history is complete: numbered without gaps, each begins where the one before ended, and each has its decision.
    assert [move.generation for move in moves] == list(range(1, len(moves) + 1))
    assert [move.source for move in moves] == [None, *(move.target for move in moves[:-1])]
    told = [(one.generation, one.source, one.target, one.report, one.who, one.why) for one in decisions]
    assert told == [(one.generation, one.source, one.target, one.evidence, one.who, one.why) for one in moves]
    # The alias always named a version whose gates passed, and `previous` what was champion before.
    for one in decisions:
        report = reports[one.report]
        assert (report.passed, report.number) == (True, one.target)
        assert one.target in GOOD
        assert one.kind == "rollback" or report.against == one.source
    previous = registry.history(NAME, "previous")[::-1]
    assert [(one.target, one.evidence) for one in previous] == [(one.source, one.evidence) for one in moves[1:]]
    # What is there now is where the history ends, and nothing is half-done.
    assert aliases.get("champion") == (moves[-1].target if moves else None)
    assert aliases.get("previous") == (moves[-1].source if moves else None)
    assert all(report.answers for report in reports.values())
    before = None
    for one in decisions:
        if one.kind == "rollback":
            assert before is not None
            assert one.target == before.source
        before = one
    return len(moves)


def act(target, folder: Path, operations: int, seed: int, share: float) -> tuple[int, int, int]:
    """Operations begun, kills and moves of the champion."""
    with Registry(open_database(target), folder / "kept") as registry:
        for number in (*GOOD, BAD):
            registry.register(linear(folder / f"p{number}", (float(number), 3.0)).package.path, NAME)
    arguments = map(str, (target, folder / "kept", folder / "journal", 4, operations, seed, share))
    done = subprocess.Popen(
        [sys.executable, str(ACTORS), *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with Registry(open_database(target), folder / "kept") as registry:
        while done.poll() is None:  # what a reader sees at any time, such as a service that follows the champion
            champion = registry.aliases(NAME).get("champion")
            assert champion in (None, *GOOD)
            if champion is not None:
                assert any(report.passed for report in registry.gate_reports(NAME, champion))
            try:
                done.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
        said, errors = done.communicate()
        assert done.returncode == 0, errors
        moves = check_whole(registry)
        # What an actor was told is decided stays decided, whoever died afterwards.
        told = [line.split() for line in (folder / "journal.decided").read_text().splitlines()]
        kept = {
            (str(one.generation), one.kind, str(one.source), str(one.target), one.report)
            for one in registry.decisions(NAME)
        }
        assert {tuple(line) for line in told} <= kept
    begun, deaths = map(int, said.split())
    return begun, deaths, moves


def test_a_kill_at_any_statement_leaves_a_whole_history(database, tmp_path):
    begun, deaths, moves = act(database, tmp_path, 60, 1, 0.25)
    assert begun >= 60
    assert deaths >= 1
    assert moves >= 10


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_a_thousand_promotions_rollbacks_and_kills_of_four_processes(database, tmp_path):
    begun, deaths, moves = act(database, tmp_path, 1000, 1000, 0.06)
    assert begun >= 1000
    assert deaths >= 20
    assert moves >= 200
