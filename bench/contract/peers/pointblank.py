"""pointblank: a validation with a step for each rule, extracts of five rows, and the rows that pass all."""

import pointblank as pb
import polars as pl
import rules


def plan(frame):
    return (
        pb.Validate(frame)
        .col_vals_not_null("units")
        .col_vals_between("price", 0.01, 1000, na_pass=True)
        .col_vals_between("units", 0, 10_000, na_pass=True)
        .col_vals_in_set("state", rules.STATES)
        .col_vals_regex("code", rules.CODE, na_pass=True)
        .rows_distinct(["day", "store", "product"])
        .col_vals_between("day", rules.FIRST, rules.LAST, na_pass=True)
        .col_vals_in_set("product", rules.PRODUCTS)
        .col_vals_expr((pl.col("revenue") >= pl.col("units") * pl.col("cost")).fill_null(value=True))
        .col_vals_expr(pl.len().over("store", "product") >= rules.SHORTEST)
    )


def check(frame):
    done = plan(frame).interrogate(get_first_n=5)
    failed, extracts = done.n_failed(), done.get_data_extracts()
    counts = {name: failed[place] for place, name in enumerate(rules.RULES, 1)}
    shown = {name: extracts[place] for place, name in enumerate(rules.RULES, 1)}
    return counts, shown, done.get_sundered_data(type="pass")
