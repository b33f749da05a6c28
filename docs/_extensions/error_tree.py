"""A directive that shows the tree of error classes, each with the first line of its docstring."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from mainspring.errors import MainspringError


class ErrorTree(SphinxDirective):
    """`{error-tree}` shows `MainspringError` and all that derive from it."""

    def run(self) -> list[nodes.Node]:
        tree = nodes.bullet_list()
        tree += _item(MainspringError)
        return [tree]


def _item(kind: type) -> nodes.list_item:
    said = (kind.__doc__ or "").strip().partition("\n")[0].replace("`", "")
    line = nodes.paragraph("", "", nodes.literal(text=kind.__name__), nodes.Text(f": {said}"))
    item = nodes.list_item("", line)
    below = [other for other in kind.__subclasses__() if other.__module__ == kind.__module__]
    if below:
        inner = nodes.bullet_list()
        inner += [_item(other) for other in below]
        item += inner
    return item


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("error-tree", ErrorTree)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
