"""What a target stands for, and how it is followed and loaded."""

import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import mainspring
from linear_packages import SIGNATURE, rows
from mainspring.errors import (
    NotFoundError,
    SignatureError,
    TamperedPackageError,
    UntrustedStageError,
)
from mainspring.package import Pipeline, Spec, build
from mainspring.registry import Registry, open_registry, resolve
from mainspring.testing.registry import promoted
from mainspring.tracking import open_database


@pytest.fixture
def home(tmp_path, packages) -> Path:
    folder = tmp_path / ".mainspring"
    with Registry(open_database(folder), folder / "packages") as registry:
        for path in packages:
            registry.register(path, "linear", note=path.name)
    return folder


def test_a_path_is_a_package(packages, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = resolve(str(packages[0]))
    assert (target.path, target.name, target.follow) == (packages[0], None, None)


def test_a_name_is_the_champion_or_the_newest_version(home):
    assert resolve("linear", home).version == 3
    with open_registry(home) as registry:
        promoted(registry, "linear", 2)
    target = resolve("linear", home)
    assert (target.version, target.alias) == (2, "champion")
    assert resolve("linear@3", home)[2:5] == ("linear", 3, None)
    assert resolve("linear@champion", home).digest == resolve("linear@2", home).digest


def test_an_alias_is_followed(home):
    with open_registry(home) as registry:
        registry.set_alias("linear", "live", 1, who="ada", why="first")
        target = resolve("linear@live", home)
        assert target.follow() is None
        registry.set_alias("linear", "live", 3, who="ada", why="better")
        moved = target.follow()
        assert (moved.version, moved.alias, moved.name) == (3, "live", "linear")
        assert moved.follow() is None
        registry.set_alias("linear", "live", 1, who="ada", why="back")
        seen = []
        thread = threading.Thread(target=lambda: seen.append(moved.follow()))
        thread.start()
        thread.join()
        assert seen[0].version == 1


def test_what_a_target_cannot_be_is_told(home, tmp_path, monkeypatch):
    with pytest.raises(NotFoundError, match="Did you mean 'linear'"):
        resolve("linaer@champion", home)
    with pytest.raises(NotFoundError, match="has no alias 'champion'"):
        resolve("linear@champion", home)
    with pytest.raises(NotFoundError, match="There is no package 'dist/linear'"):
        resolve("dist/linear", home)
    with pytest.raises(NotFoundError, match="There is no run 'r1'"):
        resolve("run:r1", home)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(NotFoundError, match="There is no home"):
        resolve("linear@champion", tmp_path / "nowhere")


def test_a_damaged_version_is_refused_and_registering_again_repairs_it(home, packages):
    target = resolve("linear@1", home)
    golden = target.path / "golden.arrow"
    assert golden.stat().st_mode & 0o222 == 0
    data = golden.read_bytes()
    golden.chmod(0o644)
    golden.write_bytes(data[:-1] + b"x")
    with pytest.raises(TamperedPackageError):
        mainspring.load("linear@1", home=home)
    with open_registry(home) as registry:
        assert registry.register(packages[0], "linear").number == 1
    assert mainspring.load("linear@1", home=home).package.digest == target.digest


def test_a_version_stays_when_what_was_registered_goes(home, packages, tmp_path):
    copy = shutil.copytree(packages[0], tmp_path / "copy")
    with open_registry(home) as registry:
        registry.register(copy, "other")
    shutil.rmtree(copy)
    assert len(mainspring.load("other", home=home).predict(rows(5))["y"]) == 5


def test_source_is_approved_once_when_it_is_registered(home, tmp_path, monkeypatch):
    (tmp_path / "doubling.py").write_text(
        "import numpy as np\n\n\nclass Double:\n    def transform(self, columns):\n"
        "        return {'y': columns['price'] * 2}\n\n    def state(self):\n        return {}\n\n"
        "    @classmethod\n    def from_state(cls, state):\n        return cls()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from doubling import Double

    built = build(Pipeline(SIGNATURE, {"double": Double()}), Spec("double"), rows(8), tmp_path / "double")
    with open_registry(home) as registry:
        with pytest.raises(UntrustedStageError, match="was not approved") as refusal:
            registry.register(built.package.path, "double")
        assert [model.name for model in registry.models()] == ["linear"]
        assert registry.register(built.package.path, "double", trust=refusal.value.sources).trusted == built.sources
    made = mainspring.load("double", home=home).predict(rows(3))
    assert made["y"].tolist() == (rows(3)["price"] * 2).tolist()
    with pytest.raises(UntrustedStageError):
        mainspring.load(built.package.path)


def test_loaded_packages_predict_from_many_threads(packages):
    loaded = mainspring.load(packages[1])
    table = rows(400)
    expected = loaded.predict(table)["y"]
    with ThreadPoolExecutor(8) as pool:
        pieces = [{name: values[at : at + 50] for name, values in table.items()} for at in range(0, 400, 50)] * 20
        made = list(pool.map(lambda piece: loaded.predict(piece)["y"], pieces))
    assert np.array_equal(np.concatenate(made[:8]), expected)
    assert all(np.array_equal(one, made[at % 8]) for at, one in enumerate(made))
    with pytest.raises(SignatureError, match="'price' is below 0"):
        loaded.predict([{"price": -1.0, "weekday": 0, "shop": "north", "customer": "c"}])


LIGHT = """
import sys
import mainspring
loaded = mainspring.load({target!r}, home={home!r})
made = loaded.predict([{{"price": 1.0, "weekday": 2, "shop": "north", "customer": "c"}}])
assert made["y"].tolist() == [{expected}], made
print(*sys.modules)
"""
TRAINING = {"pandas", "sklearn", "torch", "lightgbm", "onnx", "skl2onnx", "ray", "polars", "pyarrow"}
SERVING = {"sqlalchemy", "alembic", "starlette", "uvicorn", "rich", "typer"}
OURS = {f"mainspring.{unit}" for unit in ("engine", "graph", "data", "workspace", "batch", "cli", "stats", "charts")}


@pytest.mark.parametrize("target", ["path", "linear@champion"])
def test_loading_and_predicting_import_nothing_heavy(target, home, packages):
    with open_registry(home) as registry:
        promoted(registry, "linear", 1)
    code = LIGHT.format(target=str(packages[0]) if target == "path" else target, home=str(home), expected=7.0)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ), check=False
    )
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & (TRAINING | SERVING | OURS)
