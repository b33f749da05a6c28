"""The watch in a world of folders: every planted fault, and every moment at which it may be ended."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from loop_world import MODEL, POLICY, Models, World, book, ports

from mainspring.digest.texts import to_json
from mainspring.errors import InputError
from mainspring.loop import Ports, Watch
from mainspring.tracking.loops import Decided

NOW = 1_760_000_000.0
HOUR = 3600.0


class Town:
    """A watch, its world, and a clock."""

    def __init__(self, folder: Path, policy=POLICY) -> None:
        self.world = World(folder)
        self.loops, self.journal = book(folder)
        self.ports = ports(folder)
        self.policy = policy
        self.now = NOW

    def tick(self, times: int = 1, hours: float = 0.0, among=None):
        self.now += hours * HOUR
        for _ in range(times):
            found = Watch(self.loops, self.journal, among or self.ports, lambda _: self.policy).tick([MODEL], self.now)
        return found

    def kinds(self) -> list[str]:
        return [one.kind for one in self.journal.between()]

    def states(self) -> dict[str, tuple[str, str]]:
        watch = Watch(self.loops, self.journal, self.ports, lambda _: self.policy)
        return {one.kind: (one.answer, one.held) for one in watch.states(MODEL, self.now)}


@pytest.fixture
def town(tmp_path):
    made = Town(tmp_path)
    made.tick()
    return made


def promoted(town):
    """New data, a run, a promotion; the version is on probation."""
    town.world.write("sales", 1)
    town.tick(6)
    assert town.kinds() == ["trigger", "run", "registered", "promoted", "probation"]


def test_new_data_leads_to_a_champion_that_is_kept(town):
    assert town.kinds() == []
    promoted(town)
    town.world.write("labels", 200)
    town.tick(3, hours=5)
    assert town.kinds()[-1] == "kept"
    assert town.loops.open(MODEL) is None
    assert town.world.acts() == [town.world.acts("start")[0], "promote 2", "alert 1/unlabelled"]
    [seen] = town.loops.fired(MODEL)
    assert (seen.kind, seen.evidence, seen.closed) == ("data", "1", town.now)
    town.tick(5, hours=5)
    assert len(town.world.acts("start")) == 1


def test_a_worse_champion_is_rolled_back_once_and_its_version_never_promoted_again(town):
    promoted(town)
    town.world.write("worse", 0.5)
    town.world.write("labels", 150)
    town.tick(3, hours=5)
    assert town.kinds()[-2:] == ["rolled back", "probation"]
    assert town.world.read("champion") == "1"
    town.world.write("sales", 2)
    town.tick(6, hours=5)
    assert town.kinds()[-1] == "refused"
    assert "was rolled back" in town.journal.between()[-1].says
    assert town.world.acts("promote") == ["promote 2"]
    assert town.world.acts("rollback") == ["rollback 2"]
    assert town.world.acts("alert")[-2:] == ["alert 1/rollback", "alert 2/register"]


def test_a_sabotaged_candidate_is_refused(town):
    town.world.write("sabotaged", 1)
    town.world.write("sales", 1)
    town.tick(6)
    assert town.kinds() == ["trigger", "run", "registered", "refused"]
    assert town.world.read("champion", "1") == "1"
    assert town.loops.open(MODEL) is None


def test_failed_validation_alerts_and_trains_no_more_on_these_data(town):
    town.world.write("fate", "invalid")
    town.world.write("sales", 1)
    town.tick(6)
    assert town.kinds() == ["trigger", "validation failed"]
    town.world.write("drift", town.now + 30 * HOUR)
    town.tick(6, hours=31)
    assert town.states()["drift"][0] == "held"
    assert "validation has failed" in town.states()["drift"][1]
    assert town.world.acts() == [town.world.acts("start")[0], "alert 1/run"]
    town.world.write("fate", "succeeded")
    town.world.write("sales", 2)
    town.tick(6)
    assert town.kinds()[-2:] == ["promoted", "probation"]


def test_skew_is_told_and_never_learned(town):
    town.world.write("stopped", "skew: 'stock' differs in 3 rows")
    town.world.write("drift", NOW + HOUR)
    town.world.write("sales", 1)
    town.tick(3, hours=2)
    assert {one.kind: one.says for one in town.loops.held(MODEL)}.keys() == {"data", "drift"}
    assert all("it would learn a fault: skew" in one.says for one in town.loops.held(MODEL))
    assert town.world.acts("start") == []


def test_a_run_that_is_lost_goes_on_as_another_and_one_that_always_dies_fails(town):
    town.world.write("fate", "lost")
    town.world.write("sales", 1)
    town.tick(12)
    assert town.kinds()[:3] == ["trigger", "run", "registered"]
    assert len(town.world.acts("start")) == 3
    about = town.loops.all_actions(MODEL, "run")[0].about
    assert (len(about["lost"]), about["deaths"]) == (2, 2)
    town.world.write("labels", 200)
    town.tick(2, hours=5)
    town.world.write("fate", "dies")
    town.world.write("sales", 2)
    town.tick(20, hours=5)
    assert town.kinds()[-1] == "run failed"
    assert "the 3rd time" in town.journal.between()[-1].says


def test_without_labels_probation_stays_open_says_so_and_holds_what_is_not_asked_for(town):
    promoted(town)
    town.world.write("sales", 2)
    town.tick(4, hours=1000)
    answer, held = town.states()["data"]
    assert answer == "held"
    assert held == (
        "the champion is on probation: no labels have come for 1,000 predictions of version 2; it takes 100"
    )
    assert town.world.acts("alert") == ["alert 1/unlabelled"]
    record = to_json({"who": "ada", "why": "new stores"})
    town.loops.ask(Decided(0, MODEL, "asked", "a1", "held", "ada asks for it: new stores", record, town.now))
    town.world.write("makes", 3)
    town.tick(6)
    assert "ended before it was over: ada asks" in [one.says for one in town.journal.between()][5]
    assert town.kinds()[6:] == ["trigger", "run", "registered", "promoted", "probation"]
    assert town.world.acts("promote") == ["promote 2", "promote 3"]


def test_an_inconclusive_look_waits_for_twice_as_many_labels(town):
    promoted(town)
    town.world.write("noise", 0.6)
    town.world.write("worse", 0.05)
    town.world.write("labels", 120)
    town.tick(5)
    probation = town.loops.actions(1)["probation"]
    assert (probation.state, probation.about["looks"]) == ("begun", 1)
    assert "looked at again at 200 labels" in probation.says or "it takes 200" in probation.says


def test_a_champion_that_was_moved_by_hand_ends_its_probation(town):
    promoted(town)
    town.world.write("champion", 7)
    town.tick()
    assert "moved by hand" in town.journal.between()[-1].says
    assert town.loops.open(MODEL) is None
    assert town.world.acts("rollback") == []


def test_a_run_that_makes_the_champion_again_changes_nothing(town):
    town.world.write("makes", 1)
    town.world.write("sales", 1)
    town.tick(6)
    assert town.kinds() == ["trigger", "run", "unchanged"]
    assert town.world.acts("promote") == []


def test_what_is_wrong_is_told_and_tried_again(town):
    class Down(Models):
        def champion(self, model):
            raise InputError("The registry cannot be read")

    town.world.write("sales", 1)
    broken = Ports(town.ports.sources, town.ports.runs, Down(town.world.folder), town.ports.trials)
    found = town.tick(6, among=broken)
    assert found.problems == {MODEL: "The registry cannot be read."}
    town.tick(2)
    assert town.world.acts("promote") == ["promote 2"]


class Ended(BaseException):
    """The process is gone."""


class Mortal:
    """Calls through, and ends before or after a call when its time has come."""

    def __init__(self, inner, life: list[int]) -> None:
        self._inner, self._life = inner, life

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        if not callable(found):
            return found

        def call(*args, **named):
            self._spend()
            made = found(*args, **named)
            self._spend()
            return made

        return call

    def _spend(self) -> None:
        self._life[0] -= 1
        if self._life[0] == 0:
            raise Ended


def live(town, life: int) -> bool:
    """Watch until the world is as it is to be, or the process is ended after so many half calls."""
    left = [life]
    mortal = Ports(*(Mortal(one, left) for one in vars(town.ports).values()))
    loops, journal = Mortal(town.loops, left), Mortal(town.journal, left)
    try:
        for _ in range(9):
            Watch(loops, journal, mortal, lambda _: POLICY).tick([MODEL], town.now)
    except Ended:
        return False
    return True


@pytest.mark.parametrize("step", [17, pytest.param(1, marks=pytest.mark.prove)])
def test_ended_at_any_moment_it_does_everything_once(tmp_path, step):
    """Before and after single calls of a whole round, from new data to a rollback."""
    moments = 0
    for life in range(1, 2000, step):
        folder = tmp_path / str(life)
        folder.mkdir()
        town = Town(folder)
        town.tick()
        for name, value in (("sales", 1), ("worse", 0.5), ("labels", 150)):
            town.world.write(name, value)
        whole = live(town, life)
        town.tick(9)
        moments += 1
        assert len(town.world.acts("start")) == 1, life
        assert town.world.acts("promote") == ["promote 2"], life
        assert town.world.acts("rollback") == ["rollback 2"], life
        assert town.world.acts("alert") == ["alert 1/rollback"], life
        assert town.kinds() == ["trigger", "run", "registered", "promoted", "rolled back", "probation"], life
        if whole:
            break
    assert moments > 200 / step


def test_two_watches_at_once_and_kill_9_do_everything_once(tmp_path):
    """Real processes on one database: two at a time, killed at random moments, until all is done."""
    town = Town(tmp_path)
    town.tick()
    for name, value in (("sales", 1), ("worse", 0.5), ("labels", 150)):
        town.world.write(name, value)
    rng = np.random.default_rng(5)
    command = [sys.executable, str(Path(__file__).with_name("loop_actor.py")), str(tmp_path)]
    for delay, count in zip(rng.uniform(0.2, 0.5, 3), (2, 1, 1), strict=True):
        pair = [subprocess.Popen(command) for _ in range(count)]
        time.sleep(delay)
        for one in pair:
            one.kill()
            one.wait()
    town.tick(9)
    assert len(town.world.acts("start")) == 1
    assert town.world.acts("promote") == ["promote 2"]
    assert town.world.acts("rollback") == ["rollback 2"]
    assert town.kinds() == ["trigger", "run", "registered", "promoted", "rolled back", "probation"]
