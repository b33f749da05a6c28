"""The retail example: its own tests, and its smoke profile on the real table."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/retail"
STEPS = [
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
]


@pytest.fixture
def retail(project):
    for path in [*EXAMPLE.glob("*.py"), EXAMPLE / "config.toml"]:
        shutil.copy(path, project.folder / path.name)
    return project


def test_smoke_runs_every_step_and_leaves_a_report(retail):
    done = retail.json("smoke")
    assert done["status"] == "succeeded"
    assert [step["name"] for step in done["steps"]] == STEPS
    report = next((retail.home / "reports").glob("report-*.html")).read_text()
    for said in ("Reliability of quantiles", "ratio to the best baseline", "locked days", "worst series", "importance"):
        assert said in report


@pytest.mark.parametrize("name", [path.name for path in sorted(EXAMPLE.glob("test_*.py"))])
def test_the_tests_of_the_example_pass(name):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", name]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
