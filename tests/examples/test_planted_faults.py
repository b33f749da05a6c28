"""Faults planted into the pipeline that the default run of retail packages: each is caught by what is meant for it."""

import subprocess
import sys

import pytest
from test_retail import retail

__all__ = ["retail"]


@pytest.mark.prove
@pytest.mark.timeout(3600)
def test_each_fault_that_is_planted_into_the_default_run_is_caught(retail):
    retail.call("run", timeout=3000)
    call = [sys.executable, "planted.py"]
    done = subprocess.run(
        call, cwd=retail.folder, env=retail.environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("\n") == 12
