"""What the project says about itself holds: its commands, its examples, its pages."""

import ast
import importlib
import os
import pkgutil
import re
from collections.abc import Mapping
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTestFinder, DocTestRunner

import nbformat
import pytest
from walkthrough import DOCS, ROOT, blocks, reader

import mainspring
from mainspring.cli.app import COMMANDS
from mainspring.cli.failing import EXIT_CODES
from mainspring.config.gates import Gates
from mainspring.config.monitor import Monitor
from mainspring.config.settings import Settings
from mainspring.store import registry

TARGETS = set(re.findall(r"(?m)^([a-z]+):", (ROOT / "Makefile").read_text()))
TEXTS = ["README.md", "CONTRIBUTING.md"]


@pytest.mark.parametrize("name", TEXTS)
def test_each_make_command_that_is_named_exists(name):
    named = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / name).read_text()))
    assert {"demo", "test"} <= named
    assert named <= TARGETS


@pytest.mark.timeout(300)
def test_the_example_of_the_readme_runs(desk):
    assert reader(desk).follow(ROOT / "README.md") >= 4


def test_continuous_integration_calls_the_test_command_of_the_readme():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "make test" in script.read_text()


@pytest.mark.parametrize("name", TEXTS)
def test_links_to_files_lead_somewhere(name):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / name).read_text()):
        assert (ROOT / target).exists(), target


def modules():
    found = pkgutil.walk_packages(mainspring.__path__, "mainspring.")
    return sorted(item.name for item in found if ".migrations." not in item.name)


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_are_right(name):
    module = importlib.import_module(name)
    runner = DocTestRunner(verbose=False, optionflags=ELLIPSIS | NORMALIZE_WHITESPACE)
    for test in DocTestFinder(exclude_empty=True).find(module, name):
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_every_key_of_a_reserved_table_is_documented():
    page = (DOCS / "reference/configuration.md").read_text()
    for mark, keys in (("workspace", Settings), ("gates", Gates), ("monitor", Monitor)):
        section = page.partition(f"({mark})=")[2].partition("\n(")[0]
        assert re.findall(r"(?m)^\| `(\w+)` \|", section) == list(keys.__annotations__)


def test_every_stored_format_is_documented():
    page = (DOCS / "reference/store.md").read_text()
    named = {"value/1", "file/1", "folder/1"} | set(registry._FORMATS)
    assert set(re.findall(r"`([a-z-]+/\d+)`", page)) == named


def test_every_exit_status_is_documented():
    page = (DOCS / "reference/command-line.md").read_text()
    assert {int(code): said for code, said in re.findall(r"(?m)^\| (\d+) \| (.+) \|$", page)} == EXIT_CODES


def test_every_command_has_its_help_on_the_page():
    page = (DOCS / "reference/command-line.md").read_text()
    shown = re.findall(r"(?m)^```\{command-help\} (.+)$", page)
    assert sorted(shown) == sorted(commands())


def commands():
    for name, (place, _) in COMMANDS.items():
        module, _, attribute = place.partition(":")
        target = getattr(importlib.import_module(module), attribute)
        yield from [f"{name} {inner}".strip() for inner in target] if isinstance(target, Mapping) else [name]


def test_the_tutorial_quotes_the_pipeline_that_init_writes():
    source = (ROOT / "src/mainspring/workspace/template/pipeline.py").read_text()
    quoted = [block for block in blocks(DOCS / "tutorial.md") if block.kind == "python"]
    assert quoted
    for block in quoted:
        assert ast.parse(block.text)
        assert block.text in source


def test_the_page_about_codecs_quotes_one():
    source = (ROOT / "src/mainspring/store/codecs/boosters.py").read_text()
    quoted = [block.text for block in blocks(DOCS / "how-to/codec.md") if "not run" in block.marks]
    assert quoted
    assert all(text in source for text in quoted)


def test_the_notebook_runs_and_its_page_quotes_it(capsys):
    book = nbformat.read(DOCS / "how-to/tumours.ipynb", as_version=4)
    nbformat.validate(book)
    cells = [cell.source for cell in book.cells if cell.cell_type == "code"]
    page = [block for block in blocks(DOCS / "how-to/from-a-notebook.md") if "not run" in block.marks]
    assert [block.text.rstrip() for block in page] == cells
    names: dict = {}
    for cell in cells:
        exec(compile(cell, "cell", "exec"), names)
    assert capsys.readouterr().out.startswith("accuracy 0.9")
    first = next(block for block in blocks(DOCS / "how-to/from-a-notebook.md") if "file" in block.marks)
    for line in "\n".join(cells[1:]).splitlines():
        assert line in first.text
