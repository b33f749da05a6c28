"""What continuous integration writes: Markdown for people, JUnit XML for services."""

from dataclasses import dataclass
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt

from mainspring.charts.numbers import MINUS
from mainspring.proof.ci import Case, Change, Difference, Report, ScoreChange, Stage, change_of, document
from mainspring.proof.junit import junit
from mainspring.proof.markdown import markdown

ERROR = "def test_c():\n>  assert 1 == 2\nE  1 | <b>"
SMOKE = Stage("smoke", "passed", "5 steps, 2 of them hits", 3.2, (Case("fetch", "passed", "", 0.2),))
TESTS = Stage(
    "tests",
    "failed",
    "1 passed, 1 failed",
    2.0,
    (Case("test_a.py::test_b", "passed"), Case("test_a.py::test_c", "failed", ERROR, 0.1)),
)  # fmt: skip
GATES = Stage(
    "gates",
    "inconclusive",
    "1 of 3 gates is inconclusive",
    0.3,
    (Case("better than the champion", "inconclusive", "difference from minus 0.2 to 0.1; 9 more weeks would tell"),
     Case("signature", "passed")),
)  # fmt: skip
SCORE = ScoreChange(
    2.5, "reasonably tested", {"data": 3.0, "model": 2.5}, 2.0, {"data": 3.0, "model": 2.0}, ("model.slices",), (),
    (("data.expectations", "contract: 3 rows"),), (("model.review", 0.0, "have somebody say"),),
)  # fmt: skip


@pytest.fixture
def report():
    return Report(
        "retail",
        1_770_000_000.0,
        "20260202-000000-abcdef",
        "c0ffeec0ffee",
        (SMOKE, TESTS, GATES, Stage("score", "passed", "2.5")),
        "retail version 3, run 20260101-000000-aaaaaa",
        (
            Difference("pinball", "retail@champion", 10.0, 9.5, -0.9, -0.1),
            Difference("size", "retail@champion", None, 3.0),
        ),
        "weekday Sun: 1.2 times",
        ("price up 3 %, demand up 5",),
        SCORE,
        "the champion",
        (Change("model.rate", "0.1", "0.2"),),
    )


def rendered(text):
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


def test_the_first_screen_has_what_decides(report, snapshot):
    text = markdown(report)
    first = text.partition("<details>")[0]
    for said in (
        "✗ retail: failed", "tests: 1 passed, 1 failed", f"{MINUS}0.9 to {MINUS}0.1, 95%",
        "gate **better than the champion**",
        "worst slice: weekday Sun", "1 new counterexample", "ML Test Score 2.5", "+0.5 since the last time",
        "gained points: model.slices", "data.expectations has evidence that fails", "`model.rate`",
    ):  # fmt: skip
        assert said in first, said
    assert len(first.splitlines()) < 60
    assert text.replace(text.splitlines()[-1], "") == snapshot


def test_the_markdown_is_tables_all_through_and_no_text_becomes_markup(report):
    html = rendered(markdown(report))
    assert html.count("<table>") == 8
    assert "<b>" not in html.replace("<strong>", "")
    assert html.count("<details>") == html.count("</details>") == 4
    assert "|---" not in html


def test_junit_has_a_suite_a_stage_and_a_case_a_check(report):
    root = ElementTree.fromstring(junit(report))
    suites = {one.get("name"): one for one in root}
    assert list(suites) == ["smoke", "tests", "gates", "score"]
    assert (suites["tests"].get("tests"), suites["tests"].get("failures")) == ("2", "1")
    assert suites["gates"].get("skipped") == "1"
    failure = suites["tests"].find("testcase[@name='test_a.py::test_c']/failure")
    assert "assert 1 == 2" in failure.text


@pytest.mark.parametrize("text", ["\x00\x1b[31m", "\ud800", "]]>&<'\"", "\ufffe"])
def test_junit_is_well_formed_whatever_a_test_prints(report, text):
    stage = Stage("tests", "failed", text, 0.0, (Case(text, "failed", text), Case(text, "skipped", text)))
    ElementTree.fromstring(junit(Report("p", 0.0, None, None, (stage,))).encode())


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [(("passed", "skipped"), "passed"), (("inconclusive", "passed"), "inconclusive"),
     (("inconclusive", "failed"), "failed"), ((), "passed")],
)  # fmt: skip
def test_the_verdict_is_that_of_the_worst_stage(statuses, verdict):
    stages = tuple(Stage(f"stage {place}", status, "") for place, status in enumerate(statuses))
    assert Report("p", 0.0, None, None, stages).verdict == verdict


@dataclass
class Named:
    id: str


@dataclass
class One:
    test: Named
    points: float
    missing: str = ""


@dataclass
class Score:
    tests: list
    score: float = 1.0
    band: str = "x"
    sections: tuple = ()
    failing: tuple = ()


def test_a_score_is_set_beside_the_last_one():
    now = Score([One(Named("a"), 1.0), One(Named("b"), 0.0), One(Named("c"), 0.5)])
    first = change_of(now, {})
    assert (first.before, first.gained, first.lost) == (None, (), ())
    again = change_of(now, {"score": {"score": 2.0, "sections": {}}, "points": {"a": 0.5, "b": 0.5, "c": 0.5}})
    assert (again.before, again.gained, again.lost) == (2.0, ("a",), ("b",))


def test_the_document_has_the_verdict_and_all_the_rest(report):
    found = document(report)
    assert found["verdict"] == "failed"
    assert found["differences"][0]["low"] == -0.9
    assert found["stages"][1]["cases"][1]["status"] == "failed"
