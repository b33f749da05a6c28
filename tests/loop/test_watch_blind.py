"""The watch where what it goes by comes back, cannot be compared, or cannot be read: it goes on, and says so."""

import pytest
from loop_town import HOUR, Town
from loop_world import MODEL

from mainspring.config.triggers import Triggers

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
