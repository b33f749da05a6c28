"""`mainspring ci` and `mainspring testscore`, as they are typed."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

PIPELINE = """
    from dataclasses import dataclass
    from mainspring import evidence, pipeline, step

    @dataclass(frozen=True)
    class Ages:
        count: int
        oldest: int = 100

    @step
    def fetch(count: int) -> list[int]:
        return list(range(count))

    @step
    def check(ages: list[int], oldest: int) -> list[int]:
        faults = {"a negative age": lambda ages: [-1, *ages]}
        evidence("data.expectations", "ages", lambda ages: 0 <= min(ages) <= max(ages) <= oldest, ages, faults=faults)
        return ages

    @step
    def mean(ages: list[int]) -> float:
        return sum(ages) / len(ages)

    @pipeline
    def people(config: Ages):
        return mean(check(fetch(config.count), config.oldest))
"""
CONFIG = "count = 50\n[profile.smoke]\ncount = 5\n"
TESTS = """
    from mainspring import evidence
    from pipeline import check, mean

    def test_the_mean():
        assert evidence("model.baseline", "mean", lambda mean: mean([1, 3]) == 2, mean, faults={"sum": lambda _: sum})

    def test_ages_that_cannot_be():
        assert check([-5], 100) == [-5]
"""


@pytest.fixture
def people(project, monkeypatch):
    for name in ("CI", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    project.write(PIPELINE)
    project.write(CONFIG, "config.toml")
    project.write(TESTS, "test_people.py")
    return project


def point(said, test):
    return next(one for one in said["tests"] if one["id"] == test)


def test_ci_runs_everything_and_writes_its_reports(people, monkeypatch):
    summary = people.folder / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    said = people.json("ci", "--out", "report")
    assert said["verdict"] == "passed"
    assert {one["name"]: one["status"] for one in said["stages"]} == {
        "smoke": "passed", "tests": "passed", "gates": "passed", "score": "passed",
    }  # fmt: skip
    assert "no champion yet; against the baseline it passes" in said["stages"][2]["says"]
    text = (people.folder / "report/report.md").read_text()
    assert summary.read_text() == text
    assert text.startswith("## ✓ people: passed\n")
    assert json.loads((people.folder / "report/ci.json").read_text())["verdict"] == "passed"
    names = [case.get("name") for case in ElementTree.parse(people.folder / "report/junit.xml").iter("testcase")]
    assert "test_people.py::test_the_mean" in names
    scored = people.json("testscore")
    [integration] = point(scored, "infrastructure.integration")["evidence"]
    assert (integration["source"], integration["worth"]) == ("ci smoke run", 0.5)
    [planted] = integration["planted"]
    assert planted["fault"] == "'fetch' returns nothing"
    assert planted["caught"]
    assert "step 'check' failed" in planted["says"].lower() or "check" in planted["says"]
    [tested] = point(scored, "model.baseline")["evidence"]
    assert tested["source"] == "tests test_people.py::test_the_mean"
    # What a step finds out about values that a test made up is no evidence.
    [contract] = point(scored, "data.expectations")["evidence"]
    assert (contract["source"], contract["passed"]) == ("step check", True)


def test_a_second_time_tells_what_changed(people):
    people.call("ci")
    people.write(CONFIG.replace("50", "60"), "config.toml")
    text = people.call("ci").stdout
    assert "ML Test Score 0 (±0 since the last time): data 1, model 1, infrastructure 1, monitoring 0" in text
    assert "configuration, against the last time" in text
    assert "count  50      60" in text


def test_where_nobody_started_it_one_time_is_a_full_point(people, monkeypatch):
    monkeypatch.setenv("CI", "true")
    people.call("ci")
    assert point(people.json("testscore"), "infrastructure.integration")["points"] == 1


def test_a_test_that_fails_fails_it_with_what_it_says(people):
    people.write("def test_wrong():\n    assert 1 + 1 == 3, 'arithmetic'\n", "test_wrong.py")
    done = people.call("ci", expect=1)
    assert "people: failed" in done.stdout
    assert "test_wrong.py::test_wrong" in done.stdout
    assert "arithmetic" in done.stdout


def test_a_test_file_that_cannot_be_read_fails_it(people):
    people.write("import nothing_of_this_name\n", "test_wrong.py")
    done = people.call("ci", expect=1)
    assert "nothing_of_this_name" in done.stdout


def test_a_smoke_run_that_fails_fails_it(people):
    people.write("count = 50\n[profile.smoke]\ncount = 0\n", "config.toml")
    done = people.call("ci", "--no-tests", expect=1)
    assert "people: failed" in done.stdout
    assert "✗ smoke" in done.stdout


def test_without_a_smoke_profile_or_tests_it_says_so(people):
    people.write("count = 50\n[testscore]\nat_least = 0.5\n", "config.toml")
    (people.folder / "test_people.py").unlink()
    done = people.call("ci", expect=1)
    assert "there is no [profile.smoke], so the whole pipeline ran" in done.stdout
    assert "there are no tests" in done.stdout
    assert "0 is below the 0.5 of [testscore]" in done.stdout


def test_testscore_says_what_is_there_what_fails_and_how_to_earn_the_rest(people, snapshot):
    people.write(CONFIG.replace("50", "500"), "config.toml")
    people.call("run")
    people.call("run")
    done = people.call("testscore").stdout
    assert done == snapshot
    assert "data.expectations fails: ages, step check: the check returned False" in done


def test_what_people_say_is_attested_and_withdrawn(people):
    people.call("run")
    assert people.call("testscore", "attest", "model.review", "--by", "Ada", "--note", "two pairs of eyes").stdout == (
        "model.review of people: attested by Ada\n"
    )
    assert point(people.json("testscore"), "model.review")["points"] == 0.5
    assert "says: two pairs of eyes" in people.call("testscore", "--evidence").stdout
    people.call("testscore", "withdraw", "model.review")
    assert point(people.json("testscore"), "model.review")["points"] == 0
    assert "Nothing is attested" in people.call("testscore", "withdraw", "model.review", expect=2).stderr
    assert (
        "Did you mean 'model.review'"
        in people.call("testscore", "attest", "model.reviw", "--note", "x", expect=2).stderr
    )


def test_a_pipeline_without_runs_is_an_error(people):
    people.call("run")
    assert "There are runs of: people" in people.call("testscore", "--pipeline", "animals", expect=2).stderr


def test_the_reports_of_each_time_are_kept(people):
    people.call("ci", "--no-tests")
    [folder] = (people.home / "ci").iterdir()
    assert sorted(path.name for path in Path(folder).iterdir()) == ["ci.json", "junit.xml", "report.md"]
