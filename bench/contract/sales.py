"""A table of sales with faults in it, and what the ten rules have to find: the oracle is how it was made."""

import datetime
from pathlib import Path

import numpy as np
import polars as pl
from rules import FIRST, PRODUCTS, RULES, SHORTEST, STATES

__all__ = ["make"]

STORES = 50


def make(rows: int, path: Path) -> dict[str, int]:
    """Write the table; returns how many rows break each rule."""
    place = np.arange(rows)
    series = STORES * len(PRODUCTS)
    draw = np.random.default_rng(20240301)
    units = draw.poisson(8, rows)
    cost = np.round(draw.uniform(0.5, 4, rows), 2)
    price = np.round(cost * draw.uniform(1.2, 2, rows), 2)
    frame = pl.DataFrame(
        {
            "day": np.datetime64(FIRST, "D") + place // series,
            "store": place % series // len(PRODUCTS),
            "product": np.array(PRODUCTS)[place % len(PRODUCTS)],
            "units": units,
            "price": price,
            "cost": cost,
            "revenue": np.round(units * price, 2),
            "state": draw.choice(STATES, rows, p=[0.9, 0.08, 0.02]),
            "code": [f"{100_000 + number % 900_000}-{number % 97:02}" for number in range(rows)],
        }
    )
    count = max(4, rows // 5000)
    # Each fault has rows of its own, so that what one rule finds does not depend on another.
    faults = np.split(draw.permutation(rows // 2)[: 9 * count], 9)
    names = [name for name in RULES if name != "short"]
    where = {name: pl.Series(np.isin(place, rows_of)) for name, rows_of in zip(names, faults, strict=True)}
    past = pl.lit(datetime.date(2031, 1, 1)) + pl.duration(days=pl.int_range(rows))
    frame = frame.with_columns(
        pl.when(where["null"]).then(None).when(where["units"]).then(20_000).otherwise("units").alias("units"),
        pl.when(where["price"]).then(-1.0).otherwise("price").alias("price"),
        pl.when(where["state"]).then(pl.lit("opne")).otherwise("state").alias("state"),
        pl.when(where["code"]).then(pl.lit("none")).otherwise("code").alias("code"),
        pl.when(where["day"]).then(past).otherwise("day").cast(pl.Date).alias("day"),
        pl.when(where["product"]).then(pl.format("Q{}", pl.int_range(rows))).otherwise("product").alias("product"),
        pl.when(where["units"]).then(1e6).when(where["revenue"]).then(-1.0).otherwise("revenue").alias("revenue"),
    )
    twice = frame.filter(where["key"])
    # The copies go to the end, in the place of as many rows; and one store has a few days alone.
    days = SHORTEST - 8
    short = frame[rows - count - days : rows - count].with_columns(
        pl.lit(999, pl.Int64).alias("store"),
        pl.lit(PRODUCTS[0]).alias("product"),
        pl.date_range(FIRST, FIRST + datetime.timedelta(days=days - 1), eager=True).alias("day"),
    )
    frame = pl.concat([frame[: rows - count - days], short, twice])
    frame.write_parquet(path)
    # A product that is not known is a short series too: each has a name of its own.
    return dict.fromkeys(names, count) | {"key": 2 * count, "short": days + count}
