import json
import subprocess
import sys

import pytest
from report_story import Story, section

from mainspring.charts import Axis, Heatmap, Image, VegaSpec, table_from
from mainspring.errors import NotFoundError, ReadOnlyError
from mainspring.workspace.report import render_report, write_report
from page_reader import Reader

EVIL = "<script>alert('x')</script>"
DASH = "\N{EN DASH}"


@pytest.fixture
def story(tmp_path):
    made = Story(tmp_path)
    yield made
    made.facts.close()


def test_the_head_says_what_ran_when_and_how_it_went(story):
    run = story.begin(profile="smoke", git={"commit": "ab" * 20, "branch": "main", "changed_files": 2})
    story.step(run, "fetch")
    story.step(run, "train", status="hit", reason="made by run x", seconds=61.0)
    page = story.end(run)
    head = " ".join(Reader(page.split("<header>")[1].split("</header>")[0]).text.split())
    for said in (
        "digits",
        "succeeded",
        "Run run-1",
        "Profile smoke",
        "Commit abababababab on main, 2 changed files",
        "mainspring run",
        "Steps1 ran · 1 hit",
        "CPU time1.25 s",
        "Peak memory of a step300 MiB",
        "Time saved by hits1 min 1 s",
    ):
        assert said in head
    assert "<title>digits: succeeded (run-1)</title>" in page


def test_a_script_is_shown_as_it_was_started(story):
    page = story.end(story.begin(argv=["/home/me/my run.py", "--fast"]))
    assert "python &#39;/home/me/my run.py&#39; --fast" in page


def test_nothing_that_users_name_becomes_markup(story):
    config = {"values": {EVIL: EVIL}, "origins": {EVIL: EVIL}}
    params = {"path": {"kind": "file", "digest": "d" * 64, "show": EVIL}}
    run = story.begin(
        config=config, profile=EVIL, argv=[EVIL], git={"commit": EVIL, "branch": EVIL}, dag={EVIL: []}, file=EVIL
    )
    story.step(run, EVIL, EVIL, reason=EVIL, warnings=(EVIL,), params=params)
    story.step(run, f"{EVIL}2", status="failed", error=EVIL)
    story.metrics(run, EVIL, EVIL, 1.0, 2.0, 3.0, 4.0)
    story.log(run, EVIL, EVIL, table_from([{EVIL: EVIL}]), kind="table")
    story.log(run, EVIL, f"{EVIL}2", Heatmap(EVIL, Axis(EVIL), Axis(EVIL), [EVIL], [EVIL], [[1]]))
    story.log(run, EVIL, f"{EVIL}3", VegaSpec(json.dumps({"mark": "bar", "data": {"values": [{EVIL: EVIL}]}})))
    page = story.end(run, "failed", EVIL)
    assert EVIL not in page
    assert "alert(" not in "".join(page.split("<script>")[1:]).split("</html>")[0]
    assert page.count("<script") == page.count("</script>")


def test_the_page_stands_alone(story):
    run = story.begin()
    story.step(run, "draw")
    story.metrics(run, "draw", "loss", 3.0, 2.0, 1.0)
    story.log(run, "draw", "picture", Image("image/png", b"\x89PNG"))
    read = Reader(story.end(run))
    for name, said in read.elements:
        for key in ("src", "href", "srcset", "data", "action", "poster", "xlink:href"):
            address = said.get(key) or "#"
            assert address.startswith(("#", "data:", "../logs/")), f"{name} loads {address}"
    assert not [name for name, _ in read.elements if name in ("iframe", "object", "embed", "base", "form")]
    [policy] = [said["content"] for _, said in read.elements if said.get("http-equiv")]
    assert policy.startswith("default-src 'none'")


def test_every_link_inside_leads_somewhere_and_ids_are_unique(story):
    run = story.begin(dag={"a": [], "b": ["a"]})
    story.step(run, "a")
    story.step(run, "b")
    story.log(run, "b", "table", table_from([{"x": 1}]), kind="table")
    read = Reader(story.end(run))
    ids = [said["id"] for _, said in read.elements if "id" in said]
    assert len(ids) == len(set(ids))
    assert {said["href"][1:] for _, said in read.elements if said.get("href", "").startswith("#")} <= set(ids)


def test_rendering_again_gives_the_same_bytes(story):
    run = story.begin()
    story.step(run, "train")
    story.metrics(run, "train", "loss", 3.0, 2.0, 1.0)
    assert story.end(run) == story.page(run)


def test_each_step_has_its_reason_its_costs_and_its_warnings(story):
    run = story.begin()
    story.step(run, "train", reason="learning_rate: 0.1 → 0.2", warnings=("It read data.csv, undeclared.",), cost=0.25)
    story.step(run, "publish", status="skipped", reason="'train' did not succeed", position=9)
    page = story.end(run)
    cells = [" ".join(Reader(row).text.split()) for row in page.split("<tbody>")[1].split("</tbody>")[0].split("</td>")]
    assert cells[:7] == [
        "trainran",
        "1.50 s",
        "learning_rate: 0.1 → 0.2It read data.csv, undeclared.",
        "1.25 s",
        "300 MiB",
        "4 B",
        "0.2500",
    ]
    assert cells[7:10] == ["publishskipped", DASH, "'train' did not succeed"]


def test_the_dag_shows_status_time_and_what_needs_what(story):
    run = story.begin(dag={"fetch": [], "train": ["fetch"], "publish": ["train"]})
    story.step(run, "fetch", status="hit")
    story.step(run, "train", status="failed", error="It broke")
    page = story.end(run, "failed", "It broke")
    for said in ("fetch: hit · 1.50 s", "train: failed · 1.50 s", "publish: waiting"):
        assert f"<title>{said}</title>" in page
    assert 'class="edge"' in page
    assert "not started" in section(page, "steps")


def test_elements_of_a_mapped_step_are_one_box_and_one_row(story):
    run = story.begin(dag={"fetch": [], "fit": ["fetch"]})
    story.step(run, "fetch")
    story.step(run, "fit:items")
    for place in range(20):
        story.step(
            run,
            f"fit{{{place}}}",
            place,
            status="failed" if place == 7 else "ran",
            error="boom" if place == 7 else None,
        )
    story.metrics(run, "fit{0}", "loss", 0.25)
    page = story.end(run, "failed", "boom")
    told = section(page, "steps")
    assert "20 elements" in told
    assert "1 failed, 19 ran" in told
    assert "fit{7}" in told
    assert "fit{8}" not in told
    assert "items" not in told
    assert "20 elements" in section(page, "flow").replace("19 elements", "20 elements")


def test_a_failure_comes_first_with_the_end_of_its_log(story):
    run = story.begin()
    log = f"logs/{run}/train.1.log"
    path = story.home / log
    path.parent.mkdir(parents=True)
    path.write_bytes(b"early\n" * 500 + b"10%\r100%\n\x1b[31mred\x1b[0m \xff\nlast line\n")
    story.step(run, "train", status="failed", error="It broke (pipeline.py:3).\nMend it.", log=log)
    page = story.end(run, "failed", "It broke")
    box = page.split('<section class="alarm">')[1].split("</section>")[0]
    told = Reader(box).text
    assert "Step train failed" in told
    assert "It broke (pipeline.py:3)." in told
    assert "last line" in told
    assert "\n100%\nred \N{REPLACEMENT CHARACTER}\n" in told
    assert told.count("early") < 40
    assert 'href="../logs/run-1/train.1.log"' in box
    assert page.index('class="alarm"') < page.index('id="steps"')


def test_a_log_that_is_gone_is_left_out(story):
    run = story.begin()
    story.step(run, "train", status="failed", error="It broke", log="logs/gone.log")
    assert 'class="log"' not in story.end(run, "failed", "It broke").split("</section>")[0].split('class="alarm"')[1]


def test_many_failures_are_counted(story):
    run = story.begin()
    for place in range(6):
        story.step(run, f"s{place}", status="failed", error="It broke")
    page = story.end(run, "failed", "It broke")
    assert page.count('class="alarm"') == 3
    assert "3 more steps failed: s3, s4, s5." in page


def test_a_lost_run_says_so(story):
    run = story.begin()
    story.facts.runs.mark_lost(lambda *_: True)
    page = story.page(run)
    assert "The run was lost" in page
    assert "run again, and it goes on from there" in page


def test_a_run_that_goes_on_can_be_looked_at(story):
    run = story.begin(dag={"train": []})
    story.step(run, "train", status="running")
    assert "train: running" in story.page(run)


def test_the_report_is_written_beside_others(story):
    run = story.begin()
    story.end(run)
    path = write_report(story.facts, story.blobs, run, story.home)
    assert path == story.home / "reports" / "report-run-1.html"
    assert path.read_text("utf-8") == story.page(run)
    assert [other.name for other in path.parent.iterdir()] == [path.name]


def test_a_report_that_cannot_be_written_leaves_the_old_one(story, monkeypatch):
    run = story.begin()
    story.end(run)
    path = write_report(story.facts, story.blobs, run, story.home)
    path.write_text("the old one")

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(ReadOnlyError, match="cannot be written to"):
        write_report(story.facts, story.blobs, run, story.home)
    assert path.read_text() == "the old one"
    assert len(list(path.parent.iterdir())) == 1


def test_text_that_is_no_text_is_written_all_the_same(story):
    run = story.begin(config={"values": {"name": "\ud800"}, "origins": {}})
    story.end(run)
    assert write_report(story.facts, story.blobs, run, story.home).stat().st_size > 1000


def test_an_unknown_run_is_not_found(story):
    with pytest.raises(NotFoundError, match="There is no run 'nowhere'"):
        story.page("nowhere")


class Counted:
    """A database that counts what is read."""

    def __init__(self, database):
        self._database = database
        self.reads = 0

    def read(self, *args, **named):
        self.reads += 1
        return self._database.read(*args, **named)

    def __getattr__(self, name):
        return getattr(self._database, name)


def _calls_and_reads(story, run) -> tuple[int, int]:
    counted = Counted(story.facts.database)
    facts = type(story.facts)(counted)
    calls = 0

    def count(_frame, event, _arg):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        render_report(facts, story.blobs, run, story.home)
    finally:
        sys.setprofile(None)
    return calls, counted.reads


def test_rendering_costs_a_few_calls_a_step_and_no_query(story):
    costs = {}
    for size in (10, 110):
        run = story.begin(f"run-{size}", dag={f"s{place}": [f"s{place - 1}"] if place else [] for place in range(size)})
        for place in range(size):
            story.step(run, f"s{place}", position=place)
        story.end(run)
        costs[size] = _calls_and_reads(story, run)
    assert costs[110][1] <= costs[10][1] + 8  # the second run has a past
    assert (costs[110][0] - costs[10][0]) / 100 < 260


def test_rendering_loads_no_heavy_library():
    script = """
        import sys
        import mainspring.workspace.report
        heavy = ("numpy", "pandas", "polars", "pyarrow", "matplotlib", "altair", "vl_convert", "jinja2", "asyncio")
        print([name for name in heavy if name in sys.modules])
    """
    lines = "\n".join(line.strip() for line in script.splitlines())
    said = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
