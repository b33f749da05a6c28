"""Runs and versions, as the loop has them: in processes of their own, recorded in the home."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from mainspring.config.triggers import Triggers
from mainspring.errors import MonitoringError, PromotionRefusedError
from mainspring.loop import Candidate, Promoted, RunState
from mainspring.registry import open_registry, resolve
from mainspring.tracking import Facts, RunRow, StepRow, alive
from mainspring.tracking.promotions import CHAMPION
from mainspring.workspace.loop_running import WHO, Job, Outcome
from mainspring.workspace.past import step_of
from mainspring.workspace.running import new_run_id

__all__ = ["ProcessRuns", "RegistryModels"]

_MODULE: Final = "mainspring.workspace.loop_running"
_SILENT: Final = 60.0
_TAIL: Final = 2000


class ProcessRuns:
    """Runs of a project's pipeline, each in a process that goes on when the watch is ended.

    Args:
        home: The home.
        config: The configuration file of the project.
        facts: Where runs are recorded.
    """

    def __init__(self, home: Path, config: Path, facts: Facts) -> None:
        self._home = home
        self._config = config
        self._facts = facts
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def new(self) -> str:
        """Return the id of a run that is to come."""
        return new_run_id()

    def start(self, run: str, policy: Triggers) -> None:
        """Start a run, and do not wait for it."""
        file, _, name = policy.pipeline.partition(":")
        target = f"{self._config.parent / file}{f':{name}' if name else ''}"
        config = str(self._config) if self._config.is_file() else ""
        job = Job(str(self._home), config, run, target, policy.profile, policy.sets)
        log = self._log(run)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as printed:
            self._children[run] = subprocess.Popen(
                [sys.executable, "-m", _MODULE, msgspec.json.encode(job).decode()],
                cwd=self._config.parent,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C ends the watch, and not what it has begun
            )

    def state(self, run: str, policy: Triggers) -> RunState:
        """Return how a run stands; one whose process is gone is lost."""
        child = self._children.get(run)
        ended = None if child is None else child.poll()
        if not self._facts.runs.exists(run):
            if child is None:
                return RunState("unknown")
            return RunState("running") if ended is None else RunState("failed", self._printed(run))
        row = self._facts.runs.get(run)
        if row.status == "running" and not self._lives(row):
            self._facts.runs.mark_lost(lambda owner, silent: alive(owner) is False or silent > _SILENT)
            row = self._facts.runs.get(run)
        if child is not None and ended is None:
            return RunState("running")  # its report is being written
        took = max(0.0, (row.ended or row.beat) - row.started)
        if row.status == "lost":
            return RunState("lost", f"exit code {ended}", died=child is not None, seconds=took)
        if row.status == "failed":
            return self._failed(row, policy, took)
        return RunState("succeeded" if row.status == "succeeded" else "running", seconds=took)

    def _lives(self, row: RunRow) -> bool:
        lives = alive(row.owner)
        return lives if lives is not None else self._facts.now() - row.beat <= _SILENT

    def _failed(self, row: RunRow, policy: Triggers, took: float) -> RunState:
        steps = [step for step in self._facts.steps.of(row.id) if step.status == "failed"]
        invalid = any(_invalid(step, policy) for step in steps)
        says = " ".join((steps[0].error or "").split()) if steps else row.error or "it failed"
        return RunState("failed", f"step '{steps[0].name}': {says}" if steps else says, invalid, seconds=took)

    def _printed(self, run: str) -> str:
        log = self._log(run)
        text = log.read_bytes()[-_TAIL:].decode("utf-8", "replace").strip() if log.exists() else ""
        last = text.rpartition("\n")[2]
        try:
            return msgspec.json.decode(last, type=Outcome).says
        except msgspec.DecodeError:
            return last or "its process ended before the run was on record"

    def _log(self, run: str) -> Path:
        return self._home / "logs" / "watch" / f"{run}.log"


def _invalid(step: StepRow, policy: Triggers) -> bool:
    return step_of(step.name) in policy.validation


class RegistryModels:
    """Versions of a home and their champion.

    Args:
        home: The home.
        config: The configuration file of the project.
    """

    def __init__(self, home: Path, config: Path) -> None:
        self._home = home
        self._config = config

    def champion(self, model: str) -> int | None:
        """Return the version that is champion."""
        with open_registry(self._home) as registry:
            return registry.aliases(model).get(CHAMPION)

    def register(self, model: str, run: str, policy: Triggers) -> Candidate:
        """Return the version that a run's package is."""
        target = resolve(f"run:{run}/{policy.package}", self._home)
        with open_registry(self._home) as registry:
            version = registry.register(target.path, model, run=run, trust=target.trust, note=WHO)
        return Candidate(version.number, version.digest)

    def promote(self, model: str, number: int, why: str) -> Promoted:
        """Return what came of making a version champion; its gates run in a process of their own.

        Raises:
            MonitoringError: The gates could not run.
        """
        job = Job(str(self._home), model=model, number=number, why=why)
        ended = subprocess.run(
            [sys.executable, "-m", _MODULE, msgspec.json.encode(job).decode()],
            cwd=self._config.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        outcome = _outcome(ended, f"The gates of '{model}' version {number}")
        if outcome.error:
            # Said by the home, the policy or the holdout: it does not go away by itself, and so is an answer.
            return Promoted(passed=False, says=outcome.says)
        return Promoted(passed=outcome.done, says=outcome.says)

    def roll_back(self, model: str, number: int, why: str) -> int | None:
        """Return the champion after a version was taken back; None when it is not champion, and was not taken back."""
        with open_registry(self._home) as registry:
            try:
                return registry.rollback(model, who=WHO, why=why, against=number).target
            except PromotionRefusedError:
                last = registry.decisions(model)[0]
                return last.target if (last.kind, last.source) == ("rollback", number) else None


def _outcome(ended: "subprocess.CompletedProcess[bytes]", what: str) -> Outcome:
    last: Any = ended.stdout.decode("utf-8", "replace").strip().rpartition("\n")[2]
    try:
        return msgspec.json.decode(last, type=Outcome)
    except msgspec.DecodeError as error:
        said = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise MonitoringError(
            f"{what} could not run: exit code {ended.returncode}, {said or 'nothing was said'}",
            fix="Run them by hand: mainspring gates run.",
        ) from error
