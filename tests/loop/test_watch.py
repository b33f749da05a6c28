"""The watch in a world of folders: every planted fault, and every moment at which it may be ended."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from loop_town import HOUR, NOW, Town
from loop_world import MODEL, POLICY, Models

from mainspring.config.triggers import Triggers
from mainspring.digest.texts import to_json
from mainspring.errors import InputError
from mainspring.loop import Ports, Watch
from mainspring.tracking.loops import Decided


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


def test_a_rollback_ends_what_people_were_alerted_of_in_its_round_but_for_itself(town):
    promoted(town)
    town.tick(hours=5)
    assert town.open() == ["alert 1/unlabelled"]
    town.world.write("worse", 0.5)
    town.world.write("labels", 150)
    town.tick(3, hours=5)
    assert town.open() == ["alert 1/rollback"]
    town.world.write("labels", 20)
    town.world.write("makes", 3)
    town.world.write("sales", 2)
    town.tick(6, hours=5)
    assert town.kinds()[-1] == "promoted"
    assert town.open() == []


def test_that_labels_are_missing_is_over_when_some_come_or_the_probation_ends(town):
    promoted(town)
    assert town.open() == ["alert 1/unlabelled"]
    town.world.write("labels", 20)
    town.tick()
    assert town.open() == []
    town.world.write("labels", 200)
    town.tick(2)
    town.world.write("labels", 0)
    town.world.write("makes", 3)
    town.world.write("sales", 2)
    town.tick(6, hours=5)
    assert town.open() == ["alert 2/unlabelled"]
    town.world.write("champion", 7)
    town.tick()
    assert town.open() == []


def test_a_source_that_is_down_for_an_hour_is_waited_for(town):
    town.world.write("fate", "failed")
    town.world.write("sales", 1)
    assert not town.tick(6).waiting
    assert town.kinds() == ["trigger", "retry"]
    [_, told] = town.journal.between()
    assert told.says.endswith("it says so; it is tried again at 2025-10-09T09:08Z, retry 1 of 2")
    assert town.states()["retry"] == ("quiet", "")
    town.tick(6, hours=0.24)
    assert len(town.world.acts("start")) == 1
    found = town.tick(hours=0.02)
    assert (found.waiting, len(town.world.acts("start"))) == (True, 2)
    town.tick(6)
    assert [one.says[-14:] for one in town.journal.between()[1:]] == [", retry 1 of 2", ", retry 2 of 2"]
    town.tick(6, hours=0.49)
    assert len(town.world.acts("start")) == 2
    town.world.write("fate", "succeeded")
    town.tick(6, hours=0.25)
    assert town.kinds() == ["trigger", "retry", "retry", "run", "registered", "promoted", "probation"]
    assert len(town.world.acts("start")) == 3
    run = town.loops.all_actions(MODEL, "run")[0].about
    assert (len(run["failed"]), run["seconds"], "until" in run) == (2, 21.0, False)
    assert town.world.acts("alert") == ["alert 1/unlabelled"]


def test_what_fails_again_and_again_fails_once_and_counts_in_the_budget(tmp_path):
    town = Town(tmp_path, Triggers(data="sales", cooldown="1h", retry_after="10m", budget_runs=4))
    town.tick()
    town.world.write("fate", "failed")
    for sales in (1, 2):
        town.world.write("sales", sales)
        for _ in range(6):
            town.tick(6, hours=1)
    kinds = town.kinds()
    assert kinds == ["trigger", "retry", "retry", "run failed", "trigger", "run failed"]
    assert "the budget is spent: 4 runs in 30 days" in town.journal.between()[-1].says
    assert town.world.acts("alert") == ["alert 1/run", "alert 2/run"]
    assert len(town.world.acts("start")) == 4
    town.world.write("sales", 3)
    town.tick(3, hours=5)
    assert town.states()["data"] == ("held", "the budget is spent: 4 runs in 30 days")


def test_people_need_not_wait_for_what_is_tried_again(town):
    town.world.write("fate", "failed")
    town.world.write("sales", 1)
    town.tick(6)
    town.world.write("drift", town.now + 60)
    town.tick(hours=0.1)
    answer, held = town.states()["drift"]
    assert (answer, held[:33]) == ("held", "run of 'data' has failed: run run")
    record = to_json({"who": "ada", "why": "it is up again"})
    town.loops.ask(Decided(0, MODEL, "asked", "a1", "held", "ada asks for it: it is up again", record, town.now))
    town.world.write("fate", "succeeded")
    town.tick(6)
    assert town.kinds() == ["trigger", "retry", "retry", "trigger", "run", "registered", "promoted", "probation"]
    assert "ended before it was over: ada asks" in town.journal.between()[2].says
    assert town.open() == ["alert 3/unlabelled"]


def test_gates_that_could_not_run_are_asked_again_and_then_fail(town):
    town.world.write("gates down", 1)
    town.world.write("sales", 1)
    town.tick(6)
    assert town.kinds() == ["trigger", "run", "registered", "retry"]
    town.world.write("gates down", "")
    town.tick(6, hours=0.2)
    assert town.world.acts("promote") == []
    town.tick(6, hours=0.1)
    assert town.kinds()[-3:] == ["retry", "promoted", "probation"]
    town.world.write("labels", 200)
    town.tick(2)
    town.world.write("gates down", 1)
    town.world.write("makes", 3)
    town.world.write("sales", 2)
    for _ in range(4):
        town.tick(6, hours=2)
    assert town.kinds()[-5:] == ["run", "registered", "retry", "retry", "gates failed"]
    assert town.open() == ["alert 2/promote"]


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


def test_a_refit_is_released_once_what_was_evaluated_has_passed(tmp_path):
    town = Town(tmp_path, Triggers(data="sales", probation_labels=100, release="refit", refit=("locked=0",)))
    town.tick()
    town.world.write("sales", 1)
    town.tick(9)
    assert town.kinds() == ["trigger", "run", "registered", "gates", "refit", "registered", "promoted", "probation"]
    first, judged, second, promoted, _ = town.world.acts()
    assert (judged, promoted, first != second) == ("judge 2", "promote 12", True)
    town.world.write("labels", 200)
    town.tick(2)
    assert town.kinds()[-1] == "kept"
    town.world.write("sabotaged", 1)
    town.world.write("sales", 2)
    town.tick(9, hours=30)
    assert town.kinds()[-1] == "refused"
    assert len(town.world.acts("start")) == 3


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


def live(town, life: int, hours: float = 0.0) -> bool:
    """Watch until the world is as it is to be, or the process is ended after so many half calls."""
    left = [life]
    mortal = Ports(*(Mortal(one, left) for one in vars(town.ports).values()))
    loops, journal = Mortal(town.loops, left), Mortal(town.journal, left)
    try:
        for _ in range(9):
            town.now += hours * HOUR
            Watch(loops, journal, mortal, lambda _: POLICY).tick([MODEL], town.now)
    except Ended:
        return False
    return True


AROUND = (*range(131, 136), *range(291, 298))  # when what failed is put off, and when it is begun again


@pytest.mark.parametrize(
    ("fate", "lives"),
    [
        ("succeeded", range(1, 2000, 17)),
        ("fails first", AROUND),
        *(pytest.param(fate, range(1, 2000), marks=pytest.mark.prove) for fate in ("succeeded", "fails first")),
    ],
)
def test_ended_at_any_moment_it_does_everything_once(tmp_path, fate, lives):
    """Before and after single calls of a whole round, from new data to a rollback; the first run may fail."""
    failing = fate == "fails first"
    moments = 0
    for life in lives:
        folder = tmp_path / str(life)
        folder.mkdir()
        town = Town(folder)
        town.tick()
        for name, value in (("sales", 1), ("worse", 0.5), ("labels", 150), ("fate", fate)):
            town.world.write(name, value)
        whole = live(town, life, 0.1 * failing)
        for _ in range(9):
            town.tick(hours=0.1 * failing)
        moments += 1
        assert len(town.world.acts("start")) == 1 + failing, life
        assert town.world.acts("promote") == ["promote 2"], life
        assert town.world.acts("rollback") == ["rollback 2"], life
        assert town.world.acts("alert") == ["alert 1/rollback"], life
        assert town.kinds() == [
            "trigger",
            *["retry"] * failing,
            *("run", "registered", "promoted", "rolled back", "probation"),
        ], life
        if whole:
            break
    assert moments > (200 if len(lives) > 1000 else 10)


def test_two_watches_at_once_and_kill_9_do_everything_once(tmp_path):
    """Real processes on one database: two at a time, killed at random moments, until all is done."""
    town = Town(tmp_path)
    town.tick()
    for name, value in (("sales", 1), ("worse", 0.5), ("labels", 150)):
        town.world.write(name, value)
    rng = np.random.default_rng(5)
    command = [sys.executable, str(Path(__file__).with_name("loop_actor.py")), str(tmp_path)]
    for delay, count in zip(rng.uniform(0, 0.15, 2), (2, 1), strict=True):
        pair = [subprocess.Popen(command) for _ in range(count)]
        while not all((tmp_path / f"ready-{one.pid}").exists() for one in pair):
            time.sleep(0.01)
        time.sleep(delay)
        for one in pair:
            one.kill()
            one.wait()
    town.tick(9)
    assert len(town.world.acts("start")) == 1
    assert town.world.acts("promote") == ["promote 2"]
    assert town.world.acts("rollback") == ["rollback 2"]
    assert town.kinds() == ["trigger", "run", "registered", "promoted", "rolled back", "probation"]
