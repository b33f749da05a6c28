"""Facts that exist anyway, read as evidence: what `reproduce` found."""

from collections.abc import Iterator

from msgspec import MsgspecError, Struct
from msgspec.json import decode

from mainspring.errors import NotFoundError
from mainspring.events import Planted
from mainspring.proof.ladder import TOLERANCE, reaches
from mainspring.proof.pieces import Piece, Reading, judged, unproven
from mainspring.tracking import Facts

__all__ = ["reproduced"]

_TEST = "infrastructure.reproducible"
_NEWEST = 200


class _Findings(Struct, frozen=True):
    planted: tuple[Planted, ...] = ()


class _Record(Struct, frozen=True):
    """What of the record of a proof is asked for; `planted` is what its comparison was seen to notice."""

    commit: str | None = None
    findings: _Findings = _Findings()


def reproduced(facts: Facts, pipeline: str, reading: Reading) -> Iterator[Piece]:
    """Yield one piece for the runs of a pipeline that were run again: the newest verdict, and how many there are."""
    rows = [row for row in facts.proofs.newest(_NEWEST) if _pipeline(facts, row.run) == pipeline]
    if not rows:
        return
    last = rows[0]
    try:
        record = decode(last.record, type=_Record)
    except MsgspecError:  # it was written by hand, or by a newer version
        record = _Record()
    days = reading.limits.days
    problem = unproven(record.findings.planted) or reading.too_old(last.made, days)
    young = sum(not reading.too_old(row.made, days) for row in rows)
    passed = [reaches(row.verdict, TOLERANCE) for row in rows]
    worth, because = judged(problem, young, automated=False, ever_passed=any(passed))
    source = f"reproduce {last.run}"
    name = "a run that was run again, compared artifact by artifact"
    planted = record.findings.planted
    yield Piece(
        _TEST, name, source, worth, because, last.made, passed[0], last.verdict, planted, young, last.run, record.commit
    )


def _pipeline(facts: Facts, run: str) -> str | None:
    try:
        return facts.runs.get(run).pipeline
    except NotFoundError:  # it was collected
        return None
