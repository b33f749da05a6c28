"""Trials: an effect is found with its interval, nothing is found where nothing is, and a broken split is said to be."""

import math

import numpy as np
import pytest

from mainspring.errors import MonitoringError
from mainspring.monitoring import Side, Trying, draw_trial, says_of_trial, try_pairs, try_split

DAY = 86_400
START = 20_000 * DAY


def traffic(rng, rows, *, days=10):
    """Requests of customers, some of whom come often; what they lose depends on who they are."""
    customers = (rng.random(rows) ** 2 * (rows // 4)).astype(int)
    losses = rng.lognormal(0, 0.8, rows) * (1 + 0.5 * np.sin(customers))
    return {
        "customer": customers,
        "time": START + rng.uniform(0, days * DAY, rows),
        "price": rng.normal(size=rows) + 0.3 * np.cos(customers),
        "store": rng.choice(["a", "b", "c"], rows).astype(object),
        "loss": losses,
        "known": rng.random(rows) < 0.8,
    }


def side(rows, mine, *, lower=0.0, labelled=None):
    known = rows["known"] if labelled is None else labelled
    actual = np.where(known, rows["loss"] * (1 - lower), np.nan)[mine]
    columns = {name: rows[name][mine] for name in ("price", "store")}
    return Side(rows["customer"][mine], rows["time"][mine], np.zeros(int(mine.sum())), actual, columns)


def halves(rng, rows, share=0.5):
    """Customers, split by a draw for each."""
    return (rng.random(int(rows["customer"].max()) + 1) < share)[rows["customer"]]


def test_an_effect_is_found_with_an_interval_around_it():
    rng = np.random.default_rng(0)
    rows = traffic(rng, 60_000)
    first = halves(rng, rows)
    trial = try_split(side(rows, first), side(rows, ~first, lower=0.1), Trying(split=True))
    assert trial.answer == "better"
    assert trial.effect.low < -0.1 * trial.arms[0].loss < trial.effect.high
    assert trial.p < 1e-3
    assert not any(one.broken for one in trial.checks)
    assert len(trial.days) == 10
    reverse = try_split(side(rows, ~first, lower=0.1), side(rows, first), Trying(split=True))
    assert reverse.answer == "worse"
    assert reverse.effect.estimate == pytest.approx(-trial.effect.estimate)


def test_pairs_find_what_a_split_of_the_same_rows_leaves_open():
    rng = np.random.default_rng(1)
    rows = traffic(rng, 4_000)
    seen = rng.random(4_000) < 0.9
    pairs = try_pairs(side(rows, seen), side(rows, seen, lower=0.02), side(rows, ~seen))
    first = halves(rng, rows)
    split = try_split(side(rows, first), side(rows, ~first, lower=0.02), Trying(split=True))
    assert (pairs.answer, pairs.paired) == ("better", True)
    assert split.answer == "open"
    assert split.needed > 1
    assert pairs.detectable < split.detectable / 5
    assert "times as many labels" in says_of_trial(split, ("version 1", "version 2"))


@pytest.mark.prove
def test_power_is_what_repetition_finds():
    rng = np.random.default_rng(2)
    found, said = 0, []
    for _ in range(100):
        losses = rng.exponential(1, 2_000) * np.repeat([1.0, 1.1], 1_000)
        sides = [
            Side(np.arange(1_000) + 1_000 * place, np.full(1_000, float(START)), np.zeros(1_000), part)
            for place, part in enumerate(np.split(losses, 2))
        ]
        trial = try_split(*sides, Trying(relevant=0.1))
        found += trial.answer == "worse"
        said.append(trial.power)
    assert found / 100 == pytest.approx(np.mean(said), abs=0.13)


def broken(trial):
    assert trial.answer == "broken"
    assert "split is broken" in says_of_trial(trial, ("version 1", "version 2"))
    return {one.name for one in trial.checks if one.broken}


@pytest.mark.parametrize("fault", ["ratio", "steadiness", "coverage", "balance", "overlap"])
def test_a_broken_split_is_said_to_be_broken_and_where(fault):
    rng = np.random.default_rng(3)
    rows = traffic(rng, 20_000)
    first = halves(rng, rows)
    second, labelled = ~first, rows["known"]
    if fault == "ratio":  # a fifth of the customers of the second version are lost
        second = second & (rows["customer"] % 5 != 0)
    if fault == "steadiness":  # for three days nearly all new customers go to the first
        late = (rows["time"] > START + 6 * DAY) & (rng.random(int(rows["customer"].max()) + 1) < 0.7)[rows["customer"]]
        second, first = second & ~late, first | late
    if fault == "coverage":
        labelled = labelled & (first | (rng.random(20_000) < 0.9))
    if fault == "balance":
        first, second = first & ((rows["store"] != "a") | (rng.random(20_000) < 0.8)), second
    if fault == "overlap":
        first = first | (rng.random(20_000) < 0.1)
    trial = try_split(side(rows, first, labelled=labelled), side(rows, second, labelled=labelled), Trying(split=True))
    assert fault in broken(trial)


def test_a_shadow_that_leaves_out_the_hard_rows_is_said_to_be_broken():
    rng = np.random.default_rng(4)
    rows = traffic(rng, 5_000)
    seen = rng.random(5_000) < np.where(rows["price"] > 1, 0.5, 0.95)
    assert broken(try_pairs(side(rows, seen), side(rows, seen), side(rows, ~seen))) == {"balance"}


def test_few_labels_say_nothing_and_a_page_is_drawn_of_anything():
    rng = np.random.default_rng(5)
    rows = traffic(rng, 400)
    first = halves(rng, rows)
    none = np.zeros(400, bool)
    trial = try_split(side(rows, first, labelled=none), side(rows, ~first, labelled=none))
    assert (trial.answer, trial.effect) == ("too few", None)
    assert math.isnan(trial.arms[0].loss)
    assert "too few labels" in draw_trial(trial, ("version 1", "version 2"), "shop")
    same = try_split(side(rows, first), side(rows, ~first), Trying(relevant=5.0))
    assert same.answer == "no difference"
    assert "all days" in draw_trial(same, ("version 1", "version 2"), "shop")


def test_what_cannot_be_compared_is_said():
    with pytest.raises(MonitoringError, match="cannot be compared by the loss 'error'"):
        Trying(loss="error")
    with pytest.raises(MonitoringError, match="cannot have the share"):
        Trying(share=1.5)


@pytest.mark.prove
@pytest.mark.timeout(600)
def test_an_a_a_trial_finds_nothing_at_its_level():
    """500 trials of equal versions: heavy-tailed losses, customers who come often, missing values."""
    rng = np.random.default_rng(6)
    differing, broke, trials = 0, 0, 500
    for _ in range(trials):
        rows = traffic(rng, 3_000)
        rows["price"][rng.random(3_000) < 0.05] = np.nan
        first = halves(rng, rows)
        trial = try_split(side(rows, first), side(rows, ~first), Trying(split=True))
        differing += bool(trial.effect.low > 0 or trial.effect.high < 0)
        broke += trial.answer == "broken"
    assert differing / trials < 0.05 + 2.33 * math.sqrt(0.05 * 0.95 / trials)
    assert broke / trials < 0.005 + 3 * math.sqrt(0.005 / trials)
