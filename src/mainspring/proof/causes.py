"""Why the first step diverges: read from what moves it and what holds it, with the code as evidence beside that."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from mainspring.proof.audit import audit
from mainspring.proof.comparing import Made, step_called
from mainspring.proof.ladder import BYTES, StepAgreement
from mainspring.proof.perturbing import HOLDS, PERTURBATIONS, TOGETHER, Perturbation

__all__ = ["Cause", "Probes", "cause_of", "cause_under"]

Digests = Mapping[str, tuple[str, ...]]


class Cause(Struct, frozen=True):
    """Why a step diverges.

    Attributes:
        step: The step.
        names: Which perturbations moved it, or what held it; `inputs` when it was made from others, `unknown` else.
        says: The cause, in words.
        observed: What was done and seen.
        evidence: Places of its code that fit.
    """

    step: str
    names: tuple[str, ...]
    says: str
    observed: str
    evidence: tuple[str, ...] = ()


class Probes(Struct, frozen=True):
    """How one step is run once more on equal inputs.

    Attributes:
        again: Runs it, under a perturbation if one is given, and returns the digests of its step runs.
        plain: Returns those of the plain re-run.
    """

    again: Callable[[str, Perturbation | None], Digests]
    plain: Callable[[str], Digests]

    def moves(self, step: str, one: Perturbation | None = None) -> bool:
        """Return whether the step returns something else than in the plain re-run."""
        return self.again(step, one) != self.plain(step_called(step))

    def holds(self, step: str, one: Perturbation) -> bool:
        """Return whether it returns the same twice while something is held."""
        first = self.again(step, one)
        return bool(first) and first == self.again(step, one)


def cause_of(first: StepAgreement, probes: Probes, plain: Made) -> Cause:
    """Return why a step of the plain re-run is not what is on record."""
    step = first.step
    if first.changes:
        return Cause(step, ("inputs",), "it was made from something else", "; ".join(first.changes))
    if not first.root:
        return Cause(step, ("unknown",), "it did not run, or a step before it returned something else", first.says)
    if step not in plain.results:
        return _named(step, _moving(step, probes, failed=True), plain, f"it failed: {first.says}")
    if probes.moves(step):
        return _restless(step, probes, plain)
    observed = "it returns the same each time here"
    return _named(step, _moving(step, probes), plain, observed)


def cause_under(
    found: Sequence[tuple[Perturbation, Sequence[StepAgreement]]],
    first: StepAgreement | None,
    cause: Cause | None,
    probes: Probes,
    plain: Made,
) -> tuple[str | None, Cause | None]:
    """Return the first step that anything moves, and what does.

    Args:
        found: For each perturbation how the run under it agrees with the plain re-run.
        first: The first step of the plain re-run that is not what is on record.
        cause: Why.
        probes: How steps are run once more.
        plain: The plain re-run.
    """
    order = {step.step: place for place, (_, steps) in enumerate(found[:1]) for place, step in enumerate(steps)}
    moved: dict[str, list[Perturbation]] = {}
    for one, steps in found:
        for step in steps:
            if step.root and step.rung != BYTES:
                moved.setdefault(step.step, []).append(one)
    earliest = min(moved, key=lambda name: order.get(name, len(order)), default=None)
    if first is not None and (earliest is None or order.get(first.step, -1) <= order[earliest]):
        return first.step, cause
    if earliest is None:
        return None, None
    if len(moved[earliest]) == len(found) and probes.moves(earliest):
        return earliest, _restless(earliest, probes, plain)
    return earliest, _named(earliest, moved[earliest], plain, "it returns the same each time here")


def _moving(step: str, probes: Probes, *, failed: bool = False) -> list[Perturbation]:
    return [] if failed else [one for one in PERTURBATIONS if probes.moves(step, one)]


def _named(step: str, moving: Sequence[Perturbation], plain: Made, observed: str) -> Cause:
    if not moving:
        says = "nothing that was varied here moves it: the machine or the environment that it ran in before"
        return Cause(step, ("unknown",), says, observed, _evidence(step, None, plain))
    names = tuple(one.name for one in moving)
    says = "; ".join(one.cause for one in moving)
    done = " and ".join(f"{one.name} ({one.says})" for one in moving)
    seen = f"{observed}, and something else when this is varied: {done}"
    return Cause(step, names, says, seen, _evidence(step, names, plain))


def _restless(step: str, probes: Probes, plain: Made) -> Cause:
    """Return what moves a step that returns something else each time: what holds it."""
    for one in (*HOLDS, TOGETHER):
        if probes.holds(step, one):
            observed = f"it returns something else each time, and the same with {one.name} held ({one.says})"
            names = (one.name,)
            return Cause(step, names, one.cause, observed, _evidence(step, None if one is TOGETHER else names, plain))
    observed = "it returns something else each time, also with random numbers, the wall clock and threads held"
    says = "something that is neither of these: memory addresses, other processes, the network"
    return Cause(step, ("unknown",), says, observed, _evidence(step, None, plain))


def _evidence(step: str, names: Sequence[str] | None, plain: Made) -> tuple[str, ...]:
    """Return places of the code that fit; with no name, all that are suspicious."""
    found = audit(plain.codes.get(step_called(step)), plain.sources)
    return tuple(f"{one.what} ({one.where})" for one in found if names is None or one.name in names)
