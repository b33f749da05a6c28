"""`mainspring reproduce`."""

import sys
import time
from typing import Annotated, Any, Literal

import typer
from msgspec import Struct, to_builtins

from mainspring.charts.numbers import count, duration, short
from mainspring.cli.failing import Exit
from mainspring.cli.options import AsJson, HomePath, RunName, flat
from mainspring.cli.printing import coloured, put, put_json, put_pairs, put_table
from mainspring.proof.causes import Cause
from mainspring.proof.ladder import BYTES, NOISE, PREDICTIONS, TOLERANCE, StepAgreement, reaches, rung_named
from mainspring.workspace.opening import open_existing
from mainspring.workspace.reproducing import How, Proof, reproduce

__all__ = ["run_again"]

_PAUSE = 5.0
_COLOURS = {BYTES: "green", PREDICTIONS: "green", TOLERANCE: "yellow", NOISE: "yellow"}
_SHOWN = 90


class Options(Struct, frozen=True):
    """How a run is run again."""

    perturb: Annotated[
        bool,
        typer.Option(
            "--perturb",
            help="Also vary hash seed, place, time zone, locale, threads, file order and clock, one at a time.",
        ),
    ] = False
    at_least: Annotated[
        str, typer.Option(metavar="RUNG", help="The exit status is 1 when a step is on a lower rung.")
    ] = "bytes-equal"
    environment: Annotated[
        Literal["auto", "fresh", "here"],
        typer.Option(
            help="auto: build the recorded environment where another is installed; fresh: in any case; here: never."
        ),
    ] = "auto"
    seeds: Annotated[
        int, typer.Option(min=0, metavar="N", help="Re-runs with other seeds, when something differs.")
    ] = 5
    keep: Annotated[bool, typer.Option("--keep", help="Leave the scratch folder, and say where it is.")] = False
    as_json: AsJson = False


@flat
def run_again(run: RunName, options: Options, *, home: HomePath = None) -> None:
    """Run a recorded run again, from its own code, configuration, data and environment, and compare.

    For each step it says on which rung what it returned is: bytes equal, predictions equal, within tolerance, inside
    seed noise, different. The verdict is the lowest; the first step that diverges is named, with the cause.
    """
    wanted = rung_named(options.at_least)
    how = How(options.perturb, options.environment, options.seeds, options.keep)
    with open_existing(home) as opened:
        proof = reproduce(opened, run, how, _Progress())
    if options.as_json:
        put_json(to_builtins(proof))
    else:
        _print(proof)
    rungs = [proof.verdict] + ([proof.under] if proof.under is not None else [])
    if not all(reaches(rung, wanted) for rung in rungs):
        raise typer.Exit(Exit.FAILED)


class _Progress:
    """Says how far it is, on standard error: each phase, and within a long one each few seconds."""

    def __init__(self) -> None:
        self._phase = ""
        self._next = 0.0

    def __call__(self, said: dict[str, Any]) -> None:
        now = time.monotonic()
        new = said["phase"] != self._phase
        if not new and now < self._next:
            return
        self._phase, self._next = said["phase"], now + _PAUSE
        if "says" in said:
            text = said["says"]
        elif said["of"] is None or new:
            text = ""
        else:
            text = f"{said['done']} of {said['of']} steps, {said['step']}"
        typer.echo(f"{said['phase']}{f': {text}' if text else ''} …", err=True)
        sys.stderr.flush()


def _print(proof: Proof) -> None:
    found = proof.findings
    data = [f"{count(proof.data['kept'], 'input')} from the store"]
    data += [f"{proof.data['checked']} checked where they are"] if proof.data["checked"] else []
    pairs = [
        ("run", proof.run),
        ("commit", proof.commit or ""),
        ("environment", "; ".join([proof.environment, *proof.different])),
        ("data", ", ".join(data)),
        ("scratch", proof.scratch or ""),
    ]
    put_pairs([(name, value) for name, value in pairs if value])
    put()
    _print_steps(found.steps)
    if found.perturbed:
        put()
        _print_perturbed(proof)
    put()
    _print_cause("first to diverge", found.first, found.cause)
    if found.perturbed and found.perturbed_first != found.first:
        _print_cause("first that is moved", found.perturbed_first, found.perturbed_cause)
    put(f"verdict: {_coloured(proof.verdict)}" + (f" in {duration(proof.seconds)}"))
    if proof.under is not None:
        put(f"under perturbations: {_coloured(proof.under)}")


def _print_steps(steps: tuple[StepAgreement, ...]) -> None:
    groups: dict[tuple[Any, ...], list[StepAgreement]] = {}
    for place, step in enumerate(steps):
        node, element, _ = step.step.partition("{")
        key = (node, step.rung) if element and step.rung == BYTES else (place,)
        if ":" not in node:
            groups.setdefault(key, []).append(step)
    rows = []
    for together in groups.values():
        one = together[0]
        name = one.step.partition("{")[0] + f" x{len(together)}" if len(together) > 1 else one.step
        digests = ", ".join(short(artifact.before) for artifact in one.artifacts[:2]) if len(together) == 1 else ""
        says = one.says or digests
        if one.logged:
            says += f" (logged otherwise: {', '.join(one.logged[:3])}{' …' if len(one.logged) > 3 else ''})"
        rows.append((_coloured(one.rung), name, duration(sum(step.seconds for step in together)), _cut(says)))
    put_table(("rung", "step", "took", ""), rows, right=("took",))


def _print_perturbed(proof: Proof) -> None:
    """A table with a row for each step and a column for each thing that was varied; `=` is bytes equal."""
    found = proof.findings.perturbed
    names: dict[str, list[str]] = {}
    for step in found[0].steps:
        if ":" not in step:
            names.setdefault(step.partition("{")[0], []).append(step)
    rows = [(name, *(_cell([one.steps[step] for step in steps]) for one in found)) for name, steps in names.items()]
    put_table(("step", *(one.name for one in found)), rows)
    put()
    put_table(
        ("varied", "to", "rung", "first", ""),
        [(one.name, one.says, _coloured(one.rung), one.first or "", _cut(one.why)) for one in found],
    )


def _cell(rungs: list[str]) -> str:
    worst = max(rungs, key=lambda rung: (BYTES, PREDICTIONS, TOLERANCE, NOISE).index(rung) if rung in _COLOURS else 9)
    return "=" if worst == BYTES else _coloured(worst)


def _print_cause(title: str, step: str | None, cause: Cause | None) -> None:
    if step is None:
        return
    put(f"{title}: {step}")
    if cause is not None:
        put(f"  cause: {cause.says}")
        put(f"  seen:  {cause.observed}")
        for place in cause.evidence[:4]:
            put(f"  code:  {place}")


def _coloured(rung: str) -> str:
    return coloured(rung, _COLOURS.get(rung, "red"))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
