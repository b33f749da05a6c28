"""A rehearsal is logged like a service's answers: windows, checks and late labels read it."""

import numpy as np
import pytest

from mainspring.config.monitor import Monitor
from mainspring.monitoring import Change, LabelShelf, Plant, Simulation, Traffic, plant, play
from mainspring.workspace.labelled import rate_home
from mainspring.workspace.rehearsing import Rehearsal
from mainspring.workspace.simulating import Tried, simulate_home
from mainspring.workspace.windows import Part, backfill, check_home, explain

HOUR, DAY = 3600, 86_400
START = 1_433_116_800.0  # 2015-06-01, a Monday


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Nine days of a shop, replayed; by noon of the last one prices are planted to move."""
    folder = tmp_path_factory.mktemp("rehearsed") / ".mainspring"
    rng = np.random.default_rng(0)
    times = START + np.sort(rng.uniform(0, 9 * DAY, 9 * 24 * 40))
    price = rng.normal(size=times.size)
    rows = {"price": price, "store": rng.choice(["a", "b"], times.size)}
    recorded = Traffic.of(rows, times, labels=2 * price + rng.normal(size=times.size), arrived=times + DAY)
    traffic = plant(recorded, [Plant("drift", 1.5, "price", since=START + 8.5 * DAY)])
    shelf = LabelShelf(folder / "labels")
    with Rehearsal(folder, lambda given: {"sales": 2 * given["price"]}, "shop") as ask:
        said = play(traffic, ask, tell=lambda labels, _: shelf.add(labels))
    return folder, said, backfill(folder, days=8)


def test_a_rehearsal_is_read_like_the_log_of_a_service(home):
    folder, said, (made,) = home
    assert (said.rows, said.labels, said.failed) == (8_640, 8_640, 0)
    assert (made.model, made.windows, made.rows) == ("shop", 216, 8_640)
    checked = check_home(home=folder, part=Part(days=8))
    found = [{(one.check, one.column) for one in check.findings} for check in checked.checks]
    assert not any(found[:12])
    assert {("drift", "price"), ("drift", "output.sales")} <= found[15]
    (said_of,) = said.planted
    assert said_of.first >= START + 8.5 * DAY
    finding = checked.checks[-1].findings[0]
    assert len(explain(finding, checked.checks[-1].window, folder)) == 5


def test_settings_are_tried_on_a_rehearsal_and_its_labels(home):
    folder, _, _ = home
    tried = Tried(Monitor(reference_days=8), errors=True)
    asked = Simulation((Change("drift", 1.5), Change("concept", 2.0)), episodes=10, look=float(DAY))
    window, found = simulate_home(home=folder, tried=tried, simulation=asked)
    assert (window.model, found.alerts.days) == ("shop", 8)
    assert [one.change.kind for one in found.delays] == ["drift", "concept"]
    assert [one.found for one in found.delays] == [10, 10]
    assert found.errors.days == 8


def test_labels_of_a_rehearsal_are_joined_to_its_answers(home):
    folder, _, _ = home
    rated = rate_home(None, folder, Monitor(output="sales"), START + 9 * DAY)
    found = [one for one in rated.windows if one.window.end <= START + DAY]
    assert len(found) == 24
    assert {one.coverage for one in found} == {1.0}
    assert 0.5 < max(one.loss for one in found) < 1.1
