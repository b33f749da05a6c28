"""Skew under a real watch: it alerts, and holds what would train, until serving and training agree."""

import json
import os
from pathlib import Path

import polars as pl
import pytest
from shop_project import CONFIG, HOUR, START, serve
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.tracking import open_facts
from mainspring.workspace.rolled import frames
from mainspring.workspace.watching import Watcher

HOURS = 125
NOW = START + HOURS * HOUR


@pytest.fixture
def features(shop):
    """The features of 10,000 answers, as they were served."""
    (shop / "config.toml").write_text(CONFIG.replace("[monitor]", '[monitor]\nskew = "features.parquet"'))
    serve(shop / ".mainspring", START, HOURS, labels=False)
    parts = [frame for _, frame in frames(shop / ".mainspring" / "predictions")]
    return pl.concat(parts).select("id", "row", price="input.price", weekday="input.weekday", shop="input.shop")


def test_one_value_in_ten_thousand_rows_holds_triggers_and_nothing_is_trained_until_tables_agree(shop, features):
    table = features
    assert table.height == 10_000
    wrong = table.with_columns(price=pl.when(pl.int_range(pl.len()) == 6_000).then(9.99).otherwise("price"))
    with Watcher(["shop"]) as watcher:
        table.write_parquet(shop / "features.parquet")
        assert watcher.tick(NOW).problems == {}
        assert checks(shop) == []
        (shop / "sales.txt").write_text("2.0\n2.4\n")
        wrong.write_parquet(shop / "features.parquet")
        assert watcher.tick(NOW + 60).problems == {}
        assert checks(shop) == ["skew"]
        assert answer(watcher, NOW + 60)[0] == "held"
        assert answer(watcher, NOW + 60)[1].startswith(
            "it would learn a fault: skew: Of 10,000 rows 'price' differs in 1"
        )
        assert not Path(os.environ["JOURNAL"]).exists()
        assert watcher.loops.fired("shop") == []
        command = CliRunner().invoke(app, ["monitor", "skew", "shop", "--json"])
        assert (command.exit_code, json.loads(command.stdout)["differing"]) == (1, {"price": 1})
        (shop / "features.parquet").write_bytes(b"half of a")
        assert "features.parquet" in watcher.tick(NOW + 120).problems[""]
        assert checks(shop) == ["skew"]
        table.write_parquet(shop / "features.parquet")
        watcher.sources.close(NOW + 180)
        assert checks(shop) == []
        assert answer(watcher, NOW + 180) == ("fires", "")


def checks(shop):
    with open_facts(shop / ".mainspring") as facts:
        return [one.check for one in facts.alerts.open("shop")]


def answer(watcher, now):
    """What the trigger of new data says."""
    [one] = [one for one in watcher.states("shop", now) if one.kind == "data"]
    return one.answer, one.held or ""
