"""Every error of the command line, in its three parts and with its exit code."""

import sqlite3
import sys
from pathlib import Path

import pytest

from mainspring.cli.failing import EXIT_CODES, Exit, exit_code_of, show_error
from mainspring.errors import DefinitionError
from mainspring.workspace.project import load_project

WRONG = {
    "no home": (("runs", "list"), 2),
    "no pipeline file": (("run", "pipelin.py"), 2),
    "no such pipeline": (("run", "pipeline.py:shp"), 2),
    "no such profile": (("run", "--profile", "smok"), 2),
    "no such key": (("run", "--set", "fcator=3"), 2),
    "several problems": (("run", "--set", "factor=many", "--set", "labels=[1]"), 2),
    "nothing set": (("run", "--set", "factor"), 2),
    "no such config file": (("run", "--config", "conf.toml"), 2),
    "no such step to force": (("run", "--force", "scal"), 2),
    "no such step to explain": (("why", "totl"), 2),
    "no such run": (("runs", "show", "2019"), 2),
    "many such runs": (("runs", "show", "2"), 2),
    "no such artifact": (("artifacts", "show", "raed"), 2),
    "no such output": (("artifacts", "show", "split.hihg"), 2),
    "no such element": (("lineage", "scale{7}"), 2),
    "several outputs": (("artifacts", "show", "split"), 2),
    "no such digest": (("lineage", "0123456789ab"), 2),
    "no such artifact in a run": (("artifacts", "show", "latest/nothing"), 2),
    "export in the way": (("artifacts", "export", "total", "sales.txt"), 2),
    "export without a format": (("artifacts", "export", "total", "total.xyz"), 2),
    "export that does not fit": (("artifacts", "export", "total", "total.parquet"), 2),
    "export nowhere": (("artifacts", "export", "total", "sales.txt/total.json"), 3),
    "init in the way": (("init", "."), 2),
    "init on a file": (("init", "sales.txt"), 2),
    "gc of a wrong age": (("gc", "--older-than", "soon"), 2),
    "no such home": (("runs", "list", "--home", "nowhere"), 2),
    "pin no such run": (("runs", "pin", "2019"), 2),
    "pdb and json": (("run", "--pdb", "--json"), 2),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_requests(shop, name, snapshot, plain, tmp_path):
    args, code = WRONG[name]
    if name == "no home":
        (shop.folder / ".mainspring").rename(tmp_path / "away")
    done = shop.call(*args, expect=code)
    assert done.stdout == ""
    assert plain(done.stderr) == snapshot


BROKEN = {
    "syntax": "def x(:\n",
    "name": "from mainspring import pipeline\nhelp_me\n",
    "import": "import numpi\n",
    "exits": "import sys\nsys.exit(3)\n",
    "syntax below": "import prices\nimport broken\n",
    "raises below": "import prices\nprices.rounded('x')\n",
    "no pipeline": "from mainspring import step\n",
    "several": "from mainspring import pipeline, step\n@step\ndef a(): ...\n"
    "@pipeline\ndef one(): a()\n@pipeline\ndef two(): a()\n",
    "no step": "from mainspring import pipeline\n@pipeline\ndef empty(): ...\n",
    "raises in the pipeline": "from mainspring import pipeline\n@pipeline\ndef odd():\n    return {}['x']\n",
    "mismatch": "from mainspring import pipeline, step\n@step\ndef a() -> int: ...\n@step\ndef b(x: str): ...\n"
    "@pipeline\ndef p(): b(a())\n",
    "two of a name": "from mainspring import pipeline, step\n@step\ndef a(): ...\nfirst = a\n@step\ndef a(): ...\n"
    "@pipeline\ndef p(): first(); a()\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_pipeline_that_cannot_be_used(project, name, snapshot, plain):
    project.write("def rounded(x):\n    return round(x)\n", "prices.py")
    project.write("rounded = (1\n", "broken.py")
    project.write(BROKEN[name])
    done = project.call("plan", expect=2)
    assert done.stdout == ""
    assert plain(done.stderr) == snapshot


def test_python_gets_what_a_module_raises_as_it_is(project, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(ZeroDivisionError):
        load_project(str(project.write("1 / 0", "raises_here.py")))
    with pytest.raises(DefinitionError, match=r"ends the program when it is imported \(exit 3\)"):
        load_project(str(project.write("raise SystemExit(3)", "exits_here.py")))


def test_a_home_without_runs_says_to_run(project):
    project.write(BROKEN["several"])
    project.call("run", "pipeline.py:one")
    run = project.json("runs", "list")["runs"][0]["id"]
    assert "Did you mean 'latest'?" in project.call("runs", "show", "latst", expect=2).stderr
    project.call("gc", "--older-than", "0s", "--keep", "0")
    said = project.call("runs", "show", expect=2).stderr
    assert "There is no run 'latest', nor any other" in said
    assert "Run a pipeline first." in said
    assert "nor any other" in project.call("runs", "show", run, expect=2).stderr


def test_debug_adds_the_traceback(project, monkeypatch):
    project.write(BROKEN["name"])
    assert "Traceback" not in project.call("plan", expect=2).stderr
    monkeypatch.setenv("MAINSPRING_DEBUG", "1")
    assert 'pipeline.py", line 2, in <module>' in project.call("plan", expect=2).stderr


def test_a_database_from_a_newer_version_is_a_store_error(shop, snapshot, plain):
    with sqlite3.connect(shop.home / "mainspring.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for args in (["run"], ["runs", "list"], ["plan"]):
        error = shop.call(*args, expect=3).stderr
    assert plain(error) == snapshot


def test_a_file_that_is_no_database_is_a_store_error(shop, snapshot, plain):
    for path in shop.home.glob("mainspring.db*"):
        path.unlink()
    (shop.home / "mainspring.db").write_text("not a database, and long enough to be looked at" * 100)
    assert plain(shop.call("runs", "list", expect=3).stderr) == snapshot


def test_a_home_that_is_a_file_is_a_store_error(shop, snapshot, plain):
    assert plain(shop.call("run", "--home", "sales.txt", expect=3).stderr) == snapshot


def test_a_blob_that_is_gone_is_a_store_error_with_what_to_do(shop, snapshot, plain):
    for blob in (shop.home / "objects").glob("*/*"):
        blob.unlink()
    assert plain(shop.call("artifacts", "show", "total", expect=3).stderr) == snapshot


def test_a_fault_of_ours_is_called_one(capsys):
    place = str(Path(sys.prefix) / "lib" / "fault.py")  # an installed file: nobody's project
    names: dict = {}
    exec(compile("def fault():\n    raise AssertionError('impossible')", place, "exec"), names)
    with pytest.raises(AssertionError, match="impossible") as caught:
        names["fault"]()
    error = caught.value.with_traceback(caught.value.__traceback__.tb_next)
    assert exit_code_of(error) == 70
    show_error(error)
    said = capsys.readouterr().err
    assert "AssertionError: impossible" in said
    assert "Error: This is a fault in Mainspring itself" in said


def test_every_exit_code_is_documented():
    assert set(EXIT_CODES) == set(Exit)


def test_windows_is_refused_by_name(monkeypatch, capsys):
    from mainspring.cli import main

    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SystemExit, match="2"):
        main()
    assert "Mainspring does not run on Windows" in capsys.readouterr().err
