"""Checks of a whole table: freshness, volume, duplicates, and what stops a run."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from mainspring.data import Finding, duplicates, findings_table, freshness, require, volume
from mainspring.errors import ContractError, DefinitionError, InputError

DAYS = pl.DataFrame({"day": [date(2024, 3, 1), date(2024, 3, 4), None], "shop": ["a", "b", "b"]})
TWO_DAYS = timedelta(days=2)


@pytest.mark.parametrize(
    ("now", "holds", "told"),
    [
        (date(2024, 3, 5), True, "1 day before 2024-03-05; at most 2 days"),
        (date(2024, 3, 6), True, "2 days before"),
        (date(2024, 3, 7), False, "3 days before"),
        (date(2024, 3, 3), False, "1 day after 2024-03-03"),
    ],
)
def test_the_newest_row_is_recent_enough(now, holds, told):
    found = freshness(DAYS, "day", TWO_DAYS, now=now)
    assert found.holds is holds
    assert told in found.says


def test_freshness_of_times_needs_the_same_clock():
    now = datetime(2024, 3, 1, 12, tzinfo=UTC)
    times = pl.DataFrame({"at": [now - timedelta(minutes=90)]})
    assert "1.5 hours before" in freshness(times, "at", TWO_DAYS, now=now).says
    for frame, column, clock in (
        (times, "at", now.replace(tzinfo=None)),
        (times, "at", now.date()),
        (DAYS, "day", now),
        (times.with_columns(pl.col("at").dt.replace_time_zone(None)), "at", now),
    ):
        with pytest.raises(InputError, match="and now is"):
            freshness(frame, column, TWO_DAYS, now=clock)


def test_freshness_of_what_has_no_dates():
    with pytest.raises(InputError, match="'shop' is of type String, not a date"):
        freshness(DAYS, "shop", TWO_DAYS, now=date(2024, 3, 5))
    with pytest.raises(InputError, match=r"no column 'days' \(freshness\)\. Did you mean 'day'\?"):
        freshness(DAYS, "days", TWO_DAYS, now=date(2024, 3, 5))
    empty = freshness(DAYS.lazy().head(0), "day", TWO_DAYS, now=date(2024, 3, 5))
    assert (empty.holds, empty.says) == (False, "There is no 'day' in 0 rows")


@pytest.mark.parametrize(
    ("bounds", "holds"),
    [
        ({}, True),
        ({"at_least": 4}, False),
        ({"at_most": 2}, False),
        ({"against": 3}, True),
        ({"against": 10}, False),
        ({"against": 2, "ratio": 0.1}, False),
        ({"against": 4, "ratio": 0.25}, True),
    ],
)
def test_there_are_as_many_rows_as_expected(bounds, holds):
    assert volume(DAYS, **bounds).holds is holds
    assert volume(DAYS.lazy(), **bounds).rows == 3


def test_an_empty_table_is_too_small():
    assert volume(DAYS.clear()).says == "There are 0 rows; expected are at least 1"


def test_bounds_that_nothing_can_keep_are_told():
    with pytest.raises(DefinitionError, match="No number of rows lies between 5 and 4"):
        volume(DAYS, at_least=5, at_most=4)


def test_keys_that_occur_twice_are_shown():
    frame = pl.DataFrame({"day": [1, 2, 1, None, None], "shop": ["a"] * 5})
    found = duplicates(frame, ["day", "shop"])
    assert found.says == "4 of 5 rows share 2 keys of 'day', 'shop'"
    assert found.examples["_row"].to_list() == [3, 4, 0, 2]
    assert duplicates(frame.head(2).to_pandas(), ["day"]).holds
    with pytest.raises(InputError, match="no column 'stop'"):
        duplicates(frame, ["stop"])
    with pytest.raises(DefinitionError, match="key without columns"):
        duplicates(frame, [])


def test_only_what_stops_is_raised():
    old = freshness(DAYS, "day", TWO_DAYS, now=date(2025, 1, 1), severity="warn")
    assert require(old) == (old,)
    few = volume(DAYS, at_least=10)
    with pytest.raises(ContractError, match=r"Rule 'volume' is broken: There are 3 rows.*\(sales\)") as raised:
        require(old, few, where="sales")
    assert raised.value.findings == (few,)
    assert "Look at what the source left out" in str(raised.value)


def test_many_broken_rules_are_cut_short():
    many = [Finding(f"rule {n}", "fail", False, "It does not hold") for n in range(20)]
    with pytest.raises(
        ContractError, match=r"20 rules are broken: 'rule 0'(.|\n)*'rule 11': It does not hold\n  - and 8 more"
    ) as raised:
        require(*many)
    assert len(raised.value.findings) == 20


def test_a_table_of_findings():
    rows = findings_table([volume(DAYS), volume(DAYS, at_least=9, severity="warn")]).rows
    assert [line[:2] for line in rows] == [("volume", "warn"), ("volume", "holds")]


def test_a_severity_that_is_none_is_told():
    with pytest.raises(DefinitionError, match=r"no severity 'warning'.*Did you mean 'warn'"):
        volume(DAYS, severity="warning")
