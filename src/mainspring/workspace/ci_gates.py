"""What `mainspring ci` learns of the model: beside the champion, or the baseline while there is none."""

import time
from collections.abc import Iterable

from msgspec import Struct
from msgspec.json import decode

from mainspring.config.homes import config_file
from mainspring.proof.ci import Case, Difference, Stage
from mainspring.proof.pieces import Piece
from mainspring.quality import Compared, Counterexample
from mainspring.tracking import RunRow
from mainspring.tracking.models import Models
from mainspring.workspace.gating import counterexamples_of, judge
from mainspring.workspace.homes import Home

__all__ = ["Champion", "Comparison", "champion_of", "comparison_of", "values_of"]

_BASELINE = "model.baseline"
_SLICES = "model.slices"
_CHAMPION = "champion"
_STATUS = {"pass": "passed", "fail": "failed", "inconclusive": "inconclusive"}
_MOST = 8
_BETWEEN = 0.9  # the confidence between two ends of 95%


class Champion(Struct, frozen=True):
    """The version that the candidate is compared with, and the run that made it."""

    name: str
    number: int
    run: RunRow

    @property
    def words(self) -> str:
        """How it is called."""
        return f"{self.name} version {self.number}, run {self.run.id}"


class Comparison(Struct, frozen=True):
    """What is known of the candidate.

    Attributes:
        stage: The stage `gates`, with a case a gate.
        differences: Measures beside those of what it is compared with.
        worst_slice: In words.
        counterexamples: New ones, in words.
    """

    stage: Stage
    differences: tuple[Difference, ...] = ()
    worst_slice: str = ""
    counterexamples: tuple[str, ...] = ()


class _Config(Struct, frozen=True):
    values: dict[str, object] = {}


class _Record(Struct):
    config: _Config = _Config()


def champion_of(home: Home, pipeline: str) -> Champion | None:
    """Return the champion that a run of a pipeline made; None while there is none."""
    models = Models(home.facts.database)
    for model in models.list():
        number = model.aliases.get(_CHAMPION)
        version = None if number is None else models.version(model.name, number)
        for run in _runs(home, version.run if version is not None else None):
            if run.pipeline == pipeline and number is not None:
                return Champion(model.name, number, run)
    return None


def values_of(run: RunRow) -> dict[str, object]:
    """Return the configuration of a run, by key."""
    return decode(run.record or "{}", type=_Record).config.values


def _own_checks(champion: Champion | None, pieces: tuple[Piece, ...]) -> Comparison:
    """What the pipeline's own checks say of the model: against the baseline, and on slices."""
    cases = tuple(_case(piece) for piece in pieces if piece.test == _BASELINE and piece.passed is not None)
    worst = next((piece for piece in pieces if piece.test == _SLICES and piece.says), None)
    first = "no champion yet" if champion is None else f"the champion is {champion.words}; no gates are declared"
    if not cases:
        stage = Stage("gates", "skipped", f"{first}; no check against a baseline is on record")
    else:
        wrong = [case for case in cases if case.status != "passed"]
        said = wrong[0] if wrong else cases[0]
        answer = "is not better" if wrong else "passes"
        words = f"{first}; against the baseline it {answer}{f' ({said.says})' if said.says else ''}"
        stage = Stage("gates", "inconclusive" if wrong else "passed", words, 0.0, cases)
    return Comparison(stage, worst_slice="" if worst is None else worst.says)


def comparison_of(home: Home, champion: Champion | None, pieces: tuple[Piece, ...]) -> Comparison:
    """Return what the gates say of the newest version, or the pipeline's own checks while there is no champion."""
    own = _own_checks(champion, pieces)
    if champion is None:
        return own
    start = time.monotonic()
    kept = counterexamples_of(config_file(home.path))
    before = kept.all()
    report = judge(champion.name, home=home.path)
    new = [one for one in kept.all() if one not in before]
    cases = tuple(Case(one.name, _STATUS[one.answer], f"{one.says} {one.fix}".strip()) for one in report.gates)
    says = f"{report.model} version {report.number}: {_STATUS[report.answer]}"
    stage = Stage("gates", _STATUS[report.answer], says, time.monotonic() - start, cases)
    named = "no champion" if report.against is None else f"version {report.against}"
    differences = [_difference(one, named) for gate in report.gates for one in gate.compared]
    return Comparison(stage, tuple(differences[:_MOST]), own.worst_slice, tuple(_words(one) for one in new))


def _difference(one: Compared, champion: str) -> Difference:
    """Mean losses, with the interval of their difference: each end is one-sided."""
    against = champion if one.what == "champion" else one.what
    return Difference("loss", against, one.other, one.loss, one.low * one.other, one.high * one.other, _BETWEEN)


def _words(one: Counterexample) -> str:
    return f"{one.property}: {', '.join(one.columns())}"


def _case(piece: Piece) -> Case:
    return Case(piece.name, "passed" if piece.passed else "inconclusive", piece.says)


def _runs(home: Home, run: str | None) -> Iterable[RunRow]:
    if run is None or not home.facts.runs.exists(run):
        return ()
    return (home.facts.runs.get(run),)
