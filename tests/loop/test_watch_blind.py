"""The watch where what it goes by comes back, cannot be compared, or cannot be read: it goes on, and says so."""

import pytest
from loop_town import HOUR, Town
from loop_world import MODEL, Models

from mainspring.config.triggers import Triggers
from mainspring.loop import Ports

TRIED = Triggers(data="sales", cooldown="1h", probation_labels=100)
PLAIN = Triggers(data="sales", drift=("*",), cooldown="1h", probation_labels=0)


@pytest.fixture
def town(tmp_path):
    made = Town(tmp_path, PLAIN)
    made.world.write("sales", "monday")
    made.tick()
    return made


def learn(town, sales: str, version: int, fate: str = "succeeded") -> int:
    """How many runs there were once the data are others."""
    for name, value in (("sales", sales), ("makes", version), ("fate", fate)):
        town.world.write(name, value)
    town.tick(6, hours=2)
    return len(town.world.acts("start"))


def test_data_that_are_put_back_are_learned_again_and_hold_no_other_trigger(town):
    assert learn(town, "tuesday", 2) == 1
    assert learn(town, "a broken upload", 3, "invalid") == 2
    assert learn(town, "tuesday", 2) == 3
    assert town.kinds()[-2:] == ["run", "unchanged"]
    assert [learn(town, name, number) for number, name in enumerate(("monday", "tuesday", "monday"), 3)] == [4, 5, 6]
    assert town.states() == {"data": ("quiet", ""), "drift": ("quiet", "")}
    town.world.write("drift", town.now + HOUR)
    town.tick(6, hours=2)
    assert (len(town.world.acts("start")), town.kinds().count("trigger")) == (7, 7)
    assert town.loops.fired(MODEL)[0].kind == "drift"


@pytest.fixture
def tried(tmp_path):
    """A champion on probation, with labels enough for a first look."""
    made = Town(tmp_path, TRIED)
    made.tick()
    made.world.write("labels", 50)
    made.world.write("sales", 1)
    made.tick(6)
    made.world.write("labels", 150)
    return made


@pytest.mark.parametrize("why", ["the input 'weather' is missing", "only one block of time"])
def test_a_probation_that_cannot_be_compared_alerts_and_ends_and_the_champion_stays(tried, why):
    broken = not why.startswith("only")
    tried.world.write("blind", why)
    tried.tick(4, hours=1)
    assert tried.open() == ["alert 1/probation"] * broken
    assert tried.states()["data"][0] == "quiet"
    tried.tick(4, hours=23)
    assert tried.open() == ["alert 1/probation"] * broken
    tried.world.write("sales", 2)
    tried.tick(4, hours=2)
    assert tried.open() == ["alert 1/probation"]
    assert tried.states()["data"][0] == "held"
    assert why in tried.states()["data"][1]
    tried.world.write("makes", 3)
    tried.world.write("fate", "failed")
    tried.tick(4, hours=24)
    assert tried.kinds().count("not compared") == 2 + broken
    [over] = [one for one in tried.loops.all_actions(MODEL, "probation") if one.decision == 1]
    assert (over.state, over.about["blind"]) == ("failed", 3)
    assert "stays champion" in over.says
    assert (tried.world.read("champion"), tried.world.acts("rollback")) == ("2", [])
    assert tried.open() == ["alert 1/probation"]
    assert tried.kinds()[-2:] == ["trigger", "retry"]


def test_that_it_cannot_be_compared_is_over_when_it_can(tried):
    tried.world.write("blind", "its package is damaged")
    tried.tick(hours=1)
    assert tried.open() == ["alert 1/probation"]
    tried.world.write("blind", "")
    tried.tick(hours=1)
    assert tried.kinds()[-1] == "not compared"
    tried.world.write("noise", 0.6)
    tried.tick(hours=24)
    assert tried.open() == []
    assert tried.loops.actions(1)["probation"].about["looks"] == 1
    tried.world.write("worse", 0.9)
    tried.world.write("labels", 900)
    tried.tick()
    assert tried.open() == ["alert 1/rollback"]


def test_whatever_is_raised_is_a_problem_of_its_model_alone(town):
    class Down(Models):
        def champion(self, model):
            raise ZeroDivisionError("by zero")

    town.world.write("sales", "tuesday")
    broken = Ports(town.ports.sources, town.ports.runs, Down(town.world.folder), town.ports.trials)
    assert town.tick(6, hours=2, among=broken).problems == {MODEL: "ZeroDivisionError: by zero"}
    town.tick(2)
    assert town.world.acts("promote") == ["promote 2"]
