"""Whether a model is worse on a slice than elsewhere, or than a baseline."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from mainspring.errors import DefinitionError, InputError, nearest
from mainspring.quality.kinds import NoWorse
from mainspring.quality.rows import Array, Rows
from mainspring.quality.verdicts import Tally, Verdict
from mainspring.stats import holm, student_above

__all__ = ["judge_slices"]

_FEWEST: Final = 5


@dataclass(frozen=True)
class _Slice:
    """The loss of a slice over what it is compared with, and the chances of what is seen were it at the margin."""

    label: str
    rows: int
    ratio: float
    worse: float
    fine: float


def judge_slices(
    wanted: NoWorse, inputs: Rows, outputs: Rows, given: tuple[Rows | None, Mapping[str, Array]], level: float
) -> Verdict:
    """Return the verdict on slices: each is tested for being worse than the margin allows, with Holm's correction.

    The test is Student's, of the differences of sums of clusters: loss less (1 + margin) times what it is compared
    with. A slice of fewer than five clusters has no answer.

    Raises:
        InputError: There are no outcomes.
        DefinitionError: There is no such column or slice.
    """
    outcomes, slices = given
    if outcomes is None:
        raise InputError(
            f"'{wanted.name}' compares losses, and no outcomes were given", fix="Give check(…, outcomes={…})."
        )
    if wanted.by not in slices and wanted.by not in inputs:
        near = nearest(wanted.by, [*slices, *inputs])
        raise DefinitionError(
            f"'{wanted.name}' looks at '{wanted.by}', which is neither a slice nor a column",
            fix=f"Did you mean '{near}'?" if near else "Name a column, or give it as one of the slices.",
        )
    labels = np.asarray(slices.get(wanted.by, inputs.get(wanted.by))).astype(str)
    loss = np.asarray(wanted.loss(inputs, outputs, outcomes), np.float64)
    known = np.isfinite(loss) | np.isinf(loss)
    other = np.full(len(loss), loss[known].mean()) if wanted.against is None else wanted.against(inputs, outcomes)
    other = np.asarray(other, np.float64)
    known &= ~np.isnan(other)
    clusters = np.arange(len(loss)) if wanted.cluster is None else np.asarray(wanted.cluster(inputs))
    found = [
        _slice(label, loss[at], other[at], clusters[at], wanted.margin)
        for label in np.unique(labels).tolist()
        if (at := known & (labels == label)).any()
    ]
    return _verdict(wanted, found, level)


def _slice(label: str, loss: Array, other: Array, clusters: Array, margin: float) -> _Slice:
    ratio = float(loss.sum() / other.sum()) if other.sum() else float("inf") if loss.sum() else 1.0
    if not np.isfinite(loss).all():
        return _Slice(label, len(loss), float("inf"), 0.0, 1.0)
    _, places = np.unique(clusters, return_inverse=True)
    over = np.bincount(places, loss - (1 + margin) * other)
    if len(over) < _FEWEST:
        return _Slice(label, len(loss), ratio, 1.0, 1.0)
    error = over.std(ddof=1) / np.sqrt(len(over))
    value = float(over.mean() / error) if error else float(np.sign(over.mean())) * np.inf if over.mean() else 0.0
    worse = student_above(value, len(over) - 1)
    return _Slice(label, len(loss), ratio, worse, 1 - worse)


def _verdict(wanted: NoWorse, found: list[_Slice], level: float) -> Verdict:
    worse = dict(zip((one.label for one in found), holm([one.worse for one in found]).tolist(), strict=True))
    broken = [one for one in found if worse[one.label] <= level]
    unsure = [one for one in found if one not in broken and one.fine > level]
    excess = sorted((max(0.0, one.ratio - 1) for one in found), reverse=True)
    tallies = tuple(
        Tally(f"{wanted.by} = {one.label}", one.rows, int(one in broken), 1.0, over, over, over)
        for one, over in ((one, max(0.0, one.ratio - 1)) for one in found)
    )
    said = f"{len(broken)} of {len(found)} slices are worse by more than {wanted.margin:.0%}"
    if broken:
        most = max(broken, key=lambda one: one.ratio)
        said += (
            f", most of all {wanted.by} = {most.label}: {most.ratio:.2f} times the loss, p = {worse[most.label]:.2g}"
        )
    if unsure:
        said += f"; of {len(unsure)} the rows do not say"
    return Verdict(
        name=wanted.name,
        kind=wanted.kind,
        answer="broken" if broken else "holds" if found else "inconclusive",
        passed=bool(found) and not broken,
        checked=len(found),
        violations=len(broken),
        upper=1.0,
        worst=excess[0] if excess else 0.0,
        p95=excess[len(excess) // 20] if excess else 0.0,
        p99=excess[len(excess) // 100] if excess else 0.0,
        flips=None,
        sources=(),
        slices=tallies,
        parts=(),
        limit=None,
        size=wanted.margin,
        most=wanted.margin,
        p=None,
        adjusted=min(worse.values(), default=None),
        replayed=0,
        still=0,
        counterexamples=(),
        says=said,
    )
