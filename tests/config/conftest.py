from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a configuration file into the current directory, and return its path relative to it."""
    monkeypatch.chdir(tmp_path)

    def write(text: str) -> Path:
        Path("config.toml").write_text(text)
        return Path("config.toml")

    return write
