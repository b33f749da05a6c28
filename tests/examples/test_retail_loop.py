"""`make loop`: the closed loop of the retail example, whole, on its real table. Its parts are tested beside it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/retail"


@pytest.mark.prove
@pytest.mark.timeout(1800)
def test_the_loop_deals_with_all_that_is_planted_and_leaves_evidence(project):
    for path in [*EXAMPLE.glob("*.py"), EXAMPLE / "config.toml"]:
        shutil.copy(path, project.folder / path.name)
    assert project.json("smoke")["status"] == "succeeded"
    before = project.json("testscore")["sections"]["monitoring"]
    done = subprocess.run(
        [sys.executable, "loop.py"],
        cwd=project.folder,
        env={**os.environ, **project.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PLANTED") == 4
    assert "✗" not in done.stdout
    assert " requests, 0 failed" in done.stdout
    assert (project.folder / ".mainspring-loop" / "loop.html").stat().st_size > 10_000
    scored = project.json("testscore")
    assert scored["sections"]["monitoring"] >= before + 2
    pieces = [one for test in scored["tests"] for one in test["evidence"] if one["source"] == "rehearsal loop"]
    assert len(pieces) == 4
    assert all(planted["caught"] for one in pieces for planted in one["planted"]), pieces
