"""The process in which the watch has a run, or the gates of a version: with the project's code as it is now.

It is started as `python -m mainspring.workspace.loop_running JOB`, in the folder of the project. What comes of it is
recorded in the home; the last line that it prints is JSON.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from mainspring.errors import MainspringError
from mainspring.workspace.gating import promote
from mainspring.workspace.homes import open_home
from mainspring.workspace.project import load_project
from mainspring.workspace.running import Request, configure, execute

__all__ = ["Job", "Outcome", "main"]

WHO = "mainspring watch"
_GATES = 3


class Job(Struct, frozen=True):
    """What is to be done.

    Attributes:
        home: The home.
        config: The configuration file.
        run: The id of the run; empty where a version is to be promoted.
        pipeline: The pipeline, as `FILE.py[:PIPELINE]`.
        profile: The profile of the configuration.
        sets: `KEY=VALUE` texts over it.
        model: The model.
        number: The version.
        why: Why it is to be champion.
    """

    home: str
    config: str = ""
    run: str = ""
    pipeline: str = ""
    profile: str = ""
    sets: tuple[str, ...] = ()
    model: str = ""
    number: int = 0
    why: str = ""


class Outcome(Struct, frozen=True):
    """What came of it: whether it succeeded, and in words."""

    done: bool
    says: str
    error: bool = False


def main(arguments: Sequence[str]) -> int:
    """Do what the first argument says, as JSON; returns the exit code."""
    job = msgspec.json.decode(arguments[0], type=Job)
    try:
        outcome = _run(job) if job.run else _promote(job)
    except MainspringError as error:
        outcome = Outcome(done=False, says=str(error), error=True)
    sys.stdout.write(f"{msgspec.json.encode(outcome).decode()}\n")
    return 0 if outcome.done else 1


def _run(job: Job) -> Outcome:
    project = load_project(job.pipeline)
    profile = job.profile or None
    config = configure(project, file=Path(job.config) if job.config else None, profile=profile, sets=job.sets)
    with open_home(Path(job.home), config.settings) as home:
        ran = execute(project, config, home, Request(profile=profile, id=job.run))
    return Outcome(ran.status == "succeeded", ran.error or ran.status)


def _promote(job: Job) -> Outcome:
    found = promote(job.model, job.number, who=WHO, why=job.why, home=Path(job.home))
    if found.report is None:
        return Outcome(done=True, says="it is the champion already")
    if found.report.passed:
        return Outcome(done=True, says=f"passed all {len(found.report.gates)} gates")
    bad = [one for one in found.report.gates if one.answer != "pass"]
    said = "; ".join(f"{one.name} ({one.answer}): {one.says}" for one in bad[:_GATES])
    return Outcome(done=False, says=f"{len(bad)} of {len(found.report.gates)} gates did not pass: {said}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
