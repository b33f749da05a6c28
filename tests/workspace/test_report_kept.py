import pytest
from report_story import Story

from mainspring.charts import Axis, BarChart, Series, table_from
from mainspring.workspace import report, report_kept, report_measures
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


@pytest.fixture
def figures(story, monkeypatch):
    """How often the figures and tables of runs were drawn, one more each time."""
    story.log(
        "run-0",
        "train",
        "shares",
        BarChart("Shares", Axis("part"), Axis("share"), [Series("", ["a", "b"], [0.25, 0.75])]),
    )
    times = []
    monkeypatch.setattr(report_measures, "draw_logged", noting("drawn", report_measures.draw_logged, times))
    return times


def test_figures_of_steps_that_were_hits_are_kept_with_the_script_that_draws_them(story, figures):
    first, second = hits(story, "run-1"), hits(story, "run-2")
    assert len(figures) == 1
    assert (first, second) == (story.page("run-1"), story.page("run-2"))
    assert 'id="vega"' in second


def test_another_figure_has_them_drawn_again(story, figures):
    hits(story, "run-1")
    story.log("run-0", "train", "losses", table_from([{"loss": 1}]), kind="table")
    figures.clear()
    assert "losses" in hits(story, "run-2")
    assert len(figures) == 1


def test_figures_are_drawn_again_where_the_script_is_another(story, figures, monkeypatch):
    hits(story, "run-1")
    figures.clear()
    monkeypatch.setattr(report_kept.charts, "bundle_file", lambda _: None)
    hits(story, "run-2")
    assert len(figures) == 1
