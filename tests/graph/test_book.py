from types import SimpleNamespace

from mainspring.graph.book import Book
from mainspring.graph.modules import ModuleText, parse_module

TEXT = """
import other
from helpers import scale

LIMIT = 3

def build(rows):
    import late
    return [scale(row.price, LIMIT) for row in rows if getattr(row, other.NAME)]

class Model:
    def predict(self, x):
        return build(x)

other.register(build)
"""


class Kept(dict):
    def set(self, name, value):
        self[name] = value


def module(text=TEXT, name="features"):
    return parse_module(ModuleText(name, f"{name}.py", text, False))


def all_of(book, made):
    found = {name: book.of(definition) for name, definition in made.definitions.items()}
    parts = [part for definition in made.definitions.values() for part in definition.parts.values()]
    return found | {part.name: book.of(part) for part in parts}


def test_a_later_process_finds_what_this_one_found_out(monkeypatch):
    memo = Kept()
    book = Book(memo)
    first = all_of(book, module())
    book.keep()
    monkeypatch.setattr("mainspring.graph.book.references_of", lambda *_: 1 / 0)
    assert all_of(Book(memo), module()) == first
    assert {("scale",), ("LIMIT",), ("other", "NAME")} < first["build"].chains
    assert first["build"].imports["late"][0].module == "late"


def test_a_page_counts_for_the_same_text_at_the_same_place_only():
    memo = Kept()
    book = Book(memo)
    all_of(book, module())
    book.keep()
    changed = module(TEXT.replace("LIMIT for", "MOST for").replace("LIMIT)", "MOST)"))
    assert ("MOST",) in all_of(Book(memo), changed)["build"].chains
    moved = module(name="part.features")
    assert Book(memo)._kept(moved) == {}


def test_the_analysis_itself_is_part_of_what_a_page_depends_on(monkeypatch):
    memo = Kept()
    book = Book(memo)
    all_of(book, module())
    book.keep()
    assert set(Book(memo)._kept(module())) == {"build", "LIMIT", "Model", "Model.predict"}
    later = SimpleNamespace(st_size=1, st_mtime_ns=1)
    monkeypatch.setattr("mainspring.graph.book.Path.stat", lambda _: later)
    assert Book(memo)._kept(module()) == {}


def test_a_page_that_cannot_be_read_counts_as_none():
    memo = Kept({"references/features.py": '["old", 5]'})
    assert all_of(Book(memo), module())["build"].attributes
    memo = Kept({"references/features.py": "no JSON"})
    assert all_of(Book(memo), module())["build"].attributes


def test_statements_that_act_are_read_each_time():
    made = module()
    acting = type(made.definitions["build"])(made, "<statements>", "statements", list(made.acting))
    memo = Kept()
    book = Book(memo)
    assert book.of(acting).chains
    book.keep()
    assert memo == {}
