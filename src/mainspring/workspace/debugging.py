"""`--pdb`: the step that failed, once more and in this process, under the debugger."""

import pdb
from pathlib import Path
from types import TracebackType

from mainspring.config import Config
from mainspring.engine.steprun import StepRun, call_step
from mainspring.engine.tasks import task_of
from mainspring.errors import NotFoundError
from mainspring.workspace.homes import Home
from mainspring.workspace.planning import survey
from mainspring.workspace.project import Project

__all__ = ["debug"]


def debug(project: Project, config: Config, home: Home, step: str) -> bool:
    """Call a step run with its inputs and open the debugger where it raises; return whether it did.

    What it logs and returns is not recorded. Ctrl-C opens the debugger where it is at that moment.

    Raises:
        NotFoundError: The step run cannot start: what it needs is not stored.
    """
    found = survey(project, config, home)
    if step not in found.keys:
        raise NotFoundError(f"The inputs of '{step}' are not stored", None, "Run once more with --pdb.")
    task = task_of(found.jobs[step], found.keys[step], found.ready.setup)
    try:
        call_step(task, StepRun(task, home.blobs, lambda _: None, allow_pickle=home.settings.allow_pickle))
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever a step raises is what is looked at
        pdb.post_mortem(_from_step(error.__traceback__))
        return True
    return False


def _from_step(trace: TracebackType | None) -> TracebackType | None:
    """Return the traceback from the first frame of the user's code on; all of it when there is none."""
    ours = str(Path(__file__).parent.parent)
    inner = trace
    while inner is not None and inner.tb_frame.f_code.co_filename.startswith(ours):
        inner = inner.tb_next
    return inner or trace
