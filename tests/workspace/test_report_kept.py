import pytest
from report_story import Story

from mainspring.workspace import report, report_kept
from mainspring.workspace.report import write_report


@pytest.fixture
def story(tmp_path):
    (tmp_path / "home").mkdir()
    with_steps = Story(tmp_path / "home")
    run = with_steps.begin("run-0", dag=DAG)
    with_steps.step(run, "load", 7, key="load")
    with_steps.step(run, "train", "a model", key="train")
    with_steps.end(run)
    yield with_steps
    with_steps.facts.close()


@pytest.fixture
def drawn(monkeypatch):
    """The parts that were drawn, by name."""
    names = []
    for name in PARTS:
        monkeypatch.setattr(report, name, noting(name, getattr(report, name), names))
    return names


def noting(name, draw, names):
    def noted(*given):
        names.append(name)
        return draw(*given)

    return noted


DAG = {"load": [], "train": ["load"]}
PARTS = ["draw_steps", "draw_flow", "draw_environment"]


def hits(story, run, *, dag=None, environment=None, **train) -> str:
    story.begin(run, environment=environment, dag=dag or DAG)
    story.step(run, "load", status="hit", key="load", reason="made by run run-0")
    story.step(run, "train", status="hit", key="train", **{"reason": "made by run run-0", **train})
    story.facts.runs.finish(run, "succeeded")
    return write_report(story.facts, story.blobs, run, story.home).read_text("utf-8")


def test_what_is_kept_is_what_would_be_drawn(story, drawn):
    first, second = hits(story, "run-1"), hits(story, "run-2")
    assert drawn == PARTS
    assert (first, second) == (story.page("run-1"), story.page("run-2"))


@pytest.mark.parametrize(
    "change",
    [
        {"reason": "made by run run-x"},
        {"seconds": 9.0},
        {"warnings": ("it opened a file",)},
        {"cost": 1.5},
        {"params": {"x": {"kind": "file", "digest": "ab", "show": "x.csv"}}},
        {"dag": {"load": [], "train": []}},
        {"environment": {"format": 1, "python": "3.12.0"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_the_parts_show_has_them_drawn_again(change, story, drawn):
    hits(story, "run-1")
    drawn.clear()
    assert hits(story, "run-2", **change) == story.page("run-2")
    assert drawn == PARTS + PARTS  # written, and looked at


def test_another_version_of_what_draws_has_them_drawn_again(story, drawn, monkeypatch):
    hits(story, "run-1")
    drawn.clear()
    monkeypatch.setattr(report_kept, "written", lambda _: "later")
    hits(story, "run-2")
    assert drawn == PARTS


def test_nothing_is_kept_of_a_run_that_did_something(story, drawn):
    write_report(story.facts, story.blobs, "run-0", story.home)
    write_report(story.facts, story.blobs, "run-0", story.home)
    assert drawn == PARTS + PARTS
    assert story.facts.memo.forget("report/") == 0


def test_what_is_kept_is_one_text_a_part_and_pipeline(story):
    for number in range(1, 4):
        hits(story, f"run-{number}", seconds=float(number))
    assert story.facts.memo.forget("report/digits/") == len(PARTS)
