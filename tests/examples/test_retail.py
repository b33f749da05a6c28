"""The retail example: its own tests, and its smoke profile on the real table."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/retail"
STEPS = {
    "fetch",
    "validate",
    "analyse",
    "preprocess",
    "baselines",
    "plan_training",
    "train",
    "calibrate",
    "assemble",
    "evaluate",
    "test",
    "fallbacks",
    "holdout",
    "requests",
    "report",
    "examine",
    "weigh",
    "convert",
    "package",
    "check_properties",
}

EVIDENCE = {
    "data.benefit",
    "data.cost",
    "data.expectations",
    "data.feature-code",
    "data.policy",
    "infrastructure.canary",
    "infrastructure.quality-gate",
    "model.baseline",
    "model.inclusion",
    "model.slices",
    "model.staleness",
    "monitoring.invariants",
    "monitoring.numerics",
    "monitoring.skew",
}


@pytest.fixture
def retail(project):
    for path in [*EXAMPLE.glob("*.py"), EXAMPLE / "config.toml"]:
        shutil.copy(path, project.folder / path.name)
    return project


def ran(done):
    """The steps that ran; the elements of a mapped one are one."""
    found = [step["name"] for step in done["steps"] if step["status"] == "ran"]
    return {name.partition("{")[0].partition(":")[0] for name in found}


def check_that_each_planted_fault_is_caught(retail):
    """What the steps show for themselves is evidence, a full point each after two runs."""
    said = {test["id"]: test for test in retail.json("testscore")["tests"]}
    shown = {name: test["evidence"] for name, test in said.items() if test["evidence"]}
    assert set(shown) == EVIDENCE
    for name, pieces in shown.items():
        assert pieces[0]["planted"], name
        assert all(planted["caught"] for piece in pieces for planted in piece["planted"]), pieces
        # Twelve series are too few for a model to be good; whether it is, is not what the score is about.
        assert said[name]["points"] == (1 if pieces[0]["passed"] else 0.5), pieces


def check_that_service_and_batch_answer_alike(retail):
    """The released packages answer, the fallbacks where columns lack, and a person where one has set a value."""
    environment = retail.environment()

    def call(*command, expect=0):
        command = [sys.executable, *command]
        done = subprocess.run(command, cwd=retail.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == expect, done.stderr
        return done.stdout

    # Too large for what is allowed, and too few series to show properties by; then as large as it may be, without
    # properties. Twelve rounds are not asked to beat the baseline.
    config = retail.folder / "config.toml"
    text = config.read_text().replace("slice_margin = 0.25 ", 'baseline = "non-inferior" #')
    config.write_text(text.replace("size = 16 ", "size = 0.2 "))
    refused = call("release.py", expect=1)
    assert "MiB, of 0.2 that are allowed: over by" in refused
    assert re.search(r"(fail|inconclusive) +properties: \d of 9 ", refused)
    assert "retail version 1 is not promoted" in refused
    assert "retail-usual@champion is version 1" in refused
    config.write_text(text.replace('properties = "properties.py"', ""))
    released = call("release.py")
    assert "retail@champion is version 1" in released
    assert "pass          baseline: loses" in released
    assert "retail-usual@champion is version 1 already" in released
    assert call("release.py").count("already") == 3
    lines = call("ask.py").splitlines()
    assert lines[0].startswith("25: retail version 1, ")
    retail.call("artifacts", "export", "requests.nightly", "tonight.parquet")
    retail.call("predict", "retail@champion", "tonight.parquet", "forecasts.parquet", "--keep", "Store")
    forecasts = pl.read_parquet(retail.folder / "forecasts.parquet")
    levels = [name for name in forecasts.columns if name.startswith("q")]
    mine = forecasts.filter(pl.col("Store") == "25").select("date", *levels)
    assert (forecasts.height, mine.height) == (12 * 28, 28)
    answered = [line.split()[:7] for line in lines[2:]]
    assert answered == [[str(row[0]), *(f"{value:,.0f}" for value in row[1:])] for row in mine.iter_rows()]
    assert "fallback: retail 1 needs SchoolHoliday" in call("ask.py", "--without", "SchoolHoliday")
    last = call("ask.py", "--without", "open", "--series", "42").splitlines()
    assert last[0].startswith("42: retail-last-week version 1, ")
    assert last[1] == "fallback: retail 1 needs open; retail-usual 1 needs open"
    set_by_hand = ["q0.5=12000", "--when", "Store=25", "--when", "date=2015-07-06"]
    retail.call("overrides", "add", *set_by_hand, "--who", "ada", "--why", "street fair", "--until", "7d")
    changed = [line.split() for line in call("ask.py").splitlines()]
    assert [row[3] for row in changed[2:5]] == [answered[0][3], answered[1][3], "12,000"]


@pytest.mark.timeout(400)
def test_smoke_runs_every_step_and_a_change_only_what_depends_on_it(retail):
    done = retail.json("smoke")
    assert done["status"] == "succeeded"
    assert ran(done) == STEPS
    report = next((retail.home / "reports").glob("report-*.html")).read_text()
    for said in (
        "Reliability of quantiles",
        "ratio to the best baseline",
        "locked days",
        "worst series",
        "search for slices",
        "quantiles do not cross",
    ):
        assert said in report
    for said in ("Importance of inputs", "Loss by age of the training data", "Declared slices"):
        assert said in report
    assert Path(done["package"]).is_file()
    check_that_service_and_batch_answer_alike(retail)
    assert ran(retail.json("smoke")) == set()
    check_that_each_planted_fault_is_caught(retail)
    priced = retail.json("smoke", "--set", "costs.over=1.0", "--set", "costs.under=3.0")
    assert ran(priced) <= {"evaluate", "test", "report", "examine"}
    features = retail.folder / "features.py"
    features.write_text(features.read_text().replace("SHARES = (0.25, 0.5, ", "SHARES = (0.2, 0.5, "))
    assert ran(retail.json("smoke")) == STEPS - {
        "fetch",
        "validate",
        "analyse",
        "plan_training",
        "requests",
        "fallbacks",
    }


def following(name):
    """Its own tests of the whole pipeline are long; the smoke profile above runs every step of it."""
    return pytest.param(name, marks=[pytest.mark.prove] if name == "test_pipeline.py" else [])


@pytest.mark.parametrize("name", [following(path.name) for path in sorted(EXAMPLE.glob("test_*.py"))])
def test_the_tests_of_the_example_pass(name):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", name]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
