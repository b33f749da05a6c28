"""A directive that shows what `--help` of a command prints, so that the page cannot fall behind."""

import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

_PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100"}


class CommandHelp(SphinxDirective):
    """`{command-help} run` shows `mainspring run --help`; with no argument, `mainspring --help`."""

    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {}

    def run(self) -> list[nodes.Node]:
        words = self.arguments[0].split() if self.arguments else []
        command = [str(Path(sys.executable).with_name("mainspring")), *words, "--help"]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, **_PLAIN}, timeout=60, check=False
        )
        if done.returncode != 0:
            raise self.error(f"`mainspring {' '.join(words)} --help` ended with {done.returncode}: {done.stderr}")
        text = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())
        return [nodes.literal_block(text, text, language="text")]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
