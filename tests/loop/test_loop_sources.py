"""Where the loop sees that something has changed: files and partitions of a project, alerts of a home."""

import os
import threading
from types import SimpleNamespace

import msgspec
import pytest
from shop_project import HOUR, START, serve
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.cli.watch_port import Board
from mainspring.config.monitor import Monitor
from mainspring.config.triggers import Triggers
from mainspring.errors import MonitoringError
from mainspring.loop import Ticked
from mainspring.monitoring import WINDOWS, Quality, Shelf, Window
from mainspring.tracking import Origin, Raised, open_facts
from mainspring.tracking.loops import LoopEvent
from mainspring.workspace import watching
from mainspring.workspace.loop_sources import HomeSources
from mainspring.workspace.watching import Watcher


@pytest.fixture
def project(tmp_path):
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "sales").mkdir()
    with open_facts(tmp_path / ".mainspring") as facts:
        yield HomeSources(tmp_path / ".mainspring", tmp_path / "config.toml", facts, ["shop"]), tmp_path, facts


def test_files_are_new_when_their_content_is(project):
    sources, folder, _ = project
    policy = Triggers(data="sales/*.csv", rows=1)
    (folder / "sales/1.csv").write_text("day,units\n1,2\n2,3\n")
    first = sources.data(policy, None)
    assert (first.new.files, first.new.rows) == ((), 2)
    os.utime(folder / "sales/1.csv", (1, 1))
    assert sources.data(policy, first.known).new == first.new.__class__(first.new.state, (), 0)
    (folder / "sales/1.csv").write_text("day,units\n1,2\n2,3\n3,4\n")
    (folder / "sales/2.csv").write_text("day,units\n1,2\n")
    second = sources.data(policy, first.known)
    assert (second.new.files, second.new.rows) == (("sales/1.csv", "sales/2.csv"), 2)
    assert second.new.state != first.new.state
    (folder / "sales/2.csv").unlink()
    third = sources.data(policy, second.known)
    assert (third.new.files, third.new.state != second.new.state) == ((), True)


def test_a_folder_is_a_partition_that_counts_as_one(project):
    sources, folder, _ = project
    policy = Triggers(data="sales/day=*", rows=1)
    for day in ("day=1", "day=2"):
        (folder / "sales" / day).mkdir()
        (folder / "sales" / day / "a.jsonl").write_text("{}\n{}\n")
    first = sources.data(policy, None)
    (folder / "sales/day=2/b.jsonl").write_text("{}\n")
    second = sources.data(policy, first.known)
    assert (second.new.files, second.new.rows) == (("sales/day=2",), 1)


def test_what_the_loop_tells_of_is_one_alert_until_a_later_round_goes_well(project):
    sources, _, facts = project
    for now in (5.0, 9.0):
        sources.tell(LoopEvent(now, "refused", "shop", "version 2 did not pass", '{"version":2}'), "1/promote")
    sources.tell(LoopEvent(9.0, "run failed", "shop", "it broke"), "2/run")
    assert sorted(one.check for one in facts.alerts.open("shop")) == ["refused", "run failed"]
    [refused] = [one for one in facts.alerts.open("shop") if one.check == "refused"]
    assert [one.kind for one in facts.alerts.changes(refused.id)] == ["firing"]
    sources.settle("shop", 15.0, "2/run")
    assert [one.check for one in facts.alerts.open("shop")] == ["refused"]
    sources.settle("shop", 20.0)
    assert facts.alerts.open("shop") == []


def test_skew_and_a_broken_contract_stop_triggers_and_drift_of_the_champion_shows(project, monkeypatch):
    sources, _, facts = project
    facts.alerts.observe("shop", "d" * 64, 3600, [Raised("drift", ("price",), says="it moved")], now=7200.0)
    facts.alerts.observe("shop", "e" * 64, 3600, [Raised("drift", ("stock",), says="it moved")], now=7200.0)
    facts.alerts.observe(
        "shop",
        "d" * 64,
        7200,
        [Raised("drift", ("price",), says="it moved"), Raised("skew", ("day",), says="3 rows")],
        now=9e3,
    )
    monkeypatch.setattr(sources, "_package", lambda _: "d" * 64)
    looked = sources.look("shop", Triggers(), 0.0, 10_000.0)
    assert [(one.check, one.columns, one.until, one.windows) for one in looked.shown] == [
        ("drift", ("price",), 10_800.0, (3600, 7200))
    ]
    [stopped] = looked.stopped
    assert stopped.startswith("skew: 3 rows (alert ")
    assert sorted(one.says for one in looked.events.values()) == ["drift firing: it moved"] * 2 + [
        "skew firing: 3 rows"
    ]
    assert sources.look("shop", Triggers(), 0.0, 10_000.0).events == {}
    assert sources.see("shop", Triggers(), 0.0, 10_000.0) == msgspec.structs.replace(looked, events={})
    # Somebody else has it resolved: the watch tells that too.
    facts.alerts.observe("shop", "e" * 64, 90_000, [], now=9e4, source=Origin("windows", 1))
    assert "drift resolved: it moved" in [
        one.says for one in sources.look("shop", Triggers(), 0.0, 10_000.0).events.values()
    ]


def test_what_triggers_say_is_read_and_nothing_is_kept(shop):
    (shop / "config.toml").write_text('[monitor]\nreference_days = 5\nfreshness = 60\n[triggers]\ndata = "sales.txt"\n')
    serve(shop / ".mainspring", START, 1, labels=False)
    with Watcher(["shop"]) as watcher, open_facts(shop / ".mainspring") as facts:
        watcher.sources.close(START + HOUR)
        assert [one.answer for one in watcher.states("shop", START + 2 * HOUR)] == ["quiet"]
        assert facts.database.read("SELECT * FROM alert_windows") == []
        assert facts.database.read("SELECT * FROM loop_marks") == []
        (shop / "sales.txt").write_text("3.0\n")
        assert watcher.tick(START + 2 * HOUR).problems == {}
        assert [one.check for one in facts.alerts.open("shop")] == ["freshness"]


def test_rows_of_the_window_that_is_open_are_fresh(shop):
    """Two answers an hour, at :00 and :20, where 45 minutes are allowed: the window that is closed is older."""
    (shop / "config.toml").write_text("[monitor]\nwindow = 3600\nreference_days = 5\nfreshness = 2700\n")
    home = shop / ".mainspring"
    serve(home, START, 1, labels=False)
    with open_facts(home) as facts:
        sources = HomeSources(home.absolute(), shop / "config.toml", facts, ["shop"])

        def stale(at: float) -> list[str]:
            sources.close(at)
            sources.look("shop", Triggers(), 0.0, at)
            return [one.check for one in facts.alerts.open("shop")]

        assert stale(START + HOUR + 60) == []
        serve(home, START + HOUR, 1, labels=False)
        assert [stale(START + HOUR + 60 * minute) for minute in (10, 40, 59)] == [[], [], []]
        assert stale(START + 2 * HOUR + 60 * 6) == ["freshness"]


def test_what_is_wrong_with_one_model_keeps_no_other_from_being_closed(shop):
    (shop / "config.toml").write_text("[monitor]\nreference_days = 5\n[monitor.broken]\nwindow = 1800\n")
    home = shop / ".mainspring"
    serve(home, START, 1, labels=False)
    (home / WINDOWS).mkdir()
    (home / WINDOWS / "catalogue-1800.msgpack").write_bytes(b"half of a")
    with open_facts(home) as facts:
        sources = HomeSources(home.absolute(), shop / "config.toml", facts, ["broken", "shop"])
        with pytest.raises(MonitoringError, match="The catalogue of the prediction log cannot be read"):
            sources.close(START + HOUR)
    assert [one.model for one in Shelf(home / WINDOWS).versions(HOUR)] == ["shop"]


def test_what_metrics_cannot_say_is_a_problem(shop):
    serve(shop / ".mainspring", START, 1, labels=False)
    board = Board(30.0)
    with Watcher(["shop"]) as watcher:
        watcher.sources.close(START + HOUR)
        (shop / "config.toml").write_text("[monitor]\nwindow = -1\n")
        board.ticked(watcher, Ticked(False), START)
    assert board.health()[1]["problems"]["metrics"].startswith("1 problem in the table [monitor]")


def test_labels_that_come_late_alert_though_their_window_was_looked_at(project):
    sources, _, facts = project
    windows = [Quality(Window(5 * HOUR, HOUR, "shop", "d" * 64), 80, 80, 4.0, 1.0)]

    def followed(up: float) -> list[str]:
        errors = SimpleNamespace(up=[up], down=[0.0], limit=1.0, since=0)
        rated = SimpleNamespace(model="shop", version="d" * 64, followed=windows, errors=errors)
        sources._errors(rated, Monitor(), 9e4)
        return [one.check for one in facts.alerts.open("shop")]

    assert [followed(0.0), followed(2.0), followed(2.0)] == [[], ["errors"], ["errors"]]
    [alert] = facts.alerts.open("shop")
    assert (len(facts.alerts.changes(alert.id)), alert.windows) == (1, (5 * HOUR + 1,))


def test_names_that_are_no_columns_of_the_log_are_problems_and_all_else_goes_on(shop):
    serve(shop / ".mainspring", START, 2, labels=False)
    wrong = '[monitor]\nloss = "error"\nreference_days = 5\nsegments = ["shpo"]\n[triggers]\ndrift = ["prise", "*"]\n'
    (shop / "config.toml").write_text(wrong + 'probation_series = "customer"\n')
    with Watcher(["shop"]) as watcher:
        said = watcher.tick(START + 2 * HOUR).problems[""]
        for one in (
            "segments names 'shpo'",
            "is it 'shop'",
            "drift names 'prise'",
            "probation_series names 'customer'",
            "loss is 'error'",
        ):
            assert one in said
        right = wrong.replace("error", "wrong").replace("shpo", "shop").replace("prise", "price")
        (shop / "config.toml").write_text(right + 'probation_series = "weekday"\n')
        assert watcher.tick(START + 2 * HOUR + 60).problems == {}


def test_a_heartbeat_outlives_an_error_of_the_database(shop, monkeypatch):
    monkeypatch.setattr(watching, "_BEAT", 0.01)
    beats, twice = [], threading.Event()
    with Watcher(["shop"]) as watcher:

        def beat(*_: object) -> bool:
            if threading.current_thread() is threading.main_thread():
                return True
            beats.append(1)
            if len(beats) == 1:
                raise OSError("the disk is away")
            twice.set()
            return True

        monkeypatch.setattr(watcher._watches, "beat", beat)
        watcher.tick(START)
        assert twice.wait(10)


def test_alerts_of_a_model_that_is_not_there_are_none_of_the_good_news(shop):
    done = [CliRunner().invoke(app, ["alerts", "list", name]) for name in ("shop", "shopp")]
    assert [one.exit_code for one in done] == [0, 2]
    assert "Did you mean 'shop'" in done[1].output
