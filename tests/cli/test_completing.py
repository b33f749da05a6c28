"""What the shell is offered."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mainspring.cli import completing

COMMAND = str(Path(sys.executable).with_name("mainspring"))


@pytest.fixture
def inside(shop, monkeypatch):
    monkeypatch.chdir(shop.folder)
    return shop


def test_steps_come_from_the_file_and_from_the_newest_run(inside):
    inside.write("from mainspring import step\n\n@step(cpus=2)\ndef later(): ...\n\ndef no_step(): ...\n")
    assert completing.steps("") == ["later", "read", "split", "scale{0}", "scale{1}", "total"]
    assert completing.steps("to") == ["total"]


def test_profiles_and_keys(inside):
    assert completing.profiles("") == ["smoke"]
    assert completing.keys("") == ["sales=", "factor=", "label="]
    assert completing.keys("la") == ["label="]


def test_keys_inside_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pipeline.py").write_text(
        "@dataclass\nclass Model:\n    depth: int\n\n@dataclass\nclass All:\n    model: Model\n    seed: int = 0\n\n"
        "@mainspring.pipeline(seed=1)\ndef p(config: All): ...\n"
    )
    Path("config.toml").write_text("[workspace]\nworkers = 2\n")
    assert completing.keys("") == ["workspace.workers=", "model.depth=", "seed="]


def test_runs_artifacts_and_files(inside):
    assert completing.runs("l") == ["latest"]
    assert len(completing.runs("2")) == 2
    assert completing.artifacts("sp") == ["split.low", "split.high"]
    assert completing.pipelines("") == ["pipeline.py", "prices.py"]


def test_outside_a_project_there_is_nothing_to_offer_and_no_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for offer in (completing.steps, completing.profiles, completing.keys, completing.artifacts, completing.runs):
        assert offer("") == []


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["mainspring", "ru"], ["run", "runs"]),
        (["mainspring", "why", "to"], ["total"]),
        (["mainspring", "run", "--set", "f"], ["factor="]),
        (["mainspring", "run", "--force", "sp"], ["split"]),
        (["mainspring", "runs", "c"], ["compare"]),
    ],
)
def test_in_the_shell(shop, words, offered):
    env = {
        **os.environ,
        "_MAINSPRING_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run([COMMAND], cwd=shop.folder, env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == offered


def test_the_script_for_the_shell(shop):
    env = {**os.environ, "_MAINSPRING_COMPLETE": "source_bash"}
    done = subprocess.run([COMMAND], cwd=shop.folder, env=env, capture_output=True, text=True, check=True)
    assert "_mainspring_completion" in done.stdout
