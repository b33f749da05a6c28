"""Steps that are planted where one of a pipeline's own belongs, to see that a check notices."""

from typing import Any

from mainspring.graph import Dag, step

__all__ = ["nothing", "plantable"]


@step
def nothing(*_: Any, **__: Any) -> None:
    """Return nothing, whatever it is given."""


def plantable(dag: Dag) -> str | None:
    """Return the first step that can return nothing and that another one needs; None when there is none."""
    needed = {name for node in dag.nodes.values() for name in node.needs}
    for name, node in dag.nodes.items():
        if name in needed and node.step.signature.outputs is None and node.mapped is None:
            return node.step.name
    return None
