"""The quickstart: what `mainspring init` writes, run as a new user would run it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "src/mainspring/workspace/template"
EXAMPLE = ROOT / "examples/quickstart"
FILES = ["README.md", "config.toml", "pipeline.py", "requirements.txt", "test_pipeline.py"]
FLOWS = ["merge.yml", "night.yml", "pull-request.yml"]
PLACE = ".github/workflows"
STEPS = ["fetch", "validate", "split", "train", "evaluate"]


@pytest.fixture
def quickstart(project):
    for name in FILES:
        shutil.copy(TEMPLATE / name, project.folder / name)
    return project


def test_the_example_is_what_init_writes(tmp_path):
    command = [Path(sys.executable).with_name("mainspring"), "init", "new"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [".github", *FILES]
    assert sorted(path.name for path in (tmp_path / "new" / PLACE).iterdir()) == FLOWS
    for name in FLOWS:
        written = (tmp_path / "new" / PLACE / name).read_bytes()
        assert (EXAMPLE / PLACE / name).read_bytes() == (TEMPLATE / "github" / name).read_bytes() == written
    for name in FILES:
        assert (EXAMPLE / name).read_bytes() == (TEMPLATE / name).read_bytes() == (tmp_path / "new" / name).read_bytes()


def test_a_first_run_succeeds_and_a_second_finds_everything(quickstart):
    cold = quickstart.run()
    assert cold["status"] == "succeeded"
    assert cold["by_step"] == dict.fromkeys(STEPS, "ran")
    assert 0.75 < cold["result"] < 0.82  # two of the ten digits are not known
    warm = quickstart.run()
    assert warm["by_step"] == dict.fromkeys(STEPS, "hit")
    assert warm["result"] == cold["result"]


def test_two_more_labels_run_what_depends_on_them(quickstart):
    quickstart.run()
    config = quickstart.folder / "config.toml"
    text = config.read_text()
    lines = [line for line in text.splitlines() if line.startswith("labels")]
    assert len(lines) == 1
    config.write_text(text.replace(lines[0], f"labels = {list(range(10))}"))
    after = quickstart.run()
    assert after["by_step"] == {
        "fetch": "hit",
        "validate": "hit",
        "split": "hit",
        "train": "ran",
        "evaluate": "ran",
    }
    assert "labels" in after["why"]["train"]
    assert after["result"] > 0.95


def test_a_run_leaves_its_report_and_the_figures_in_it(quickstart):
    run = quickstart.run()["run"]
    report = (quickstart.home / "reports" / f"report-{run}.html").read_text()
    for said in ("accuracy of 8", "Confusion", "ROC, each class", "worst rows"):
        assert said in report


def test_the_smoke_profile_runs(quickstart):
    assert quickstart.json("smoke")["status"] == "succeeded"


def test_the_tests_of_the_example_pass(quickstart):
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = subprocess.run(
        command, cwd=quickstart.folder, env=quickstart.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
