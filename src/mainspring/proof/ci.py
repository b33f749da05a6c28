"""What continuous integration finds out about a project: frozen data, and the verdict that follows from it."""

from typing import Any

from msgspec import Struct, to_builtins

from mainspring.proof.scoring import Score

__all__ = ["Case", "Change", "Difference", "Report", "ScoreChange", "Stage", "change_of", "document"]

FAILED = "failed"
INCONCLUSIVE = "inconclusive"
PASSED = "passed"
SKIPPED = "skipped"


class Case(Struct, frozen=True):
    """One thing that was checked: `passed`, `failed`, `skipped` or `inconclusive`."""

    name: str
    status: str
    says: str = ""
    seconds: float = 0.0


class Stage(Struct, frozen=True):
    """One part of the work.

    Attributes:
        name: `smoke`, `tests`, `gates` or `score`.
        status: `passed`, `failed`, `skipped` or `inconclusive`.
        says: The result in a line.
        seconds: How long it took.
        cases: What was checked.
    """

    name: str
    status: str
    says: str
    seconds: float = 0.0
    cases: tuple[Case, ...] = ()


class Difference(Struct, frozen=True):
    """A measure of the candidate beside that of what it is compared with.

    Attributes:
        measure: What is measured.
        against: With what: `retail@champion`, `week ago`.
        before: Its value there.
        after: Its value of the candidate.
        low: Lower end of the interval of the difference; None without one.
        high: Upper end.
        level: Of the interval.
    """

    measure: str
    against: str
    before: float | None
    after: float | None
    low: float | None = None
    high: float | None = None
    level: float = 0.95


class Change(Struct, frozen=True):
    """A key of the configuration, with its values before and after."""

    key: str
    before: str
    after: str


class ScoreChange(Struct, frozen=True):
    """The ML Test Score, and that of the last time.

    Attributes:
        score: The final score.
        means: The band of it.
        sections: Points by section.
        before: The score of the last time; None for a first one.
        sections_before: Its sections.
        gained: Tests that have more points than the last time.
        lost: Tests that have fewer.
        failing: Tests whose evidence does not pass, with what it says.
        missing: How to earn what is missing, by test.
    """

    score: float
    means: str
    sections: dict[str, float]
    before: float | None = None
    sections_before: dict[str, float] = {}
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    failing: tuple[tuple[str, str], ...] = ()
    missing: tuple[tuple[str, float, str], ...] = ()


class Report(Struct, frozen=True):
    """All that is told.

    Attributes:
        pipeline: The pipeline.
        made: When, in seconds since 1970 UTC.
        run: The smoke run; None when there was none.
        commit: Its Git commit.
        stages: The parts of the work.
        champion: What the candidate is compared with, in words.
        differences: Measures beside those of the champion, or of the baseline.
        worst_slice: The worst slice, in words.
        counterexamples: New ones, in words.
        score: The ML Test Score.
        compared_with: What the configuration is compared with, in words.
        configuration: What differs there.
        values: The configuration.
        points: Points by test, for the next time.
    """

    pipeline: str
    made: float
    run: str | None
    commit: str | None
    stages: tuple[Stage, ...]
    champion: str = ""
    differences: tuple[Difference, ...] = ()
    worst_slice: str = ""
    counterexamples: tuple[str, ...] = ()
    score: ScoreChange | None = None
    compared_with: str = ""
    configuration: tuple[Change, ...] = ()
    values: dict[str, str] = {}
    points: dict[str, float] = {}

    @property
    def verdict(self) -> str:
        """`failed` when a stage failed; else `inconclusive` when one was; else `passed`."""
        statuses = {stage.status for stage in self.stages}
        return next((one for one in (FAILED, INCONCLUSIVE) if one in statuses), PASSED)

    def stage(self, name: str) -> Stage | None:
        """Return a stage, if there was one of this name."""
        return next((one for one in self.stages if one.name == name), None)


def change_of(score: Score, before: dict[str, Any]) -> ScoreChange:
    """Return a score beside the `document` of the last time, which may be empty."""
    points = {one.test.id: one.points for one in score.tests}
    last: dict[str, float] = before.get("points") or {}
    told = before.get("score") or {}
    return ScoreChange(
        score.score,
        score.band,
        score.sections,
        told.get("score"),
        told.get("sections") or {},
        tuple(name for name, value in points.items() if last and value > last.get(name, 0.0)),
        tuple(name for name, value in points.items() if last and value < last.get(name, 0.0)),
        tuple((one.test.id, _failure(one.evidence)) for one in score.failing),
        tuple((one.test.id, one.points, one.missing) for one in score.tests if one.missing),
    )


def _failure(evidence: Any) -> str:
    piece = next(one for one in evidence if one.passed is False)
    return f"{piece.name}: {piece.says}" if piece.says else piece.name


def document(report: Report) -> dict[str, Any]:
    """Return a report for JSON."""
    found: dict[str, Any] = {"format": 1, "verdict": report.verdict, **to_builtins(report)}
    return found
