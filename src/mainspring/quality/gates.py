"""The gates: everything that is asked of a version before it becomes champion, and what each says."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mainspring.config.gates import Gates
from mainspring.errors import MainspringError
from mainspring.package import Signature, describe
from mainspring.quality.contender import Contender, Predict
from mainspring.quality.deciding import against_baseline, against_champion, in_slices
from mainspring.quality.holdout import Array, Holdout
from mainspring.quality.report import Answer, Gate, Report
from mainspring.quality.scoring import Loss, losses_of
from mainspring.quality.verdicts import Verdict

__all__ = ["Check", "Exam", "run_gates"]

_MIB: Final = 1 << 20
_CALLS: Final = 25
_WARM: Final = 3
_SHOWN: Final = 4
_NOT_HELD: Final[tuple[tuple[str, Answer, str, str], ...]] = (
    ("broken", "fail", "do not hold", "Train a model that holds them; the counterexamples are kept and tried first."),
    ("inconclusive", "inconclusive", "are not shown to hold", "It takes more rows in the holdout."),
)


Check = Callable[[Predict, dict[str, Array]], Sequence[Verdict]]


@dataclass(frozen=True)
class Exam:
    """What the gates work with, beside the models and the policy.

    Attributes:
        holdout: The rows to score on; None when nothing is scored.
        loss: What a prediction costs; needed with a holdout.
        check: Checks the declared properties of a model on raw rows; None when none are declared.
        signed: Who stands for the version.
        source: Where the holdout comes from: its run and digest.
    """

    holdout: Holdout | None = None
    loss: Loss | None = None
    check: Check | None = None
    signed: tuple[str, ...] = ()
    source: str = ""


def run_gates(candidate: Contender, champion: Contender | None, exam: Exam, policy: Gates) -> Report:
    """Return what the gates say of a candidate: each that the policy asks for, whatever the others say.

    Args:
        candidate: The version that may become champion.
        champion: The one that is; None while there is none, and then the baseline alone is compared.
        exam: The rows, the loss, the properties, and who signed.
        policy: What is asked: the `[gates]` table.
    """
    refit = None if candidate.training is None else candidate.training.refit
    gates = [_golden(candidate), _signature(candidate, champion, policy)]
    scored = None
    if exam.holdout is not None and exam.loss is not None:
        gates.append(_trained(candidate, policy))
        gate, scored = _unseen(candidate, champion, exam.holdout)
        gates.append(gate)
        gates += _compared(candidate, champion, _Scores(scored, exam.loss), policy)
    if exam.check is not None:
        gates.append(_properties(candidate, scored or exam.holdout, exam.check))
    gates += _limits(candidate, scored or exam.holdout, policy)
    if policy.sign_off:
        gates.append(_sign_off(candidate, exam.signed))
    days = ("", "") if scored is None else (_day(scored.times.min()), _day(scored.times.max()))
    asked = {name: str(value) for name, value in vars(policy).items()}
    against = None if champion is None else champion.number
    rows = 0 if scored is None else scored.rows
    return Report(candidate.name, candidate.number, candidate.package, against, refit, tuple(gates), rows, *days, asked)


@dataclass(frozen=True)
class _Scores:
    """Rows that all models have not seen, None when there are none, and what a prediction costs."""

    holdout: Holdout | None
    loss: Loss

    def of(self, who: Contender) -> Array:
        holdout = self.holdout
        if holdout is None or who.predict is None:
            raise ValueError("nothing to score")
        made = who.predict(who.takes(holdout.inputs))
        return losses_of(self.loss, holdout.outcomes, made, f"{who.says}")


def _golden(candidate: Contender) -> Gate:
    if candidate.fault:
        return Gate("golden samples", "fail", candidate.fault, "Build the package again, and register it.")
    rows = max((len(values) for values in candidate.samples.values()), default=0)
    return Gate("golden samples", "pass", f"predicts {rows:,} golden samples as when it was built")


def _signature(candidate: Contender, champion: Contender | None, policy: Gates) -> Gate:
    name = "signature"
    if champion is None:
        return Gate(name, "pass", "there is no champion whose signature it could differ from")
    changed = dict(_changes(champion.signature, candidate.signature))
    undeclared = [key for key in changed if policy.signature == "unchanged" or key not in policy.changes]
    if not undeclared:
        said = f"differs as declared: {'; '.join(changed.values())}" if changed else "is that of the champion"
        return Gate(name, "pass", said)
    listed = ", ".join(f'"{key}"' for key in undeclared)
    fix = f'Keep it, or declare it in [gates]: signature = "declared", changes = [{listed}].'
    said = f"differs from that of {champion.says} in {len(undeclared)}: {'; '.join(changed[key] for key in undeclared)}"
    return Gate(name, "fail", said, fix, figures={"changes": float(len(undeclared))})


def _changes(before: Signature, after: Signature) -> Iterator[tuple[str, str]]:
    for old, new in ((before.fields, after.fields), (before.outputs, after.outputs)):
        was, now = ({field.name: describe(field) for field in fields} for fields in (old, new))
        for key in dict.fromkeys([*was, *now]):
            if was.get(key) != now.get(key):
                yield key, f"'{key}' was {was.get(key, 'not there')}, is {now.get(key, 'not there')}"
    if before.policy != after.policy:
        yield "policy", "the policy for null, NaN, infinite, extra and unknown values"


def _trained(candidate: Contender, policy: Gates) -> Gate:
    name, training = "evaluated model", candidate.training
    if training is None:
        return Gate(name, "fail", f"{candidate.says} does not say what it was trained on", _attest())
    if not training.refit:
        return Gate(name, "pass", f"the package is the model that was evaluated, trained until {training.until}")
    said = f"the package is a refit, trained until {training.until}: nobody has scored it as it is"
    if policy.refit == "allowed":
        return Gate(name, "pass", f"{said}; refits are allowed")
    fix = 'Package the evaluated model, or serve it as a shadow first and allow it in [gates]: refit = "allowed".'
    return Gate(name, "inconclusive", said, fix)


def _attest() -> str:
    return "Say it in the step that builds the package: attest_training(package, until=DAY); run, and register again."


def _unseen(candidate: Contender, champion: Contender | None, holdout: Holdout) -> tuple[Gate, Holdout | None]:
    """The rows that are newer than what both models know; none of them, and nothing may be compared."""
    name = "unseen rows"
    both = [one for one in (candidate, champion) if one is not None]
    for one in both:
        if one.training is None:
            return Gate(name, "fail", f"{one.says} does not say until when it was trained", _attest()), None
    ends = {one.says: one.training.until for one in both if one.training is not None}
    kept = holdout.newer_than(list(ends.values()))
    until = " and ".join(f"{who} until {end}" for who, end in ends.items())
    share = f"{kept.rows:,} of {holdout.rows:,} rows"
    if kept.rows:
        figures: dict[str, float | str] = {"rows": float(kept.rows), "of": float(holdout.rows)}
        return Gate(name, "pass", f"{share} are newer than all that was trained on: {until}", figures=figures), kept
    newest = _day(holdout.times.max()) if holdout.rows else "nothing"
    fix = f"It takes rows after {max(ends.values())} with their outcomes: run the pipeline on newer data."
    said = f"no row is newer than all that was trained on: {until}; the newest is {newest}"
    return Gate(name, "fail", said, fix), None


def _compared(candidate: Contender, champion: Contender | None, scores: _Scores, policy: Gates) -> Iterator[Gate]:
    """The gates that compare losses; each says so when it cannot."""
    holdout = scores.holdout
    asked = [name for name, wanted in _comparisons(champion, holdout, policy).items() if wanted]
    if holdout is None or candidate.predict is None:
        for name in asked:
            yield Gate(name, "inconclusive", "nothing could be scored", "See the gates above.")
        return
    try:
        mine = scores.of(candidate)
        theirs = None if champion is None else scores.of(champion)
        simple = None
        if "baseline" in asked:
            simple = losses_of(scores.loss, holdout.outcomes, holdout.baseline or {}, "the baseline")
    except (MainspringError, ArithmeticError, ValueError, KeyError, TypeError) as error:
        for name in asked:
            yield Gate(name, "fail", f"cannot be scored: {error}", "Correct what it says.")
        return
    if theirs is not None:
        yield against_champion(holdout, mine, theirs, policy)
    if simple is not None:
        yield against_baseline(holdout, mine, simple, policy)
    other, whom = (theirs, "the champion") if theirs is not None else (simple, "the baseline")
    if "slices" in asked and other is not None:
        yield in_slices(holdout, mine, other, policy, whom)


def _comparisons(champion: Contender | None, holdout: Holdout | None, policy: Gates) -> dict[str, bool]:
    divided = policy.slices if policy.slices is not None else (holdout is None or holdout.slices)
    simple = policy.baseline != "none"
    known = champion is not None
    return {"champion": known, "baseline": simple, "slices": bool(divided) and (simple or known)}


def _properties(candidate: Contender, holdout: Holdout | None, check: Check) -> Gate:
    name = "properties"
    if candidate.predict is None:
        return Gate(name, "inconclusive", "the model cannot be loaded", "See the gates above.")
    rows = dict(candidate.samples) if holdout is None else holdout.apart().inputs
    verdicts = check(candidate.predict, candidate.takes(rows))
    figures: dict[str, float | str] = {one.name: one.says for one in verdicts}
    for answer, verdict, words, fix in _NOT_HELD:
        found = [one for one in verdicts if one.answer == answer]
        if found:
            said = "; ".join(f"{one.name}: {one.says}" for one in found[:_SHOWN])
            return Gate(name, verdict, f"{len(found)} of {len(verdicts)} {words}: {said}", fix, figures=figures)
    return Gate(name, "pass", f"{len(verdicts)} properties hold", figures=figures)


def _limits(candidate: Contender, holdout: Holdout | None, policy: Gates) -> Iterator[Gate]:
    if policy.size is not None:
        size = candidate.size / _MIB
        yield _limit("size", size, policy.size, "MiB", "Use a smaller model, or raise [gates] size.")
    if policy.latency is None:
        return
    if candidate.predict is None:
        yield Gate("latency", "inconclusive", "the model cannot be loaded", "See the gates above.")
        return
    rows = dict(candidate.samples) or ({} if holdout is None else candidate.takes(holdout.inputs))
    one = {name: values[:1] for name, values in rows.items()}
    took = _seconds(candidate.predict, one) * 1000
    yield _limit("latency", took, policy.latency, "ms a row", "Use a faster model, or raise [gates] latency.")


def _limit(name: str, found: float, limit: float, unit: str, fix: str) -> Gate:
    figures: dict[str, float | str] = {"found": round(found, 4), "limit": limit}
    said = f"{found:.3g} {unit}, of {limit:g} that are allowed"
    if found <= limit:
        return Gate(name, "pass", said, figures=figures)
    return Gate(name, "fail", f"{said}: over by {found - limit:.3g}", fix, figures=figures)


def _seconds(predict: Predict, row: dict[str, Array]) -> float:
    """The least time of one row: what else the machine does in the meantime is not the model's."""
    took = []
    for call in range(_WARM + _CALLS):
        begun = time.perf_counter()
        predict(row)
        if call >= _WARM:
            took.append(time.perf_counter() - begun)
    return min(took)


def _sign_off(candidate: Contender, signed: tuple[str, ...]) -> Gate:
    if signed:
        return Gate("sign-off", "pass", f"signed by {', '.join(signed)}")
    command = f"mainspring gates sign {candidate.name} {candidate.number} --note TEXT"
    fix = f"Have a person look, and run: {command}."
    return Gate("sign-off", "inconclusive", "nobody stands for this version yet", fix)


def _day(moment: Any) -> str:
    return str(np.datetime64(moment, "D"))
