"""Contracts: what breaks them is found, shown whole, and set aside or refused as declared."""

import pickle
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.charts import Table
from mainspring.data import (
    Contract,
    Rule,
    aggregate,
    check,
    column,
    examine,
    finite,
    group,
    in_range,
    matches,
    no_gaps,
    not_null,
    null_share,
    one_of,
    ordered,
    references,
    row,
    series_length,
    unique,
)
from mainspring.errors import ContractError, DefinitionError, InputError, NotFoundError

DAYS = [date(2024, 3, 1), date(2024, 3, 2), date(2024, 3, 3), date(2024, 3, 4)]


@pytest.fixture
def sales() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "day": DAYS * 2,
            "shop": ["north"] * 4 + ["south"] * 4,
            "units": [3, 4, 5, 6, 1, 2, 3, 4],
            "price": [1.5, 1.5, 2.0, 2.0, 1.5, 1.5, 2.0, 2.0],
        }
    )


RETAIL = Contract(
    column("day", date, datetime),
    column("shop", str),
    column("units", int),
    column("price", float),
    unique("day", "shop"),
    in_range("units", 0, 1000, severity="quarantine"),
    not_null("units"),
    null_share("price", 0.5),
    no_gaps("day", by=["shop"], severity="warn"),
    ordered("day", by=["shop"], strictly=True, severity="warn"),
    series_length("shop", at_least=3, severity="quarantine"),
    references("shop", ["north", "south"], to="the list of shops", severity="quarantine"),
)


def broken(frame, *rules: Rule) -> dict[str, int]:
    return {one.rule: one.failing for one in examine(frame, Contract(*rules)).broken}


def test_data_that_keep_the_contract_come_back_as_they_are(sales):
    outcome = check(sales, RETAIL)
    assert outcome.passed is sales
    assert outcome.broken == ()
    assert outcome.quarantined.height == 0
    assert [one.rule for one in outcome.findings] == [rule.name for rule in RETAIL.rules]


def test_lazy_and_pandas_frames_are_checked_alike(sales):
    spoilt = sales.with_columns(units=pl.col("units") - 2)
    of_polars = check(spoilt, RETAIL)
    for frame in (spoilt.lazy(), spoilt.to_pandas()):
        outcome = check(frame, RETAIL)
        assert outcome.quarantined["_row"].to_list() == of_polars.quarantined["_row"].to_list() == [4]
        assert outcome.passed["units"].to_list() == of_polars.passed["units"].to_list()


def test_a_lazy_frame_is_read_once(sales):
    reads = []

    def read(frame: pl.DataFrame) -> pl.DataFrame:
        reads.append(frame.height)
        return frame

    check(sales.lazy().map_batches(read, schema=sales.schema), RETAIL)
    assert sum(reads) == sales.height


def test_rows_are_set_aside_whole_with_the_rules_they_break(sales):
    spoilt = sales.with_columns(
        units=pl.Series([3, -4, 5, 6, 1, 2, 3, 4_000]), shop=sales["shop"].replace("north", "n")
    )
    outcome = check(spoilt, RETAIL)
    assert outcome.quarantined.columns == ["_row", "day", "shop", "units", "price", "_rules"]
    assert outcome.quarantined["_row"].to_list() == [0, 1, 2, 3, 7]
    known, between = "shop is known in the list of shops", "units is between 0 and 1000"
    assert outcome.quarantined["_rules"].to_list() == [known, f"{between}; {known}", known, known, between]
    assert outcome.passed["units"].to_list() == [1, 2, 3]
    assert outcome.passed.columns == sales.columns


def test_a_broken_rule_of_severity_fail_refuses_the_data_and_shows_rows(sales):
    twice = pl.concat([sales, sales.head(1)])
    with pytest.raises(ContractError) as raised:
        check(twice, RETAIL, where="sales.csv")
    assert str(raised.value) == (
        "Rule 'day, shop is unique' is broken: 2 of 9 rows break the rule, such as row 0: "
        "day=2024-03-01, shop=north, units=3, price=1.5 (sales.csv). "
        "Correct the data, or change the rule or its severity."
    )
    (finding,) = raised.value.findings
    assert finding.examples["_row"].to_list() == [0, 8]
    assert pickle.loads(pickle.dumps(raised.value)).findings[0].examples.equals(finding.examples)


def test_all_that_is_broken_is_told_at_once(sales):
    spoilt = sales.drop("price").with_columns(pl.col("units").cast(pl.String))
    with pytest.raises(ContractError, match="4 rules are broken") as raised:
        check(spoilt, RETAIL)
    assert "\n  - 'column price': There is no column 'price'. The frame has 'day', 'shop', 'units'\n" in str(
        raised.value
    )
    assert [one.rule for one in raised.value.findings] == [
        "column units",
        "column price",
        "units is between 0 and 1000",
        "at most 0.5 of price is null, and not all",
    ]


def test_warnings_let_the_data_pass(sales):
    gap = sales.filter((pl.col("day") != DAYS[1]) | (pl.col("shop") != "south"))
    outcome = check(gap, RETAIL)
    assert [(one.rule, one.failing) for one in outcome.broken] == [("day has no gap over 1d within shop", 1)]
    assert outcome.passed.height == 7


def test_all_failing_rows_are_there_on_request(sales):
    outcome = examine(sales, Contract(row("few", pl.col("units") > 100), row("dear", pl.col("price") < 2)), show=2)
    assert [one.examples.height for one in outcome.findings] == [2, 2]
    assert outcome.failing().height == 8
    assert outcome.failing("dear")["_row"].to_list() == [2, 3, 6, 7]
    assert outcome.failing("dear")["_rules"].to_list() == ["few; dear"] * 4
    with pytest.raises(NotFoundError, match=r"no rule 'deer'\. Did you mean 'dear'\?"):
        outcome.failing("deer")


def test_sensitive_columns_stay_out_of_findings_and_messages(sales):
    contract = Contract(in_range("units", 2, 3), sensitive=["shop", "units"])
    with pytest.raises(ContractError) as raised:
        check(sales, contract)
    assert "north" not in str(raised.value)
    assert "units=•••" in str(raised.value)
    assert set(raised.value.findings[0].examples["shop"]) == {"•••"}


def test_the_table_has_what_is_broken_first(sales):
    table = examine(sales, Contract(column("day"), in_range("units", 2, severity="warn"), unique("shop"))).table()
    assert isinstance(table, Table)
    assert [line[:3] for line in table.rows] == [
        ("shop is unique", "fail", 8),
        ("units is at least 2", "warn", 1),
        ("column day", "holds", 0),
    ]


def test_a_missing_column_is_told_with_the_nearest_name(sales):
    with pytest.raises(ContractError, match=r"There is no column 'unit'.*Did you mean 'units'\?"):
        check(sales, Contract(in_range("unit", 0, severity="quarantine")))
    outcome = check(sales, Contract(in_range("unit", 0, severity="warn")))
    assert not outcome.findings[0].holds


@pytest.mark.parametrize(
    ("frame", "rule", "told"),
    [
        ({"units": ["3"]}, column("units", int), "'units' is of type String, not Int8 or Int16"),
        ({"units": [2**80]}, column("units", int), "an integer of more than 64 bits"),
        ({"day": [datetime(2024, 3, 1, tzinfo=UTC)]}, column("day", date), "has the time zone UTC, and may have none"),
        ({"day": [datetime(2024, 3, 1, tzinfo=UTC)]}, column("day", datetime), "has the time zone UTC"),
        ({"price": [None, None]}, null_share("price", 1.0), "The frame of 2 rows breaks the rule"),
        ({"units": ["a"]}, row("positive", pl.col("units") > 0), "cannot be worked out.*'units' is String"),
        ({"units": [1]}, row("no truth", pl.col("units") + 1), "gives Int64, and not a truth value"),
        ({"day": ["x"]}, no_gaps("day"), "cannot be worked out"),
    ],
)
def test_wrong_types_are_told(frame, rule, told):
    table = pl.DataFrame(frame, strict=False) if "price" not in frame else pl.DataFrame(frame, {"price": pl.Float64})
    for given_frame in (table, table.lazy()):
        with pytest.raises(ContractError, match=told):
            check(given_frame, Contract(rule))


def test_a_zone_is_allowed_where_the_contract_names_it():
    aware = pl.DataFrame({"at": [datetime(2024, 3, 1, tzinfo=UTC)]})
    check(aware, Contract(column("at", pl.Datetime("us", "UTC"))))


def test_what_one_rule_cannot_do_does_not_hide_the_others(sales):
    contract = Contract(
        row("divides", pl.col("shop").str.to_integer() > 0), in_range("units", 0, 5, severity="quarantine")
    )
    for frame in (sales, sales.lazy()):
        outcome = examine(frame, contract)
        assert [(one.holds, one.severity) for one in outcome.findings] == [(False, "fail"), (False, "quarantine")]
        assert outcome.quarantined["_row"].to_list() == [3]


def test_null_passes_and_nan_does_not():
    frame = pl.DataFrame({"x": [None, float("nan"), float("inf"), 1.0]})
    assert broken(frame, in_range("x", 0), in_range("x", None, 10), in_range("x", 0, 10), finite("x")) == {
        "x is at least 0": 1,
        "x is at most 10": 2,
        "x is between 0 and 10": 2,
        "x is finite": 2,
    }
    assert broken(frame, not_null("x")) == {"x is not null": 1}


def test_dates_have_ranges_too(sales):
    assert broken(sales, in_range("day", DAYS[1]), in_range("day", None, DAYS[2])) == {
        "day is at least 2024-03-02": 2,
        "day is at most 2024-03-03": 2,
    }


def test_text_rules():
    frame = pl.DataFrame({"code": ["A1", "A12", "xA1", None]})
    assert broken(frame, matches("code", r"A\d"), one_of("code", ["A1", "A12"])) == {
        r"code matches A\d": 2,
        "code is one of A1, A12": 1,
    }


def test_order_and_gaps_within_series():
    frame = pl.DataFrame({"day": [DAYS[0], DAYS[2], DAYS[1], DAYS[1]], "shop": ["a", "a", "b", "b"]})
    assert broken(frame, ordered("day")) == {"day ascends": 1}
    assert broken(frame, ordered("day", by=["shop"], strictly=True)) == {"day ascends within shop": 1}
    assert broken(frame, no_gaps("day", by=["shop"])) == {"day has no gap over 1d within shop": 1}
    assert broken(frame, no_gaps("day", "2d", by=["shop"])) == {}
    weeks = pl.DataFrame({"week": [date(2024, 1, 1), date(2024, 1, 15), date(2024, 1, 8)]})
    assert broken(weeks, no_gaps("week", "1w")) == {}
    assert broken(weeks.head(2), no_gaps("week", "1w")) == {"week has no gap over 1w": 1}


def test_copies_are_told_from_the_first():
    frame = pl.DataFrame({"key": [1, 2, 1, None, None, 1]})
    assert broken(frame, unique("key")) == {"key is unique": 5}
    outcome = examine(frame, Contract(unique("key", keep="first", severity="quarantine")))
    assert outcome.passed["key"].to_list() == [1, 2, None]


def test_groups_break_a_rule_together(sales):
    rule = group("each shop sells 15", pl.col("units").sum() >= 15, by=["shop"], severity="quarantine")
    assert check(sales, Contract(rule)).passed["shop"].unique().to_list() == ["north"]


def test_a_rule_may_be_about_some_rows(sales):
    rule = in_range("units", 0, 4, where=pl.col("shop") == "south")
    assert broken(sales, rule) == {}
    assert broken(sales, replace(rule, where=pl.col("shop") == "north")) == {"units is between 0 and 4": 2}
    total = Rule("sold", pl.col("units").sum() > 10, where=pl.col("shop") == "south")
    assert broken(sales, total) == {"sold": 0}


def test_the_whole_frame_is_asked(sales):
    assert broken(sales, aggregate("many", pl.len() > 100)) == {"many": 0}
    assert broken(sales.clear(), aggregate("some", pl.len() > 0), not_null("units")) == {"some": 0}
    assert broken(sales.lazy().head(0), aggregate("some", pl.len() > 0)) == {"some": 0}


def test_a_contract_without_rules_lets_everything_pass(sales):
    assert check(sales, Contract()).passed is sales
    assert check(sales.lazy(), Contract()).failing().height == 0


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Rule("x"), "has neither or both"),
        (lambda: Rule("x", pl.col("a") > 0, "fial"), r"no severity 'fial' \(rule 'x'\)\. Did you mean 'fail'\?"),
        (lambda: Rule("x", pl.col("a") > 0, "loud"), "Choose 'fail', 'quarantine' or 'warn'"),
        (lambda: Rule("x", "a > 0"), "is given a str"),
        (lambda: Rule("x", pl.all() > 0), "several truth values a row"),
        (lambda: Rule("x", pl.col("a").drop_nulls() > 0), "neither one truth value a row nor one in all"),
        (lambda: Rule("x", pl.len() > 0, "quarantine"), "about the whole frame"),
        (lambda: column("a", severity="quarantine"), "about the whole frame"),
        (lambda: column("a", dict), "is no type of a column"),
        (lambda: column("a", "Int64"), "is no type of a column"),
        (lambda: Contract(unique("a"), unique("a")), "Two rules are called 'a is unique'"),
        (lambda: unique(), "key without columns"),
        (lambda: in_range("a"), "range without a bound"),
        (lambda: in_range("a", 2, 1), "range from 2 to 1"),
        (lambda: null_share("a", 2), "share of 2"),
        (lambda: group("x", pl.col("a") > 0, by=["b"]), "one truth value a group"),
        (lambda: group("x", pl.len() > 0, by=[]), "one truth value a group"),
        (lambda: aggregate("x", pl.col("a") > 0), "gives a value for each row"),
    ],
)
def test_what_cannot_work_is_told_when_it_is_written(make, told):
    with pytest.raises(DefinitionError, match=told):
        make()


def test_what_is_no_frame_is_told(sales):
    with pytest.raises(InputError, match="A dict is no frame"):
        check({"units": [1]}, RETAIL)
    with pytest.raises(InputError, match="has a column '_row'"):
        check(sales.with_columns(_row=1), RETAIL)
    with pytest.raises(InputError, match="A int is no column"):
        references("shop", 3)


def test_known_values_come_from_any_column(sales):
    for known in (["north"], pl.Series(["north"]), pd.Series(["north"]), sales["shop"].head(1).to_numpy()):
        assert broken(sales, references("shop", known)) == {"shop is known": 4}


ROWS = st.lists(
    st.tuples(st.integers(0, 3), st.one_of(st.none(), st.integers(-3, 6)), st.sampled_from(["a", "b", None])),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, lazy=st.booleans())
def test_a_contract_agrees_with_plain_python(rows, lazy):
    frame = pl.DataFrame(rows, {"key": pl.Int64, "x": pl.Int64, "s": pl.String}, orient="row")
    contract = Contract(
        in_range("x", 0, 4, severity="quarantine"),
        not_null("s", severity="warn"),
        unique("key", "s", severity="quarantine"),
        row("small", pl.col("x") < pl.col("key"), severity="warn", where=pl.col("s") == "a"),
    )
    keys = [(key, s) for key, _, s in rows]
    expected = [
        [n for n, (_, x, _) in enumerate(rows) if x is not None and not 0 <= x <= 4],
        [n for n, (_, _, s) in enumerate(rows) if s is None],
        [n for n, key in enumerate(keys) if keys.count(key) > 1],
        [n for n, (key, x, s) in enumerate(rows) if s == "a" and x is not None and not x < key],
    ]
    outcome = check(frame.lazy() if lazy else frame, contract)
    names = [rule.name for rule in contract.rules]
    assert [outcome.failing(name)["_row"].to_list() for name in names] == expected
    assert [one.failing for one in outcome.findings] == [len(found) for found in expected]
    aside = sorted({*expected[0], *expected[2]})
    assert outcome.quarantined["_row"].to_list() == aside
    assert outcome.passed.rows() == [line for n, line in enumerate(rows) if n not in aside]
    told = outcome.failing()
    assert told["_row"].to_list() == sorted({n for found in expected for n in found})
    for n, said in told.select("_row", "_rules").iter_rows():
        assert said == "; ".join(name for name, found in zip(names, expected, strict=True) if n in found)


def test_rows_of_a_large_frame_keep_their_places():
    """The streaming engine works in parts; what it says of a row has to be about that row."""
    rows = 300_000
    rng = np.random.default_rng(7)
    key, value = rng.integers(0, 200_000, rows), rng.normal(size=rows)
    frame = pl.concat(pl.DataFrame({"key": key, "value": value}).iter_slices(70_001), rechunk=False)
    contract = Contract(
        in_range("value", -2, 2, severity="quarantine"),
        unique("key", severity="warn"),
        ordered("value", severity="warn"),
        group("each key is positive", pl.col("value").max() > 0, by=["key"], severity="warn"),
    )
    _, inverse, counts = np.unique(key, return_inverse=True, return_counts=True)
    most = np.full(counts.size, -np.inf)
    np.maximum.at(most, inverse, value)
    broken = [
        np.abs(value) > 2,
        counts[inverse] > 1,
        np.append(False, value[1:] < value[:-1]),
        most[inverse] <= 0,
    ]
    for form in (frame, frame.lazy()):
        outcome = examine(form, contract)
        for rule, mask in zip(contract.rules, broken, strict=True):
            assert np.array_equal(outcome.failing(rule.name)["_row"].to_numpy(), np.flatnonzero(mask)), rule.name
        assert outcome.passed["value"].equals(pl.Series("value", value[~broken[0]]))
