"""What a worker is told about one attempt at a step."""

import sys
from pathlib import Path
from typing import Any

from mainspring.digest import main_name, tagged
from mainspring.engine.keys import Key
from mainspring.engine.messages import Setup, Task
from mainspring.engine.schedule import Job
from mainspring.errors import DefinitionError
from mainspring.graph import Step

__all__ = ["address_of", "task_of"]


def task_of(job: Job, key: Key, setup: Setup, log: str = "") -> Task:
    """Return the task of a job: its seed and its checkpoint directory follow from the cache key alone.

    Args:
        job: What is to be done.
        key: Its cache key, with the arguments.
        setup: What workers know.
        log: File for what it prints, relative to the home.
    """
    module, attribute = ("", "") if job.splits else address_of(job.node.step)
    return Task(
        step=job.name,
        module=module,
        attribute=attribute,
        args=key.args,
        seed=int(tagged("seed", key.digest, *filter(None, [setup.salt]))[:8], 16),
        log=f"{setup.home}/{log}",
        checkpoint=f"{setup.home}/checkpoints/{key.digest}{setup.salt}",
        declared=tuple(str(Path(value.path).absolute()) for value in key.files),
        whole=job.element is not None,
    )


def address_of(step: Step[..., Any]) -> tuple[str, str]:
    """Return module and attribute under which a worker finds a step.

    Raises:
        DefinitionError: It is at no place that a worker could import.
    """
    module = step.fn.__module__
    names = vars(sys.modules[module])
    if names.get(step.fn.__name__) is step:
        attribute = step.fn.__name__
    else:
        attribute = next((name for name, value in names.items() if value is step), "")
    if not attribute:
        raise DefinitionError(
            f"Step '{step.name}' is defined where no worker can find it",
            step.where,
            "Define it at the top level of a module, or bind it to a name there.",
        )
    if module == "__main__":
        module = main_name()
        if module == "__main__":
            raise DefinitionError(
                f"Step '{step.name}' is defined at a prompt or in a notebook",
                step.where,
                "Put the steps into a file, such as pipeline.py, and import them.",
            )
    return module, attribute
