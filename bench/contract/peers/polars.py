"""Bare Polars: one expression a rule, all in one streaming `select`, as someone who knows it well would write it."""

import polars as pl
import rules

KNOWN = pl.Series(rules.PRODUCTS).implode()
KEY = ("day", "store", "product")
KEPT = {
    "null": pl.col("units").is_not_null(),
    "price": pl.col("price").is_between(0.01, 1000),
    "units": pl.col("units").is_between(0, 10_000),
    "state": pl.col("state").is_in(rules.STATES),
    "code": pl.col("code").str.contains(rules.CODE),
    "key": pl.len().over(*KEY) == 1,
    "day": pl.col("day").is_between(rules.FIRST, rules.LAST),
    "product": pl.col("product").is_in(KNOWN),
    "revenue": pl.col("revenue") >= pl.col("units") * pl.col("cost"),
    "short": pl.len().over("store", "product") >= rules.SHORTEST,
}
BROKEN = [kept.not_().fill_null(value=False).alias(name) for name, kept in KEPT.items()]


def check(frame):
    broken = frame.lazy().select(BROKEN).collect(engine="streaming")
    counts = broken.sum().row(0, named=True)
    shown = {name: frame[mask.arg_true().head(5)] for name, mask in broken.to_dict().items()}
    bad = broken.select(pl.any_horizontal(pl.all())).to_series()
    frame.filter(bad)
    return counts, shown, frame.filter(~bad)
