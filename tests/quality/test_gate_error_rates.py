"""How often gates are wrong, over simulated pairs of models: few in a moment, 1,000 in `make prove`."""

import sys
from pathlib import Path

import pytest
from scipy.stats import beta

sys.path.append(str(Path(__file__).resolve().parents[2] / "bench/gates"))

import simulation as sim

MOST_WRONG = 0.065
PAIRS = 1000


def least(found: int, of: int) -> float:
    """The lower end of the 95 % interval of Clopper and Pearson."""
    return float(beta.ppf(0.025, found, of - found + 1)) if found else 0.0


def test_few_pairs_tell_gates_from_a_bootstrap_of_rows():
    world = sim.World(8)
    assert sim.rate(world, 0.0, 0.0, (sim.upper_of_gates, 75, 5)) <= 0.08
    assert sim.rate(world, 0.0, 0.0, (sim.upper_of_rows, 75, 5)) >= 0.12
    assert sim.rate(world, -0.055, 0.0, (sim.upper_of_gates, 50, 6)) >= 0.8
    assert sim.whole_set(sim.TASKS[0], 25, 7)["all gates"] >= 0.9


@pytest.mark.prove
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("task", sim.TASKS, ids=lambda task: f"{task.weeks} weeks")
def test_a_thousand_pairs(task):
    world, gates = sim.World(task.weeks), sim.upper_of_gates
    assert sim.rate(world, 0.0, 0.0, (gates, PAIRS, 100)) <= MOST_WRONG
    assert sim.rate(world, task.margin, task.margin, (gates, PAIRS, 101)) <= MOST_WRONG
    found = sim.rate(world, -task.effect, 0.0, (gates, PAIRS, 102))
    assert found >= 0.80
    assert least(round(found * PAIRS), PAIRS) >= 0.77
    assert sim.whole_set(task, PAIRS, 103)["all gates"] >= 0.90
    # The bootstrap of rows, beside it: wrong three times as often as it says, and more.
    assert sim.rate(world, 0.0, 0.0, (sim.upper_of_rows, PAIRS, 100)) >= 0.15
    assert sim.rate(world, task.margin, task.margin, (sim.upper_of_rows, PAIRS, 101)) >= 0.15


@pytest.mark.prove
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("weeks", [4, 8, 26])
@pytest.mark.parametrize("name", list(sim.HARSHER))
def test_harsher_worlds(name, weeks):
    assert sim.rate(sim.harsher(weeks)[name], 0.0, 0.0, (sim.upper_of_gates, PAIRS, 110)) <= MOST_WRONG + 0.01
