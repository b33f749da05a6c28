"""The retail example: its own tests, and its smoke profile on the real table."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
    "report",
    "convert",
    "package",
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


@pytest.mark.timeout(400)
def test_smoke_runs_every_step_and_a_change_only_what_depends_on_it(retail):
    done = retail.json("smoke")
    assert done["status"] == "succeeded"
    assert ran(done) == STEPS
    report = next((retail.home / "reports").glob("report-*.html")).read_text()
    for said in ("Reliability of quantiles", "ratio to the best baseline", "locked days", "worst series", "importance"):
        assert said in report
    assert Path(done["package"]).is_file()
    assert ran(retail.json("smoke")) == set()
    priced = retail.json("smoke", "--set", "costs.over=1.0", "--set", "costs.under=3.0")
    assert ran(priced) <= {"evaluate", "test", "report"}
    features = retail.folder / "features.py"
    features.write_text(features.read_text().replace("SHARES = (0.25, 0.5, ", "SHARES = (0.2, 0.5, "))
    assert ran(retail.json("smoke")) == STEPS - {"fetch", "validate", "analyse", "plan_training"}


@pytest.mark.parametrize("name", [path.name for path in sorted(EXAMPLE.glob("test_*.py"))])
def test_the_tests_of_the_example_pass(name):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", name]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
