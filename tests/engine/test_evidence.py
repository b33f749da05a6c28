"""Evidence in steps: recorded as it is found, shown for hits, gone with failed attempts."""

import pytest

from mainspring import evidence
from mainspring.errors import DefinitionError
from mainspring.events import examine
from mainspring.tracking import open_facts

CHECKING = """
    import os
    from mainspring import evidence, pipeline, step

    @step(retries=1)
    def ages(count: int) -> list[int]:
        found = list(range(count))
        faults = {"a negative age": lambda ages: [-1, *ages]}
        evidence("data.expectations", "ages", lambda ages: min(ages) >= 0, found, faults=faults)
        first = os.environ["JOURNAL"]
        if not os.path.exists(first):
            open(first, "w").close()
            raise ValueError("the first attempt fails")
        return found

    @pipeline
    def people():
        return ages(3)
"""


def seen(project):
    with open_facts(project.home) as facts:
        return facts.evidence.seen("people")


def test_what_a_check_finds_is_recorded_once_and_seen_by_each_run_that_hits(project):
    project.write(CHECKING)
    runs = [project.run()["run"] for _ in range(2)]
    found = seen(project)
    assert [one.run for one in found] == runs  # the attempt that failed left nothing
    assert {one.row.run for one in found} == {runs[0]}
    assert all(one.row.digest == one.row.made() for one in found)
    said = project.json("testscore")
    [piece] = next(test for test in said["tests"] if test["id"] == "data.expectations")["evidence"]
    assert (piece["runs"], piece["worth"], piece["passed"]) == (2, 1.0, True)
    assert piece["planted"] == [{"fault": "a negative age", "caught": True, "says": "the check returned False"}]


def test_a_pipeline_is_no_place_for_evidence(project):
    project.write("""
    from mainspring import evidence, pipeline, step

    @step
    def one() -> int:
        return 1

    @pipeline
    def people():
        evidence("data.expectations", "x", bool, True, faults={})
        return one()
    """)
    said = project.call("run", expect=2).stderr
    assert "evidence('data.expectations', …) in the body of pipeline 'people'" in said


@pytest.mark.parametrize(
    ("check", "passed", "says"),
    [
        (lambda _: True, True, ""),
        (lambda _: None, True, ""),
        (lambda _: "", True, ""),
        (lambda _: False, False, "the check returned False"),
        (lambda _: "two are odd", False, "two are odd"),
        (lambda _: [][0], False, "IndexError: list index out of range"),
    ],
)
def test_a_check_answers_by_what_it_returns_or_raises(check, passed, says):
    found = examine("data.cost", "x", check, 1, faults={})
    assert (found.passed, found.says) == (passed, says)


def test_a_check_that_breaks_down_on_a_fault_has_not_caught_it():
    found = examine("data.cost", "length", lambda text: len(text) > 0, "a", faults={"no text": lambda _: 3})
    [planted] = found.planted
    assert not planted.caught
    assert planted.says.startswith("the check broke down: TypeError")


def test_a_check_that_breaks_down_on_its_subject_is_an_error():
    with pytest.raises(TypeError, match="has no len"):
        evidence("data.cost", "length", lambda text: len(text) > 0, 3, faults={})
    with pytest.raises(DefinitionError, match="a value of type list, which says neither yes nor no"):
        evidence("data.cost", "length", list, "abc", faults={})


def test_a_test_that_there_is_not_is_refused_by_its_nearest_name():
    with pytest.raises(DefinitionError, match=r"Did you mean 'data\.expectations'"):
        evidence("data.expectation", "x", bool, True, faults={})
