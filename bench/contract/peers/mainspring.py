"""Mainspring: a contract whose rules set rows aside."""

import polars as pl
import rules

from mainspring.data import Contract, examine, group, in_range, matches, not_null, one_of, references, row, unique

ASIDE = "quarantine"
RULES = {
    "null": not_null("units", severity=ASIDE),
    "price": in_range("price", 0.01, 1000, severity=ASIDE),
    "units": in_range("units", 0, 10_000, severity=ASIDE),
    "state": one_of("state", rules.STATES, severity=ASIDE),
    "code": matches("code", rules.CODE, severity=ASIDE),
    "key": unique("day", "store", "product", severity=ASIDE),
    "day": in_range("day", rules.FIRST, rules.LAST, severity=ASIDE),
    "product": references("product", rules.PRODUCTS, severity=ASIDE),
    "revenue": row("revenue covers cost", pl.col("revenue") >= pl.col("units") * pl.col("cost"), severity=ASIDE),
    "short": group("series are long", pl.len() >= rules.SHORTEST, by=["store", "product"], severity=ASIDE),
}
CONTRACT = Contract(*RULES.values())


def check(frame):
    outcome = examine(frame, CONTRACT)
    found = dict(zip(RULES, outcome.findings, strict=True))
    counts = {name: one.failing for name, one in found.items()}
    return counts, {name: one.examples for name, one in found.items()}, outcome.passed
