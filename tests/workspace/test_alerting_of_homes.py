"""Alerts of a home: from its windows, with rows of its log, to the receiver that `[monitor]` names."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from mainspring import clock
from mainspring.charts.vl_convert import bundle_file
from mainspring.cli.app import app
from mainspring.config.monitor import read_monitor
from mainspring.monitoring import Quality
from mainspring.serving.predlog import ColumnRow, ModelRow, PredictionLog
from mainspring.serving.predlog.writer import Entry
from mainspring.testing.alerts import moved
from mainspring.tracking import open_facts
from mainspring.workspace.alerting import gauges_of, observe_checked, tell, windows_of
from mainspring.workspace.monitors import rules_of
from mainspring.workspace.windows import Part, check_home

HOUR = 3600
START = 1_760_000_400 // 86_400 * 86_400
NOW = START + 4 * 24 * HOUR
TABLE = '[monitor]\nwindow = 7200\nreference_days = 3\nsegments = ["store"]\nwebhook = "env:ALERTS_TO"\nrepeat = "1h"\n'
COLUMNS = (ColumnRow("price", "float64"), ColumnRow("store", "string"))
MODEL = ModelRow(0, "d" * 64, "shop", "1", "champion", None, COLUMNS, (ColumnRow("sales", "float64"),), ())


def say(*args: str, expect: int = 0) -> str:
    done = CliRunner().invoke(app, list(args), prog_name="mainspring")
    assert done.exit_code == expect, done.output
    return done.output


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A project whose prices have moved since noon of the fourth day, and what its windows show."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "config.toml").write_text(TABLE)
    home = folder / ".mainspring"
    rng = np.random.default_rng(0)
    log = PredictionLog(home / "predictions", 1)
    for hour in range(4 * 24):
        price = rng.normal(2 if hour >= 3 * 24 + 12 else 0, 1, 60)
        head = f"{(START + HOUR * hour) * 1000:012x}"
        name = f"{head[:8]}-{head[8:]}-7{hour:03x}-8001-{hour:012x}"
        given = {"price": price, "store": rng.choice(["a", "b"], 60).astype(object)}
        log.add(Entry(name, MODEL, 60, 90, given, {"sales": price * 2 + rng.normal(size=60)}))
    log.close()
    (home / "cache").mkdir()
    bundle_file(home / "cache").write_text("QUFB")
    say("monitor", "backfill", "--home", str(home))
    monitor = read_monitor(folder / "config.toml", "shop")
    assert "store=a" in {path.name.replace("_", "=")[:7] for path in (home / "windows" / "shop").glob("*/*")}
    return (
        folder,
        monitor,
        check_home(home=home, rules=rules_of(monitor), part=Part(monitor.window, monitor.reference_days)),
    )


@pytest.fixture
def alerts(shop, monkeypatch):
    """The alerts of that project, with none yet."""
    folder, _, _ = shop
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")
    drive = folder / "clock"
    clock.drive(drive, NOW + 60)
    monkeypatch.setenv(clock.CLOCK, str(drive))
    with open_facts(folder / ".mainspring") as facts:
        for table in ("alerts", "alert_changes", "alert_windows"):
            facts.database.write(f"DELETE FROM {table}", [{}])
        yield facts.alerts


def test_what_windows_show_becomes_alerts_with_rows_and_is_observed_once(shop, alerts):
    folder, monitor, checked = shop
    home = folder / ".mainspring"
    early = replace(checked, checks=checked.checks[:9])
    changes = observe_checked(alerts, early, now=NOW, monitor=monitor, home=home)
    drift = next(one for one in alerts.open("shop") if one.check == "drift")
    assert {"price", "output.sales"} <= set(drift.columns)
    assert drift.windows[0] == START + (3 * 24 + 12) * HOUR
    assert drift.began == NOW
    record = json.loads(drift.record)
    rows = [one for one in record["examples"] if one["column"] == "price"]
    assert len(rows) == 5
    assert max(abs(one["values"]["input.price"]) for one in rows) > 3
    assert len(record["chart"]["starts"]) <= 48
    assert "examples" not in json.loads(changes[0].body)["alert"]
    assert observe_checked(alerts, early, now=NOW, monitor=monitor, home=home) == []
    more = observe_checked(alerts, checked, now=NOW + 60, monitor=monitor, home=home)
    assert not [one for one in more if one.kind == "firing" and one.alert == drift.id]
    assert alerts.get(drift.id).windows[-1] == checked.checks[-1].window.start
    assert json.loads(alerts.get(drift.id).record)["examples"][0] in record["examples"]
    assert alerts.observed("shop", "d" * 64, windows_of(monitor, "store=a")) is None


def test_gauges_have_the_latest_window_of_the_model(shop, alerts):
    folder, _, checked = shop
    last = checked.checks[-1]
    quality = Quality(last.window, 120, 30, 2.5, 0.1)
    lines = gauges_of(alerts, folder / ".mainspring", folder / "config.toml", NOW, [quality]).decode().splitlines()
    found = {line.partition("{")[0]: float(line.split()[-1]) for line in lines if not line.startswith("#")}
    assert found["mainspring_window_start_seconds"] == last.window.start
    assert found["mainspring_window_rows"] == last.rows
    assert found["mainspring_label_coverage"] == 0.25
    assert "mainspring_alert" not in found


def test_changes_are_told_to_the_receiver_that_is_configured(shop, alerts, monkeypatch, receiver):
    config = shop[0] / "config.toml"
    alerts.observe("shop", "v", 1, [moved("price")], now=NOW)
    monkeypatch.delenv("ALERTS_TO", raising=False)
    [untold] = tell(alerts, config, NOW)
    assert (untold.sent, untold.waiting, untold.next) == (0, 1, NOW + 15)
    assert "no variable 'ALERTS_TO'" in untold.error
    said = say("alerts", "list")
    assert "1 change waits for a receiver since" in said
    assert "tried 1 time: The environment has no variable 'ALERTS_TO'" in said
    monkeypatch.setenv("ALERTS_TO", receiver.url)
    assert [one.sent for one in tell(alerts, config, NOW + 15)] == [1]
    assert [one.sent for one in tell(alerts, config, NOW + 16)] == [0]
    assert [one.sent for one in tell(alerts, config, NOW + HOUR)] == [1]
    assert [body["kind"] for body in receiver.bodies()] == ["firing", "again"]
    config.write_text(TABLE.replace('webhook = "env:ALERTS_TO"\n', ""))
    alerts.observe("shop", "v", 2, [moved("price", "stock")], now=NOW + HOUR)
    assert tell(alerts, config, NOW + 2 * HOUR) == []
    assert (alerts.undelivered(), len(receiver.posts)) == ([], 2)
    config.write_text(TABLE)


def test_alerts_are_listed_shown_and_acknowledged(shop, alerts, tmp_path):
    folder, monitor, checked = shop
    assert say("alerts", "list") == "✓ no alerts that are open\n"
    observe_checked(alerts, checked, now=NOW, monitor=monitor, home=folder / ".mainspring")
    listed = json.loads(say("alerts", "list", "--json"))
    drift = next(one for one in listed["alerts"] if one["check"] == "drift")
    assert (drift["state"], drift["began"], drift["model"]) == ("firing", "2025-10-13T00:00:00.000Z", "shop")
    assert len(listed["undelivered"]) >= len(listed["alerts"])
    assert "drift" in say("alerts", "list", "shop")
    assert "There is no model 'shp', and no alert of one" in say("alerts", "list", "shp", expect=2)
    assert "Did you mean 'shop'?" in say("alerts", "list", "shp", expect=2)
    assert say("alerts", "list", "--state", "resolved").startswith("✓ no alerts\n")
    text = say("alerts", "show", drift["id"][:6], "--page", str(tmp_path / "alert.html"))
    for said in ("The distribution of", "remarkable from", "┃", "█", "input.price", "firing", "waits"):
        assert said in text
    assert "Rows that show it" in (tmp_path / "alert.html").read_text()
    taken = say("alerts", "ack", drift["id"], "--note", "a sale until Sunday", "--by", "ada")
    assert taken == f"ada looks after {drift['id'][:8]}, drift of shop: a sale until Sunday\n"
    shown = json.loads(say("alerts", "show", drift["id"], "--json"))
    assert (shown["state"], shown["who"], shown["note"]) == ("acknowledged", "ada", "a sale until Sunday")
    assert shown["changes"][-1]["at"] == "2025-10-13T00:01:00.000Z"
    assert len(shown["examples"]) >= 5
    assert "acknowledged by ada: a sale until Sunday" in say("alerts", "show", drift["id"])
    near = drift["id"][:-1] + ("0" if drift["id"][-1] != "0" else "1")
    assert f"There is no alert '{near}'" in say("alerts", "show", near, expect=2)
    for hour in range(7):
        alerts.observe("shop", "d" * 64, NOW + hour * HOUR, (), now=NOW + hour * HOUR, source=windows_of(monitor))
    assert say("alerts", "list").splitlines()[0] == "✓ no alerts that are open"
    assert "resolved" in say("alerts", "show", drift["id"])
    assert "is resolved, so there is nothing" in say("alerts", "ack", drift["id"], "--note", "x", expect=3)
    assert len(json.loads(say("alerts", "list", "--all", "--json"))["alerts"]) == len(listed["alerts"])


def test_the_commands_of_monitor_go_by_the_table(shop, alerts):
    told = json.loads(say("monitor", "check", "--json", expect=1))
    assert (told["reference"], len(told["windows"])) == (36, 12)
    of_a = json.loads(say("monitor", "check", "--segment", "store=a", "--json", expect=1))
    assert of_a["windows"][0]["segment"] == "store=a"
    assert "no window after the first 28 days" in say("monitor", "check", "--reference-days", "28", expect=2)
