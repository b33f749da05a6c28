"""Plans: what they know of the past."""

import sys

import pytest

from mainspring.workspace.homes import open_home
from mainspring.workspace.planning import survey
from mainspring.workspace.project import load_project
from mainspring.workspace.running import Preparation, Request, configure, execute

STEPS = """
    from mainspring import pipeline, step

    @step
    def one(x: int) -> int:
        return x

    @pipeline
    def planned():
        return one(1)
"""


@pytest.fixture
def opened(project, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = project.write(STEPS, "planned_here.py")
    found = load_project(str(path))
    config = configure(found)
    with open_home(project.home, config.settings) as home:
        yield found, config, home
    del sys.modules["planned_here"]


def test_the_past_of_a_plan_is_every_run_and_that_of_a_run_what_was_before_it(opened):
    project, config, home = opened
    first = execute(project, config, home, Request(workers=1)).id
    second = execute(project, config, home, Request(workers=1)).id
    plan = survey(project, config, home)
    assert plan.past is plan.ready.past
    assert plan.past.last("one").run == second
    assert Preparation(project, config, home, second).past.last("one").run == first
    assert Preparation(project, config, home, first).past.last("one") is None
