import json
import re
import sys

import pytest
from msgspec.structs import replace
from report_story import ENVIRONMENT, Story, section

from mainspring.charts import Axis, Heatmap, Image, table_from
from mainspring.digest import Artifact
from mainspring.store import save
from page_reader import Reader


@pytest.fixture
def story(tmp_path):
    made = Story(tmp_path)
    yield made
    made.facts.close()


def test_metrics_are_compared_with_the_last_run_that_has_them(story):
    for name, value in (("run-1", 0.9), ("run-2", None), ("run-3", 0.95)):
        run = story.begin(name)
        story.step(run, "evaluate")
        if value:
            story.metrics(run, "evaluate", "accuracy", value)
        story.metrics(run, "evaluate", "rows", 1000.0)
        page = story.end(run)
    told = section(page, "metrics")
    assert "accuracy0.950.9+0.05" in told.replace(" ", "")
    assert "rows1,0001,000±0" in told.replace(" ", "")
    assert "0.9 in run run-1" in page
    assert "1000.0 in run run-2" in page


def test_runs_with_another_profile_are_not_compared(story):
    for name, profile in (("run-1", None), ("run-2", "smoke"), ("run-3", None)):
        run = story.begin(name, profile=profile)
        story.step(run, "evaluate")
        page = story.end(run)
    assert "Compared with run run-1, which succeeded." in section(page, "changes")


def test_metrics_with_a_course_have_a_line_and_a_chart(story):
    run = story.begin()
    story.step(run, "train")
    story.metrics(run, "train", "loss", 3.0, 2.0, float("nan"), 1.0)
    page = story.end(run)
    assert "loss: 4 values from 3 to 1, between 1 and 3" in page
    assert 'class="plot"' in page
    assert 'id="vega">QUFB</script>' in page


def test_a_page_without_charts_does_not_carry_their_script(story):
    run = story.begin()
    story.step(run, "train")
    story.metrics(run, "train", "loss", 3.0)
    assert 'id="vega"' not in story.end(run)


def test_without_vl_convert_charts_are_tables_and_say_what_to_install(story, monkeypatch):
    run = story.begin()
    story.step(run, "evaluate")
    story.log(run, "evaluate", "confusion", Heatmap("Test", Axis("x"), Axis("y"), ["a"], ["b"], [[17]]))
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    page = story.end(run)
    assert "pip install &#39;mainspring[train]&#39;" in page
    assert "<td" in page.split('id="figures"')[1].split("<h2")[0]
    assert 'class="plot"' not in page


def test_figures_and_tables_stand_by_step_in_the_order_of_the_plan(story):
    run = story.begin()
    story.step(run, "first")
    story.step(run, "second")
    story.log(run, "second", "picture", Image("image/png", b"\x89PNG"))
    story.log(run, "first", "sample", table_from([{"a": n} for n in range(90)]), kind="table")
    story.log(run, "second", "confusion", Heatmap("Test images", Axis("x"), Axis("y"), ["a"], ["b"], [[17]]))
    page = story.end(run)
    told = section(page, "figures")
    assert told.index("first") < told.index("sample") < told.index("second") < told.index("confusion")
    assert "50 of 90 rows." in told
    assert "Test images" in told
    assert 'src="data:image/png;base64,iVBORw=="' in page


def test_a_table_that_half_a_page_cannot_hold_has_all_of_it(story):
    run = story.begin()
    story.step(run, "test")
    story.log(run, "test", "long", table_from([{"test": "x" * 30, "says": "y" * 300}]), kind="table")
    story.log(run, "test", "many", table_from([dict.fromkeys("abcdefgh", 0.25)]), kind="table")
    story.log(run, "test", "short", table_from([{"test": "x" * 20, "passed": True, "share": 0.25}]), kind="table")
    found = re.findall(r'<figure class="([^"]*)"><figcaption>([^<]*)', story.end(run))
    assert {name: kind for kind, name in found} == {"long": "logged broad", "many": "logged broad", "short": "logged"}


def test_of_what_is_logged_again_the_last_is_shown(story):
    run = story.begin()
    story.step(run, "train")
    for epoch in range(3):
        story.log(run, "train", "sample", table_from([{"epoch": epoch + 70}]), kind="table")
    told = section(story.end(run), "figures")
    assert "the last of 3" in told
    assert "72" in told
    assert "71" not in told


def test_what_cannot_be_shown_says_why_and_the_rest_is_shown(story):
    run = story.begin()
    story.step(run, "train")
    sample = save("sample", table_from([{"a": 1}]), story.blobs, pickle=False)
    story.log(run, "train", "gone", replace(sample, blob="0" * 64))
    story.log(run, "train", "large", replace(sample, size=1 << 30))
    story.log(run, "train", "odd", save("odd", 5, story.blobs, pickle=False))
    told = section(story.end(run), "figures")
    assert "It cannot be shown:" in told
    assert "It takes 1.0 GiB, too much for a page." in told
    assert "is no figure or table." in told


def test_what_changed_is_told_by_topic(story):
    first = story.begin("run-1", git={"commit": "a" * 40})
    story.step(first, "train", 1, params=_params(0.1, "a" * 64))
    story.step(first, "gone", 1)
    story.step(first, "same", 5)
    story.end(first)
    environment = {**ENVIRONMENT, "distributions": {"numpy": {"version": "2.5.0"}, "pandas": {"version": "3.1"}}}
    config = {"values": {"learning_rate": 0.2, "labels": [0, 1]}, "origins": {"learning_rate": "--set"}}
    second = story.begin("run-2", environment, config=config, git={"commit": "b" * 40})
    story.step(second, "train", 2, params=_params(0.2, "b" * 64, depth=4))
    story.step(second, "new", 1)
    story.step(second, "same", 5)
    told = section(story.end(second), "changes")
    for said in (
        "Compared with run run-1, which succeeded.",
        "learning_rate: 0.1 → 0.2 --set",
        "train, depth: 3 → 4",
        "data.csv changed: aaaaaaaaaaaa → bbbbbbbbbbbb",
        "numpy: 2.4.6 → 2.5.0",
        "pandas: not installed → 3.1",
        "commit: aaaaaaaaaaaa → bbbbbbbbbbbb",
        "new is new",
        "gone is gone",
        "Different: train",
        "The same in spite of changes: same",
    ):
        assert said in told
    assert "train, learning_rate" not in told


def _params(rate, digest, depth=3):
    return {
        "learning_rate": {"kind": "value", "digest": str(rate), "show": str(rate)},
        "depth": {"kind": "value", "digest": str(depth), "show": str(depth)},
        "table": {"kind": "file", "digest": digest, "show": "data.csv"},
    }


def test_changed_code_is_told_by_symbol_with_its_lines(story):
    for name, digest in (("run-1", "old"), ("run-2", "new")):
        symbol = {"name": "features.py::scale", "digest": digest, "path": "features.py", "first": 3, "last": 4}
        code = {"format": 1, "digest": digest, "symbols": [symbol], "modules": [], "imports": [], "remarks": []}
        sources = {
            "format": 1,
            "sources": {"features.py": f"def scale():\n    return '{digest}'\n"},
            "codes": {"train": code},
        }
        kept = save("sources", json.dumps(sources), story.blobs, pickle=False)
        run = story.begin(name)
        story.step(run, "train", digest, code=digest)
        story.facts.runs.annotate(run, story.facts.runs.get(run).record, [kept])
        page = story.end(run)
    told = section(page, "changes")
    assert "scale changed features.py:3-4, in train" in told
    assert "- return 'old'" in told
    assert "+ return 'new'" in told


def test_nothing_changed_is_said(story):
    for name in ("run-1", "run-2"):
        run = story.begin(name)
        story.step(run, "train", status="hit" if name == "run-2" else "ran", key="same")
        page = story.end(run)
    assert "Nothing: the same configuration, code, inputs and environment. Compared with run run-1" in section(
        page, "changes"
    )


def test_configuration_inputs_outputs_environment_and_record_are_told(story):
    run = story.begin()
    story.step(run, "fetch", "a value", params=_params(0.1, "f" * 64))
    kept = Artifact("input data.csv", "f" * 64, "f" * 64, "file/1", 2048, "data.csv")
    story.facts.runs.annotate(run, story.facts.runs.get(run).record, [kept])
    page = story.end(run)
    assert "learning_rate0.1config.toml:2" in section(page, "configuration").replace(" ", "")
    flow = section(page, "flow")
    assert "data.csv" in flow
    assert "f" * 64 in flow
    assert "2.0 KiB" in flow
    environment = section(page, "environment")
    for said in (
        "3.11.7",
        "Linux 6.1 x86_64 · glibc 2.36",
        "A processor · 4 CPUs",
        "OMP_NUM_THREADS=1",
        "numpy",
        "2.4.6",
    ):
        assert said in environment
    assert '"format": 1' in section(page, "record")


def test_empty_states_are_written(story):
    page = story.end(story.begin(config=None))
    assert "This run has no steps." in section(page, "steps")
    assert 'No metrics: no step called log("accuracy", 0.93).' in section(page, "metrics")
    assert "Nothing to compare with: this is the first run of 'digits' here." in section(page, "changes")
    assert "This pipeline takes no configuration." in section(page, "configuration")
    assert "No step took a File or a Folder" in section(page, "flow")
    assert "No step returned anything." in section(page, "flow")
    assert 'id="figures"' not in page


def test_long_values_are_cut_and_whole_in_their_title(story):
    value = "x" * 1000
    page = story.end(story.begin(config={"values": {"note": value}, "origins": {}}))
    assert f'title="{value}"' in page
    assert value not in Reader(page.split('id="configuration"')[1].split("<h2")[0]).text
