"""The DAG of one run: nodes, and the arguments that connect them. Frozen data, no behaviour of its own."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct, field

from mainspring.graph.steps import Step

__all__ = ["Arg", "Dag", "Many", "Node", "Ref", "Value", "refs_in"]


class Value(Struct, frozen=True):
    """An argument that is known when the pipeline is traced: a literal or a value of the configuration."""

    value: object


class Ref(Struct, frozen=True):
    """An argument that another node will produce.

    Attributes:
        node: Name of the producing node.
        output: Name of the artifact; `result` unless the step returns a `NamedTuple`.
    """

    node: str
    output: str = "result"


class Many(Struct, frozen=True):
    """A list, tuple, dict or `NamedTuple` that has references somewhere inside.

    Attributes:
        kind: `list`, `tuple`, or the `NamedTuple` class; for a dict `dict`.
        items: The arguments in order.
        keys: The keys of a dict, in order; empty otherwise.
    """

    kind: type
    items: tuple[Any, ...]
    keys: tuple[object, ...] = ()

    def build(self, items: list[object]) -> object:
        """Return the container again, around `items`."""
        if self.kind is dict:
            return dict(zip(self.keys, items, strict=True))
        if self.kind in (list, tuple):
            return self.kind(items)
        make: Callable[..., object] = self.kind
        return make(*items)


Arg = Value | Ref | Many


class Node(Struct, frozen=True):
    """One call of a step in a pipeline.

    Attributes:
        name: The step's name; `add[2]` for its second call.
        step: The step.
        args: Its arguments by parameter, in the order of the signature; variadic ones as `*args` and `**kwargs`.
        where: `file:line` of the call.
        mapped: Name of the parameter that takes one element at a time, if the step is mapped.
    """

    name: str
    step: Step[..., Any]
    args: dict[str, Arg]
    where: str
    mapped: str | None = None

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the nodes that this one waits for, each once, in the order of first use."""
        return tuple(dict.fromkeys(ref.node for arg in self.args.values() for ref in refs_in(arg)))


class Dag(Struct, frozen=True):
    """What a traced pipeline will do.

    Attributes:
        pipeline: Name of the pipeline.
        nodes: Nodes by name, each after the ones it needs.
        result: What the pipeline returns, with references in it.
        seed: The run seed.
    """

    pipeline: str
    nodes: dict[str, Node] = field(default_factory=dict)
    result: Arg = field(default_factory=lambda: Value(None))
    seed: int = 0


def refs_in(arg: Arg) -> Iterator[Ref]:
    """Yield every reference inside an argument, in order."""
    if isinstance(arg, Ref):
        yield arg
    elif isinstance(arg, Many):
        for item in arg.items:
            yield from refs_in(item)
