"""pandera with its Polars backend: checks of columns and of the frame, all errors collected."""

import pandera.polars as pa
import polars as pl
import rules
from pandera.errors import SchemaErrors


def whole(expression):
    return lambda data: data.lazyframe.select(expression)


SCHEMA = pa.DataFrameSchema(
    {
        "day": pa.Column(pl.Date, pa.Check.in_range(rules.FIRST, rules.LAST, name="day"), nullable=True),
        "store": pa.Column(pl.Int64, nullable=True),
        "product": pa.Column(pl.String, pa.Check.isin(rules.PRODUCTS, name="product"), nullable=True),
        "units": pa.Column(pl.Int64, pa.Check.in_range(0, 10_000, name="units"), nullable=False),
        "price": pa.Column(pl.Float64, pa.Check.in_range(0.01, 1000, name="price"), nullable=True),
        "cost": pa.Column(pl.Float64, nullable=True),
        "revenue": pa.Column(pl.Float64, nullable=True),
        "state": pa.Column(pl.String, pa.Check.isin(rules.STATES, name="state"), nullable=True),
        "code": pa.Column(pl.String, pa.Check.str_matches(rules.CODE, name="code"), nullable=True),
    },
    checks=[
        pa.Check(whole(pl.len().over("day", "store", "product") == 1), name="key"),
        pa.Check(whole(pl.col("revenue") >= pl.col("units") * pl.col("cost")), name="revenue"),
        pa.Check(whole(pl.len().over("store", "product") >= rules.SHORTEST), name="short"),
    ],
)


def check(frame):
    try:
        return dict.fromkeys(rules.RULES, 0), {}, SCHEMA.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
    counts, shown, bad = {}, {}, []
    for (column, test), found in cases.group_by("column", "check"):
        name = "null" if test == "not_nullable" else test if test in rules.RULES else column
        places = found["index"].cast(pl.UInt32)
        counts[name] = len(places)
        shown[name] = frame[places.head(5)]
        bad.append(places)
    good = frame.with_row_index("row").filter(~pl.col("row").is_in(pl.concat(bad).unique().implode())).drop("row")
    return counts, shown, good
