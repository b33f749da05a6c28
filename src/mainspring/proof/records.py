"""Where evidence is read from. Each source is a function from facts to pieces; `SOURCES` names all of them."""

from collections.abc import Callable, Iterable, Iterator

from msgspec import MsgspecError, Struct
from msgspec.json import decode, encode

from mainspring.errors import NotFoundError
from mainspring.events import Finding, Planted
from mainspring.proof.pieces import HALF, Piece, Reading, judged, unproven
from mainspring.proof.sources import reproduced
from mainspring.tracking import EvidenceRow, Facts, RunRow, Seen

__all__ = ["SOURCES", "Source", "attested", "recorded", "row_of"]

_ENDED = ("succeeded", "failed")
_LOOK_BACK = 30
_BESIDE = " "  # a row whose step has a blank in it was made beside the steps: `ci smoke run`, `tests FILE::NAME`

Source = Callable[[Facts, str, Reading], Iterable[Piece]]


class _Record(Struct):
    """What of the record of a run is asked for."""

    profile: str | None = None
    git: dict[str, object] | None = None


def row_of(finding: Finding, run: str, place: str, time: float) -> EvidenceRow:
    """Return the row of what a check found beside the steps of a run, at `ci NAME`, `tests NAME` or the like."""
    return EvidenceRow(run, place, "", finding.test, finding.name, encode(finding).decode(), time)


def recorded(facts: Facts, pipeline: str, reading: Reading) -> Iterator[Piece]:
    """Yield what checks found, in steps and beside them, as far as the newest runs still make it."""
    seen = facts.evidence.seen(pipeline)
    current = _current_runs(facts, pipeline)
    newest = {_kind(one): one.run for one in sorted(seen, key=lambda one: one.started) if _BESIDE in one.row.step}
    checks: dict[tuple[str, str, str], list[Seen]] = {}
    for one in seen:
        place = one.row.step.partition("{")[0] if _BESIDE not in one.row.step else one.row.step
        checks.setdefault((one.row.test, one.row.name, place), []).append(one)
    for (_, _, place), rows in checks.items():
        alive = {newest[_kind(rows[0])]: False} if _BESIDE in place else current
        counted = [one for one in rows if one.run in alive]
        if counted:
            last = max(counted, key=lambda one: (alive[one.run], one.started, one.row.time))
            yield _piece(facts, rows, last, place, reading)


def attested(facts: Facts, pipeline: str, reading: Reading) -> Iterator[Piece]:
    """Yield what people say: half a point at most, as long as it is young enough."""
    for one in facts.attestations.list(pipeline):
        problem = reading.too_old(one.time, reading.limits.attested_days)
        worth, because = (0.0, problem) if problem else (HALF, "what people say is worth half a point")
        source = f"attested by {one.who}"
        yield Piece(one.test, "attestation", source, worth, because, one.time, says=one.note)


SOURCES: tuple[Source, ...] = (recorded, attested, reproduced)


def _kind(one: Seen) -> str:
    return one.row.step.partition(_BESIDE)[0]


def _current_runs(facts: Facts, pipeline: str) -> dict[str, bool]:
    """Return the newest run of each profile that succeeded, and those that ended since: whether it had no profile."""
    current: dict[str, bool] = {}
    done: set[str | None] = set()
    for row in facts.runs.list(_LOOK_BACK, pipeline=pipeline):
        if row.status not in _ENDED:
            continue
        profile = _record(facts.runs.get(row.id)).profile
        if profile not in done:
            current[row.id] = profile is None
        if row.status == "succeeded":
            done.add(profile)
    return current


def _record(run: RunRow) -> _Record:
    try:
        return decode(run.record or "{}", type=_Record)
    except MsgspecError:
        return _Record()


def _piece(facts: Facts, rows: list[Seen], last: Seen, place: str, reading: Reading) -> Piece:
    """Return the piece that the rows of one check make: what its last run found, and how often it was seen."""
    together = [one.row for one in rows if one.run == last.run]
    findings = [_finding(row) for row in together]
    made = min(row.time for row in together)
    planted = _merged(findings)
    days = reading.limits.days
    young = {one.run for one in rows if not reading.too_old(one.row.time, days)}
    changed = any(row.digest != row.made() for row in together)
    problem = "the record was changed after it was made" if changed else unproven(planted)
    problem = problem or reading.too_old(made, days)
    ever_passed = any(one.passed for one in findings) or any(_finding(one.row).passed for one in rows)
    automated = any(one.by == "automation" for one in findings)
    worth, because = judged(problem, len(young), automated=automated, ever_passed=ever_passed)
    run = _run(facts, last.row.run)
    said = next((one for one in findings if not one.passed), findings[0])
    return Piece(
        last.row.test,
        last.row.name,
        place if _BESIDE in place else f"step {place}",
        worth,
        because,
        made,
        all(one.passed for one in findings),
        said.says,
        planted,
        len(young),
        last.row.run,
        None if run is None else _commit(run),
        None if run is None else next((one.digest for one in run.artifacts if one.name == "sources"), None),
        last.row.key or None,
        last.row.digest,
    )


def _finding(row: EvidenceRow) -> Finding:
    try:
        return decode(row.record, type=Finding)
    except MsgspecError:  # it was written by hand, or by a newer version
        return Finding(row.test, row.name, False, "the record cannot be read")


def _merged(findings: list[Finding]) -> tuple[Planted, ...]:
    """Return the planted faults of all elements of a mapped step; one that was missed once was missed."""
    found: dict[str, Planted] = {}
    for one in (planted for finding in findings for planted in finding.planted):
        if one.fault not in found or not one.caught:
            found[one.fault] = one
    return tuple(found.values())


def _run(facts: Facts, run: str) -> RunRow | None:
    try:
        return facts.runs.get(run)
    except NotFoundError:  # it was collected; what it made is still used
        return None


def _commit(run: RunRow) -> str | None:
    git = _record(run).git or {}
    commit = git.get("commit")
    if not isinstance(commit, str):
        return None
    changed = git.get("changed_files")
    return f"{commit} with {changed} changed files" if changed else commit
