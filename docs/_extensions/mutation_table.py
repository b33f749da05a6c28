"""A directive that shows the table of edits that the tests of code identity go through."""

import runpy
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_SOURCE = Path(__file__).parents[2] / "tests/graph/mutations.py"
_VERDICTS = {"rerun": "runs", "hit": "hit", "may": "either"}


class MutationTable(SphinxDirective):
    """`{mutation-table}` shows every edit with its expected verdict."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(_SOURCE))
        sys.path.insert(0, str(_SOURCE.parent))  # it is made of several files
        try:
            rows = runpy.run_path(str(_SOURCE))["ROWS"]
        finally:
            sys.path.remove(str(_SOURCE.parent))
        group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in (26, 46, 10, 34)), cols=4)
        group += nodes.thead("", _row(_text(word) for word in ("edit", "what is replaced", "step", "because")))
        group += nodes.tbody("", *(_row(_cells(row)) for row in rows))
        return [nodes.table("", group)]


def _cells(row: Any) -> Iterable[nodes.paragraph]:
    changed = nodes.paragraph()
    for path, old, new in row.edits[:1]:
        before, after = _short(old), _short(new)
        changed += [nodes.Text(f"{path}: "), nodes.literal(text=before or "nothing"), nodes.Text(" → ")]
        changed += [nodes.literal(text=after or "nothing")]
    yield _text(row.name.replace("-", " "))
    yield changed
    yield _text(_VERDICTS[row.verdict])
    yield _text(row.why)


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else f"{words[:59]}…"


def _text(words: str) -> nodes.paragraph:
    return nodes.paragraph("", words)


def _row(cells: Iterable[nodes.paragraph]) -> nodes.row:
    return nodes.row("", *(nodes.entry("", cell) for cell in cells))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("mutation-table", MutationTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
