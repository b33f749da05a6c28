"""`why`: what changed since a step last succeeded, down to function and lines."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from msgspec import structs

from mainspring.config import Config
from mainspring.engine.keys import Key
from mainspring.engine.reasons import Change
from mainspring.engine.schedule import Job
from mainspring.errors import NotFoundError, nearest
from mainspring.graph import refs_in
from mainspring.graph.code import Code
from mainspring.tracking import StepRow
from mainspring.workspace.codediff import Difference, differences_of
from mainspring.workspace.homes import Home
from mainspring.workspace.past import Past
from mainspring.workspace.planning import Planned, Survey, survey
from mainspring.workspace.project import Project

__all__ = ["Difference", "Explanation", "why"]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a step run is what it is.

    Attributes:
        step: Name of the step run.
        verdict: As in a plan: `hit`, `miss`, `unknown` or `failed`.
        reason: The same in a line.
        since: The run that the changes count from; None when it never succeeded before.
        changes: What changed.
        differences: What of that is code.
        remarks: What in its code could not be resolved, so that more counts.
        waits: Steps before it that will run first; what they return may add to the changes.
        others: Further elements of the same mapped step that are no hits.
    """

    step: str
    verdict: str
    reason: str
    since: str | None = None
    changes: tuple[Change, ...] = ()
    differences: tuple[Difference, ...] = ()
    remarks: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    others: int = 0


def why(project: Project, config: Config, home: Home, step: str) -> Explanation:
    """Return what changed since a step last succeeded; for one that is a hit, why its result was made.

    Raises:
        NotFoundError: The pipeline has no such step.
        DefinitionError: Steps or pipeline cannot work as they are written.
    """
    found = survey(project, config, home)
    planned = _named(found, step)
    first = next((one for one in planned if one.verdict != "hit"), planned[0])
    others = sum(1 for one in planned if one.verdict == first.verdict) - 1
    if first.verdict == "hit":
        return replace(_of_hit(found, first.name), others=others)
    if first.verdict == "failed":
        return Explanation(first.name, first.verdict, first.reason, others=others)
    return replace(_of_miss(found, first), others=others)


def _named(found: Survey, step: str) -> list[Planned]:
    """Return what is planned for a step: for one call, or for each element when it is mapped."""
    planned = list(found.in_order())
    named = [one for one in planned if one.name == step or (one.name.partition("{")[0] == step and "{" in one.name)]
    if named:
        return named
    names = sorted({one.name.partition("{")[0] for one in planned})
    near = nearest(step, names)
    advice = f"Did you mean '{near}'?" if near else f"There are: {', '.join(names)}."
    raise NotFoundError(f"There is no step '{step}' in pipeline '{found.ready.dag.pipeline}'", None, advice)


def _of_miss(found: Survey, planned: Planned) -> Explanation:
    job, key, unknown = _as_far_as_known(found, planned.name)
    waits = tuple(dict.fromkeys(node for nodes in unknown.values() for node in nodes))
    last = found.past.last(planned.name)
    remarks = key.code.remarks
    if last is None:
        return Explanation(planned.name, planned.verdict, planned.reason, remarks=remarks, waits=waits)
    old = found.past.code(last.run, job.node.step.name)
    texts = _texts(found, key.code)
    changes = found.past.changes(_without(last, unknown), job.node.step.name, key)
    return Explanation(
        planned.name,
        planned.verdict,
        planned.reason,
        last.run,
        tuple(changes),
        tuple(differences_of(old, found.past.snapshot(last.run).sources, key.code, texts)),
        remarks,
        waits,
    )


def _of_hit(found: Survey, name: str) -> Explanation:
    """Explain why the result that is a hit was made when it was made."""
    result, past = found.hits[name], found.past
    made = next((row for row in past.home.facts.steps.of(result.run) if row.name == result.step), None)
    if made is None:
        return Explanation(name, "hit", f"made by run {result.run}, which is gone")
    step = found.jobs[name].node.step.name
    earlier = Past(past.home, past.pipeline, result.run)
    before = earlier.last(made.name)
    reason = f"made by run {result.run} ({made.reason})"
    new = past.code(made.run, step)
    if before is None or new is None:
        return Explanation(name, "hit", reason)
    key = Key(made.key, new, made.inputs, {}, (), ())
    old, texts = past.code(before.run, step), past.snapshot(made.run).sources
    return Explanation(
        name,
        "hit",
        reason,
        before.run,
        tuple(past.changes(before, step, key)),
        tuple(differences_of(old, past.snapshot(before.run).sources, new, texts)),
        new.remarks,
    )


def _as_far_as_known(found: Survey, name: str) -> tuple[Job, Key, dict[str, tuple[str, ...]]]:
    """Return the job and key of a step run, and the steps that each unknown input waits for.

    While inputs are unknown, the key is that of the others.
    """
    if name in found.keys:
        return found.jobs[name], found.keys[name], {}
    node = found.ready.dag.nodes[name]
    known, unknown = {}, {}
    for parameter, arg in node.args.items():
        waits = tuple(ref.node for ref in refs_in(arg) if found.made(ref) is None)
        if waits or parameter == node.mapped:
            unknown[parameter] = waits
        else:
            known[parameter] = found.resolved(arg)
    job = Job(name, node, known)
    return job, found.ready.keys.of(job), unknown


def _without(last: StepRow, unknown: Iterable[str]) -> StepRow:
    record = json.loads(last.inputs)
    record["params"] = {name: part for name, part in record["params"].items() if name not in set(unknown)}
    return structs.replace(last, inputs=json.dumps(record))


def _texts(found: Survey, code: Code) -> dict[str, str]:
    modules = [found.ready.sources.module(name) for name in code.modules]
    return {module.path: module.text for module in modules if module is not None}
