"""dataframely: a schema with a column for each column and a rule for each rule."""

import dataframely as dy
import polars as pl
import rules


class Sales(dy.Schema):
    day = dy.Date(nullable=True, min=rules.FIRST, max=rules.LAST)
    store = dy.Int64(nullable=True)
    product = dy.String(nullable=True)
    units = dy.Int64(nullable=False, min=0, max=10_000)
    price = dy.Float64(nullable=True, min=0.01, max=1000)
    cost = dy.Float64(nullable=True)
    revenue = dy.Float64(nullable=True)
    state = dy.String(nullable=True, check=lambda column: column.is_in(rules.STATES))
    code = dy.String(nullable=True, regex=rules.CODE)

    @dy.rule()
    def key(self) -> pl.Expr:
        return pl.len().over("day", "store", "product") == 1

    @dy.rule()
    def known(self) -> pl.Expr:
        return pl.col("product").is_in(pl.Series(rules.PRODUCTS).implode())

    @dy.rule()
    def covered(self) -> pl.Expr:
        return pl.col("revenue") >= pl.col("units") * pl.col("cost")

    @dy.rule()
    def long(self) -> pl.Expr:
        return pl.len().over("store", "product") >= rules.SHORTEST


NAMES = {
    "null": ["units|nullability"],
    "price": ["price|min", "price|max"],
    "units": ["units|min", "units|max"],
    "state": ["state|check"],
    "code": ["code|regex"],
    "key": ["key"],
    "day": ["day|min", "day|max"],
    "product": ["known"],
    "revenue": ["covered"],
    "short": ["long"],
}


def check(frame):
    good, failure = Sales.filter(frame)
    counted = failure.counts()
    details = failure.details()
    counts, shown = {}, {}
    for name, parts in NAMES.items():
        counts[name] = sum(counted.get(part, 0) for part in parts)
        broken = pl.any_horizontal(pl.col(part) == "invalid" for part in parts)
        shown[name] = details.filter(broken).head(5)
    return counts, shown, good
