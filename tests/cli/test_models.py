"""`mainspring packages register`, `alias set`, `models` and `predict`."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

import mainspring
from linear_packages import linear, rows
from mainspring.cli.app import app
from mainspring.errors import NotFoundError
from mainspring.registry import resolve
from mainspring.tracking import open_facts


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project with a home and two packages."""
    for number in (1, 2):
        linear(tmp_path / f"p{number}", (float(number), 3.0))
    (tmp_path / ".mainspring").mkdir()
    made = rows(100)
    frame = pl.DataFrame({name: values.tolist() for name, values in made.items()})
    frame.with_columns(price=pl.when(pl.int_range(100) == 42).then(-1.0).otherwise("price")).write_csv(
        tmp_path / "in.csv"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def say(*args: str, expect: int = 0) -> str:
    result = CliRunner().invoke(app, list(args), prog_name="mainspring")
    assert result.exit_code == expect, result.output
    return result.output


def test_a_model_is_registered_promoted_and_shown(folder):
    assert say("models", "list").startswith("no models")
    assert say("packages", "register", "p1", "--as", "linear", "--note", "first").startswith(
        "linear version 1, package "
    )
    assert json.loads(say("packages", "register", "p2", "--as", "linear", "--json"))["number"] == 2
    assert say("packages", "register", "p1", "--as", "linear").startswith("linear version 1")
    said = say("promote", "linear", "1", "--why", "first", "--by", "ada").splitlines()
    assert (said[0], said[-1]) == ("linear version 1: pass", "linear@champion is now version 1")
    moved = say("promote", "linear", "newest", "--why", "better", "--by", "ada").splitlines()
    assert moved[-1] == "linear@champion is now version 2, before version 1"
    assert say("promote", "linear", "2", "--why", "again") == "linear@champion is already version 2\n"
    back = say("rollback", "linear", "--why", "was not", "--by", "bob")
    assert back == "linear@champion is version 1 again, before version 2\n"
    listed = say("models", "list").splitlines()
    assert listed[1].split()[:2] == ["linear", "2"]
    assert "champion = 1, previous = 2" in listed[1]
    shown = json.loads(say("models", "show", "linear", "--json"))
    assert [(move["alias"], move["target"], move["who"], move["why"]) for move in shown["moves"]] == [
        ("previous", 2, "bob", "was not"),
        ("champion", 1, "bob", "was not"),
        ("previous", 1, "ada", "better"),
        ("champion", 2, "ada", "better"),
        ("champion", 1, "ada", "first"),
    ]
    assert shown["versions"][1]["note"] == "first"
    text = say("models", "show", "linear")
    assert "was not" in text
    assert [row["target"] for row in json.loads(say("alias", "history", "linear", "--json"))] == [2, 1, 1, 2, 1]
    assert "previous" in text


def test_what_is_not_there_is_told(folder):
    say("packages", "register", "p1", "--as", "linear")
    assert "Did you mean 'linear'?" in say("models", "show", "linaer", expect=2)
    assert "has no version 7" in say("alias", "set", "linear", "live", "7", "--why", "x", expect=2)
    assert "There is no package 'dist/p9'" in say("packages", "register", "dist/p9", "--as", "linear", expect=2)
    assert "--why" in say("promote", "linear", "1", expect=2)
    for name in ("champion", "previous"):
        said = say("alias", "set", "linear", name, "1", "--why", "x", expect=2)
        assert "mainspring promote linear 1 --why" in said


def test_a_table_is_predicted(folder):
    say("packages", "register", "p2", "--as", "linear")
    said = say("predict", "linear", "in.csv", "out.parquet", "--keep", "customer", "--part-rows", "30")
    assert said.splitlines()[0].startswith("✓ 99 predictions in out.parquet, 4 parts, ")
    assert said.splitlines()[1] == "! 1 row refused, with the reasons: out.parquet.rejects.ndjson"
    assert pl.read_parquet("out.parquet").columns == ["row", "customer", "y"]
    assert json.loads((folder / "out.parquet.rejects.ndjson").read_text())["why"][0]["what"] == "'price' is below 0"
    again = say("predict", "linear", "in.csv", "out.parquet", "--keep", "customer", "--part-rows", "30")
    assert again == "✓ done before: out.parquet, 99 predictions\n"
    assert json.loads(say("predict", "p2", "in.csv", "out.csv", "--json"))["rejected"] == 1
    assert "is not of this batch" in say("predict", "p1", "in.csv", "out.csv", expect=2)
    assert "There is no input" in say("predict", "p1", "none.csv", "x.csv", expect=2)


def test_a_package_of_a_run_is_a_target(project):
    shutil.copy(Path(__file__).parents[1] / "linear_packages.py", project.folder)
    project.write(
        """
        from pathlib import Path
        from tempfile import mkdtemp
        from linear_packages import linear
        from mainspring import pipeline, step
        from mainspring.package import Package

        @step
        def pack() -> Package:
            return linear(Path(mkdtemp()) / "linear").package

        @pipeline
        def main() -> Package:
            return pack()
        """
    )
    run = project.run()["run"]
    made = project.json("packages", "register", "run:latest", "--as", "linear")
    assert (made["number"], made["run"]) == (1, run)
    with open_facts(project.home) as facts:
        assert facts.runs.get(run).pinned
    for target in ("run:latest", f"run:{run}/pack", "linear@1"):
        assert mainspring.load(target, home=project.home).package.digest == made["digest"]
    with pytest.raises(NotFoundError, match=r"Step 'pakc' of run .* returned no package"):
        resolve("run:latest/pakc", project.home)
