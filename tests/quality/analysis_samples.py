"""Small predictions of each kind, with something wrong in one place."""

import numpy as np

from mainspring.quality import Rows, classification, quantiles, ranking, regression
from mainspring.stats import crossed_weeks

LEVELS = (0.25, 0.5, 0.95)


def panel(seed=0, *, bad=0.0, shops=40, days=56):
    """Rows of a shop and a day; where it rains in big shops the prediction is off by about `bad` more."""
    rng = np.random.default_rng(seed)
    shop, day = np.repeat(np.arange(shops), days), np.tile(np.arange(days), shops)
    rain, big = rng.random(shop.size) < 0.3, shop % 2 == 0
    noise = rng.normal(size=shops)[shop] * 0.2 + rng.normal(size=days // 7)[day // 7] * 0.2
    error = rng.normal(size=shop.size) + noise + bad * (rain & big) * rng.choice([-1, 1], shop.size)
    actual = 20 + 5 * rng.random(shop.size)
    dates = np.datetime64("2024-01-01") + day
    rows = Rows(
        columns={
            "rain": np.where(rain, "yes", "no"),
            "size": np.where(big, "big", "small"),
            "weekday": day % 7,
            "price": rng.gamma(3, 2, shop.size),
            "owner": np.array([f"owner {one}" for one in shop]),
        },
        clusters=crossed_weeks(shop, dates),
        keys={"shop": shop, "date": dates},
        sensitive=("owner",),
        unit="€",
    )
    return actual, error, rows


def numbers(**given):
    actual, error, rows = panel(**given)
    return regression(actual, actual + error), rows


def levels(**given):
    actual, error, rows = panel(**given)
    spread = np.array([-0.67, 0.0, 1.64])
    return quantiles(np.round(actual + error), actual[:, None] + spread, LEVELS), rows


def classes(count=3, **given):
    _, error, rows = panel(**given)
    rng = np.random.default_rng(1)
    truth = rng.integers(0, count, error.size)
    score = rng.normal(size=(error.size, count)) + 1.5 * np.eye(count)[truth] - np.abs(error)[:, None] / 5
    sure = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    names = np.array(["no", "yes", "maybe"])[:count]
    return classification(names[truth], sure, names), rows


def orders(seed=0, queries=120):
    rng = np.random.default_rng(seed)
    query = np.repeat(np.arange(queries), 8)
    gain = rng.integers(0, 3, query.size)
    long = np.repeat(rng.random(queries) < 0.5, 8)
    rows = Rows(columns={"words": np.where(long, "many", "few")}, keys={"user": query // 2})
    return ranking(gain, gain + rng.normal(size=query.size) * np.where(long, 4, 0.5), query, k=5), rows
