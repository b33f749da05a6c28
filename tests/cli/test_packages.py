"""`mainspring packages`: inspect, verify, diff."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.package import Field, Pipeline, Signature, Spec, attach, build

STAGE = """
import numpy as np


class Line:
    def __init__(self, slope):
        self.slope = slope

    def transform(self, columns):
        return {"y": columns["x"] * self.slope}

    def state(self):
        return {"slope": self.slope}

    @classmethod
    def from_state(cls, state):
        return cls(state["slope"])
"""
SIGNATURE = Signature((Field("x", unit="m", minimum=0), Field("name", "string", sensitive=True)))
SAMPLES = {"x": np.arange(4.0), "name": ["Ann", "Bob", "Cid", "Dee"]}


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Two packages that differ in a slope and in the configuration."""
    (tmp_path / "line_stage.py").write_text(STAGE)
    monkeypatch.syspath_prepend(tmp_path)
    from line_stage import Line

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    made = [
        build(Pipeline(SIGNATURE, {"line": Line(slope)}), Spec("line", {"slope": slope}), SAMPLES, Path(name))
        for name, slope in (("one", 2.0), ("two.zip", 3.0))
    ]
    attach(made[0].package, "card.md", "# Line")
    return made


def say(*args, expect=0) -> str:
    result = CliRunner().invoke(app, ["packages", *args], prog_name="mainspring")
    assert result.exit_code == expect, result.output
    return result.output


def test_inspect(packages, plain, snapshot):
    assert plain(say("inspect", "one")) == snapshot
    said = json.loads(say("inspect", "one", "--json"))
    assert said["digest"] == packages[0].package.digest
    assert said["sources"] == list(packages[0].sources)
    assert said["attest"] == ["attest/card.md", "attest/index.json"]
    assert [field["name"] for field in said["signature"]["outputs"]] == ["y"]
    assert said["config"] == {"slope": 2.0}


def test_verify_runs_source_only_when_told_to(packages, plain, snapshot):
    (source,) = packages[0].sources
    assert plain(say("verify", "one", expect=1)) == snapshot(name="untrusted")
    assert json.loads(say("verify", "one", "--json", expect=1))["sources"] == [source]
    assert plain(say("verify", "one", "--trust", source)) == snapshot(name="trusted")
    said = json.loads(say("verify", "two.zip", "--trust", packages[1].package.digest, "--json"))
    assert (said["ok"], said["parity"][0]["maximum"]) == (True, 0.0)
    wrong = packages[1].package.digest
    assert "is expected" in say("verify", "one", "--trust", source, "--digest", wrong, expect=1)


def test_verify_names_what_is_wrong(packages):
    trust = ("--trust", packages[0].sources[0])
    Path("one/attest/card.md").write_text("# Curve")
    assert json.loads(say("verify", "one", *trust, "--json", expect=1))["error"] == "TamperedPackageError"
    Path("one/stages/01-line.msgpack").write_bytes(b"")
    said = json.loads(say("verify", "one", *trust, "--json", expect=1))
    assert (said["ok"], said["error"]) == (False, "TruncatedPackageError")
    assert "01-line.msgpack has 0 bytes of" in say("verify", "one", *trust, expect=1)


def test_diff(packages, plain, snapshot):
    assert plain(say("diff", "one", "two.zip")) == snapshot
    changes = json.loads(say("diff", "one", "two.zip", "--json"))["changes"]
    assert {"about": "config", "name": "slope", "before": "2.0", "after": "3.0"} in changes
    assert "the same package" in say("diff", "one", "one")


def test_what_is_no_package_is_wrong_usage(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("model.pkl").write_bytes(b"\x80\x04.")
    assert "This is no package of Mainspring" in say("inspect", "model.pkl", expect=2)
    assert "does not exist" in say("inspect", "nothing", expect=2)
