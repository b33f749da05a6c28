"""Other steps in the place of a pipeline's own: a dummy model in a smoke run, or a fault that is planted."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from mainspring.engine.tasks import address_of
from mainspring.errors import DefinitionError, NotFoundError, nearest
from mainspring.graph import Arg, Dag, Many, Node, Step

__all__ = ["substituted"]


def substituted(dag: Dag, substitutes: Mapping[str, Any]) -> Dag:
    """Return a DAG in which steps are called in the place of those of these names.

    A substitute takes what the step takes; parameters that it does not name go to its `**`, if it has one.

    Raises:
        NotFoundError: There is no step of such a name.
        DefinitionError: A substitute does not take what the step is given, or returns other named results.
    """
    if not substitutes:
        return dag
    names = {node.step.name for node in dag.nodes.values()}
    for name, step in substitutes.items():
        if name not in names:
            near = nearest(name, names)
            advice = f"Did you mean '{near}'?" if near else f"There are: {', '.join(sorted(names))}."
            raise NotFoundError(f"There is no step '{name}' in pipeline '{dag.pipeline}'", None, advice)
        if not isinstance(step, Step):
            kind = type(step).__qualname__
            raise DefinitionError(f"The substitute of '{name}' is {kind}, not a step", None, "Decorate it with @step.")
        address_of(step)
    nodes = {
        key: _exchanged(node, substitutes[node.step.name]) if node.step.name in substitutes else node
        for key, node in dag.nodes.items()
    }
    return Dag(dag.pipeline, nodes, dag.result, dag.seed)


def _exchanged(node: Node, step: Step[..., Any]) -> Node:
    outputs = [None if one.signature.outputs is None else [out.name for out in one.signature.outputs]
               for one in (node.step, step)]  # fmt: skip
    if outputs[0] != outputs[1]:
        raise DefinitionError(
            f"The substitute of '{node.step.name}' returns {_named(outputs[1])}, not {_named(outputs[0])}",
            step.where,
            "Annotate it with what the step returns.",
        )
    return replace(node, step=step, args=_arguments(node, step))


def _named(outputs: list[str] | None) -> str:
    return "one value" if outputs is None else f"a NamedTuple of {', '.join(outputs)}"


def _arguments(node: Node, step: Step[..., Any]) -> dict[str, Arg]:
    parameters = step.signature.parameters
    rest = next((one.name for one in parameters if one.variadic == "**"), None)
    known = {f"{one.variadic}{one.name}" if one.variadic else one.name for one in parameters}
    args = {name: arg for name, arg in node.args.items() if name in known}
    others = {name: arg for name, arg in node.args.items() if name not in known}
    if not others:
        return args
    if rest is None:
        raise DefinitionError(
            f"The substitute of '{node.step.name}' does not take {', '.join(map(repr, others))}",
            step.where,
            "Give it the parameters of the step, or **_ for those that it does not look at.",
        )
    plain = {name: arg for name, arg in others.items() if not name.startswith("*")}
    return {**args, f"**{rest}": Many(dict, tuple(plain.values()), tuple(plain))}
