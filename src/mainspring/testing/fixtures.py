"""A pytest plugin: fixtures for pipelines, and what `mainspring ci` learns of the tests.

`pytest_plugins = ["mainspring.testing.fixtures"]`, in conftest.py or in a test file.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from msgspec.json import encode

from mainspring.events import Finding, scope
from mainspring.graph import Pipeline, Step
from mainspring.testing.fakes import FakeClock, FakeSource
from mainspring.testing.pipelines import smoke
from mainspring.workspace.ci_tests import JOURNAL, Line
from mainspring.workspace.views import Run

__all__ = ["fake_clock", "fake_source", "smoke_home", "smoke_run"]

_LONGEST = 4000


@pytest.fixture(scope="session")
def smoke_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of the smoke runs of all tests: what they have in common is computed once."""
    return tmp_path_factory.mktemp("smoke") / "home"


@pytest.fixture
def smoke_run(smoke_home: Path) -> Callable[..., Run]:
    """Return `mainspring.testing.smoke` in a home that all tests share: `smoke_run(pipeline, replace={...})`."""

    def go(pipeline: Pipeline[..., Any], **options: Any) -> Run:
        return smoke(pipeline, **{"home": smoke_home, **options})

    return go


@pytest.fixture
def fake_clock() -> FakeClock:
    """Return a clock that moves when it is told to."""
    return FakeClock()


@pytest.fixture
def fake_source() -> Iterator[Callable[..., FakeSource]]:
    """Return what makes a `FakeSource` that serves until the test ends: `fake_source(b"...", name="table.csv")`."""
    with ExitStack() as stack:
        yield lambda content, **options: stack.enter_context(FakeSource(content, **options))


class _Noting:
    """The scope of a test that `mainspring ci` runs: steps are plain functions, and evidence is noted."""

    def __init__(self, test: str, journal: str) -> None:
        self._test = test
        self._journal = journal

    def call(self, step: Step[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], *, mapped: bool) -> Any:
        """Call a step as the function that it is. What it finds is about the test's own values, and not noted."""
        token = scope.set(None)
        try:
            return step.map(*args, **kwargs) if mapped else step.fn(*args, **kwargs)
        finally:
            scope.reset(token)

    def log(self, name: str, value: object, _: int | None) -> None:
        """Write a line to the logger, as outside a run."""
        logging.getLogger("mainspring").debug("%s = %s", name, value)

    def evidence(self, finding: Finding) -> None:
        """Note what a check found."""
        _write(self._journal, Line(self._test, finding=finding))

    def checkpoint(self) -> Path | None:
        """Return None, as outside a run."""
        return None

    def seed(self) -> int:
        """Return 0, as outside a run."""
        return 0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Note the evidence of each test, when `mainspring ci` runs them."""
    journal = os.environ.get(JOURNAL)
    if not journal:
        return (yield)
    token = scope.set(_Noting(item.nodeid, journal))
    try:
        return (yield)
    finally:
        scope.reset(token)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note how each test ended, when `mainspring ci` runs them."""
    journal = os.environ.get(JOURNAL)
    if not journal or "PYTEST_XDIST_WORKER" in os.environ:  # the process that these report to notes it
        return
    if report.when == "call" or not report.passed:
        says = "" if report.passed else _said(report)
        _write(journal, Line(report.nodeid, report.outcome, says, report.duration))


def _said(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):  # where, line, why it was skipped
        return str(report.longrepr[2])
    return report.longreprtext[-_LONGEST:]


def _write(journal: str, line: Line) -> None:
    with Path(journal).open("ab") as file:
        file.write(encode(line) + b"\n")
