"""The names that `mainspring` gives to its users."""

import importlib
import inspect
import pkgutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import mainspring

ROOT = Path(__file__).resolve().parents[2]
LATE = [
    "mainspring",
    *(
        f"mainspring.{unit}"
        for unit in (
            *("charts", "data", "loop", "monitoring", "package", "quality", "registry", "serving.predlog", "stats"),
            "triggers",
        )
    ),
]


def described(name: str) -> str:
    value = getattr(mainspring, name)
    if inspect.isclass(value):
        public = sorted(member for member in vars(value) if not member.startswith("_"))
        return f"class {name}: {', '.join(public)}"
    if callable(value):
        signature = inspect.signature(value)
        bare = [one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()]
        return f"{name}{signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)}"
    return f"{name}: {type(value).__name__}"


def test_the_public_names(snapshot):
    assert "\n".join(described(name) for name in mainspring.__all__ if name != "Meta") == snapshot


def test_names_are_all_there():
    assert set(mainspring.__all__) <= set(dir(mainspring))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'mainspring' has no attribute 'stp'"):
        mainspring.stp
    with pytest.raises(ImportError, match="cannot import name 'stp'"):
        from mainspring import stp  # noqa: F401


def test_the_version_is_the_one_that_is_installed():
    assert mainspring.__version__ == metadata.version("mainspring")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert mainspring.__version__ == project["version"]


def loaded_by(statement: str) -> set[str]:
    code = f"import sys\nbefore = set(sys.modules)\n{statement}\nprint(*(set(sys.modules) - before))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return set(said.split())


def test_importing_the_package_loads_nothing_else():
    loaded = {name for name in loaded_by("import mainspring") if name.startswith("mainspring")}
    assert loaded == {"mainspring", "mainspring.lazy"}


@pytest.mark.parametrize(
    ("names", "never"),
    [
        (
            "step, pipeline",
            {"mainspring.engine", "mainspring.store", "mainspring.tracking", "mainspring.config", "sqlite3"},
        ),
        (
            "Secret",
            {"mainspring.engine", "mainspring.graph", "mainspring.store", "mainspring.tracking", "mainspring.events"},
        ),
        ("log, checkpoint, seed", {"mainspring.engine", "mainspring.graph", "mainspring.store", "mainspring.digest"}),
        ("File, Folder", {"mainspring.engine", "mainspring.graph", "mainspring.store", "mainspring.events"}),
        (
            "run, load_artifact",
            {"numpy", "pandas", "rich", "typer", "sqlalchemy", "asyncio", "importlib.metadata", "email"},
        ),
    ],
)
def test_each_name_loads_no_more_than_it_needs(names, never):
    assert not loaded_by(f"from mainspring import {names}") & never


def test_what_registers_and_promotes_loads_nothing_that_predicts():
    loaded = loaded_by("from mainspring.registry import open_registry, resolve")
    assert not loaded & {"numpy", "onnxruntime", "asyncio", "mainspring.package.loading"}


def test_what_answers_loads_neither_its_pages_nor_what_reads_its_log():
    loaded = loaded_by("import mainspring.serving.worker")
    assert "mainspring.serving.predlog.writer" in loaded
    assert not loaded & {"starlette", "onnxruntime", "polars", "sqlalchemy", "mainspring.engine"}
    assert not loaded & {f"mainspring.serving.{one}" for one in ("routes", "pages", "openapi", "predlog.reading")}


def test_a_unit_that_a_pipeline_names_loads_only_what_is_asked_for():
    loaded = loaded_by("from mainspring import data, package, quality, stats; data.column")
    ours = {name for name in loaded if name.startswith("mainspring.data.")}
    assert ours == {"mainspring.data.rules", "mainspring.data.findings", "mainspring.data.frames"}
    assert not {name for name in loaded if name.startswith(("mainspring.quality.", "mainspring.stats."))}


@pytest.mark.parametrize("unit", LATE)
def test_a_unit_that_imports_its_names_late_offers_each_of_them(unit):
    loaded = importlib.import_module(unit)
    assert {*loaded.__all__} <= {*dir(loaded)}
    for name in loaded.__all__:
        assert getattr(loaded, name) is not None
    # A module of the same name would stand in its place as soon as it is imported.
    assert not {module.name for module in pkgutil.iter_modules(loaded.__path__)} & {*loaded.__all__}
