"""`mainspring ci`: smoke run, tests, gates and score of a project, and the reports about them."""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mainspring.config import Config, Settings, to_record
from mainspring.errors import MainspringError, ReadOnlyError
from mainspring.events import Finding, examine
from mainspring.graph import Step, trace
from mainspring.proof.ci import Case, Change, Report, Stage, change_of, document
from mainspring.proof.junit import junit
from mainspring.proof.markdown import markdown
from mainspring.proof.pieces import Piece, Reading
from mainspring.proof.planting import nothing, plantable
from mainspring.proof.records import row_of
from mainspring.proof.scoring import Score, limits_of, score
from mainspring.workspace.ci_gates import Champion, champion_of, comparison_of, values_of
from mainspring.workspace.ci_tests import Told, run_tests
from mainspring.workspace.homes import Home, open_home
from mainspring.workspace.project import Project
from mainspring.workspace.running import Request, execute, new_run_id
from mainspring.workspace.views import Run

__all__ = ["Configs", "Order", "Written", "ci", "write_reports"]

_FOLDER = "ci"
_JSON = "ci.json"
_SMOKE = "smoke run"
_INTEGRATION = "infrastructure.integration"
_Substitutes = Mapping[str, Step[..., Any]]


class Configs(Struct, frozen=True):
    """The configuration of a project, and that of its smoke run; None when it has no profile for one."""

    usual: Config
    smoke: Config | None


class Order(Struct, frozen=True):
    """What is asked.

    Attributes:
        tests: Whether the project's tests run.
        test_arguments: Further arguments of pytest.
        automated: Nobody started this by hand.
        say: Hears in a line what goes on.
    """

    tests: bool = True
    test_arguments: tuple[str, ...] = ()
    automated: bool = False
    say: Callable[[str], None] = lambda _: None


class Written(Struct, frozen=True):
    """Where the reports are."""

    markdown: Path
    json: Path
    junit: Path


def ci(project: Project, configs: Configs, home: Home, order: Order) -> Report:
    """Return what continuous integration says of a project; what it checks is kept as evidence of its smoke run."""
    name = project.pipeline.name
    before = _last(home, name)
    order.say(_SMOKE)
    stage, ran, findings = _smoke(project, configs, home)
    told = Told(Stage("tests", "skipped", "left out"))
    if order.tests:
        order.say("tests")
        told = run_tests(project.folder, order.test_arguments)
    by = "automation" if order.automated else "ci"
    found = [(f"ci {_SMOKE}", finding) for finding in findings]
    found += [(f"tests {test}", finding) for test, finding in told.findings]
    if ran is not None:
        rows = [row_of(replace(finding, by=by), ran.id, place, time.time()) for place, finding in found]
        home.facts.evidence.add(rows)
    order.say("gates and score")
    limits = limits_of(configs.usual.reserved, str(configs.usual.path))
    scored = score(home.facts, name, Reading(home.facts.now(), limits))
    champion = champion_of(home, name)
    compared = comparison_of(home, champion, _pieces(scored))
    values = {key: json.dumps(value, ensure_ascii=False, default=str) for key, value in _values(configs.usual).items()}
    against, changes = _configuration(values, champion, before)
    return Report(
        name,
        home.facts.now(),
        None if ran is None else ran.id,
        _commit(home, ran),
        (stage, told.stage, compared.stage, _score_stage(scored)),
        "" if champion is None else champion.words,
        compared.differences,
        compared.worst_slice,
        compared.counterexamples,
        change_of(scored, before),
        against,
        changes,
        values,
        {one.test.id: one.points for one in scored.tests},
    )


def write_reports(report: Report, home: Path, out: Path | None = None) -> Written:
    """Return where the reports were written: into a folder of the home, unless another one is named.

    Where GitHub Actions run this, the Markdown is also appended to the summary of the step.

    Raises:
        ReadOnlyError: The folder cannot be written to.
    """
    kept = home / _FOLDER / (report.run or new_run_id())
    texts = {"report.md": markdown(report), _JSON: _as_json(report), "junit.xml": junit(report)}
    folders = [kept] if out is None else [kept, out]
    try:
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8")
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(texts["report.md"])
    except OSError as error:
        raise ReadOnlyError(
            f"The reports cannot be written: {error.strerror}", str(error.filename), "Name another folder with --out."
        ) from error
    paths = [folders[-1] / name for name in texts]
    return Written(*paths)


def _as_json(report: Report) -> str:
    return json.dumps(document(report), indent=2, ensure_ascii=False, default=str) + "\n"


def _smoke(project: Project, configs: Configs, home: Home) -> tuple[Stage, Run | None, list[Finding]]:
    config = configs.smoke or configs.usual
    profile = "smoke" if configs.smoke is not None else None
    runs: list[Run] = []

    def succeeds(substitutes: _Substitutes) -> bool | str:
        request = Request(profile=profile, substitutes=dict(substitutes))
        if not substitutes:
            runs.append(execute(project, config, home, request))
            return runs[0].error or runs[0].status == "succeeded"
        with TemporaryDirectory() as place, open_home(Path(place) / "home", Settings()) as other:
            done = execute(project, config, other, request)
            return done.error or done.status == "succeeded"

    start = time.monotonic()
    step = plantable(trace(project.pipeline, config.value))
    faults: dict[str, Callable[[_Substitutes], _Substitutes]] = {}
    if step is not None:
        faults[f"'{step}' returns nothing"] = lambda _: {step: nothing}
    none: _Substitutes = {}
    try:
        finding = examine(_INTEGRATION, _SMOKE, succeeds, none, faults=faults)
    except MainspringError as error:
        return Stage("smoke", "failed", str(error), time.monotonic() - start), None, []
    run = runs[0]
    told = f"{len(run.steps)} steps, {sum(step.status == 'hit' for step in run.steps)} of them hits"
    if profile is None:
        told += "; there is no [profile.smoke], so the whole pipeline ran"
    says = told if finding.passed else run.error or run.status
    status = "passed" if finding.passed else "failed"
    return Stage("smoke", status, says, time.monotonic() - start, _steps(run)), run, [finding]


def _steps(run: Run) -> tuple[Case, ...]:
    """Return a case a step; the elements of a mapped one are one, which is as its worst element."""
    cases: dict[str, Case] = {}
    for step in run.steps:
        name = step.name.partition("{")[0].partition(":")[0]
        status = {"failed": "failed", "skipped": "skipped"}.get(step.status, "passed")
        last = cases.get(name, Case(name, "passed"))
        worse = status != "passed" and last.status != "failed"
        says = step.error or step.reason if worse else last.says
        cases[name] = Case(name, status if worse else last.status, says, last.seconds + step.seconds)
    return tuple(cases.values())


def _pieces(scored: Score) -> tuple[Piece, ...]:
    return tuple(piece for one in scored.tests for piece in one.evidence)


def _score_stage(scored: Score) -> Stage:
    says = f"{scored.score:g}: {scored.band}"
    if scored.score < scored.limits.at_least:
        return Stage("score", "failed", f"{scored.score:g} is below the {scored.limits.at_least:g} of [testscore]")
    return Stage("score", "passed", says)


def _commit(home: Home, run: Run | None) -> str | None:
    if run is None:
        return None
    git = json.loads(home.facts.runs.get(run.id).record or "{}").get("git") or {}
    commit: str | None = git.get("commit")
    return commit


def _values(config: Config) -> dict[str, Any]:
    found: dict[str, Any] = to_record(config)["values"]
    return found


def _configuration(
    values: dict[str, str], champion: Champion | None, before: dict[str, Any]
) -> tuple[str, tuple[Change, ...]]:
    """Return what the configuration is compared with, the champion or the last time, and what differs."""
    if champion is not None:
        against = f"the champion, {champion.words}"
        last = {
            key: json.dumps(value, ensure_ascii=False, default=str) for key, value in values_of(champion.run).items()
        }
    elif before:
        against, last = f"the last time, run {before.get('run')}", dict(before.get("values") or {})
    else:
        return "", ()
    keys = [key for key in dict.fromkeys([*last, *values]) if last.get(key) != values.get(key)]
    return against, tuple(Change(key, last.get(key, ""), values.get(key, "")) for key in keys)


def _last(home: Home, pipeline: str) -> dict[str, Any]:
    """Return the document of the last time; empty when there is none that can be read."""
    for path in sorted((home.path / _FOLDER).glob(f"*/{_JSON}"), reverse=True):
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # it was not finished, or changed by hand: the one before it will do
            continue
        if found.get("pipeline") == pipeline and found.get("format") == 1:
            return found
    return {}
