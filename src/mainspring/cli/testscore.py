"""`mainspring testscore`: the ML Test Score, and what people attest."""

import getpass
from pathlib import Path
from typing import Annotated, Any

import typer

from mainspring.charts.numbers import short
from mainspring.cli.options import AsJson, HomePath
from mainspring.cli.printing import ago, put, put_json, put_table, stamp
from mainspring.config.homes import reserved_tables
from mainspring.errors import NotFoundError, nearest
from mainspring.events import TESTS
from mainspring.proof.pieces import Piece, Reading
from mainspring.proof.scoring import Score, limits_of, record, score
from mainspring.tracking import Facts
from mainspring.workspace.opening import open_existing

__all__ = ["COMMANDS"]

_SHOWN = 120
_PASSED = {True: "passes", False: "FAILS", None: ""}
PipelineName = Annotated[
    str | None, typer.Option("--pipeline", metavar="NAME", help="The pipeline; by default that of the newest run.")
]
TestName = Annotated[str, typer.Argument(metavar="TEST", help="A test, such as model.review.")]


def show(
    context: typer.Context,
    *,
    pipeline: PipelineName = None,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Show each piece of evidence, and each planted fault.")
    ] = False,
    home: HomePath = None,
    as_json: AsJson = False,
) -> None:
    """Show the ML Test Score of a pipeline: its points by section, from evidence, and how to earn what is missing.

    28 tests, after Breck et al. 2017. Half a point for evidence once, a full one for evidence that the pipeline itself
    makes again and again; the final score is that of the smallest section.
    """
    if context.invoked_subcommand is not None:
        return
    found = _score(home, pipeline)
    if as_json:
        put_json(_document(found))
        return
    _print(found)
    if evidence:
        _print_evidence(found)


def attest(
    test: TestName,
    *,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What was done, where it is written down.")],
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who says so; by default you.")] = None,
    pipeline: PipelineName = None,
    home: HomePath = None,
) -> None:
    """Put on record what only people can say, with name and date. It is worth half a point, for a time."""
    _check(test)
    who = by or getpass.getuser()
    with open_existing(home) as opened:
        name = _pipeline(opened.facts, pipeline)
        opened.facts.attestations.add(name, test, who=who, note=note)
    put(f"{test} of {name}: attested by {who}")


def withdraw(test: TestName, *, pipeline: PipelineName = None, home: HomePath = None) -> None:
    """Take back what was attested for a test; it stays on record, and counts no more."""
    _check(test)
    with open_existing(home) as opened:
        name = _pipeline(opened.facts, pipeline)
        taken = opened.facts.attestations.withdraw(name, test)
    if not taken:
        raise NotFoundError(f"Nothing is attested for {test} of '{name}'", None, "See mainspring testscore --evidence.")
    put(f"{test} of {name}: withdrawn")


def _check(test: str) -> None:
    if test not in TESTS:
        near = nearest(test, TESTS)
        advice = f"Did you mean '{near}'?" if near else f"There are: {', '.join(TESTS)}."
        raise NotFoundError(f"There is no test '{test}' in the ML Test Score", None, advice)


def _pipeline(facts: Facts, chosen: str | None) -> str:
    if chosen is not None and facts.runs.list(1, pipeline=chosen):
        return chosen
    rows = facts.runs.list(100)
    if chosen is None and rows:
        return rows[0].pipeline
    names = sorted({row.pipeline for row in rows})
    advice = f"There are runs of: {', '.join(names)}." if names else "Run the pipeline first: mainspring run"
    raise NotFoundError(f"There is no run of '{chosen}'" if chosen else "There are no runs", None, advice)


def _score(home: Path | None, pipeline: str | None) -> Score:
    path, reserved = reserved_tables(home)
    with open_existing(home) as opened:
        facts = opened.facts
        name = _pipeline(facts, pipeline)
        return score(facts, name, Reading(facts.now(), limits_of(reserved, path)))


def _print(found: Score) -> None:
    put(f"ML Test Score of {found.pipeline}: {found.score:g}, {found.band}")
    put()
    rows = [(name, f"{points:g}", "of 7") for name, points in found.sections.items()]
    put_table(("section", "points", ""), rows, right=("points",))
    put()
    put_table(
        ("points", "test", "result", "evidence, or how to earn what is missing"),
        [
            (f"{one.points:g}", one.test.id, _PASSED[one.passed], one.missing or _source(one.evidence[0]))
            for one in found.tests
        ],
        right=("points",),
    )
    for one in found.failing:
        failed = next(piece for piece in one.evidence if piece.passed is False)
        put()
        put(f"{one.test.id} fails: {failed.name}, {failed.source}: {failed.says}")


def _source(piece: Piece) -> str:
    return f"{piece.name}: {piece.source}, {piece.because}"


def _print_evidence(found: Score) -> None:
    for one in found.tests:
        for piece in one.evidence:
            put()
            put(f"{one.test.id}: {piece.name}")
            linked = f", run {piece.run}" if piece.run else ""
            linked += f", commit {_commit(piece.commit)}" if piece.commit else ""
            linked += f", record {short(piece.digest)}" if piece.digest else ""
            put(f"  {piece.worth:g}: {piece.because}; {piece.source}, {ago(piece.made)}{linked}")
            if piece.says:
                put(f"  {_PASSED[piece.passed] or 'says'}: {piece.says}")
            for planted in piece.planted:
                put(f"  planted: {planted.fault}: {'caught' if planted.caught else 'MISSED'}, {_first(planted.says)}")


def _commit(commit: str) -> str:
    name, _, changed = commit.partition(" ")
    return f"{short(name)} {changed}".strip()


def _first(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _document(found: Score) -> dict[str, Any]:
    document = record(found)
    document["made"] = stamp(found.made)
    for test in document["tests"]:
        for piece in test["evidence"]:
            piece["made"] = stamp(piece["made"])
    return document


COMMANDS = {"": show, "attest": attest, "withdraw": withdraw}
