import ast
import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import codes_of, imported, write

from mainspring.engine.sources import ProjectSources
from mainspring.errors import SourceError
from mainspring.graph import code as code_module
from mainspring.graph import reading
from mainspring.graph.code import MISSING, CodeIndex, diff, from_record, to_record
from mainspring.graph.modules import ModuleText

HEADER = "from mainspring import step\n"
STEP = HEADER + "\n\n@step\ndef go(x: int) -> int:\n    return x\n"


class Memory:
    """Sources out of a dict; no module is loaded."""

    def __init__(self, texts):
        self.texts = texts
        self.asked = []

    def module(self, name):
        self.asked.append(name)
        return ModuleText(name, f"{name}.py", self.texts[name], package=False) if name in self.texts else None

    def name_of(self, module):
        return module

    def value(self, module, name):
        return MISSING

    def digest(self, value):
        return None

    def loaded(self):
        return ()

    def every(self):
        return self.texts


def code_in_memory(texts, step="pipeline.go"):
    module, _, name = step.partition(".")
    return CodeIndex(Memory(texts)).code_of(function(module, name, texts[module]))


def function(module, name, text):
    space = {"__name__": module}
    exec(compile(f"def {name}(): pass", f"{module}.py", "exec"), space)
    return space[name]


def test_what_is_reached_is_listed_with_its_lines(tmp_path):
    write(tmp_path, {"pipeline.py": STEP.replace("return x", "return h(x)") + "\n\ndef h(x):\n    return x\n"})
    found = codes_of(tmp_path, ["pipeline.go"])["pipeline.go"]
    assert [(symbol.name, symbol.first, symbol.last) for symbol in found.symbols] == [
        ("pipeline.py::go", 4, 6),
        ("pipeline.py::h", 9, 10),
    ]
    assert found.modules == ("pipeline",)
    assert found.remarks == ()


def test_what_is_imported_from_outside_the_project_is_named_once(tmp_path):
    text = "import json.decoder\nimport blake3 as b\nfrom numpy import *\n" + STEP.replace(
        "return x", "return b.blake3(json.decoder.JSONDecoder, zeros(x))"
    )
    write(tmp_path, {"pipeline.py": text})
    assert codes_of(tmp_path, ["pipeline.go"])["pipeline.go"].imports == ("blake3", "json", "numpy")


@pytest.mark.parametrize(
    ("body", "remark"),
    [
        ("return getattr(x, str(x))", "getattr() at pipeline.py:6: everything that it may name counts"),
        ("return globals()[x]", "globals() at pipeline.py:6: everything that it may name counts"),
        ("return eval(x)", "eval() at pipeline.py:6: everything that it may name counts"),
        ("return nowhere(x)", "'nowhere' is not defined in pipeline.py: the whole module counts"),
    ],
)
def test_what_cannot_be_resolved_is_remarked_and_the_module_counts(body, remark, tmp_path):
    write(tmp_path, {"pipeline.py": STEP.replace("return x", body) + "\n\ndef other(x):\n    return x\n"})
    found = codes_of(tmp_path, ["pipeline.go"])["pipeline.go"]
    assert remark in found.remarks
    assert "pipeline.py::other" in {symbol.name for symbol in found.symbols}


def test_a_computed_import_counts_the_modules_that_it_may_name(tmp_path):
    text = "from importlib import import_module\n" + STEP.replace(
        "return x", 'return import_module(f"plugins.{x}").go()'
    )
    write(
        tmp_path, {"pipeline.py": text, "plugins/__init__.py": "", "plugins/a.py": "def go(): ...", "other.py": "x = 1"}
    )
    found = codes_of(tmp_path, ["pipeline.go"])["pipeline.go"]
    assert {"plugins/a.py::go"} <= {symbol.name for symbol in found.symbols}
    assert not any(symbol.path == "other.py" for symbol in found.symbols)


def test_a_function_made_by_exec_has_no_source(tmp_path):
    write(tmp_path, {"pipeline.py": "exec('def made(): pass')\n"})
    with pytest.raises(SourceError, match="There is no 'made' in the source of module 'pipeline'"):
        codes_of(tmp_path, ["pipeline.made"])


def test_a_function_of_a_module_that_is_no_file_has_no_source():
    with pytest.raises(SourceError, match="The source of 'go' in module 'nowhere' cannot be read"):
        CodeIndex(Memory({})).code_of(function("nowhere", "go", ""))


def test_a_compiled_module_of_the_project_is_an_error(tmp_path):
    write(tmp_path, {"fast.cpython-311-x86_64-linux-gnu.so": "", "fast.so": "", "pipeline.py": STEP})
    with imported(tmp_path, []), pytest.raises(SourceError, match="Module 'fast' of the project has no source"):
        ProjectSources(tmp_path).module("fast")


def test_a_reached_module_that_is_not_valid_python_is_named_with_its_line():
    texts = {"pipeline": "import broken\ndef go():\n    broken.f()\n", "broken": "x = 1\ndef f(:\n"}
    with pytest.raises(SourceError, match=r"Module 'broken' is not valid Python: .* \(broken.py:2\)"):
        code_in_memory(texts)


def test_a_module_in_another_encoding_is_read(tmp_path):
    write(tmp_path, {"pipeline.py": STEP})
    (tmp_path / "old.py").write_bytes("# coding: latin-1\nname = 'é'\n".encode("latin-1"))
    with imported(tmp_path, []):
        assert "é" in ProjectSources(tmp_path).module("old").text


def test_what_is_installed_is_no_project_code(tmp_path):
    sources = ProjectSources(tmp_path)
    assert [sources.module(name) for name in ("numpy", "json", "sys", "mainspring", "nowhere")] == [None] * 5


def test_where_python_says_that_installed_code_lies_is_no_project_code(tmp_path):
    outside = ProjectSources(tmp_path)._outside
    paths = sysconfig.get_paths()
    places = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    assert all(f"{place}/".startswith(outside) for place in places | {str(Path(place).resolve()) for place in places})
    assert not f"{tmp_path}/".startswith(outside)


def test_a_module_that_shadows_the_standard_library_is_project_code(tmp_path):
    write(tmp_path, {"pipeline.py": "import colorsys\n" + STEP.replace("return x", "return colorsys.f(x)")})
    write(tmp_path, {"colorsys.py": "def f(x):\n    return x\n"})
    assert "colorsys.py::f" in {s.name for s in codes_of(tmp_path, ["pipeline.go"])["pipeline.go"].symbols}


def test_the_identity_is_the_same_as_a_script_and_as_a_module(tmp_path):
    end = """

if __name__ == "__main__" or True:
    import sys
    from pathlib import Path

    from mainspring.engine.sources import ProjectSources
    from mainspring.graph.code import CodeIndex

    print(CodeIndex(ProjectSources(Path(__file__).parent)).code_of(go.fn).digest)
"""
    text = "LIMIT = int('3')\n" + STEP.replace("return x", "return x + LIMIT") + end
    write(tmp_path, {"pipeline.py": text})
    said = [
        subprocess.run([sys.executable, *args], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
        for args in (["pipeline.py"], ["-m", "pipeline"], ["-c", "import pipeline"])
    ]
    assert len(said[0]) == 65
    assert len(set(said)) == 1


def test_the_identity_does_not_depend_on_the_folder_nor_on_what_is_loaded(tmp_path):
    text = STEP.replace("return x", "import late.inner\n    return late.inner.f(x), DATA")
    text += "\nfrom pathlib import Path\nDATA = Path(__file__).parent / 'data'\n"
    files = {"pipeline.py": text, "late/__init__.py": "", "late/inner.py": "def f(x):\n    return x\n"}
    here = codes_of(write(tmp_path / "a", files), ["pipeline.go"])["pipeline.go"]
    with imported(write(tmp_path / "b", files), ["late.inner", "pipeline"]):
        there = CodeIndex(ProjectSources(tmp_path / "b")).code_of(sys.modules["pipeline"].go.fn)
    assert "late/inner.py::f" in {symbol.name for symbol in here.symbols}
    assert here == there


def test_what_a_step_was_made_with_counts(tmp_path):
    text = (
        HEADER
        + "def make(n):\n    def go(x):\n        return x + n\n    return go\n\na = make(1)\nb = make(2)\nc = make(1)\n"
    )
    found = codes_of(write(tmp_path, {"steps.py": text}), ["steps.a", "steps.b", "steps.c"])
    assert found["steps.a"].digest == found["steps.c"].digest != found["steps.b"].digest


def test_diff_says_what_changed_was_added_and_was_removed():
    old = code_in_memory({"pipeline": "def a(): pass\ndef b(): pass\ndef go():\n    a(), b()\n"})
    new = code_in_memory({"pipeline": "def a(): return 1\ndef c(): pass\ndef go():\n    a(), c()\n"})
    assert [(change.kind, change.name, change.first) for change in diff(old, new)] == [
        ("changed", "pipeline.py::a", 1),
        ("changed", "pipeline.py::go", 3),
        ("added", "pipeline.py::c", 2),
        ("removed", "pipeline.py::b", 2),
    ]


def test_diff_names_the_method_that_changed():
    text = "class A:\n    def f(self):\n        return 1\n    def g(self): ...\ndef go():\n    A()\n"
    old, new = code_in_memory({"pipeline": text}), code_in_memory({"pipeline": text.replace("1", "2")})
    assert [(change.name, change.first, change.last) for change in diff(old, new)] == [("pipeline.py::A.f", 2, 3)]


def test_a_record_gives_the_identity_back():
    found = code_in_memory({"pipeline": "import json\ndef go():\n    json.loads(vars)\n"})
    assert from_record(json.loads(json.dumps(to_record(found)))) == found


def test_a_record_of_a_newer_version_is_refused():
    with pytest.raises(SourceError, match=r"A code record has format 2\. Upgrade Mainspring"):
        from_record({"format": 2})


PIECES = st.sampled_from(
    [
        "x = {0}",
        "y = f'{{x}} {0}'",
        "assert x, '{0}'",
        "for i in range({0}): print(i)",
        "x = [j for j in (1, {0}) if j]",
        "with open('{0}') as f: f.read()",
        "x = lambda z, *, w={0}: z",
        "match x:\n        case {0}: pass",
        "x = -{0} if x else {{'a': {0}}}",
        "def inner(a, b={0}, /, *c, d=None, **e): return a",
        "try: x\n    except ValueError as e: x = {0}",
        "async def coroutine(): await x({0})",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PIECES, st.integers(0, 10**6)), min_size=1, max_size=6), st.data())
def test_only_the_tree_counts_and_every_literal_does(pieces, data):
    def source(values):
        lines = [piece.format(value) for (piece, _), value in zip(pieces, values, strict=True)]
        return "def helper(x):\n    " + "\n    ".join(lines) + "\n\n\ndef go():\n    return helper(1)\n"

    values = [value for _, value in pieces]
    text = source(values)
    digest = code_in_memory({"pipeline": text}).digest
    assert code_in_memory({"pipeline": ast.unparse(ast.parse(text))}).digest == digest
    place = data.draw(st.integers(0, len(values) - 1))
    values[place] += 1
    assert code_in_memory({"pipeline": source(values)}).digest != digest


def test_each_module_is_read_once_and_each_symbol_resolved_once(monkeypatch):
    texts = {"shared": "\n".join(f"def f{i}(x):\n    return f{i + 1}(x)" for i in range(50)) + "\ndef f50(x): ..."}
    texts["pipeline"] = "import shared\n" + "\n".join(f"def s{i}():\n    shared.f0({i})" for i in range(100))
    counts = {"parsed": 0, "resolved": 0}

    def counted(name, inner):
        def call(*args, **kwargs):
            counts[name] += 1
            return inner(*args, **kwargs)

        return call

    monkeypatch.setattr(reading, "parse", counted("parsed", reading.parse))
    monkeypatch.setattr(reading, "tell", counted("resolved", reading.tell))
    sources = Memory(texts)
    index = CodeIndex(sources)
    for i in range(100):
        assert len(index.code_of(function("pipeline", f"s{i}", "")).symbols) == 52
    assert counts["parsed"] == 2
    assert counts["resolved"] <= 100 + 51 + 2
    assert len(sources.asked) == len(set(sources.asked))


def test_the_shape_of_the_identity_is_under_guard():
    """A change here re-runs everything for everybody: it needs a new tag."""
    found = code_in_memory({"pipeline": 'def go(x=1):\n    """Doc."""\n    return x\n'})
    assert found.symbols[0].digest == "f16faa0672118976620ff9f52275bf2fcb8009823f6842960d3f4b98752449e5"
    assert found.digest == "81b854b6aac13f57f25062cf21db161a0618d0bc2955e23a6cb970ea8011e467"


def test_everything_public_of_the_module_is_there():
    assert all(hasattr(code_module, name) for name in code_module.__all__)


def test_the_script_of_the_command_is_no_project_code_even_after_multiprocessing(tmp_path, monkeypatch):
    import sys
    import types

    script = tmp_path / "bin" / "mainspring"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\n")
    main = types.ModuleType("__main__")
    main.__file__ = str(script)
    from mainspring.engine.sources import ProjectSources

    monkeypatch.delitem(sys.modules, "__mp_main__", raising=False)
    before = set(ProjectSources(tmp_path).loaded())
    monkeypatch.setitem(sys.modules, "__mp_main__", main)
    assert set(ProjectSources(tmp_path).loaded()) == before
