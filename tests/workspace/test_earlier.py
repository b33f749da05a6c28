"""A version that is too young for a reference of its own is watched beside the traffic before it: inputs alone."""

import json
import shutil

import numpy as np
import pytest
from shop_log import HOUR, MODEL, START, answers, identity, killed_after, log_of_shop, version
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.config.monitor import Monitor
from mainspring.config.triggers import Triggers
from mainspring.errors import MonitoringError
from mainspring.monitoring import WINDOWS, Layout, Shelf, Window, encode_window
from mainspring.monitoring.inputs import input_layout
from mainspring.monitoring.shelf import EARLIER
from mainspring.serving.predlog import ColumnRow
from mainspring.serving.predlog.writer import Entry
from mainspring.tracking import open_facts
from mainspring.workspace.closing import close_windows
from mainspring.workspace.loop_sources import HomeSources
from mainspring.workspace.monitor_facts import Asked, account_of
from mainspring.workspace.monitor_page import render_monitor_report
from mainspring.workspace.monitor_record import record_of
from mainspring.workspace.predictions import erase_key
from mainspring.workspace.windows import Part, backfill, check_home

DAYS = 5
PROMOTED = 24 * (DAYS + 1)  # the hour of the first answer of the newer version
PLANTED = PROMOTED + 60
LIKE = version(
    "a" * 64, inputs=(ColumnRow("price", "float64"), ColumnRow("stock", "float64"), ColumnRow("store", "string"))
)
OLDER, NEWER = (version(package, inputs=LIKE.inputs) for package in ("d" * 64, "e" * 64))
WATCHED = Monitor(reference_days=DAYS)
PART = Part(days=DAYS)


def traffic(hours, model, *, planted=10**6, rows=240):
    """Answers of hours; the newer version predicts something else, in another time, and marks what it is given."""
    young = model is not OLDER
    for hour in hours:
        rng = np.random.default_rng([hour, 0])
        now = hour >= planted
        price = rng.normal(0.2 * np.sin(2 * np.pi * hour / 24) + 0.6 * now, 1, rows)
        stock = rng.gamma(2, 3, rows)
        stock[rng.random(rows) < 0.02 + 0.08 * now] = np.nan
        store = rng.choice(["a", "b"], rows).astype(object)
        store[rng.random(rows) < 0.03 * now] = "new"
        given = {"price": price, "stock": stock, "store": store}
        sales = {"sales": 2 * price + rng.normal(size=rows) + 30 * young}
        time = START + HOUR * hour
        yield Entry(identity(time, hour), model, rows, 90 + 9000 * young, given, sales)


def served(home, until, *, planted=10**6):
    """A home in which one version answered for days, then another; windows are closed as a watch closes them."""
    log_of_shop(home, traffic(range(PROMOTED), OLDER))
    close_windows(home, WATCHED, START + PROMOTED * HOUR)
    for begin, end in ((PROMOTED, PROMOTED + 2), (PROMOTED + 2, until)):
        log_of_shop(home, traffic(range(begin, end), NEWER, planted=planted))
        close_windows(home, WATCHED, START + end * HOUR)


def kept(home, folder=EARLIER):
    found = {}
    for segment in ("", "store=a", "store=b"):
        like = Window(0, SPAN, "shop", YOUNG.package, segment)
        found |= {one.window: encode_window(one) for one in Shelf(home / folder).between(like, 0, 1e12)}
    return found


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("young") / ".mainspring"
    served(folder, PLANTED + 12, planted=PLANTED)
    return folder


def test_what_happens_days_after_a_promotion_is_found_in_inputs_and_nothing_is_said_of_what_is_predicted(home):
    checked = check_home(home=home, part=PART)
    assert (checked.version, checked.before, checked.days, checked.reference) == (NEWER.package, DAYS, DAYS, 24 * DAYS)
    found = [{(one.check, one.column) for one in check.findings} for check in checked.checks]
    assert len(found) == PLANTED + 12 - PROMOTED
    assert not any(found[: PLANTED - PROMOTED])
    assert found[-1] >= {("drift", "price"), ("nulls", "stock"), ("new_category", "store")}
    assert set(checked.seasons) == {"price", "stock", "store"}
    said = {one.check for check in checked.checks for one in check.measures}
    assert said == {"drift", "nulls", "new_category", "range", "duplicates", "volume", "correlation"}


def test_the_watch_alerts_of_it(home, tmp_path):
    (tmp_path / "config.toml").write_text(f"[monitor]\nreference_days = {DAYS}\n")
    shutil.copytree(home, tmp_path / ".mainspring")
    with open_facts(tmp_path / ".mainspring") as facts:
        watch = HomeSources(tmp_path / ".mainspring", tmp_path / "config.toml", facts, ["shop"])
        watch._package = lambda _: NEWER.package
        assert watch.look("shop", Triggers(), 0.0, START + PLANTED * HOUR).shown == ()
        [shown] = watch.look("shop", Triggers(), 0.0, START + (PLANTED + 12) * HOUR).shown
        assert (shown.check, shown.columns) == ("drift", ("price", "store"))
        opened = {one.check: one.version for one in facts.alerts.open("shop")}
    assert opened == dict.fromkeys(("drift", "nulls", "new_category"), NEWER.package)


def test_it_is_said_which_reference_it_was(home):
    options = ["--reference-days", str(DAYS), "--home", str(home)]
    runner = CliRunner()
    assert f"of the {DAYS} days before package eeee" in runner.invoke(app, ["monitor", "check", *options]).stdout
    told = json.loads(runner.invoke(app, ["monitor", "check", *options, "--json"]).stdout)
    assert (told["reference"], told["reference_days"]) == (24 * DAYS, {"before": DAYS, "in_all": DAYS})
    assert f"the {DAYS} days before package" in runner.invoke(app, ["monitor", "explain", "1", *options]).stdout
    account = account_of(Asked("shop", PART, Monitor()), home, now=START + (PLANTED + 12) * HOUR)
    newest = account.stretches[-1]
    assert (newest.name, newest.before, newest.followed.begun) == ("package eeeeeeeeeeee", DAYS, 0)
    assert {one.column for one in account.lasting} >= {"price", "stock", "store"}
    page = str(render_monitor_report(account))
    assert f"The reference is the {DAYS} days before package eeeeeeeeeeee: " in page
    assert [one["reference_before"] for one in record_of(account)["versions"]] == [0, DAYS]


def test_its_own_reference_takes_over_once_it_is_there(home, tmp_path):
    folder = tmp_path / ".mainspring"
    shutil.copytree(home, folder)
    end = PROMOTED + 24 * DAYS
    log_of_shop(folder, traffic(range(PLANTED + 12, end), NEWER, planted=PLANTED))
    close_windows(folder, WATCHED, START + end * HOUR)
    assert check_home(home=folder, part=PART).before == DAYS
    log_of_shop(folder, traffic(range(end, end + 2), NEWER, planted=PLANTED))
    close_windows(folder, WATCHED, START + (end + 1) * HOUR)
    checked = check_home(home=folder, part=PART)
    assert (checked.before, checked.reference, len(checked.checks)) == (0, 24 * DAYS, 1)
    assert "output.sales" in checked.seasons
    assert not list((folder / EARLIER).rglob("*.window"))


@pytest.fixture
def small(tmp_path):
    """Two days of one version, with columns and answers of their own."""
    folder = tmp_path / ".mainspring"
    log_of_shop(folder, answers(range(30), each=1))
    close_windows(folder, SMALL, START + 30 * HOUR)
    return folder


SPAN = 3 * HOUR
SMALL = Monitor(window=SPAN, reference_days=1, segments=("store",))
YOUNG = version("e" * 64)


def young(home, hours=range(30, 36), model=YOUNG):
    log_of_shop(home, answers(hours, each=1, model=model, first=500))
    return START + (hours[-1] + 1) * HOUR


def test_windows_before_a_version_are_nobodys_and_backfill_comes_to_the_same(small, tmp_path):
    now = young(small)
    close_windows(small, SMALL, now - SPAN)
    close_windows(small, SMALL, now)
    before, own = kept(small), kept(small, WINDOWS)
    assert {one.start for one in before} == {START + HOUR * hour for hour in range(6, 30, 3)}
    assert {one.start for one in own} == {START + HOUR * hour for hour in (30, 33)}
    assert len(before) == 3 * 8
    again = tmp_path / "again"
    shutil.copytree(small / "predictions", again / "predictions")
    for _ in range(2):
        made = backfill(again, seconds=SPAN, days=1, segments=("store",))
        assert [(one.version, one.windows) for one in made] == [(MODEL.package, 10), (YOUNG.package, 2)]
        assert kept(again) == before
        assert kept(again, WINDOWS) == own
        next((again / EARLIER).rglob("*.window")).unlink()
    backfill(again, seconds=SPAN, days=1, segments=("store",))
    of_one = check_home(home=again, part=Part(SPAN, 1, "store=a"))
    assert (of_one.before, of_one.reference, len(of_one.checks)) == (1, 8, 2)


def test_traffic_that_has_not_lasted_as_long_is_joined_by_the_versions_own_days(small):
    longer = Monitor(window=SPAN, reference_days=2)
    now = young(small, range(30, 51))
    close_windows(small, longer, now)
    checked = check_home(home=small, part=Part(SPAN, 2))
    assert (checked.before, checked.days, checked.reference) == (2, 2, 16)
    assert [(one.window.start - START) // HOUR for one in checked.checks] == [48]
    assert "cold start: 16 of 100" in checked.checks[0].remarks[0]
    assert kept(small)


def test_what_others_answered_in_other_columns_or_later_is_no_reference(small):
    log_of_shop(small, answers([30, 33], each=1, first=800))
    close_windows(small, SMALL, young(small))
    assert max(one.start for one in kept(small)) == START + 27 * HOUR
    other = version("f" * 64, inputs=MODEL.inputs[:2])
    close_windows(small, SMALL, young(small, range(36, 42), other))
    assert [path.name[:2] for path in (small / EARLIER / "shop").iterdir()] == ["ee"]
    with pytest.raises(MonitoringError, match="no window after the first 1 days"):
        check_home(home=small, part=Part(SPAN, 1))


@pytest.mark.parametrize("allowed", [5, 20])
def test_killed_while_it_is_counted_and_started_again_it_is_the_same(small, tmp_path, monkeypatch, allowed):
    now = young(small)
    killed = tmp_path / "killed"
    shutil.copytree(small, killed)
    close_windows(small, SMALL, now)
    with killed_after(allowed, monkeypatch):
        close_windows(killed, SMALL, now)
    close_windows(killed, SMALL, now)
    for folder in (EARLIER, WINDOWS):
        assert kept(killed, folder) == kept(small, folder)
    assert len(kept(killed)) == 3 * 8
    assert close_windows(killed, SMALL, now) == []


def test_what_is_erased_or_comes_late_is_counted_again_and_another_layout_counts_all_again(small):
    close_windows(small, SMALL, young(small))
    before = kept(small)
    log_of_shop(small, answers([12], each=1, first=900))
    close_windows(small, SMALL, START + 36 * HOUR)
    late = kept(small)
    assert {one.start for one in late if late[one] != before[one]} == {START + 12 * HOUR}
    erase_key(small / "predictions", "store", "a")
    close_windows(small, SMALL, START + 36 * HOUR)
    like = Window(0, SPAN, "shop", YOUNG.package)
    assert all(0 < one.rows < 90 for one in Shelf(small / EARLIER).between(like, 0, 1e12))
    layout = Shelf(small / WINDOWS).layout("shop", YOUNG.package)
    fewer = Layout(layout.axes[1:])
    Shelf(small / WINDOWS).renew_layout("shop", YOUNG.package, fewer)
    close_windows(small, SMALL, young(small, range(36, 39)))
    assert {one.layout for one in Shelf(small / EARLIER).between(like, 0, 1e12)} == {input_layout(fewer).digest}


def seasons(hours, model, seed):
    """Traffic with a day and a week, whose prices jitter by 0.03 sd of which 0.6 is left after an hour."""
    walk = np.zeros(24 * 7 * 8)
    steps = np.random.default_rng(seed).normal(0, 0.024, walk.size)
    for hour in range(1, walk.size):
        walk[hour] = 0.6 * walk[hour - 1] + steps[hour]
    for hour in hours:
        rng, weekend = np.random.default_rng([hour, seed]), hour // 24 % 7 >= 5
        wave = np.sin(2 * np.pi * hour / 24)
        rows = int(200 * (1 + 0.4 * wave) * (0.6 if weekend else 1) * rng.uniform(0.9, 1.1))
        stock = rng.gamma(2, 3, rows)
        stock[rng.random(rows) < 0.02] = np.nan
        price = rng.normal(0.3 * wave + 0.2 * weekend + walk[hour], 1, rows)
        store = rng.choice(["a", "b", "c"], rows, p=[0.5, 0.3, 0.2]).astype(object)
        given, young = {"price": price, "stock": stock, "store": store}, model is NEWER
        time = START + HOUR * hour
        yield Entry(identity(time, hour), model, rows, 90 + 900 * young, given, {"sales": 2 * price + 9 * young})


@pytest.mark.prove
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(12))
def test_a_promotion_by_itself_raises_nothing_in_the_weeks_after_it(tmp_path, seed):
    """Hourly windows, 28 reference days: all of the four weeks in which the new version has none of its own."""
    folder, weeks = tmp_path / ".mainspring", 24 * 7
    for begin, end in ((0, 4), (4, 5), (5, 6), (6, 7), (7, 8)):
        hours = range(weeks * begin, weeks * end)
        log_of_shop(folder, seasons(hours, NEWER if begin else OLDER, seed))
        close_windows(folder, Monitor(), START + hours[-1] * HOUR + HOUR)
    checked = check_home(home=folder, part=Part(last=4 * weeks))
    assert (checked.before, len(checked.checks)) == (28, 4 * weeks)
    assert not any(one.findings for one in checked.checks)
