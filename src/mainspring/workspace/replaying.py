"""The process that runs a recorded run again: in its scratch folder, with nothing stored, and compares.

`reproducing` prepares the scratch folder and starts `python -m mainspring.workspace.replaying SPEC`. What happens is
written to standard output as JSON, a line each; the last one is the result, or an error.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import asdict, replace

from mainspring.digest import Artifact
from mainspring.digest.texts import from_json
from mainspring.engine.messages import Setup
from mainspring.errors import MainspringError, ProofError
from mainspring.events import Event, Planted, StepEnded
from mainspring.graph.code import Code, from_record
from mainspring.proof.agreement import noise_covers
from mainspring.proof.causes import Cause, Probes, cause_of, cause_under
from mainspring.proof.comparing import Made, compare
from mainspring.proof.ladder import DIFFERENT, StepAgreement, lowest
from mainspring.proof.perturbing import PERTURBATIONS, Perturbation, altered, install_shims
from mainspring.proof.predicting import Golden
from mainspring.store import LocalStore, load
from mainspring.tracking import StepRow
from mainspring.workspace.homes import open_home
from mainspring.workspace.past import step_of
from mainspring.workspace.project import load_project
from mainspring.workspace.running import Request, configure, execute

__all__ = ["Findings", "Spec", "main"]


class Spec(Struct, frozen=True):
    """What is to be run again, and with what it is compared.

    Attributes:
        scratch: The folder that `project` lies in, and everything that is made.
        file: The pipeline's file, relative to `project`.
        pipeline: Its name.
        blobs: The home that holds what is on record.
        steps: The step runs on record.
        results: What they returned.
        measured: The last value of each metric, and the digest of each table and figure, by step.
        sources: The source snapshot.
        perturb: Whether things are varied.
        seeds: How many re-runs with other seeds tell what noise is.
    """

    scratch: str
    file: str
    pipeline: str
    blobs: str
    steps: list[StepRow]
    results: dict[str, tuple[Artifact, ...]]
    measured: dict[str, dict[str, float | str | None]]
    sources: Artifact | None
    perturb: bool
    seeds: int


class Perturbed(Struct, frozen=True):
    """The run once more under a perturbation, beside the plain re-run."""

    name: str
    says: str
    rung: str
    first: str | None
    why: str
    steps: dict[str, str]
    seconds: float


class Findings(Struct, frozen=True):
    """What was found.

    Attributes:
        run: The id of the plain re-run, in its scratch home.
        steps: Each step of it, in the order of the plan.
        first: The first step that diverges; None when none does.
        cause: Why, as far as it could be told.
        perturbed: The run under each perturbation.
        perturbed_first: The first step that a perturbation moves.
        perturbed_cause: Which, in words.
        planted: A result that was put in the place of another, and whether the comparison noticed.
    """

    run: str
    steps: tuple[StepAgreement, ...]
    first: str | None
    cause: Cause | None
    perturbed: tuple[Perturbed, ...] = ()
    perturbed_first: str | None = None
    perturbed_cause: Cause | None = None
    planted: tuple[Planted, ...] = ()


class _Replays:
    """Runs of one project in homes of one scratch folder."""

    def __init__(self, spec: Spec, tell: Callable[[dict[str, Any]], None]) -> None:
        self.spec = spec
        self.scratch = Path(spec.scratch)
        self.tell = tell
        file = self.scratch / "project" / spec.file
        self.project = load_project(f"{file}:{spec.pipeline}")
        self.config = configure(self.project)
        self.shims = install_shims(self.scratch / "shims")
        self.elsewhere = self.scratch / "elsewhere"
        self.count = len({row.name for row in spec.steps})

    def run(
        self,
        title: str,
        home: str,
        setup: Callable[[Setup], Setup] = lambda setup: setup,
        *,
        step: str | None = None,
        force: Sequence[str] = (),
    ) -> Made:
        """Run the pipeline, or one step of it, in a home, and return what was made."""
        done = 0

        def listen(event: Event) -> None:
            nonlocal done
            if isinstance(event, StepEnded):
                done += 1
                self.tell({"phase": title, "done": done, "of": None if step else self.count, "step": event.step})

        forced = (step,) if step else tuple(force)
        only = (step,) if step else ()
        request = Request(force=forced, only=only, listener=listen, setup=setup, report=False)
        with open_home(self.scratch / home, self.config.settings) as opened:
            ran = execute(self.project, self.config, opened, request)
            rows = {row.name: row for row in opened.facts.steps.of(ran.id)}
            results = {name: row.artifacts for name, row in opened.facts.results.of_run(ran.id).items()}
            metrics, logged = opened.facts.measures.of_run(ran.id)
            measured: dict[str, dict[str, float | str | None]] = {}
            for metric in metrics:
                measured.setdefault(metric.step, {})[metric.name] = metric.value
            for one in logged:
                measured.setdefault(one.step, {})[f"{one.kind} {one.name}"] = one.artifact.digest
            artifacts = opened.facts.runs.get(ran.id).artifacts
            codes = _codes(next((one for one in artifacts if one.name == "sources"), None), opened.blobs)
        return Made(ran.id, rows, results, measured, codes[0], codes[1], opened.blobs, ran.seconds)

    def under(self, one: Perturbation) -> Callable[[Setup], Setup]:
        """Return what alters the surroundings of workers; the project is copied when it has to lie elsewhere."""
        copy = self.elsewhere / "project"
        if one.elsewhere and not copy.exists():
            shutil.copytree(self.scratch / "project", copy, symlinks=True)
        return partial(altered, one=one, shim_folder=self.shims, elsewhere=self.elsewhere)

    def whole(self, one: Perturbation) -> Made:
        """Return the whole run under a perturbation, with nothing stored."""
        name = f"home-{one.name.replace(' ', '-')}"
        return self.run(f"varied: {one.name}", name, self.under(one))

    def forget(self, one: Perturbation) -> None:
        """Remove what a run under a perturbation has made."""
        shutil.rmtree(self.scratch / f"home-{one.name.replace(' ', '-')}", ignore_errors=True)

    def probes(self, plain: Made) -> Probes:
        """Return how single steps are run once more, on the inputs that they had in the plain re-run."""

        def again(step: str, one: Perturbation | None) -> dict[str, tuple[str, ...]]:
            called = step_of(step)
            title = f"'{called}' again" if one is None else f"'{called}' again: {one.name}"
            setup = (lambda setup: setup) if one is None else self.under(one)
            made = self.run(title, "home", setup, step=called)
            return made.digests(called)

        return Probes(again, plain.digests)


def _codes(kept: Artifact | None, blobs: Any) -> tuple[dict[str, Code], dict[str, str]]:
    if kept is None:
        return {}, {}
    found: dict[str, Any] = from_json(load(kept, blobs))
    return {name: from_record(record) for name, record in found["codes"].items()}, found["sources"]


def replay(spec: Spec, tell: Callable[[dict[str, Any]], None]) -> Findings:
    """Return what was found when a run was run again."""
    replays = _Replays(spec, tell)
    blobs = LocalStore(Path(spec.blobs))
    codes, sources = _codes(spec.sources, blobs)
    rows = {row.name: row for row in spec.steps}
    before = Made("", rows, spec.results, spec.measured, codes, sources, blobs, 0.0)
    plain = replays.run("plain re-run", "home")
    steps = _with_noise(replays, before, plain, compare(before, plain))
    first = next((one for one in steps if one.rung != "bytes equal"), None)
    probes = replays.probes(plain)
    cause = None if first is None else cause_of(first, probes, plain)
    planted = _planted(plain)
    if not spec.perturb:
        return Findings(plain.run, steps, None if first is None else first.step, cause, planted=planted)
    perturbed, found = [], []
    for one in PERTURBATIONS:
        made = replays.whole(one)
        moved = compare(plain, made)
        replays.forget(one)
        first_moved = next((step for step in moved if step.root), None)
        found.append((one, moved))
        rung = lowest(step.rung for step in moved)
        rungs = {step.step: step.rung for step in moved}
        name, why = (first_moved.step, first_moved.says) if first_moved is not None else (None, "")
        perturbed.append(Perturbed(one.name, one.says, rung, name, why, rungs, made.seconds))
    moved_first, moved_cause = cause_under(found, first, cause, probes, plain)
    return Findings(
        plain.run,
        steps,
        None if first is None else first.step,
        cause,
        tuple(perturbed),
        moved_first,
        moved_cause,
        planted,
    )


def _planted(made: Made) -> tuple[Planted, ...]:
    """Return whether the comparison notices the result of one step in the place of another's."""
    names = sorted(
        (name for name in made.results if name in made.rows), key=lambda name: (made.rows[name].position, name)
    )
    returned = {name: [one.digest for one in made.results[name]] for name in names}
    other = next((name for name in names if returned[name] != returned[names[-1]]), None)
    if other is None:
        return ()
    found = compare(made, replace(made, results={**made.results, names[-1]: made.results[other]}))
    rung = lowest(one.rung for one in found)
    return (Planted(f"what '{other}' returned, in the place of '{names[-1]}'", rung == DIFFERENT, rung),)


def _with_noise(
    replays: _Replays, before: Made, plain: Made, steps: tuple[StepAgreement, ...]
) -> tuple[StepAgreement, ...]:
    """Return the steps, of which those that differ no more than by their seeds are said to."""
    doubtful = [one for one in steps if one.rung == DIFFERENT and one.step in plain.results]
    origins = sorted({step_of(one.step) for one in doubtful if one.root or one.changes})
    if not origins or not replays.spec.seeds:
        return steps
    count = replays.spec.seeds
    others = [
        replays.run(f"other seeds, {number} of {count}", "home", partial(_salted, number), force=origins)
        for number in range(1, count + 1)
    ]
    golden = Golden()
    judged = {one.step: _judged(one, before, plain, others, golden) for one in doubtful}
    return tuple(judged.get(one.step, one) for one in steps)


def _salted(number: int, setup: Setup) -> Setup:
    return replace(setup, salt=f"-{number}")


def _judged(step: StepAgreement, before: Made, plain: Made, others: Sequence[Made], golden: Golden) -> StepAgreement:
    artifacts = []
    for place, one in enumerate(step.artifacts):
        if one.rung == DIFFERENT and all(step.step in made.results for made in others):
            values = [made.value(step.step, place) for made in (before, plain, *others)]
            golden.learn(values[0])
            rung, says = noise_covers(values[0], values[1], values[2:], golden)
            artifacts.append(replace(one, rung=rung, says=f"{one.says}; {says}"))
        else:
            artifacts.append(one)
    rung = lowest(one.rung for one in artifacts)
    says = next((one.says for one in artifacts if one.rung == rung), step.says)
    return replace(step, rung=rung, artifacts=tuple(artifacts), says=says)


def main(path: str) -> None:
    """Run again what the spec at a path says; see the module."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # what the project prints is no part of the protocol

    def tell(said: dict[str, Any]) -> None:
        out.write(msgspec.json.encode(said).decode() + "\n")

    spec = msgspec.json.decode(Path(path).read_bytes(), type=Spec)
    try:
        found = replay(spec, tell)
    except MainspringError as error:
        tell({"error": {"what": error.what, "where": error.where, "fix": error.fix}})
    except Exception as error:  # noqa: BLE001 - whatever the project's code raises when it is imported or traced
        tell({"error": asdict(_Foreign.of(error))})
    else:
        tell({"result": msgspec.to_builtins(found)})


class _Foreign(Struct, frozen=True):
    """An error of the project's own code, in the parts of ours."""

    what: str
    where: str | None
    fix: str | None

    @classmethod
    def of(cls, error: Exception) -> "_Foreign":
        said = ProofError(
            f"The recorded code cannot be loaded: {type(error).__qualname__}: {error}",
            "the source snapshot of the run",
            "It may read a file when it is imported that is no module of the project: declare it as a File.",
        )
        return cls(said.what, said.where, said.fix)


def events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield what a replaying process says."""
    for line in lines:
        yield msgspec.json.decode(line)


if __name__ == "__main__":
    main(sys.argv[1])
