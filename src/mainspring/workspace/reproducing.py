"""`reproduce`: a recorded run again, from its own code, configuration, data and environment, and how it compares."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from mainspring.digest.texts import from_json, to_json
from mainspring.engine.environment import Environment
from mainspring.errors import ProofError
from mainspring.proof.environments import Difference, Recorded, build, differences, machine_differences
from mainspring.proof.ladder import lowest
from mainspring.store import load
from mainspring.tracking import RunRow
from mainspring.workspace.homes import Home
from mainspring.workspace.replaying import Findings, Spec
from mainspring.workspace.restoring import restore_inputs, write_config

__all__ = ["How", "Progress", "Proof", "reproduce"]

Progress = Callable[[dict[str, Any]], None]


class How(Struct, frozen=True):
    """How a run is run again.

    Attributes:
        perturb: Whether hash seed, place, time zone, locale, threads, file order and clock are varied.
        environment: `auto` builds the recorded environment where another is installed; `fresh` builds it in any case;
            `here` takes what is installed.
        seeds: Re-runs with other seeds, when something differs beyond the tolerance.
        keep: The scratch folder stays.
    """

    perturb: bool = False
    environment: Literal["auto", "fresh", "here"] = "auto"
    seeds: int = 5
    keep: bool = False


class Proof(Struct, frozen=True):
    """What was found.

    Attributes:
        run: The run that was run again.
        verdict: The lowest rung of all its steps.
        under: The lowest rung under perturbations; None when nothing was varied.
        findings: Each step.
        commit: The Git commit of the run, with `dirty` where files had changed.
        environment: `built afresh` or `as installed`.
        different: What differs between the environment that it ran in and the recorded one.
        data: How many inputs came from the store, and how many were checked where they are.
        seconds: How long all of it took.
        scratch: The scratch folder, when it was kept.
    """

    run: str
    verdict: str
    under: str | None
    findings: Findings
    commit: str | None
    environment: str
    different: tuple[str, ...]
    data: dict[str, int]
    seconds: float
    scratch: str | None = None


def reproduce(home: Home, run: str, how: How, tell: Progress) -> Proof:
    """Run a recorded run again and return how it compares; the proof is put on record in the home.

    Args:
        home: Where the run is.
        run: Its id, the beginning of it, or `latest`.
        how: How.
        tell: Hears how far it is.

    Raises:
        NotFoundError: There is no such run.
        ProofError: It did not succeed, or its code or environment cannot be had.
        InputError: Data that it read are gone or changed, and were not kept.
    """
    begun = home.facts.now()
    row = home.facts.runs.get(run)
    if row.status != "succeeded":
        raise ProofError(
            f"Run {row.id} is '{row.status}': only a run that succeeded can be reproduced",
            None,
            "Name another run; `mainspring runs list` shows them.",
        )
    with _scratch(keep=how.keep) as scratch:
        record = from_json(row.record)
        text = _sources(home, row)
        file = _extract(text, record, scratch / "project", row)
        folder = (scratch / "project" / file).parent
        data = restore_inputs(home, row, record, folder)
        write_config(record, data, folder / "config.toml")
        python, built, different = _environment(home, row, how, scratch, tell)
        spec = _spec(home, row, file, scratch, how)
        findings = _replayed(spec, python, folder, scratch, tell)
        verdict = lowest(step.rung for step in findings.steps)
        under = lowest(one.rung for one in findings.perturbed) if findings.perturbed else None
        proof = Proof(
            row.id,
            verdict,
            under,
            findings,
            _commit(record),
            "built afresh" if built else "as installed",
            tuple(map(str, different)),
            {"kept": len(data.kept), "checked": len(data.referenced)},
            home.facts.now() - begun,
            str(scratch) if how.keep else None,
        )
    home.facts.proofs.add(row.id, verdict, to_json({"format": 1, **msgspec.to_builtins(proof)}))
    return proof


@contextmanager
def _scratch(*, keep: bool) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mainspring-reproduce-")).resolve()
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def _sources(home: Home, row: RunRow) -> dict[str, str]:
    kept = next((one for one in row.artifacts if one.name == "sources"), None)
    if kept is None:
        raise ProofError(f"Run {row.id} kept no source snapshot", None, "Run it once more, and reproduce that run.")
    found: dict[str, Any] = from_json(load(kept, home.blobs))
    return dict(found["sources"])


def _extract(sources: dict[str, str], record: dict[str, Any], root: Path, row: RunRow) -> str:
    """Write the source snapshot into a folder, and return the path of the pipeline's file in it."""
    name = record["file"]
    defines = re.compile(rf"(?m)^(async )?def {re.escape(row.pipeline)}\b")
    likely = [path for path in sources if path.rpartition("/")[2] == name]
    likely.sort(key=lambda path: (defines.search(sources[path]) is None, path.count("/")))
    if not likely:
        raise ProofError(
            f"The source snapshot of run {row.id} has no '{name}'",
            None,
            "An older release made it: run the pipeline once more, and reproduce that run.",
        )
    for path, text in sources.items():
        place = (root / path).resolve()
        if not place.is_relative_to(root.resolve()):
            raise ProofError(f"The source snapshot of run {row.id} names a file outside: '{path}'")
        if path.endswith("/"):
            place.mkdir(parents=True, exist_ok=True)
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    return likely[0]


def _environment(
    home: Home, row: RunRow, how: How, scratch: Path, tell: Progress
) -> tuple[Path, bool, tuple[Difference, ...]]:
    """Return the Python to run with, whether it was built now, and what of it differs from the record."""
    kept = next((one for one in row.artifacts if one.name == "environment"), None)
    if kept is None:
        raise ProofError(f"Run {row.id} recorded no environment", None, "Run it once more, and reproduce that run.")
    recorded = Recorded.of(load(kept, home.blobs))
    here = Environment(home.facts.memo)
    machine = machine_differences(recorded.said, from_json(here.snapshot()[1]))
    found = differences(recorded, here.installed, sys.version.split()[0])
    if how.environment == "here" or (how.environment == "auto" and not found):
        return Path(sys.executable), False, (*found, *machine)

    def hear(text: str) -> None:
        tell({"phase": "environment", "says": text})

    try:
        return build(recorded, scratch / "environment", hear), True, machine
    except ProofError as error:
        shown = "; ".join(map(str, found[:8]))
        what = f"{error.what}. Here, {shown}" if found else error.what
        raise ProofError(what, error.where, error.fix) from error


def _spec(home: Home, row: RunRow, file: str, scratch: Path, how: How) -> Spec:
    metrics, logged = home.facts.measures.of_run(row.id)
    measured: dict[str, dict[str, float | str | None]] = {}
    for metric in metrics:
        measured.setdefault(metric.step, {})[metric.name] = metric.value
    for one in logged:
        measured.setdefault(one.step, {})[f"{one.kind} {one.name}"] = one.artifact.digest
    return Spec(
        str(scratch),
        file,
        row.pipeline,
        str(home.path),
        home.facts.steps.of(row.id),
        {name: result.artifacts for name, result in home.facts.results.of_run(row.id).items()},
        measured,
        next((one for one in row.artifacts if one.name == "sources"), None),
        how.perturb,
        how.seeds,
    )


def _replayed(spec: Spec, python: Path, folder: Path, scratch: Path, tell: Progress) -> Findings:
    """Return what a fresh process finds."""
    path = scratch / "spec.json"
    path.write_bytes(msgspec.json.encode(spec))
    log = scratch / "log.txt"
    with log.open("wb") as printed:
        process = subprocess.Popen(
            [str(python), "-m", "mainspring.workspace.replaying", str(path)],
            cwd=folder,
            env=_variables(python),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=printed,
            encoding="utf-8",
        )
        try:
            last = _heard(process, tell)
            process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
    if "error" in last:
        raise ProofError(**last["error"])
    if "result" not in last:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise ProofError(f"The process that runs it again died (exit {process.returncode}): {tail}")
    return msgspec.convert(last["result"], Findings)


def _variables(python: Path) -> dict[str, str]:
    """Return the environment of the process; what leads out of an environment that was built is not in it."""
    outside = () if python == Path(sys.executable) else ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in outside}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1"}


def _heard(process: subprocess.Popen[str], tell: Progress) -> dict[str, Any]:
    last: dict[str, Any] = {}
    for line in process.stdout or ():
        last = json.loads(line)
        if "phase" in last:
            tell(last)
    return last


def _commit(record: dict[str, Any]) -> str | None:
    git = record.get("git") or {}
    commit: str | None = git.get("commit")
    return f"{commit} with changed files" if commit and git.get("changed_files") else commit
