"""A small table of sales for tests: products in stores, with closed Sundays, promotions, prices and trends."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from folds import Plan
from panel import Columns

DAILY = Columns(
    date="day",
    store="shop",
    product="item",
    target="sold",
    open="open",
    price="price",
    promotion="promo",
    static=["kind"],
)
WEEKLY = Columns(date="day", store="shop", target="sold", promotion="promo", frequency="weekly")
PLAN = Plan(horizon=14, delay=3, outer=2, outer_step=7, inner=2, inner_step=7, train=250, locked=14)
WEEKS = Plan(horizon=4, delay=1, outer=2, outer_step=1, inner=1, inner_step=1, train=100, locked=4)
LEVELS = [0.015, 0.25, 0.5, 0.75, 0.95, 0.99]


def daily(days: int = 420, shops: int = 2, items: int = 3, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    rows = []
    for shop in range(shops):
        for item in range(items):
            for day in range(days):
                moment = date(2022, 1, 3) + timedelta(days=day)
                promo = int(day % 14 < 5)
                open_ = int(moment.weekday() != 6)
                mean = (4 + 3 * item + shop) * (1 + 0.5 * promo) * (1 + 0.3 * (moment.weekday() == 5))
                sold = int(random.poisson(mean)) * open_
                row = (
                    moment,
                    f"shop {shop}",
                    f"item {item}",
                    "big" if item else "small",
                    sold,
                    open_,
                    promo,
                    2.0 + item,
                )
                rows.append(row)
    names = ["day", "shop", "item", "kind", "sold", "open", "promo", "price"]
    return pl.DataFrame(rows, schema=names, orient="row")


def weekly(weeks: int = 160, shops: int = 3, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    rows = [
        (
            date(2021, 1, 4) + timedelta(weeks=week),
            f"shop {shop}",
            int(random.poisson(20 + 5 * shop)),
            int(week % 4 == 0),
        )
        for shop in range(shops)
        for week in range(weeks)
    ]
    return pl.DataFrame(rows, schema=["day", "shop", "sold", "promo"], orient="row")
