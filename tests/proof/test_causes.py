"""Evidence in code, shims, environments, and configurations as files."""

import json
import os
import subprocess
import sys
import tomllib
import zipfile

import pytest
from planted import FLAWS, HEAD

from mainspring.engine.distributions import read_installed
from mainspring.errors import ProofError
from mainspring.graph.code import Code, Symbol
from mainspring.proof.audit import audit
from mainspring.proof.environments import Recorded, build, differences, machine_differences
from mainspring.proof.perturbing import PERTURBATIONS, install_shims
from mainspring.workspace.restoring import toml

SUSPECTED = {
    "set order": {"hash seed"},
    "unseeded random": {"unseeded random"},
    "wall clock": {"wall clock"},
    "thread sums": {"threads"},
    "thread race": {"threads"},
    "file order": {"file order"},
    "place": {"working directory"},
    "time zone": {"time zone", "wall clock"},
    "locale": {"locale"},
    "none": set(),
}


@pytest.mark.parametrize("flaw", SUSPECTED)
def test_the_code_of_a_flaw_is_suspected_and_no_other(flaw):
    text = HEAD + FLAWS[flaw]
    code = Code("", (Symbol("p.py::second", "", "p.py", HEAD.count("\n"), text.count("\n")),), (), (), ())
    found = audit(code, {"p.py": text})
    assert {one.name for one in found} == SUSPECTED[flaw]
    assert all(one.where.startswith("p.py:") for one in found)
    assert audit(None, {}) == audit(code, {}) == ()


def test_what_is_sorted_is_not_suspected():
    text = "def f(names, folder):\n    return sorted(set(names)), sorted(os.listdir(folder)), len({1, 2})\n"
    assert audit(Code("", (Symbol("p.py::f", "", "p.py", 1, 2),), (), (), ()), {"p.py": text}) == ()


LOOK = """
import datetime, json, os, pickle, random, sys, time, uuid
from concurrent.futures import ThreadPoolExecutor
import numpy as np
with ThreadPoolExecutor(8) as pool:
    threads = pool._max_workers
moment = datetime.datetime.now(datetime.UTC)
assert type(moment) is datetime.datetime and pickle.loads(pickle.dumps(moment)) == moment
print(json.dumps({
    "files": os.listdir(sys.argv[1]), "scanned": [one.name for one in os.scandir(sys.argv[1])],
    "now": moment.timestamp(), "time": time.time(), "year": time.strftime("%Y"),
    "drawn": [random.Random().random(), float(np.random.default_rng().random()), str(uuid.uuid4())],
    "threads": threads, "cpus": os.cpu_count(),
}))
"""


def look(tmp_path, shims: str) -> dict:
    parts = tmp_path / "parts"
    parts.mkdir(exist_ok=True)
    for name in ("a", "b", "c"):
        (parts / name).touch()
    folder = install_shims(tmp_path / "shims")
    around = {**os.environ, "PYTHONPATH": str(folder), "MAINSPRING_SHIMS": shims}
    command = [sys.executable, "-c", LOOK, str(parts)]
    return json.loads(subprocess.run(command, env=around, capture_output=True, text=True, check=True).stdout)


def test_shims_vary_and_hold_what_they_say(tmp_path):
    plain = look(tmp_path, "")
    varied = look(tmp_path, "files=reversed,clock=+86400,threads=3")
    assert varied["files"] == plain["files"][::-1]
    assert varied["scanned"] == plain["scanned"][::-1]
    assert 86_000 < varied["now"] - plain["now"] < 87_000
    assert 86_000 < varied["time"] - plain["time"] < 87_000
    assert (varied["threads"], varied["cpus"]) == (8, 3)
    assert varied["drawn"] != plain["drawn"]
    held = [look(tmp_path, "clock=1800000000,random=1,threads=1,files=sorted") for _ in range(2)]
    assert held[0] == held[1]
    assert held[0]["year"] == "2027"
    assert (held[0]["threads"], held[0]["cpus"], held[0]["files"]) == (1, 1, ["a", "b", "c"])


def test_each_thing_that_is_varied_has_its_own_name():
    names = ["hash seed", "working directory", "time zone", "locale", "threads", "file order", "wall clock"]
    assert [one.name for one in PERTURBATIONS] == names
    assert all(one.variables or one.shims or one.elsewhere for one in PERTURBATIONS)


def wheel(folder, name: str, version: str, text: str = "x = 1\n") -> None:
    """A distribution of one module, as pip installs it."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
        rows = "".join(f"{path},,\n" for path in files) + f"{info}/RECORD,,\n"
        archive.writestr(f"{info}/RECORD", rows)


def recorded(name: str, version: str, content: str = "", python: str = sys.version) -> Recorded:
    return Recorded({"python": python, "distributions": {name: {"version": version, "content": content}}})


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Have pip look into one folder and nowhere else."""
    wheels = tmp_path / "wheels"
    for name in [one for one in os.environ if one.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    wheel(wheels, "tinyone", "1.0")
    wheel(wheels, "tinyone", "2.0", "x = 2\n")
    return wheels


def test_an_environment_is_built_as_it_was_and_checked_file_by_file(tmp_path, index):
    told = []
    python = build(recorded("tinyone", "1.0"), tmp_path / "one", told.append)
    command = [str(python), "-c", "import mainspring, tinyone; print(tinyone.x)"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"
    assert any("1 of 1 distributions" in text for text in told)
    [packages] = (tmp_path / "one").glob("lib/python*/site-packages")
    installed = read_installed([str(packages)])
    content = installed.distributions["tinyone"].content
    assert differences(recorded("tinyone", "1.0", content), installed, sys.version.split()[0]) == ()
    with pytest.raises(ProofError, match=r"not what the run recorded: tinyone 1\.0 with other files"):
        build(recorded("tinyone", "1.0", "0" * 64), tmp_path / "two", told.append)


def test_an_environment_that_cannot_be_had_says_why(tmp_path, index):
    with pytest.raises(ProofError, match=r"cannot be built: .*tinyone==3\.0.*--environment here"):
        build(recorded("tinyone", "3.0"), tmp_path / "one", lambda _: None)
    with pytest.raises(ProofError, match=r"made with Python 2\.6\.9, which is not here"):
        build(recorded("tinyone", "1.0", python="2.6.9 (old)"), tmp_path / "two", lambda _: None)


def test_differences_are_in_words():
    found = differences(recorded("nothing", "1.0", python="3.10.1 (x)"), read_installed([]), "3.11.2")
    assert [str(one) for one in found] == ["Python 3.10.1 → 3.11.2", "nothing 1.0 → not installed"]
    one = {"platform": "Linux 5", "libc": "glibc 2.36", "cpus": 2, "cpu": {"model": "A", "flags": "avx avx2"}}
    two = {**one, "cpus": 4, "cpu": {"model": "B", "flags": "avx"}}
    said = [str(one) for one in machine_differences(one, two)]
    assert said == ["cpus 2 → 4", "CPU A → B", "CPU flags avx2 → fewer"]
    assert machine_differences(one, one) == ()


def test_a_recorded_configuration_is_a_file_again():
    values = {
        "rate": 1e-05,
        "plan.days": [1, 2],
        "name": 'a "b" \\ ü',
        "none": None,
        "on": True,
        "rows": [{"a": 1, "b": None}],
        "sales": "/elsewhere/s.csv",
        "model.sizes": {"x.y": 2},
    }
    assert tomllib.loads(toml(values, {"/elsewhere/s.csv": "/scratch/s.csv"})) == {
        "rate": 1e-05,
        "plan": {"days": [1, 2]},
        "name": 'a "b" \\ ü',
        "on": True,
        "rows": [{"a": 1}],
        "sales": "/scratch/s.csv",
        "model": {"sizes": {"x.y": 2}},
        "workspace": {"keep_inputs": 0.0},
    }
