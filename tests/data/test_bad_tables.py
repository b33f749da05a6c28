"""Bad tables, from the file on: each is told by whom it concerns, with what to do, or treated as its rule declares."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest

from mainspring.data import (
    Contract,
    Rolling,
    check,
    column,
    duplicates,
    in_range,
    no_gaps,
    not_null,
    null_share,
    ordered,
    read,
    references,
    require,
    rolling_origin,
    series_length,
    unique,
)
from mainspring.errors import ContractError, InputError

HORIZON = 5
KEYS = ("shop", "product")
FIRST = date(2024, 3, 1)
GOOD = [(FIRST + timedelta(days=day), shop, "tea", 3 + day, 1.5) for shop in ("north", "south") for day in range(10)]
CONTRACT = Contract(
    column("day", date, datetime),
    column("units", int),
    column("price", float),
    *(not_null(name) for name in ("day", *KEYS)),
    unique("day", *KEYS),
    ordered("day", by=KEYS),
    no_gaps("day", by=KEYS, severity="warn"),
    in_range("units", 0, severity="quarantine"),
    null_share("price", 0.5),
    references("product", ["tea", "coffee"], to="products", severity="quarantine"),
    series_length(*KEYS, at_least=HORIZON, severity="quarantine"),
)


@pytest.fixture
def checked(tmp_path):
    """Reads rows, as text, and checks them."""

    def act(rows, header="day,shop,product,units,price", **options):
        path = tmp_path / "sales.csv"
        path.write_text("\n".join([header, *(",".join(str(part) for part in row) for row in rows)]) + "\n")
        return check(read(path, **options), CONTRACT, where="sales")

    return act


def changed(place, **values):
    """The good rows with another value in one of them."""
    names = ("day", "shop", "product", "units", "price")
    row = tuple(values.get(name, old) for name, old in zip(names, GOOD[place], strict=True))
    return [*GOOD[:place], row, *GOOD[place + 1 :]]


def test_good_rows_pass(checked):
    assert checked(GOOD).passed.height == len(GOOD)


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([(f"{day}T00:00:00+02:00", *rest) for day, *rest in GOOD], r"'day' has the time zone UTC.*convert_time_zone"),
        (changed(3, units=10**25), r"'units' is of type Int128.*more than 64 bits.*Correct the number"),
        (changed(3, units="many"), r"'units' is of type String, not Int8"),
        (changed(3, price="free"), r"'price' is of type String, not Float32 or Float64"),
        (changed(3, day="soon"), r"'day' is of type String, not Date"),
        ([GOOD[4], *GOOD[:4], *GOOD[5:]], r"'day ascends within shop, product' is broken: 1 of 20 rows"),
        ([*GOOD, GOOD[-1]], r"'day, shop, product is unique'.*2 of 21 rows.*2024-03-10, shop=south"),
        (changed(3, day=""), r"'day is not null' is broken: 1 of 20 rows"),
        ([(*row[:4], "") for row in GOOD], r"'price' is of type String|'at most 0.5 of price is null, and not all'"),
    ],
    ids=["zone", "huge", "units text", "price text", "day text", "unordered", "twice", "no day", "no price"],
)
def test_what_breaks_a_contract_is_refused_with_rows(checked, rows, told):
    with pytest.raises(ContractError, match=f"(?s){told}"):
        checked(rows)


def test_a_price_that_is_null_throughout_is_told_as_such(checked):
    rows = [(*row[:4], "") for row in GOOD]
    with pytest.raises(ContractError, match=r"'at most 0.5 of price is null, and not all' is broken"):
        checked(rows, types={"price": pl.Float64})


def test_a_missing_column_is_told_with_the_nearest_name(checked):
    with pytest.raises(ContractError, match=r"(?s)no column 'price'.*Did you mean 'prices'"):
        checked(GOOD, "day,shop,product,units,prices")


def test_rows_that_a_rule_sets_aside_are_whole_and_named(checked):
    outcome = checked([*changed(9, units=-4), *((day, "east", "tee", 1, 2.0) for day, *_ in GOOD[:3])])
    assert outcome.passed.height == len(GOOD) - 1
    told = outcome.quarantined.select("_row", "shop", "units", "_rules").rows()
    assert told[0] == (9, "north", -4, "units is at least 0")
    both = "product is known in products; each shop, product has at least 5 rows"
    assert told[1:] == [(20 + place, "east", 1, both) for place in range(3)]


def test_missing_dates_are_a_warning_where_it_is_declared(checked):
    outcome = checked([*GOOD[:4], *GOOD[6:]])
    (finding,) = outcome.broken
    assert (finding.severity, finding.failing) == ("warn", 1)
    assert "2024-03-07" in str(finding)
    assert outcome.passed.height == len(GOOD) - 2


def test_a_horizon_longer_than_the_data_is_told(checked):
    days = checked(GOOD).passed["day"]
    assert rolling_origin(days, Rolling(folds=1, test_days=HORIZON))
    with pytest.raises(InputError, match=r"1 fold of 28 days.*take 29 days, and there are 10: 2024-03-01 to"):
        rolling_origin(days, Rolling(folds=1, test_days=28))


def test_dates_with_a_zone_cannot_be_split(checked):
    days = checked(GOOD).passed["day"].cast(pl.Datetime).dt.replace_time_zone("Europe/Berlin")
    with pytest.raises(InputError, match="time zone Europe/Berlin"):
        rolling_origin(days, Rolling(folds=1, test_days=HORIZON))


def test_copies_are_found_without_a_contract(checked):
    frame = pl.concat([checked(GOOD).passed, checked(GOOD).passed.head(1)])
    with pytest.raises(ContractError, match="2 of 21 rows share 1 keys of 'day', 'shop', 'product'"):
        require(duplicates(frame, ["day", *KEYS]))
