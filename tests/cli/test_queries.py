"""Commands about what was run: runs, artifacts, lineage, gc, doctor."""

import json

import pytest


def runs(say) -> list[dict]:
    return json.loads(say("runs", "list", "--json").output)["runs"]


def test_runs_list(say, snapshot, plain):
    assert plain(say("runs", "list").output) == snapshot
    listed = runs(say)
    assert [run["status"] for run in listed] == ["succeeded", "succeeded"]
    assert [run["steps"] for run in listed] == [{"hit": 3, "ran": 3}, {"ran": 6}]
    assert listed[0]["started"] > listed[1]["started"]
    assert listed[0]["started"].endswith("Z")


def test_runs_list_in_pages_and_by_pipeline(say):
    newest, oldest = (run["id"] for run in runs(say))
    assert oldest not in say("runs", "list", "-n", "1").output
    assert newest not in say("runs", "list", "--before", newest).output
    assert json.loads(say("runs", "list", "--pipeline", "other", "--json").output) == {"runs": []}


def test_runs_show(say, snapshot, plain):
    assert plain(say("runs", "show").output) == snapshot
    shown = json.loads(say("runs", "show", "--json").output)
    assert shown["record"]["config"]["values"] == {"sales": "sales.txt", "factor": 3, "label": "shop"}
    assert [metric["value"] for metric in shown["metrics"]] == [156.0]
    assert [logged["kind"] for logged in shown["logged"]] == ["table"]
    total = next(step for step in shown["steps"] if step["name"] == "total")
    assert total["artifacts"][0]["summary"] == "{'shop': 156}"
    assert total["made_by"] == {"run": shown["id"], "step": "total"}


def test_a_run_is_found_by_the_beginning_of_its_id(say):
    newest, oldest = (run["id"] for run in runs(say))
    assert json.loads(say("runs", "show", oldest, "--json").output)["id"] == oldest
    assert json.loads(say("runs", "show", newest[:-2], "--json").output)["id"] == newest


def test_runs_compare(say, snapshot, plain):
    assert plain(say("runs", "compare").output) == snapshot
    compared = json.loads(say("runs", "compare", "--json").output)
    assert compared["config"] == {"factor": [2, 3]}
    assert compared["origins"] == {"factor": ["config.toml:2", "config.toml:2"]}
    assert compared["code"] == []
    assert compared["environment"] == {}
    [data] = compared["data"]
    assert (data["name"], data["same"]) == ("sales.txt", True)
    steps = {step["name"]: step for step in compared["steps"]}
    assert steps["read"]["same"] is True
    assert steps["read"]["changes"] == []
    assert steps["scale{0}"]["changes"] == ["factor: 2 → 3"]
    assert steps["total"]["same"] is False
    [artifact] = steps["total"]["artifacts"]
    assert artifact["before"] != artifact["after"]
    [metric] = compared["metrics"]
    assert (metric["before"], metric["after"], metric["difference"]) == (104.0, 156.0, 52.0)


def test_runs_compare_with_the_one_before_or_with_any(say):
    newest, oldest = [run["id"] for run in runs(say)]

    def compared(*names):
        found = json.loads(say("runs", "compare", *names, "--json").output)
        return found["before"], found["after"]

    assert compared() == compared("latest") == compared(newest[:-1]) == (oldest, newest)
    assert compared(oldest, newest) == (oldest, newest)
    assert compared(newest, oldest) == (newest, oldest)
    said = say("runs", "compare", oldest, expect=2)
    assert f"Run {oldest} is the first of pipeline" in said.output
    assert "fix:   Run it once more, or name two runs." in said.output


def test_runs_compare_code_and_data(shop, say):
    shop.write("def rounded(price):\n    return round(price, 1) + 1\n", "prices.py")
    shop.write("5\n12\n41\n", "sales.txt")
    shop.run()
    said = say("runs", "compare").output
    assert "-    return round(price)" in said
    assert "+    return round(price, 1) + 1" in said
    compared = json.loads(say("runs", "compare", "--json").output)
    [code] = compared["code"]
    assert (code["symbol"], code["kind"], code["steps"]) == ("prices.py::rounded", "changed", ["scale"])
    assert code["where"] == "prices.py:1-2"
    [data] = compared["data"]
    assert (data["name"], data["same"]) == ("sales.txt", False)
    assert [metric["difference"] for metric in compared["metrics"]] == [5.0]


def test_pins(say):
    oldest = runs(say)[1]["id"]
    assert say("runs", "pin", oldest[:-1]).output == f"run {oldest} is pinned\n"
    assert [run["pinned"] for run in runs(say)] == [False, True]
    assert "pinned" in say("runs", "list").output
    assert say("runs", "unpin", oldest).output == f"run {oldest} is no longer pinned\n"
    assert [run["pinned"] for run in runs(say)] == [False, False]


def test_artifacts_show_all_of_the_newest_run(say, snapshot, plain):
    assert plain(say("artifacts", "show").output) == snapshot
    names = {(one["of"], one["output"]) for one in json.loads(say("artifacts", "show", "--json").output)["artifacts"]}
    assert {("split", "high"), ("scale{1}", "result"), ("total", "result")} <= names


@pytest.mark.parametrize("name", ["total", "split.high", "scale", "scale{1}", "latest/read"])
def test_artifacts_show_one(say, name, snapshot, plain):
    assert plain(say("artifacts", "show", name).output) == snapshot


def test_an_artifact_is_found_by_the_beginning_of_its_digest(say):
    [one] = json.loads(say("artifacts", "show", "split.high", "--json").output)["artifacts"]
    [other] = json.loads(say("artifacts", "show", one["digest"][:10], "--json").output)["artifacts"]
    assert other == one


def test_artifacts_export(say, shop):
    assert say("artifacts", "export", "total", "total.json").output == "wrote total.json\n"
    assert json.loads((shop.folder / "total.json").read_text()) == {"shop": 156}
    say("artifacts", "export", "scale", "out/scaled.json")
    assert json.loads((shop.folder / "out/scaled.json").read_text()) == [36, 120]


def test_lineage(say, snapshot, plain):
    assert plain(say("lineage", "total").output) == snapshot
    assert plain(say("lineage", "split.high").output) == snapshot


def test_lineage_goes_up_to_files_and_code_and_down_to_what_was_made(say):
    above = json.loads(say("lineage", "total", "--json").output)["made_by"]
    assert [maker["step"] for maker in above] == ["total", "scale{0}", "scale:items", "split", "read", "scale{1}"]
    read = next(maker for maker in above if maker["step"] == "read")
    assert [name.rpartition("/")[2] for name in read["files"]] == ["sales.txt"]
    scale = next(maker for maker in above if maker["step"] == "scale{0}")
    assert {symbol["name"] for symbol in scale["code"]} >= {"pipeline.py::scale", "prices.py::rounded"}
    assert scale["parameters"]["factor"] == "3"
    below = json.loads(say("lineage", "read", "--json").output)["read_by"]
    assert [(one["level"], one["step"]) for one in below][:2] == [(0, "split"), (1, "scale:items")]
    assert sorted(one["step"] for one in below if one["step"] == "total") == ["total", "total"], "with either factor"


def test_gc_says_what_it_would_do_then_does_it(say, snapshot, plain):
    would = json.loads(say("gc", "--older-than", "0s", "--keep", "1", "--dry-run", "--json").output)
    assert would["dry_run"] is True
    assert len(runs(say)) == 2
    did = json.loads(say("gc", "--older-than", "0s", "--keep", "1", "--json").output)
    assert {**did, "dry_run": True} == would
    assert did["runs"] == would["runs"]
    assert did["bytes"] > 0
    assert len(runs(say)) == 1
    assert plain(say("gc", "--older-than", "0s", "--keep", "1").output) == snapshot


def test_gc_spares_what_is_young(say):
    assert "removed 0 runs, 0 results, 0 blobs, 0 files" in say("gc").output
    assert "removed 0 runs" in say("gc", "--older-than", "1h", "--keep", "0").output


def test_after_gc_what_is_kept_is_still_a_hit(say, shop):
    say("gc", "--older-than", "0s", "--keep", "1")
    assert set(shop.run()["by_step"].values()) == {"hit"}


def test_doctor(say, shop):
    checks = {one["name"]: one for one in json.loads(say("doctor", "--json").output)["checks"]}
    assert [one["name"] for one in checks.values() if one["status"] == "fail"] == []
    assert list(checks)[:4] == ["Python", "Platform", "Mainspring", "Home"]
    assert checks["Home"]["found"] == str(shop.home)
    assert "2 runs" in checks["Database"]["found"]
    assert checks["vl-convert"]["status"] == "ok"
    assert "pandas" in checks
    text = say("doctor").output
    assert "✓ ok   Python" in text


def test_doctor_fails_with_advice(say, shop):
    for path in shop.home.glob("mainspring.db*"):
        path.unlink()
    (shop.home / "mainspring.db").write_text("no database, whatever its name says" * 200)
    text = say("doctor", expect=1).output
    assert "✗ fail Database" in text
    assert "Move it away, or choose another home." in text


def test_doctor_before_the_first_run(say, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "made by the first run" in say("doctor").output
    assert not (tmp_path / ".mainspring").exists()
