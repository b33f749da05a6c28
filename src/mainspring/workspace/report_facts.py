"""What the report tells of a run: its facts, and those of the run that it is compared with."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, Final

from msgspec import MsgspecError, Struct
from msgspec.json import decode

from mainspring.digest.texts import from_json
from mainspring.errors import MainspringError
from mainspring.store import BlobStore, load
from mainspring.tracking import Facts, LoggedRow, MetricRow, ResultRow, RunRow, StepRow

__all__ = ["Account", "Course", "Past", "account_of", "document_of", "files_of", "node_of", "params_of"]

_LOOK_BACK: Final = 5
_LOOK_BACK_METRICS: Final = 3
_FILES: Final = ("file", "folder")
_ENDED: Final = ("succeeded", "failed")

Place = tuple[str, str]  # a step and the name of a metric


class Course(Struct, frozen=True):
    """The numbers that a step logged under one name, in their order, and those of an earlier run.

    Attributes:
        step: Name of the step run.
        name: What is measured.
        values: The numbers.
        at: Their positions on the axis of progress, as far as they were given.
        before: The numbers of the last run that has this metric; empty if there is none.
        before_at: Their positions.
        before_run: Id of that run.
    """

    step: str
    name: str
    values: list[float]
    at: list[int | None]
    before: list[float] = []
    before_at: list[int | None] = []
    before_run: str = ""


class _Chosen(Struct):
    """What of a record says which runs are compared; decoding it passes over the rest, which is long."""

    profile: str | None = None


class Past(Struct, frozen=True):
    """The run that another is compared with: the last that ended, of the same pipeline and profile.

    Attributes:
        run: The run.
        record: Its record.
        steps: Its step runs.
        results: What its steps returned, by their name; left empty when all steps have the keys that they had then.
    """

    run: RunRow
    record: dict[str, Any]
    steps: list[StepRow]
    results: dict[str, ResultRow]


class Account(Struct, frozen=True):
    """All that is told.

    Attributes:
        run: The run.
        record: Its record.
        steps: Its step runs, by position.
        results: What steps returned, by their name.
        metrics: What they measured.
        logged: Figures and tables that they logged.
        past: What it is compared with; None for a first run.
    """

    run: RunRow
    record: dict[str, Any]
    steps: list[StepRow]
    results: dict[str, ResultRow]
    metrics: list[Course] = []
    logged: list[LoggedRow] = []
    past: "Past | None" = None

    def size_of(self, step: str) -> int:
        """Return the bytes that the results of a step take."""
        result = self.results.get(step)
        return sum(artifact.size for artifact in result.artifacts) if result else 0


def account_of(facts: Facts, run_id: str) -> Account:
    """Return the account of a run.

    Raises:
        NotFoundError: There is no such run.
    """
    run = facts.runs.get(run_id)
    record, steps = from_json(run.record or "{}"), facts.steps.of(run.id)
    earlier = _earlier(facts, run, record.get("profile"))
    last = next(earlier, None)
    past = None if last is None else _past(facts, steps, last)
    metrics, logged = facts.measures.of_run(run.id)
    courses = _courses(metrics)
    if last is not None:
        _compare(facts, courses, chain([last], earlier))
    return Account(run, record, steps, facts.results.of_run(run.id), list(courses.values()), logged, past)


def node_of(step: str) -> str:
    """Return the name of the DAG's node that a step run belongs to: without the number of its element."""
    return step.partition("{")[0].removesuffix(":items")


def params_of(step: StepRow) -> dict[str, dict[str, str]]:
    """Return what was passed to a step run, by parameter: its `kind`, its `digest`, and how to `show` it."""
    found: dict[str, dict[str, str]] = from_json(step.inputs or "{}").get("params") or {}
    return found


def files_of(step: StepRow) -> dict[str, str]:
    """Return the digests of the files and folders that were passed to a step run, by path."""
    if not any(f'"kind":"{kind}"' in step.inputs for kind in _FILES):
        return {}  # most steps take none, and looking is quicker than parsing
    return {part["show"]: part["digest"] for part in params_of(step).values() if part["kind"] in _FILES}


def document_of(run: RunRow, name: str, blobs: BlobStore) -> dict[str, Any]:
    """Return a JSON document that belongs to a run, such as its environment; empty when it cannot be had any more."""
    artifact = next((artifact for artifact in run.artifacts if artifact.name == name), None)
    if artifact is None:
        return {}
    try:
        found: dict[str, Any] = from_json(load(artifact, blobs))
    except MainspringError:  # a report tells what is left: blobs of old runs may have been collected
        return {}
    return found


def _profile(record: str) -> str | None:
    try:
        return decode(record, type=_Chosen).profile
    except MsgspecError:  # it holds what is no text
        profile: str | None = from_json(record).get("profile")
        return profile


def _past(facts: Facts, steps: list[StepRow], run: RunRow) -> Past:
    before = facts.steps.of(run.id)
    keys = {step.name: step.key for step in before}
    differs = any(step.key != keys.get(step.name, step.key) for step in steps)
    return Past(run, from_json(run.record or "{}"), before, facts.results.of_run(run.id) if differs else {})


def _earlier(facts: Facts, run: RunRow, profile: str | None) -> Iterator[RunRow]:
    """Return earlier runs of the same pipeline and profile that ended, the newest first."""
    rows = facts.runs.list(_LOOK_BACK, pipeline=run.pipeline, before=run.id)
    found = (facts.runs.get(row.id) for row in rows if row.status in _ENDED)
    return (row for row in found if _profile(row.record) == profile)


def _courses(rows: Iterable[MetricRow]) -> dict[Place, Course]:
    courses: dict[Place, Course] = {}
    for row in rows:
        course = courses.setdefault((row.step, row.name), Course(row.step, row.name, [], []))
        course.values.append(row.value)
        course.at.append(row.at)
    return courses


def _compare(facts: Facts, courses: dict[Place, Course], earlier: Iterator[RunRow]) -> None:
    """Give each metric the numbers of the last run that has it."""
    missing = list(courses)
    for run in islice(earlier, _LOOK_BACK_METRICS if missing else 0):
        found = _courses(facts.measures.of_run(run.id)[0])
        for place in missing:
            if place in found:
                now, then = courses[place], found[place]
                courses[place] = Course(now.step, now.name, now.values, now.at, then.values, then.at, run.id)
        missing = [place for place in missing if place not in found]
        if not missing:
            break
