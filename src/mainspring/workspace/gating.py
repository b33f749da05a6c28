"""Gates of registered versions: the policy of the project, the holdout of the run, the models of the registry."""

import importlib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec.structs import replace

from mainspring.config.gates import Gates, read_gates
from mainspring.config.homes import config_file
from mainspring.errors import DefinitionError, InputError, NotFoundError, PackageError, RegistryError, nearest
from mainspring.package import read_content
from mainspring.package.loading import golden_samples, load
from mainspring.package.manifest import CONFIG, SIGNATURE, read_json, read_signature
from mainspring.quality import (
    Contender,
    Counterexamples,
    Exam,
    Gate,
    Holdout,
    Report,
    check,
    decode_report,
    loss_named,
    run_gates,
)
from mainspring.quality.contender import Predict
from mainspring.quality.gates import Check
from mainspring.quality.holdout import Array
from mainspring.quality.scoring import Loss
from mainspring.quality.verdicts import Verdict
from mainspring.registry import Decision, Registry, Version, open_registry
from mainspring.tracking.promotions import CHAMPION
from mainspring.workspace.artifacts import find_artifact, made_in
from mainspring.workspace.homes import Home
from mainspring.workspace.opening import open_existing
from mainspring.workspace.views import load_verified

__all__ = [
    "Promotion",
    "contender_of",
    "counterexamples_of",
    "holdout_of",
    "judge",
    "promote",
    "promote_refit",
]

_PROPERTIES: Final = "PROPERTIES"
_RUNS: Final = 200


@dataclass(frozen=True)
class Promotion:
    """What came of a promotion.

    Attributes:
        version: The version that was to become champion.
        report: What the gates said of it.
        decision: The decision; None when it was refused.
        already: Whether it was the champion before.
    """

    version: Version
    report: Report | None
    decision: Decision | None
    already: bool = False


def judge(name: str, number: int | None = None, home: Path | None = None) -> Report:
    """Return what the gates say of a version, by default the newest; it is kept, whatever it is.

    Of the champion itself, it is what they said when it was promoted.

    Raises:
        NotFoundError: There is no such model or version, or its run has no holdout of the name that is configured.
        ConfigError: The `[gates]` table does not fit.
        PackageError: The champion cannot be loaded.
    """
    with open_registry(home) as registry:
        version = registry.resolve(name if number is None else f"{name}@{number}")
        kept = registry.gate_reports(name, version.number)
        if registry.aliases(name).get(CHAMPION) == version.number and kept:
            return decode_report(next((one for one in kept if one.passed), kept[0]).record)
        report = _judged(registry, version, home)
        registry.record_gates(report.evidence())
        return report


def promote(name: str, number: int, *, who: str, why: str, home: Path | None = None) -> Promotion:
    """Return what came of making a version the champion: the gates run, and only when all pass it is promoted.

    Where it is the champion already, nothing runs.

    Raises:
        PromotionRefusedError: Another version was promoted while the gates ran.
        RegistryError: Nobody or no reason is named.
        NotFoundError: There is no such model or version, or no holdout.
        ConfigError: The `[gates]` table does not fit.
    """
    with open_registry(home) as registry:
        version = registry.resolve(f"{name}@{number}")
        decisions = registry.decisions(name)
        if registry.aliases(name).get(CHAMPION) == number and decisions:
            return Promotion(version, None, decisions[0], already=True)
        if not who.strip() or not why.strip():
            raise RegistryError("A promotion says who decides and why", fix="Name both: --by and --why.")
        report = _judged(registry, version, home)
        if not report.passed:
            registry.record_gates(report.evidence())
            return Promotion(version, report, None)
        return Promotion(version, report, registry.promote(name, number, gates=report.evidence(), who=who, why=why))


def promote_refit(name: str, number: int, evaluated: int, *, who: str, why: str, home: Path | None = None) -> Promotion:
    """Return what came of making a refit the champion, in the place of the version that was evaluated.

    A refit has learned the rows that gates score on, so nothing can be said of it there: what scores is asked of the
    version that was evaluated, and all else of the refit itself. The table `[gates]` has to allow refits.

    Args:
        name: The model.
        number: The refit.
        evaluated: The version that was made in the same way, without the rows of the holdout.
        who: Who decides.
        why: The reason.
        home: The home; by default that of the project around the working directory.

    Raises:
        PromotionRefusedError: Another version was promoted while the gates ran.
        NotFoundError: There is no such model or version, or no holdout.
        ConfigError: The `[gates]` table does not fit.
    """
    with open_registry(home) as registry:
        version, other = (registry.version(name, one) for one in (number, evaluated))
        decisions = registry.decisions(name)
        if registry.aliases(name).get(CHAMPION) == number and decisions:
            return Promotion(version, None, decisions[0], already=True)
        report = _refit_judged(registry, version, other, home)
        if not report.passed:
            registry.record_gates(report.evidence())
            return Promotion(version, report, None)
        return Promotion(version, report, registry.promote(name, number, gates=report.evidence(), who=who, why=why))


def _refit_judged(registry: Registry, version: Version, evaluated: Version, home: Path | None) -> Report:
    """What the gates say of a refit: each that needs no score of the refit, the others of the evaluated version."""
    config = config_file(home)
    policy = read_gates(config, version.name)
    lent = _judged(registry, evaluated, home)
    number = registry.aliases(version.name).get(CHAMPION)
    champion = None if number is None else contender_of(registry.version(version.name, number))
    holdout = holdout_of(evaluated, policy, home)[0] if policy.holdout else None
    check = _check(policy, config) if policy.properties else None
    signed = tuple(dict.fromkeys(one.who for one in registry.signed(version.name, version.number)))
    own = run_gates(contender_of(version), champion, Exam(holdout, None, check, signed), policy)
    mine = {gate.name for gate in own.gates}
    until = "nobody knows when" if version.training is None else version.training.until
    allowed = policy.refit == "allowed"
    says = f"the package is a refit, trained until {until}, of version {evaluated.number}, which was evaluated"
    fix = "" if allowed else 'Allow refits in [gates]: refit = "allowed".'
    refit = Gate("refit", "pass" if allowed else "inconclusive", says, fix)
    others = tuple(
        replace(gate, says=f"of version {evaluated.number}: {gate.says}")
        for gate in lent.gates
        if gate.name not in mine
    )
    return replace(
        own,
        is_refit=True,
        gates=(*own.gates, refit, *others),
        rows=lent.rows,
        first=lent.first,
        last=lent.last,
        holdout=lent.holdout,
    )


def _judged(registry: Registry, version: Version, home: Path | None) -> Report:
    config = config_file(home)
    policy = read_gates(config, version.name)
    number = registry.aliases(version.name).get(CHAMPION)
    champion = (
        None if number in (None, version.number) else contender_of(registry.version(version.name, int(str(number))))
    )
    candidate = contender_of(version)
    signed = tuple(dict.fromkeys(one.who for one in registry.signed(version.name, version.number)))
    holdout, source = holdout_of(version, policy, home) if policy.holdout else (None, "")
    loss = _loss(policy, candidate, config) if policy.holdout else None
    check = _check(policy, config) if policy.properties else None
    return run_gates(candidate, champion, Exam(holdout, loss, check, signed, source), policy)


def contender_of(version: Version) -> Contender:
    """Return a version as gates look at it. One that predicts otherwise than when it was built has a fault.

    Raises:
        PackageError: It is damaged.
    """
    content = read_content(version.path, version.digest)
    signature = read_signature(content.files[SIGNATURE], SIGNATURE)
    config = read_json(content.files[CONFIG], dict[str, Any], CONFIG)
    size = sum(len(data) for data in content.files.values())
    try:
        loaded, fault = load(version.path, trust=version.trusted, digest=version.digest), ""
        samples = golden_samples(content, loaded.signature)[0]
    except PackageError as error:
        loaded, fault, samples = None, " ".join(str(error).split()), {}
    return Contender(
        version.name,
        version.number,
        version.digest,
        None if loaded is None else loaded.predict,
        signature,
        version.training,
        size,
        fault,
        samples,
        config,
    )


def holdout_of(version: Version, policy: Gates, home: Path | None) -> tuple[Holdout, str]:
    """Return the holdout of the newest run that made the package, or else of the newest that has one; and its origin.

    A run with other settings, such as a smoke run, makes other packages, and another holdout.
    """
    with open_existing(home) as opened:
        run = _newest_run(opened, version) or version.run
        name = policy.holdout if run is None else f"{run}/{policy.holdout}"
        try:
            found = find_artifact(opened, name)
        except NotFoundError as error:
            fix = "Return a Holdout from that step and run again, or name another one in [gates] holdout."
            raise NotFoundError(f"{error.what}, on which the gates were to score", "[gates] holdout", fix) from error
        value = load_verified(found.artifact, opened.blobs)
    if not isinstance(value, Holdout):
        raise DefinitionError(
            f"Artifact '{name}' is a {type(value).__name__}, not a Holdout",
            "[gates] holdout",
            "Name the step that returns one.",
        )
    return value, f"{name} {found.artifact.digest}"


def _newest_run(home: Home, version: Version) -> str | None:
    for run in home.facts.runs.list(_RUNS):
        if any(artifact.digest == version.digest for _, _, artifact in made_in(home, run.id)):
            return run.id
    return None


def _loss(policy: Gates, candidate: Contender, config: Path) -> Loss:
    if ":" not in policy.loss:
        return loss_named(policy.loss, candidate.signature, candidate.config)
    found: Loss = _of_project(policy.loss, config, "loss")
    return found


def _check(policy: Gates, config: Path) -> Check:
    """What checks the properties of the project; what breaks one is kept, and asked first from then on."""
    properties = _of_project(f"{policy.properties}:{_PROPERTIES}", config, "properties")
    kept = counterexamples_of(config)

    def checked(predict: Predict, rows: dict[str, Array]) -> tuple[Verdict, ...]:
        verdicts = check(properties, predict, rows, budget=policy.budget, kept=kept)
        kept.add(one for verdict in verdicts if verdict.answer == "broken" for one in verdict.counterexamples)
        return verdicts

    return checked


def counterexamples_of(config: Path) -> Counterexamples:
    """Return where a project keeps what broke a property: beside its configuration, to be committed."""
    return Counterexamples(config.parent / "counterexamples")


def _of_project(place: str, config: Path, key: str) -> Any:
    """What a file of the project defines under a name, from `FILE.py:NAME`."""
    file, _, name = place.partition(":")
    path = config.parent / file
    if path.suffix != ".py" or not path.is_file():
        near = nearest(file, [one.name for one in config.parent.glob("*.py")])
        fix = f"Did you mean '{near}'?" if near else "Name a file of the project, relative to config.toml."
        raise InputError(f"There is no file '{file}'", f"[gates] {key}", fix)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    module = importlib.import_module(path.stem)
    if not hasattr(module, name):
        near = nearest(name, vars(module))
        fix = f"Did you mean '{near}'?" if near else f"Define '{name}' in it."
        raise DefinitionError(f"'{file}' has no '{name}'", f"[gates] {key}", fix)
    return getattr(module, name)
