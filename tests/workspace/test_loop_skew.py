"""Skew that the watch follows: one value of one row is found, and over when tables agree; nothing is compared twice."""

import json

import polars as pl
import pytest
from shop_log import DAY, HOUR, MODEL, START, answers, log_of_shop, version

from mainspring.config.monitor import Monitor
from mainspring.config.triggers import Triggers
from mainspring.errors import MonitoringError
from mainspring.tracking import open_facts
from mainspring.workspace import loop_skew, loop_sources
from mainspring.workspace.loop_skew import FollowedSkew
from mainspring.workspace.loop_sources import HomeSources
from mainspring.workspace.rolled import frames

SETTINGS = Monitor(skew="features/*.parquet")
HOURS = 50
NOW = START + HOURS * HOUR


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """10,000 rows of two days and two hours."""
    home = tmp_path_factory.mktemp("skew") / ".mainspring"
    for first in (0, 24, 48):
        log_of_shop(home, answers(range(first, min(first + 24, HOURS)), rows=50, first=1000 * first))
    return home


@pytest.fixture
def shop(log, tmp_path):
    home = tmp_path / ".mainspring"
    home.mkdir()
    (home / "predictions").symlink_to(log / "predictions")
    (tmp_path / "features").mkdir()
    with open_facts(home) as facts:
        yield tmp_path, facts, FollowedSkew(home, tmp_path, facts.alerts)


def served(folder):
    parts = [frame for _, frame in frames(folder / ".mainspring" / "predictions")]
    names = {name: name.removeprefix("input.") for name in parts[0].columns if name.startswith("input.")}
    return pl.concat(parts).select("id", "row", "time", *names).rename(names).with_columns(customer=pl.lit("ada"))


def write(folder, table, name="all.parquet"):
    table.write_parquet(folder / "features" / name)


def planted(table, place, column="price", value=77.5):
    return table.with_columns(pl.when(pl.int_range(pl.len()) == place).then(value).otherwise(column).alias(column))


def look(shop, now=NOW, *, settings=SETTINGS, made=False, package=MODEL.package):
    return [one.kind for one in shop[2].look("shop", package, settings, now, made=made)]


def test_one_feature_of_one_row_in_ten_thousand_is_found_and_over_when_tables_agree(shop):
    folder, facts, _ = shop
    table = served(folder)
    assert table.height == 10_000
    assert look(shop) == []
    write(folder, planted(table, 4_321))
    assert look(shop, NOW + 60) == ["firing"]
    [alert] = facts.alerts.open("shop")
    assert (alert.check, alert.columns, alert.version, alert.size) == ("skew", ("price",), MODEL.package, 1e-4)
    assert alert.says == "Of 10,000 rows 'price' differs in 1 from what was served"
    [example] = json.loads(alert.record)["examples"]
    assert (example["id"], example["row"]) == table.row(4_321)[:2]
    assert example["values"] | {"time": ""} == {"time": "", "served": table["price"][4_321], "expected": 77.5}
    assert "ada" not in alert.record
    [change] = facts.alerts.changes(alert.id)
    assert (json.loads(change.body)["alert"]["links"], "77.5" in change.body) == (
        {"files": ["features/all.parquet"]},
        False,
    )
    write(folder, table)
    assert look(shop, NOW + 120) == ["resolved"]


def test_what_was_compared_is_not_compared_again_in_whatever_process(shop, monkeypatch):
    folder, facts, _ = shop
    write(folder, served(folder))
    assert look(shop) == []
    assert facts.alerts.observed("shop", MODEL.package, loop_skew._SOURCE) == NOW
    monkeypatch.setattr(loop_skew, "compare_rows", None)
    assert look(shop, NOW + 60, made=True) == []
    monkeypatch.setattr(loop_skew, "opened", None)
    assert look(shop, NOW + 120) == []
    monkeypatch.undo()
    compared = []
    monkeypatch.setattr(loop_skew._Found, "add", lambda _, day, found: compared.append((day, found.rows)))
    again = FollowedSkew(folder / ".mainspring", folder, facts.alerts)
    assert again.look("shop", MODEL.package, SETTINGS, NOW + 180, made=True) == []
    assert compared == []
    day = served(folder).filter(pl.col("time").dt.timestamp("ms") < (START + DAY) * 1000)
    write(folder, day.drop("week"), "first.parquet")
    with pytest.raises(MonitoringError, match=r"'shop' was served.*a row twice by id and row"):
        again.look("shop", MODEL.package, SETTINGS, NOW + 240, made=False)


def test_only_days_of_which_new_tables_speak_are_compared_and_another_day_ends_an_alert_when_it_is_whole(
    shop, monkeypatch
):
    folder, facts, _ = shop
    table = served(folder)
    days = [
        table.filter(pl.col("time").dt.timestamp("ms") // (DAY * 1000) == START // DAY + place) for place in range(3)
    ]
    write(folder, planted(days[0], 7), "1.parquet")
    assert look(shop) == ["firing"]
    compared = []
    add = loop_skew._Found.add
    monkeypatch.setattr(
        loop_skew._Found, "add", lambda self, day, found: (compared.append(day - START), add(self, day, found))
    )
    write(folder, days[2], "3.parquet")
    assert look(shop, NOW + 60) == []
    assert compared == [2 * DAY]
    write(folder, days[1], "2.parquet")
    assert look(shop, NOW + 120) == ["resolved"]
    assert compared == [2 * DAY, DAY]
    assert facts.alerts.open("shop") == []


def test_an_alert_is_not_over_by_a_day_that_was_known_when_it_fired_nor_by_rows_that_nobody_asked_for(shop):
    folder, facts, _ = shop
    table = served(folder)
    two = table.filter(pl.col("time").dt.timestamp("ms") < (START + 2 * DAY) * 1000)
    last = table.filter(pl.col("time").dt.timestamp("ms") >= (START + 2 * DAY) * 1000)
    write(folder, planted(two, 7), "1.parquet")
    assert look(shop) == ["firing"]
    write(folder, last, "2.parquet")
    assert look(shop, NOW + 60) == []
    write(folder, two.with_columns(row=pl.col("row") + 1000), "1.parquet")
    assert look(shop, NOW + 120) == []
    assert len(facts.alerts.open("shop")) == 1
    write(folder, two, "1.parquet")
    assert look(shop, NOW + 180) == ["resolved"]


def test_rows_with_a_time_hold_until_the_next_and_nothing_is_known_after_the_last(shop):
    folder, facts, _ = shop
    settings = Monitor(skew="features/*.csv", skew_keys=("store",), skew_time="since", skew_tolerance=0.5)
    prices = {"store": ["a", "b"], "price": [0.0, 0.0]}

    def hold(name, hour, **changed):
        text = pl.DataFrame({**prices, "since": [START + HOUR * hour] * 2, **changed}).write_csv()
        (folder / "features" / name).write_text(text)

    def rows():
        [alert] = facts.alerts.open("shop")
        return json.loads(alert.record)["findings"][0]["rows"]

    hold("1.csv", 10)
    assert look(shop, settings=settings) == []
    hold("2.csv", 20)
    assert look(shop, NOW + 60, settings=settings) == ["firing"]
    assert rows() == 10 * 200
    hold("3.csv", 30)
    assert look(shop, NOW + 120, settings=settings) == []
    assert rows() == 14 * 200 + 6 * 200
    exact = Monitor(skew="features/*.csv", skew_keys=("store",), skew_time="since", skew_tolerance=100.0)
    assert look(shop, NOW + 180, settings=exact) == ["resolved"]
    hold("2.csv", 20, since=[None, START])
    with pytest.raises(MonitoringError, match="1 of 2 rows of the computed features have no time"):
        look(shop, NOW + 240, settings=exact)


def test_only_what_the_champion_was_served_counts_and_what_is_followed_no_more_is_over(tmp_path):
    second = version("e" * 64)
    log_of_shop(tmp_path / ".mainspring", answers(range(2)))
    log_of_shop(tmp_path / ".mainspring", answers(range(2, 4), first=500, model=second))
    (tmp_path / "features").mkdir()
    table = served(tmp_path)
    write(tmp_path, planted(table, table.height - 1))
    with open_facts(tmp_path / ".mainspring") as facts:
        shop = tmp_path, facts, FollowedSkew(tmp_path / ".mainspring", tmp_path, facts.alerts)
        assert look(shop, package=None) == []
        assert look(shop) == []
        assert look(shop, NOW + 60, package=second.package) == ["firing"]
        assert look(shop, NOW + 120, settings=Monitor()) == ["resolved"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda table: table.select("price", "store"), "nothing to join rows by"),
        (lambda table: table.with_columns(price=pl.lit("dear")), "of other types"),
        (lambda table: table.with_columns(id=pl.lit("seven")), "identities in it that no service gave"),
        (lambda table: table.select("id", "row", "customer"), "no feature to compare"),
    ],
    ids=["keys", "types", "identities", "features"],
)
def test_what_cannot_be_compared_is_a_problem_until_the_tables_are_others(shop, make, said):
    folder, _, _ = shop
    table = served(folder)
    write(folder, make(table))
    for now in (NOW, NOW + 60):
        with pytest.raises(MonitoringError, match=rf"What 'shop' was served cannot be compared.*{said}"):
            look(shop, now)
    write(folder, table)
    assert look(shop, NOW + 120) == []


def test_a_table_that_cannot_be_read_is_a_problem_of_the_tick_and_all_else_goes_on(shop, tmp_path, monkeypatch):
    folder, facts, _ = shop
    (tmp_path / "config.toml").write_text('[monitor]\nskew = "features/*.parquet"\n')
    sources = HomeSources(folder / ".mainspring", tmp_path / "config.toml", facts, ["shop"])
    monkeypatch.setattr(sources, "_package", lambda _: MODEL.package)
    (folder / "features" / "all.parquet").write_bytes(b"PAR1 and no more")
    with pytest.raises(MonitoringError, match=r"cannot be compared with \[monitor\] skew.*all.parquet"):
        sources.close(NOW)
    assert len(list((folder / ".mainspring" / "windows").rglob("*.window"))) == HOURS
    write(folder, planted(served(folder), 1))
    sources.close(NOW + 60)
    closed = []
    monkeypatch.setattr(loop_sources, "close_windows", lambda *_, model: closed.append(model))
    several = HomeSources(folder / ".mainspring", tmp_path / "config.toml", facts, ["shop", "other"])
    monkeypatch.setattr(several, "_package", lambda _: MODEL.package)
    (folder / "features" / "all.parquet").write_bytes(b"PAR1")
    with pytest.raises(MonitoringError, match="'shop' was served"):
        several.close(NOW + 120)
    assert closed == ["shop", "other"]
    [stopped] = sources.look("shop", Triggers(), 0.0, NOW + 60).stopped
    assert stopped.startswith("skew: Of 10,000 rows 'price' differs in 1 from what was served (alert ")
