"""The project's own tests, as `mainspring ci` runs them: pytest in a process of its own, and what it tells."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct
from msgspec.json import decode

from mainspring.events import Finding
from mainspring.proof.ci import Case, Stage

__all__ = ["JOURNAL", "Line", "Told", "run_tests"]

# Where the fixtures of `mainspring.testing` write what they see, one JSON object a line.
JOURNAL = "MAINSPRING_JOURNAL"
_PLUGIN = "mainspring.testing.fixtures"
_NO_TESTS = 5
_KEPT_LINES = 12
# What a test run around this one says of itself.
_OF_OTHERS = ("PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID")


class Told(Struct, frozen=True):
    """What the tests tell: the stage, and what their checks found, by the test that ran them."""

    stage: Stage
    findings: tuple[tuple[str, Finding], ...] = ()


class Line(Struct):
    """A line of the journal: a test that ended, or a check in one."""

    test: str
    status: str = ""
    says: str = ""
    seconds: float = 0.0
    finding: Finding | None = None


def run_tests(folder: Path, arguments: tuple[str, ...] = ()) -> Told:
    """Return what the tests in a folder say; there may be none, or no pytest."""
    if not any(True for _ in _test_files(folder)):
        return Told(Stage("tests", "skipped", "there are no tests: write test_*.py beside the pipeline"))
    if find_spec("pytest") is None:
        return Told(Stage("tests", "skipped", "pytest is not installed: pip install pytest"))
    start = time.monotonic()
    with TemporaryDirectory() as place:
        journal = Path(place) / "journal.jsonl"
        environment = {name: value for name, value in os.environ.items() if name not in _OF_OTHERS}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", _PLUGIN, *arguments],
            cwd=folder,
            env={**environment, JOURNAL: str(journal)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        lines = _lines(journal)
    return _told(lines, done, time.monotonic() - start)


def _test_files(folder: Path) -> Iterator[Path]:
    for pattern in ("test_*.py", "*_test.py", "tests/**/test_*.py"):
        yield from folder.glob(pattern)


def _lines(journal: Path) -> list[Line]:
    if not journal.exists():
        return []
    return [decode(line, type=Line) for line in journal.read_bytes().splitlines()]


def _told(lines: list[Line], done: subprocess.CompletedProcess[str], seconds: float) -> Told:
    ended = [line for line in lines if line.finding is None]
    cases = tuple(Case(line.test, line.status, line.says, line.seconds) for line in ended)
    findings = tuple((line.test, line.finding) for line in lines if line.finding is not None)
    counts = {status: sum(case.status == status for case in cases) for status in ("passed", "failed", "skipped")}
    said = ", ".join(f"{number} {status}" for status, number in counts.items() if number) or "no test ran"
    if done.returncode == 0:
        return Told(Stage("tests", "passed", said, seconds, cases), findings)
    if done.returncode == _NO_TESTS:
        return Told(Stage("tests", "skipped", "pytest found no tests", seconds), findings)
    if not counts["failed"]:  # it could not begin: a test file that cannot be imported, say
        end = "\n".join(done.stdout.strip().splitlines()[-_KEPT_LINES:])
        cases = (*cases, Case("pytest", "failed", end))
        said = f"pytest ended with {done.returncode}: {end.rpartition(chr(10))[2]}"
    return Told(Stage("tests", "failed", said, seconds, cases), findings)
