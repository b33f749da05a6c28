"""A table of sales with prices that move, for tests: what is dear sells less."""

from datetime import date, timedelta

import numpy as np
import polars as pl
from folds import Plan
from panel import Columns

PRICED = Columns(
    date="day", store="shop", target="sold", open="open", price="price", promotion="promo", static=["kind"]
)
PLAN = Plan(horizon=14, delay=3, outer=1, outer_step=7, inner=1, inner_step=7, train=364, locked=14)


def priced(days: int = 560, shops: int = 40, seed: int = 0) -> pl.DataFrame:
    """Shops of three kinds: closed on Sundays, promotions from Monday to Friday every other week, a price each week."""
    random = np.random.default_rng(seed)
    day = np.arange(days)
    weekday, week = day % 7, day // 7
    level = np.exp(random.normal(6, 0.7, (shops, 1)))
    kind = random.integers(0, 3, shops)
    price = 2 * np.exp(random.normal(0, 0.2, (shops, week[-1] + 1)))[:, week]
    promo = np.broadcast_to((week % 2 == 0) & (weekday < 5), (shops, days))
    factor = np.array([1.3, 0.9, 0.8, 0.9, 1.2, 1.5, 0.0])[weekday]
    mean = level * factor * (1 + 0.4 * promo) * (price / 2) ** -1.5
    sold = np.rint(mean * random.gamma(60, 1 / 60, (shops, days)))
    first = date(2022, 1, 3)
    return pl.DataFrame(
        {
            "day": [first + timedelta(days=int(one)) for one in day] * shops,
            "shop": np.repeat([f"shop {one}" for one in range(shops)], days),
            "kind": np.repeat(np.array(["corner", "mall", "street"])[kind], days),
            "sold": sold.ravel().astype(int),
            "open": np.tile((weekday < 6).astype(int), shops),
            "promo": promo.ravel().astype(int),
            "price": price.ravel().round(2),
        }
    )
