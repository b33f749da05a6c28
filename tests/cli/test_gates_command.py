"""`mainspring promote`, `rollback`, `gates` and `models compare`."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from linear_packages import linear
from mainspring.cli import completing
from mainspring.cli.app import app
from mainspring.package import attest_training
from mainspring.registry import open_registry
from mainspring.testing.registry import promoted


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project with a home, and two versions of a model."""
    (tmp_path / ".mainspring").mkdir()
    (tmp_path / "config.toml").write_text("[gates]\nsize = 1.0\nlatency = 1000\n[gates.signed]\nsign_off = true\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    with open_registry() as registry:
        for number in (1, 2):
            built = linear(tmp_path / f"p{number}", (float(number), 3.0))
            attest_training(built.package, f"2025-0{number}-01", refit=number == 2)
            for name in ("linear", "signed"):
                registry.register(built.package.path, name)
    return tmp_path


def say(*args: str, expect: int = 0) -> str:
    result = CliRunner().invoke(app, list(args), prog_name="mainspring")
    assert result.exit_code == expect, result.output
    return result.output


def test_gates_are_run_kept_and_shown(folder):
    assert "have not run" in say("gates", "show", "linear")
    made = json.loads(say("gates", "run", "linear", "1", "--json"))
    assert (made["answer"], made["number"], made["is_refit"]) == ("pass", 1, False)
    assert [gate["name"] for gate in made["gates"]] == ["golden samples", "signature", "size", "latency"]
    shown = say("gates", "show", "linear", "1").splitlines()
    assert shown[0].startswith("run 2")
    assert shown[1] == "linear version 1: pass; the package is the evaluated model"
    assert "linear version 2: pass; the package is a refit" in say("gates", "run", "linear")
    say("gates", "run", "linear", "1", "--page", "gates.html")
    assert "predicts 16 golden samples" in Path("gates.html").read_text()


def test_a_promotion_is_refused_until_a_person_stands_for_it(folder):
    said = say("promote", "signed", "1", "--why", "first", expect=1)
    assert "signed version 1 is not promoted" in said
    assert "to pass sign-off: Have a person look, and run: mainspring gates sign signed 1 --note TEXT." in said
    refused = json.loads(say("promote", "signed", "1", "--why", "first", "--json", expect=1))
    assert (refused["promoted"], refused["gates"]["answer"]) == (False, "inconclusive")
    assert (
        say("gates", "sign", "signed", "1", "--note", "ten stores", "--by", "ada")
        == "ada stands for signed version 1\n"
    )
    made = json.loads(say("promote", "signed", "1", "--why", "first", "--by", "bob", "--json"))
    assert (made["promoted"], made["decision"]["who"], made["decision"]["kind"]) == (True, "bob", "promotion")
    assert "signed by ada: ten stores" in say("gates", "show", "signed", "1")
    again = json.loads(say("promote", "signed", "1", "--why", "again", "--json"))
    assert (again["already"], again["decision"]) == (True, made["decision"])


def test_a_rollback_goes_back_or_says_why_not(folder):
    said = say("rollback", "linear", "--why", "x", expect=1)
    assert "nothing to go back to" in said
    say("promote", "linear", "1", "--why", "first")
    say("promote", "linear", "2", "--why", "second")
    made = json.loads(say("rollback", "linear", "--why", "worse", "--by", "ada", "--json"))
    assert (made["kind"], made["source"], made["target"], made["who"]) == ("rollback", 2, 1, "ada")
    shown = json.loads(say("models", "show", "linear", "--json"))
    assert [one["kind"] for one in shown["decisions"]] == ["rollback", "promotion", "promotion"]
    assert [one["gates"]["passed"] for one in shown["versions"]] == [True, True]
    assert [one["training"]["until"] for one in shown["versions"]] == ["2025-02-01", "2025-01-01"]


def test_versions_are_compared(folder):
    say("promote", "linear", "1", "--why", "first")
    text = say("models", "compare", "linear", "1", "newest")
    assert "the evaluated model" in text
    assert "a refit" in text
    made = json.loads(say("models", "compare", "linear", "1", "2", "--json"))
    assert (made["before"]["aliases"], made["after"]["gates"]) == ("champion", None)
    assert {one["about"] for one in made["changes"]} == {"file"}
    assert "where they disagree is not shown: [gates] names no holdout" in text
    assert made["disagreement"] is None
    assert "the packages are the same" in say("models", "compare", "linear", "champion", "1")


def test_names_and_versions_are_offered(folder):
    typed = SimpleNamespace(params={"name": "linear"})
    assert "now version 1" in say("promote", "linear", "1", "--why", "first")
    assert completing.models("") == ["linear", "signed"]
    assert completing.versions(typed, "") == ["newest", "champion", "2", "1"]
    assert completing.versions(typed, "c") == ["champion"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[gates]\nmargn = 0.1\n", "Did you mean 'gates.margin'?"),
        ("[gates.linear]\nlatncy = 3\n", "Did you mean 'gates.linear.latency'?"),
        ("[gates]\nmargin = 2.0\n", "'gates.margin' is 2.0"),
        ("[gates]\ngoal = 'superiour'\n", "Did you mean 'superior'?"),
        ("[gates]\nholdout = 'rows'\n", "'gates.holdout' names rows to score on, and no loss is named"),
        ("[gates.linear]\nholdout = 'rows'\n", "'gates.linear.holdout' names rows to score on, and no loss"),
    ],
)
def test_a_table_that_does_not_fit_is_told(folder, table, said):
    (folder / "config.toml").write_text(table)
    assert said in say("gates", "run", "linear", "1", expect=2)


def test_a_holdout_that_no_step_returned_is_told(folder):
    (folder / "config.toml").write_text("[gates]\nholdout = 'rows'\nloss = 'absolute'\n")
    assert "on which the gates were to score" in say("gates", "run", "linear", "1", expect=2)


LIGHT = """
import sys
from mainspring.workspace.champions import champion_of_run
try:
    champion_of_run("linear", "package")
except Exception as error:
    print(type(error).__name__)
print(*sys.modules)
"""


def test_whether_a_run_is_champion_is_known_without_numpy(folder):
    with open_registry() as registry:
        promoted(registry, "linear", 1)
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    said, loaded = done.stdout.split("\n", 1)
    assert said == "NotFoundError"
    assert not {"numpy", "mainspring.registry", "mainspring.package", "typer"} & set(loaded.split())
