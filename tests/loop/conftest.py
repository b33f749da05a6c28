"""A served project that is watched: its pipeline, its registry with a champion, a clock that is driven."""

import sys

import pytest
import shop_project

from linear_packages import linear
from mainspring.clock import CLOCK, drive
from mainspring.package import attest_training
from mainspring.registry import open_registry
from mainspring.testing.registry import promoted


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """The folder of a project whose first version is champion; the clock stands where its traffic begins."""
    folder = tmp_path / "shop"
    (folder / ".mainspring").mkdir(parents=True)
    shop_project.write_project(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv(CLOCK, str(folder / "clock"))
    monkeypatch.setenv("JOURNAL", str(tmp_path / "journal.txt"))
    drive(folder / "clock", shop_project.START)
    built = linear(tmp_path / "first", (2.0, 3.0))
    attest_training(built.package, "2025-01-31")
    with open_registry(folder / ".mainspring") as registry:
        promoted(registry, "shop", registry.register(built.package.path, "shop").number)
    return folder
