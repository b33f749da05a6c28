"""Skew of a home: one feature of one row that differs is found and shown, as of when it was served."""

import json

import numpy as np
import polars as pl
import pytest
from shop_log import HOUR, START, answers, identity, log_of_shop, version
from typer.testing import CliRunner

from mainspring.cli.app import app
from mainspring.errors import InputError, MonitoringError, NotFoundError
from mainspring.serving.predlog import ColumnRow
from mainspring.serving.predlog.writer import Entry
from mainspring.workspace.recomputed import Asked, compare_served
from mainspring.workspace.rolled import frames, roll


def served_rows(home):
    parts = [frame for _, frame in frames(home / "predictions")]
    names = {name: name.removeprefix("input.") for name in parts[0].columns if name.startswith("input.")}
    return pl.concat(parts).select("id", "row", *names).rename(names)


def with_price(table, place, price):
    return table.with_columns(pl.when(pl.int_range(pl.len()) == place).then(price).otherwise("price").alias("price"))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """10,000 rows in both forms of the log."""
    folder = tmp_path_factory.mktemp("skew") / ".mainspring"
    log_of_shop(folder, answers(range(30), rows=50))
    roll(folder / "predictions")
    log_of_shop(folder, answers(range(30, 50), rows=50, first=500))
    return folder


def test_one_feature_of_one_row_in_ten_thousand_is_found_and_shown(home):
    table = served_rows(home).sample(fraction=1.0, shuffle=True, seed=1)
    assert table.height == 10_000
    clean = compare_served("shop", table, home)
    assert (clean.skew.rows, bool(clean.skew)) == (10_000, False)
    assert clean.compared == ("price", "store", "week")
    place = 4_321
    old = table["price"][place]
    planted = table.with_columns(
        pl.when(pl.int_range(pl.len()) == place).then(old + 1e-6).otherwise("price").alias("price")
    )
    found = compare_served("shop", planted, home)
    assert found.skew.differing == {"price": 1}
    (one,) = found.skew.examples
    assert one.key.startswith(table["id"][place])
    assert (one.column, one.served, one.expected) == ("price", old, old + 1e-6)
    assert one.time.startswith("2025-10-")


def test_a_category_a_vector_and_a_missing_value_that_differ_are_found(home):
    table = served_rows(home)
    store = table["store"].to_list()
    store[7], store[8] = "z", None
    week = table["week"].to_numpy().copy()
    week[9, 1] += 1
    planted = table.with_columns(pl.Series("store", store), pl.Series("week", week, dtype=pl.Array(pl.Float64, 2)))
    found = compare_served("shop", planted, home)
    assert found.skew.differing == {"store": 2, "week[1]": 1}
    assert {(one.served in ("a", "b"), one.expected) for one in found.skew.examples[:2]} == {(True, "z"), (True, None)}


def test_rows_are_compared_as_of_when_they_were_served(tmp_path):
    home = tmp_path / ".mainspring"
    model = version("d" * 64, inputs=(ColumnRow("store", "string"), ColumnRow("stock", "float32")))
    stock = {"a": [1.1, 2.2, 3.3], "b": [5.5, 5.5, 7.7]}
    for hour in range(6):
        entries = [
            Entry(
                identity(START + hour * HOUR + 60 * place, hour * 10 + place),
                model,
                1,
                50,
                {"store": np.array([store], object), "stock": np.array([values[hour // 2]], "f4")},
                {"sales": np.ones(1)},
            )
            for place, (store, values) in enumerate(stock.items())
        ]
        log_of_shop(home, entries)
    table = pl.DataFrame(
        {
            "store": ["a", "a", "a", "b", "b", "c"],
            "since": [f"2025-10-09T{hour:02}:00:00" for hour in (0, 2, 4, 0, 4, 0)],
            "stock": [1.1, 2.2, 3.3, 5.5, 7.7, 0.0],
        }
    )
    begin = pl.from_epoch(pl.Series([START])).dt.strftime("%Y-%m-%d")[0]
    table = table.with_columns(pl.col("since").str.replace("2025-10-09", begin))
    asked = Asked(("store",), "since")
    found = compare_served("shop", table, home, asked)
    assert (found.skew.rows, found.skew.served_only, found.skew.expected_only) == (12, 0, 1)
    assert not found.skew
    wrong = table.with_columns(pl.Series("stock", [1.1, 9.9, 3.3, 5.5, 7.7, 0.0]))
    late = compare_served("shop", wrong, home, asked)
    assert late.skew.differing == {"stock": 2}
    assert [one.time[11:13] for one in late.skew.examples] == ["02", "03"]
    with pytest.raises(InputError, match="a row twice by store"):
        compare_served("shop", table, home, Asked(("store",)))


def test_what_cannot_be_compared_is_said(home):
    table = served_rows(home)
    with pytest.raises(NotFoundError, match=r"Nothing was logged of 'shpo'.*Did you mean 'shop'"):
        compare_served("shpo", table, home)
    with pytest.raises(MonitoringError, match=r"no column 'stor'.*Did you mean 'store'"):
        compare_served("shop", table, home, Asked(("stor",)))
    with pytest.raises(MonitoringError, match="no feature to compare"):
        compare_served("shop", table.select("id", "row"), home)
    with pytest.raises(MonitoringError, match="nothing to join rows by"):
        compare_served("shop", table.select("price"), home)
    with pytest.raises(InputError, match="of other types"):
        compare_served("shop", table.with_columns(pl.lit("dear").alias("price")), home)


def test_the_command_shows_both_values(home, tmp_path):
    table = served_rows(home).drop("week").with_columns(extra=pl.lit(1))
    with_price(table, 5, 77.5).write_csv(tmp_path / "features.csv")
    runner = CliRunner()
    command = ["monitor", "skew", "shop", f"{tmp_path}/features.csv", "--home", str(home)]
    told = runner.invoke(app, command)
    assert told.exit_code == 1
    assert "'price' in 1" in told.stdout
    assert "77.5" in told.stdout
    record = json.loads(runner.invoke(app, [*command, "--json"]).stdout)
    assert (record["rows"], record["not_computed"], record["not_logged"]) == (10_000, ["week"], ["extra"])
    table.write_parquet(tmp_path / "same.parquet")
    same = runner.invoke(app, ["monitor", "skew", "shop", f"{tmp_path}/same.parquet", "--home", str(home)])
    assert same.exit_code == 0
    assert "nothing differs" in same.stdout
