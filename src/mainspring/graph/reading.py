"""What follows from the text of one module alone. An unchanged module needs none of this: its page says it."""

import ast
from collections.abc import Iterator

from mainspring.graph.effects import changes_in
from mainspring.graph.modules import Changes, Definition, Told
from mainspring.graph.parsing import Tree, outline, parse
from mainspring.graph.references import references_of
from mainspring.graph.sourcetext import FUNCTIONS, own_source

__all__ = ["Tree", "change", "outline", "parse", "tell"]


def tell(definition: Definition, tree: Tree) -> Told:
    """Return what the source of a symbol tells."""
    nodes = [tree.nodes[number] for number in definition.nodes]
    module = definition.module
    return Told(
        definition.nodes,
        own_source(nodes, module.options, skeleton=definition.kind == "class"),
        references_of(nodes, module),
        any(_is_computed(node) for node in nodes),
        [name for node in nodes if isinstance(node, ast.ClassDef) for name in _computed_attributes(node)],
    )


def change(definition: Definition, tree: Tree) -> Changes:
    """Return whether calling a function or method changes what others see."""
    return changes_in(tree.nodes[number] for number in definition.nodes)


def _computed_attributes(node: ast.ClassDef) -> Iterator[str]:
    """Yield the attributes of a class whose value is not in its source."""
    for statement in node.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and not isinstance(statement.value, ast.Constant):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _is_computed(node: ast.stmt) -> bool:
    """Say whether a function has a decorator, or a default that is no literal."""
    if not isinstance(node, FUNCTIONS):
        return False
    defaults = (*node.args.defaults, *node.args.kw_defaults)
    return bool(node.decorator_list) or any(not isinstance(part, ast.Constant | None) for part in defaults)
