"""Figures that the watch follows: what jumps or leaks is an alert until it is over; what is not new is not read."""

import json
import re
import shutil

import pytest
from shop_log import DAY, HOUR, MODEL, START
from shop_service import serve_hours
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.config.monitor import Monitor
from mainspring.config.triggers import Triggers
from mainspring.monitoring import alert_charts
from mainspring.tracking import Origin, RunRow, StepRow, open_facts, this_process
from mainspring.tracking.models import Models, VersionRow
from mainspring.workspace import loop_figures
from mainspring.workspace.loop_figures import FollowedFigures
from mainspring.workspace.loop_sources import HomeSources

REFERENCE = 5 * 24
MONITOR = Monitor(reference_days=5, of=2, least=1)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """Five days and a quarter in which nothing changes."""
    home = tmp_path_factory.mktemp("usual") / ".mainspring"
    serve_hours(home, range(REFERENCE + 6))
    return home


@pytest.fixture
def kept(usual, tmp_path):
    home = shutil.copytree(usual, tmp_path / ".mainspring")
    with open_facts(home) as facts:
        yield home, facts, FollowedFigures(home, facts)


def look(kept, hours, **served):
    """Serve some hours more, and look."""
    home, _, figures = kept
    serve_hours(home, hours, **served)
    found = figures.look("shop", MONITOR, START + hours.stop * HOUR, made=True)
    return [(one.kind, json.loads(one.body)["alert"]["columns"]) for one in found]


def test_a_jump_of_latency_alerts_until_it_is_over_and_then_a_slow_leak_of_memory_does(kept):
    home, facts, _ = kept
    begun = REFERENCE + 6
    assert look(kept, range(begun, begun)) == []
    latencies = ["latency p50", "latency p95", "latency p99"]
    assert look(kept, range(begun, begun + 3), slower=1.6) == [("firing", latencies)]
    [alert] = facts.alerts.open("shop")
    assert (alert.check, alert.source, alert.version) == ("service", "service", MODEL.package)
    assert "'latency p50' is 1.7" in alert.says
    assert "ms where 1.1 ms is usual" in alert.says
    assert look(kept, range(begun + 3, begun + 4)) == []
    assert look(kept, range(begun + 4, begun + 5)) == [("resolved", latencies)]
    leaking = range(begun + 5, begun + 5 + 12 * 24)
    assert look(kept, leaking, leak=1.65, leaks=leaking.start) == [("firing", ["memory"])]
    [alert] = facts.alerts.open("shop")
    assert re.fullmatch(r"'memory' rises by 1\.[67]\d MiB a day", alert.says)
    [series] = json.loads(alert.record)["chart"]["series"]
    assert (series["name"], series["unit"]) == ("memory", "MiB")
    assert series["values"][-1] - series["values"][0] == pytest.approx(1.65 * 12, abs=3)
    shown = CliRunner().invoke(app, ["alerts", "show", alert.id, "--home", str(home)])
    assert "memory; ┃ usual up to" in shown.stdout
    [chart] = alert_charts(alert)
    assert (chart.title, chart.y.label) == ("memory", "MiB")


def test_nothing_is_told_while_too_little_is_known(tmp_path):
    home = tmp_path / ".mainspring"
    with open_facts(home) as facts:
        figures = FollowedFigures(home, facts)
        assert figures.look("shop", MONITOR, START, made=True) == []
        assert look((home, facts, figures), range(3), slower=9.0) == []
        assert facts.alerts.observed("shop", MODEL.package, Origin("service")) is None


def test_nothing_is_worked_out_when_nothing_is_new_or_it_was_before(kept, monkeypatch):
    home, facts, figures = kept
    now = START + (REFERENCE + 6) * HOUR
    assert figures.look("shop", MONITOR, now, made=True) == []
    monkeypatch.setattr(loop_figures, "service_figures", None)
    assert FollowedFigures(home, facts).look("shop", MONITOR, now + 30, made=True) == []
    monkeypatch.setattr(loop_figures, "latest", None)
    monkeypatch.setattr(loop_figures, "open_registry", None)
    assert figures.look("shop", MONITOR, now + 60, made=False) == []


def test_the_watch_follows_figures_that_no_trigger_looks_at(kept, tmp_path):
    home, facts, _ = kept
    (tmp_path / "config.toml").write_text("[monitor]\nreference_days = 5\n")
    serve_hours(home, range(REFERENCE + 6, REFERENCE + 9), slower=1.6)
    sources = HomeSources(home, tmp_path / "config.toml", facts, ["shop"])
    now = START + (REFERENCE + 9) * HOUR
    sources.close(now)
    assert [one.check for one in facts.alerts.open("shop")] == ["service"]
    looked = sources.look("shop", Triggers(drift=("*",)), 0.0, now)
    assert (looked.shown, looked.stopped) == ((), ())
    assert "service" in {one.says.partition(" ")[0] for one in looked.events.values()}


def trained(facts, number, seconds, *, status="succeeded", step="train"):
    """Have a run on record, a day after the one before."""
    name, at = f"run-{number:02}", START + number * DAY
    facts.runs.start(RunRow(name, "retail", "running", at, None, at, this_process()))
    spent = {"seconds": seconds, "cpu_seconds": seconds, "peak_rss": 300 << 20, "attempts": 1, "started": at}
    facts.steps.record([StepRow(name, step, 0, "ran", "first run", f"key of {name}", **spent)])
    if status != "running":
        facts.runs.finish(name, status)
    sql = "UPDATE runs SET started = :at, ended = :ended WHERE id = :id"
    ended = None if status == "running" else at + seconds
    facts.database.write(sql, [{"at": at, "ended": ended, "id": name}])
    return at + seconds


def test_a_run_that_takes_longer_alerts_until_one_takes_as_long_as_usual(kept, monkeypatch):
    _, facts, figures = kept
    Models(facts.database).add(VersionRow("shop", 0, "d" * 64, "run-00", 0.0, "", ""), None)
    for number in range(7):
        now = trained(facts, number, 80.0 + number % 3)
        assert figures.look("shop", MONITOR, now, made=False) == []
    now = trained(facts, 7, 190.0, status="running")
    assert figures.look("shop", MONITOR, now, made=False) == []
    facts.runs.finish("run-07", "succeeded")
    facts.database.write("UPDATE runs SET ended = :ended WHERE id = 'run-07'", [{"ended": now}])
    [change] = figures.look("shop", MONITOR, now, made=False)
    [alert] = facts.alerts.open("shop")
    assert (change.kind, alert.check, alert.columns, alert.version) == ("firing", "training", ("time", "cpu"), "")
    assert "'time' is 190 s where 80.9 s is usual" in alert.says
    assert json.loads(alert.record)["chart"]["each"] == "run"
    trained(facts, 8, 500.0, status="failed")
    assert figures.look("shop", MONITOR, now + DAY, made=False) == []
    monkeypatch.setattr(loop_figures, "training_figures", None)
    assert figures.look("shop", MONITOR, now + DAY, made=False) == []
    monkeypatch.undo()
    trained(facts, 9, 82.0)
    [change] = figures.look("shop", MONITOR, now + 3 * DAY, made=False)
    assert (change.kind, facts.alerts.open("shop")) == ("resolved", [])
