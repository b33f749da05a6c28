import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import Kept
from test_code import Memory, function

from mainspring.errors import SourceError
from mainspring.graph import book as book_module
from mainspring.graph import reading
from mainspring.graph.book import Book
from mainspring.graph.code import CodeIndex
from mainspring.graph.modules import Definition, ModuleText

TEXT = """
import other
from helpers import scale

LIMIT = 3
RATES = {}

def build(rows):
    import late
    return [scale(row.price, LIMIT) for row in rows if getattr(row, other.NAME)]

@other.marked
class Model(scale):
    bias = LIMIT
    def predict(self, x, *, limit=LIMIT):
        RATES[x] = limit
        return build(x)

other.register(build)
"""


def text(source=TEXT, name="features", path=None, package=False):
    return ModuleText(name, path or f"{name}.py", source, package)


def everything(book, source):
    """Return all that a book says of a module."""
    module = book.module(source)
    parts = [part for definition in module.definitions.values() for part in definition.parts.values()]
    every = [*module.definitions.values(), *parts]
    told = {found.name: (found.kind, found.nodes, book.told(found), book.changes(found)) for found in every}
    members = {name: [owner.name for owner in owners] for name, owners in module.members.items()}
    imports = (module.imports, module.stars, module.imported, module.imports_inside)
    return told, members, imports, module.acting, module.options, module.statements


def kept(source=None):
    memo = Kept()
    book = Book(memo)
    everything(book, source or text())
    book.keep()
    return memo


def test_a_later_process_finds_what_this_one_found_out(monkeypatch):
    memo = kept()
    first = everything(Book(), text())
    monkeypatch.setattr(book_module, "_reading", lambda: pytest.fail("an unchanged module was read"))
    assert everything(Book(memo), text()) == first
    kind, _, told, changes = first[0]["build"]
    assert kind == "function"
    assert {("scale",), ("LIMIT",), ("other", "NAME")} < told.references.chains
    assert told.references.imports["late"][0].module == "late"
    assert not changes.surely
    assert first[0]["Model.predict"][3].surely
    assert first[0]["Model"][2].attributes == ["bias"]


def test_nothing_that_reads_text_is_loaded_for_an_unchanged_module(tmp_path):
    for name, source in kept().items():
        (tmp_path / name.replace("/", "_")).write_text(source)
    script = f"""
import sys
from pathlib import Path
from mainspring.graph.book import Book
from mainspring.graph.modules import ModuleText

class Memo:
    def get(self, name):
        return Path(name.replace("/", "_")).read_text()

module = Book(Memo()).module(ModuleText("features", "features.py", {TEXT!r}, False))
print(sorted(module.definitions), "mainspring.graph.reading" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['LIMIT', 'Model', 'RATES', 'build'] False"


@pytest.mark.parametrize(
    "other",
    [
        text(TEXT.replace("LIMIT", "MOST")),
        text(TEXT + "\n"),
        text(name="part.features"),
        text(name="other", path="features.py"),
        text(package=True),
    ],
    ids=["text", "lines", "name and path", "name", "package"],
)
def test_a_page_counts_for_the_same_text_at_the_same_place_only(other, monkeypatch):
    memo = kept()
    read = []
    parse = reading.parse
    monkeypatch.setattr(reading, "parse", lambda source: read.append(source) or parse(source))
    Book(memo).module(text())
    assert not read
    assert everything(Book(memo), other) == everything(Book(), other)
    assert read == [other, other]


@pytest.mark.parametrize("what", ["the analysis", "Python"])
def test_the_analysis_itself_is_part_of_what_a_page_depends_on(what, monkeypatch):
    memo = kept()
    if what == "Python":
        monkeypatch.setattr(sys, "version", "4.0.0")
    else:
        monkeypatch.setattr(book_module, "written", lambda _: "later")
    monkeypatch.setattr(reading, "parse", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        Book(memo).module(text())


def test_every_file_of_the_analysis_is_part_of_its_version(tmp_path, monkeypatch):
    for name in ("book.py", "scopes.py"):
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(book_module, "__file__", str(tmp_path / "book.py"))
    versions = [Book(Kept())._analysis]
    (tmp_path / "scopes.py").write_text("22")
    versions.append(Book(Kept())._analysis)
    (tmp_path / "new.py").write_text("1")
    versions.append(Book(Kept())._analysis)
    assert len(set(versions)) == 3


def test_a_page_that_cannot_be_read_counts_as_none():
    for page in ('["old", 5]', "no JSON", "{}"):
        assert everything(Book(Kept({"page/features.py": page})), text()) == everything(Book(), text())


def test_a_page_grows_by_what_is_asked_later():
    memo = Kept()
    book = Book(memo)
    book.module(text())
    book.keep()
    first = dict(memo)
    book = Book(memo)
    book.told(book.module(text()).definitions["build"])
    book.keep()
    assert memo != first
    grown = dict(memo)
    book = Book(memo)
    book.told(book.module(text()).definitions["build"])
    book.keep()
    assert memo == grown


def test_what_is_told_of_the_statements_that_act_counts_for_the_same_statements_only():
    memo = Kept()
    chains = []
    for chosen in ([0], [6], [5, 6], [5, 6]):
        book = Book(memo)
        module = book.module(text())
        told = book.told(Definition(module, "<statements>", "statements", chosen))
        book.keep()
        fresh = Book()
        assert told == fresh.told(Definition(fresh.module(text()), "<statements>", "statements", chosen))
        chains.append(told.references.chains)
    assert ("other", "register") in chains[1]
    assert ("other", "marked") not in chains[1]
    assert ("other", "marked") in chains[2]


def test_a_module_with_a_name_that_is_no_text_is_read_each_time():
    source = text("def f(x):\n    return getattr(x, '\\ud800')\n")
    assert kept(source) == {}
    assert "\ud800" in everything(Book(), source)[0]["f"][2].references.attributes


def test_a_module_that_is_not_valid_python_is_not_kept():
    memo = Kept()
    book = Book(memo)
    with pytest.raises(SourceError, match="Module 'features' is not valid Python"):
        book.module(text("def f(:"))
    book.keep()
    assert memo == {}


MODULES = {
    "pipeline": [
        "import a, b",
        "from a import *",
        "from b import LIMIT, Thing as T",
        "def go(x):\n    return a.f(x) + LIMIT",
        "def go(x: int):\n    return T(x).run(b)",
        "def go(x):\n    import a as late\n    return getattr(late, x)",
        "T = a.f(1)",
    ],
    "a": [
        "import b",
        "def f(x):\n    return x",
        "def f(x=b.LIMIT):\n    return x.run()",
        "@b.keep\ndef f(x):\n    return LIMIT",
        "b.keep(f)",
        "LIMIT = b.Thing()",
    ],
    "b": [
        "LIMIT = 1",
        "SEEN = []",
        "def keep(f):\n    return f",
        "def keep(f):\n    SEEN.append(f)\n    return f",
        "class Thing:\n    def run(self, x=1):\n        return LIMIT",
        "class Thing(Base):\n    x = LIMIT\n    def run(self):\n        return a",
        "import pickle, a\nx = pickle.loads(SEEN)",
    ],
}
PROJECTS = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from(pieces), max_size=6).map("\n".join) for name, pieces in MODULES.items()}
)


def code_of(texts, memo=None):
    index = CodeIndex(Memory(texts), memo)
    found = index.code_of(function("pipeline", "go", texts["pipeline"]))
    index.keep()
    return found


@settings(max_examples=150, deadline=None)
@given(st.lists(PROJECTS, min_size=2, max_size=4), st.data())
def test_over_any_edits_identities_with_pages_are_those_without(versions, data):
    """Each version takes some of its modules from the version before it, unchanged."""
    memo = Kept()
    for before, now in pairwise(versions):
        for name in MODULES:
            now[name] = before[name] if data.draw(st.booleans()) else now[name]
    for version in versions:
        texts = version | {"pipeline": version["pipeline"] + "\ndef go(x):\n    return a.f(x), T, b.keep"}
        assert code_of(texts, memo) == code_of(texts) == code_of(texts, memo)
