"""Rows of a small shop, and models of them that are right or have a planted fault."""

import numpy as np
import pytest

from mainspring.quality import Among, Between, Domain

NAMES = tuple(f"x{place}" for place in range(10))


@pytest.fixture
def shop():
    """2,000 real rows: a price, a promotion, a kind, an id, and ten numbers that matter a little."""
    random = np.random.default_rng(7)
    count = 2000
    rows = {name: random.uniform(0.2, 0.8, count) for name in NAMES}
    rows["price"] = random.uniform(1, 5, count)
    rows["promotion"] = random.integers(0, 2, count)
    rows["kind"] = random.choice(np.array(["tea", "coffee", "milk"], object), count)
    rows["id"] = np.array([f"shop {place}" for place in range(count)], object)
    rows["history"] = random.uniform(5, 50, (count, 14))
    return rows


@pytest.fixture
def domain():
    """More than real rows have: numbers from 0 to 1, prices from 0 to 10."""
    ranges = {name: Between(0, 1) for name in NAMES}
    ranges |= {"price": Between(0.0, 10.0), "promotion": Between(0, 1), "kind": Among(("tea", "coffee", "milk"))}
    return Domain(ranges)


def demand(rows):
    """A right model: it falls with the price, grows with the history, and knows no id."""
    kinds = {"tea": 1.0, "coffee": 1.5, "milk": 0.7}
    base = rows["history"].mean(axis=1) * np.array([kinds.get(kind, 1.0) for kind in rows["kind"].tolist()])
    middle = base * (1 + 0.3 * rows["promotion"]) * np.exp(-0.1 * rows["price"])
    middle = middle * (1 + 0.01 * sum(rows[name] for name in NAMES))
    return {"q0.25": 0.8 * middle, "q0.5": middle, "q0.75": 1.2 * middle}
