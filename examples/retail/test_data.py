"""The table: what is read, what is refused, how time is cut."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from checks import validate
from folds import Plan, all_folds, outer_folds
from panel import arrange
from sales_sample import DAILY, PLAN, WEEKLY, daily, weekly

from mainspring.data import Source, fetch, read
from mainspring.errors import ContractError, InputError, SourceDownError

SOLD = pl.col("sold")


def refused(table, columns=DAILY):
    with pytest.raises(ContractError) as caught:
        validate(table, columns, PLAN.horizon)
    return str(caught.value)


def warned(table, columns=DAILY):
    return [finding.rule for finding in validate(table, columns, PLAN.horizon).broken]


def test_a_good_table_keeps_every_rule():
    assert warned(daily(60)) == []
    assert warned(weekly(60), WEEKLY) == []


def test_a_missing_column_is_named_with_the_nearest_one():
    said = refused(daily(30).rename({"price": "prices"}))
    assert "price" in said
    assert "prices" in said


def test_wrong_types_are_refused():
    assert "sold" in refused(daily(30).with_columns(SOLD.cast(pl.String)))
    assert "day" in refused(daily(30).with_columns(pl.col("day").dt.to_string("%d of %B")))


def test_dates_with_a_time_zone_are_refused():
    zoned = pl.col("day").cast(pl.Datetime("us")).dt.replace_time_zone("Europe/Berlin")
    assert "Berlin" in refused(daily(30).with_columns(zoned))


def test_dates_at_midnight_are_dates():
    table = daily(30).with_columns(pl.col("day").cast(pl.Datetime("us")))
    assert validate(table, DAILY, PLAN.horizon).passed.schema["day"] == pl.Date


@pytest.mark.parametrize("sold", [-1, 10**15])
def test_negative_and_huge_sales_are_refused_with_the_row(sold):
    table = daily(30)
    table = table.with_columns(pl.when(pl.int_range(pl.len()) == 7).then(sold).otherwise(SOLD).alias("sold"))
    said = refused(table)
    assert str(sold) in said
    assert "2022-01-10" in said


def test_duplicate_keys_are_refused():
    table = daily(30)
    assert "unique" in refused(pl.concat([table, table.head(2)]))


def test_an_empty_price_is_refused():
    assert "price" in refused(daily(30).with_columns(pl.lit(None, pl.Float64).alias("price")))


def test_unordered_and_missing_dates_are_warned_of():
    table = daily(60)
    assert warned(table.reverse()) == [
        "day ascends within shop" if not DAILY.product else "day ascends within item, shop"
    ]
    assert any("no gap" in rule for rule in warned(table.filter(pl.col("day").dt.day() != 20)))


def test_short_and_unsold_series_are_warned_of():
    table = daily(60)
    short = table.filter((pl.col("item") != "item 0") | (pl.col("day") > table["day"].max() - timedelta(days=5)))
    assert any("at least 14 rows" in rule for rule in warned(short))
    unsold = table.with_columns(pl.when(pl.col("item") == "item 0").then(0).otherwise(SOLD).alias("sold"))
    assert warned(unsold) == ["each series was sold"]


def test_weeks_that_begin_on_other_days_are_refused():
    table = weekly(60)
    moved = pl.when(pl.col("shop") == "shop 1").then(pl.col("day") + timedelta(days=1)).otherwise(pl.col("day"))
    assert "same weekday" in refused(table.with_columns(moved.alias("day")), WEEKLY)


def test_files_that_cannot_be_read_say_why(tmp_path):
    whole = tmp_path / "sales.parquet"
    daily(30).write_parquet(whole)
    (tmp_path / "cut.parquet").write_bytes(whole.read_bytes()[:-40])
    (tmp_path / "mixed.csv").write_bytes("day,shop\n2022-01-01,Köln\n".encode() + "2022-01-02,Köln\n".encode("latin-1"))
    with pytest.raises(InputError, match="ends early"):
        read(tmp_path / "cut.parquet")
    with pytest.raises(InputError, match="is not UTF-8 from end to end: byte 0xF6 in line 3"):
        read(tmp_path / "mixed.csv")


def test_a_source_that_is_down_is_tried_again_and_then_said(tmp_path):
    waits = []
    with pytest.raises(SourceDownError):
        fetch(Source("http://127.0.0.1:9/sales.csv", retries=2), tmp_path, sleep=waits.append)
    assert len(waits) == 2


def test_the_panel_holds_every_row_in_its_place():
    table = daily(40)
    panel = arrange(table.sample(fraction=1, shuffle=True, seed=1), DAILY)
    assert panel.units.shape == (6, 40)
    for row in table.sample(20, seed=2).iter_rows(named=True):
        series = panel.series.index(f"{row['item']} · {row['shop']}")
        period = list(panel.dates.tolist()).index(row["day"])
        assert panel.units[series, period] == row["sold"]
        assert panel.open[series, period] == bool(row["open"])
        assert panel.known["promo"][series, period] == row["promo"]


def test_days_out_of_stock_are_unknown_not_zero():
    table = daily(40).with_columns((pl.col("day").dt.day() % 3).alias("stock"))
    panel = arrange(table, replace(DAILY, stock="stock"))
    assert np.array_equal(np.isnan(panel.units[0]), [day.day % 3 == 0 for day in panel.dates.tolist()])


def test_missing_rows_are_unknown_and_not_scored():
    panel = arrange(daily(40).filter(pl.col("day").dt.day() != 20), DAILY)
    gap = panel.dates.astype(str) == "2022-01-20"
    assert panel.periods == 40
    assert np.isnan(panel.units[:, gap]).all()
    assert not panel.open[:, gap].any()


def test_folds_end_before_the_locked_days_and_inner_folds_before_their_origin():
    plan = Plan()
    folds = all_folds(942, plan, 7)
    assert [fold.end for fold in folds] == [886, 893, 900, 907, 914, 942]
    for fold in folds:
        assert fold.end - fold.start == 28
        assert fold.start - fold.origin == 4
        assert all(origin + plan.reach <= fold.origin for origin in fold.inner)


def test_too_short_a_history_says_how_much_is_lacking():
    with pytest.raises(ValueError, match=r"The table has 60 periods, \d+ too few for 5 folds of 28 periods"):
        outer_folds(60, Plan(), 7)
