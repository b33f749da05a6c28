"""Traffic of a shop: three weeks by the hour, with a season, labels that come after a day, and nothing planted."""

import numpy as np

from mainspring.monitoring import Traffic

HOUR, DAY = 3600, 86_400
START = 1_760_313_600.0  # 2025-10-13, a Monday


def shop_traffic(days, rows=120, seed=0):
    rng = np.random.default_rng(seed)
    count = days * 24 * rows
    times = np.sort(START + rng.uniform(0, days * DAY, count))
    usual = 0.3 * np.sin(2 * np.pi * (times - START) / DAY)
    price = rng.normal(usual, 1)
    columns = {
        "price": price,
        "units": price * 0.8 + rng.normal(size=count) * 0.6,
        "age": rng.integers(18, 80, count),
        "store": rng.choice(["a", "b", "c"], count),
    }
    return Traffic.of(columns, times, labels=2 * price + rng.normal(size=count), arrived=times + DAY)


def predict(batch):
    return {"sales": 2 * batch.rows.columns["price"]}
