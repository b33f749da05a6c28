"""Pipelines in tests: a smoke run with components replaced, and the inputs that a step gets."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from mainspring.engine.steprun import inputs_of
from mainspring.engine.tasks import task_of
from mainspring.errors import NotFoundError, RunFailedError, nearest
from mainspring.graph import Pipeline, Step
from mainspring.workspace.homes import open_home
from mainspring.workspace.planning import survey
from mainspring.workspace.project import project_of
from mainspring.workspace.running import Request, configure, execute, home_of
from mainspring.workspace.views import Run

__all__ = ["smoke", "step_inputs"]


def smoke(
    pipeline: Pipeline[..., Any],
    *,
    profile: str | None = "smoke",
    sets: Sequence[str] = (),
    replace: Mapping[str, Step[..., Any]] | None = None,
    home: str | os.PathLike[str] | None = None,
) -> Run:
    """Return a run of a whole pipeline with small values: real steps, in worker processes, in a home of its own.

    Args:
        pipeline: The pipeline.
        profile: The table `[profile.NAME]` of its configuration; None: none.
        sets: `key=value` texts on top of it.
        replace: Steps in the place of those of these names, such as a dummy model for the one that takes long. A
            substitute is a step at the top level of a module, takes what the step takes (or `**_`), and returns what
            the step returns.
        home: Where the run is kept. With the same home, what did not change is not computed again. By default a new
            folder.

    Raises:
        RunFailedError: A step failed; its error is in the message.
        ConfigError: The configuration does not fit, or has no such profile.
        NotFoundError: There is no step of a name in `replace`.
    """
    project = project_of(pipeline)
    config = configure(project, profile=profile, sets=sets)
    folder = Path(home) if home is not None else Path(mkdtemp(prefix="smoke-"))
    with open_home(folder.absolute(), config.settings) as opened:
        done = execute(project, config, opened, Request(profile=profile, substitutes=dict(replace or {})))
    if done.status != "succeeded":
        raise RunFailedError(f"The smoke run of '{done.pipeline}' {done.status}: {done.error}", f"run {done.id}")
    return done


def step_inputs(
    pipeline: Pipeline[..., Any],
    step: str,
    *,
    profile: str | None = None,
    home: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Return what a step is called with in the runs of a pipeline, by parameter, loaded from the store.

    A step is then tested on the values that it meets: `train(**step_inputs(retail, "train"))`.

    Args:
        pipeline: The pipeline.
        step: The step run: `train`, `add[2]`, `train{0}` for the first element of a mapped one.
        profile: The profile of the runs; `smoke` for those of `mainspring smoke` and `mainspring ci`.
        home: Where the runs are; by default the project's home.

    Raises:
        NotFoundError: There is no such step, or what comes before it is not stored: run the pipeline first.
    """
    project = project_of(pipeline)
    config = configure(project, profile=profile)
    folder = Path(home).absolute() if home is not None else home_of(project, config)
    with open_home(folder, config.settings, create=False) as opened:
        found = survey(project, config, opened)
        if step not in found.keys:
            named = f" --profile {profile}" if profile else ""
            near = nearest(step, [*found.keys, *found.ready.dag.nodes])
            known = step in found.ready.dag.nodes or near is None
            advice = f"Run it first: mainspring run{named}" if known else f"Did you mean '{near}'?"
            raise NotFoundError(f"The inputs of step '{step}' are not stored", str(folder), advice)
        return inputs_of(task_of(found.jobs[step], found.keys[step], found.ready.setup), opened.blobs)
