"""One small shop, run twice; each test gets a copy, so that it may do with it what it likes."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from shop_sample import CONFIG, PIPELINE, PRICES
from typer.testing import CliRunner, Result

from mainspring.cli.app import app

COMMAND = str(Path(sys.executable).with_name("mainspring"))


@pytest.fixture(scope="session")
def sold(tmp_path_factory) -> Path:
    """The folder of a shop that was run with factor 2, and then with factor 3."""
    folder = tmp_path_factory.mktemp("sold")
    (folder / "pipeline.py").write_text(PIPELINE)
    (folder / "prices.py").write_text(PRICES)
    (folder / "config.toml").write_text(CONFIG)
    (folder / "sales.txt").write_text("3\n12\n40\n")
    subprocess.run([COMMAND, "run"], cwd=folder, check=True, capture_output=True)
    (folder / "config.toml").write_text(CONFIG.replace("factor = 2", "factor = 3"))
    subprocess.run([COMMAND, "run"], cwd=folder, check=True, capture_output=True)
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    return folder


@pytest.fixture
def shop(project, sold):
    """A copy of that shop, with the commands of `project`."""
    shutil.copytree(sold, project.folder, dirs_exist_ok=True)
    return project


@pytest.fixture
def say(shop, monkeypatch) -> Callable[..., Result]:
    """Call a command that loads no pipeline, in this process and in the folder of the shop."""
    monkeypatch.chdir(shop.folder)
    monkeypatch.setenv("COLUMNS", "80")
    runner = CliRunner()

    def call(*args: str, expect: int = 0) -> Result:
        result = runner.invoke(app, list(args), prog_name="mainspring")
        assert result.exit_code == expect, result.output
        return result

    return call


@pytest.fixture
def plain(tmp_path) -> Callable[[str], str]:
    """Return a text without what is different in every run."""
    patterns = (
        (re.escape(str(tmp_path)), "TMP"),
        (r"\d{8}-\d{6}-[0-9a-f]{6}", "RUN"),
        (r"\b[0-9a-f]{64}\b", "DIGEST"),
        (r"\b[0-9a-f]{12}\b", "DIG"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d", "MOMENT"),
        (r"(\d+ h )?(\d+ min )?(\d+ s|[\d.]+ s|\d+ ms|<1 ms|now)( ago)?\b", "TIME"),
        (r"[\d.,]+ (B|[KMG]iB)\b", "SIZE"),
        (r" {2,}", "  "),
    )

    def call(text: str) -> str:
        for pattern, name in patterns:
            text = re.sub(pattern, name, text)
        return text

    return call
