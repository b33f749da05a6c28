"""The ML Test Score of a pipeline, from its evidence."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct, convert, to_builtins
from msgspec import ValidationError as Invalid

from mainspring.errors import ConfigError
from mainspring.proof.pieces import FULL, HALF, Limits, Piece, Reading
from mainspring.proof.records import SOURCES, Source
from mainspring.proof.rubric import RUBRIC, SECTIONS, Test, band
from mainspring.tracking import Facts

__all__ = ["Score", "Scored", "limits_of", "record", "score", "total"]


class Scored(Struct, frozen=True):
    """One test with its evidence, the weightiest first.

    Attributes:
        test: The test.
        points: 0, 0.5 or 1: what its best piece of evidence is worth.
        passed: Whether all that counts passed; None when nothing that counts says so. A check that fails is evidence
            all the same: the score is about what is tested, not about what is well.
        evidence: The pieces.
        missing: How to earn what is missing; empty at a full point.
    """

    test: Test
    points: float
    passed: bool | None
    evidence: tuple[Piece, ...]
    missing: str


class Score(Struct, frozen=True):
    """The score of a pipeline.

    Attributes:
        pipeline: The pipeline.
        made: When it was worked out.
        limits: The limits that it was worked out with.
        score: The final score: the points of the smallest section.
        sections: Points by section, of 7 each.
        tests: The 28 tests.
    """

    pipeline: str
    made: float
    limits: Limits
    score: float
    sections: dict[str, float]
    tests: tuple[Scored, ...]

    @property
    def band(self) -> str:
        """What the final score means."""
        return band(self.score)

    @property
    def failing(self) -> tuple[Scored, ...]:
        """Tests with evidence of which some does not pass."""
        return tuple(one for one in self.tests if one.passed is False)


def limits_of(reserved: dict[str, dict[str, Any]], path: str = "config.toml") -> Limits:
    """Return what the table `[testscore]` says.

    Raises:
        ConfigError: It has an unknown key, or a value of the wrong type.
    """
    try:
        return convert(reserved.get("testscore", {}), Limits)
    except Invalid as error:
        known = ", ".join(Limits.__struct_fields__)
        raise ConfigError(f"The table [testscore] does not fit: {error}", path, f"Its keys are {known}.") from error


def score(facts: Facts, pipeline: str, reading: Reading, sources: Sequence[Source] = SOURCES) -> Score:
    """Return the score of a pipeline, from what the sources give."""
    pieces = [piece for source in sources for piece in source(facts, pipeline, reading)]
    return total(pipeline, reading, pieces)


def total(pipeline: str, reading: Reading, pieces: Iterable[Piece]) -> Score:
    """Return the score that pieces of evidence make."""
    held: dict[str, list[Piece]] = {test.id: [] for test in RUBRIC}
    for piece in pieces:
        if piece.test in held:
            held[piece.test].append(piece)
    tests = tuple(_scored(test, held[test.id]) for test in RUBRIC)
    sections = {name: sum(one.points for one in tests if one.test.section == name) for name in SECTIONS}
    return Score(pipeline, reading.now, reading.limits, min(sections.values()), sections, tests)


def record(found: Score) -> dict[str, Any]:
    """Return a score for JSON: `score`, `sections`, `tests`, and what they rest on."""
    return {
        "score": found.score,
        "means": found.band,
        "sections": found.sections,
        "pipeline": found.pipeline,
        "made": found.made,
        "limits": to_builtins(found.limits),
        "tests": [
            {
                "id": one.test.id,
                "section": one.test.section,
                "title": one.test.title,
                "points": one.points,
                "passed": one.passed,
                "missing": one.missing,
                "evidence": [to_builtins(piece) for piece in one.evidence],
            }
            for one in found.tests
        ],
    }


def _scored(test: Test, pieces: list[Piece]) -> Scored:
    pieces.sort(key=lambda piece: (-piece.worth, -piece.made))
    points = max((piece.worth for piece in pieces), default=0.0)
    said = [piece.passed for piece in pieces if piece.worth and piece.passed is not None]
    return Scored(test, points, all(said) if said else None, tuple(pieces), _missing(test, points, pieces))


def _missing(test: Test, points: float, pieces: list[Piece]) -> str:
    if points == FULL:
        return ""
    if points == HALF and pieces[0].source.startswith("attested"):
        return f"{pieces[0].because}; for a full point {test.earn}"
    if pieces:
        return f"'{pieces[0].name}': {pieces[0].because}"
    return test.earn
