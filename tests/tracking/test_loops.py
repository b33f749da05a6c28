"""Decisions and acts of the loop, and who watches, on SQLite and on Postgres."""

import pytest

from mainspring.errors import LeaseLostError
from mainspring.tracking import Owner, open_database, this_process
from mainspring.tracking.loops import Decided, Journal, LoopEvent, Loops, Watches

EVENT = LoopEvent(5.0, "trigger", "shop", "it was due")


def due(evidence, model="shop", kind="schedule", says="due"):
    return Decided(0, model, kind, evidence, "fires", says, "{}", 5.0)


@pytest.fixture
def database(target):
    opened = open_database(target)
    yield opened
    opened.close()


def test_evidence_fires_once_and_one_decision_is_open(database):
    loops, journal = Loops(database), Journal(database)
    loops.hold(due("monday", says="held"))
    first = loops.fire(due("monday"), EVENT, {"data": "1"})
    assert (first.answer, first.says, first.closed) == ("fires", "due", None)
    assert loops.fire(due("monday"), EVENT, {}) is None
    assert loops.fire(due("tuesday"), EVENT, {"data": "2"}) is None
    assert loops.fire(due("monday", model="other"), LoopEvent(5.0, "trigger", "other", "x"), {}).model == "other"
    loops.close(first.id, 9.0)
    assert loops.open("shop") is None
    assert loops.fire(due("monday"), EVENT, {"data": "3"}) is None
    assert loops.mark("shop", "data") == "1"
    second = loops.fire(due("tuesday"), EVENT, {"data": "2"})
    assert [one.evidence for one in loops.fired("shop")] == ["tuesday", "monday"]
    assert (second.evidence, loops.mark("shop", "data")) == ("tuesday", "2")
    assert len(journal.between(model="shop")) == 2


def test_what_is_held_gives_way_to_what_is_held_next_but_for_what_somebody_asked(database):
    loops = Loops(database)
    for evidence in ("monday", "tuesday", "wednesday"):
        loops.hold(due(evidence))
        loops.ask(due(f"asked {evidence}", kind="asked"))
    loops.hold(due("asked monday", kind="asked", says="held"))
    assert [one.evidence for one in loops.held("shop") if one.kind == "schedule"] == ["wednesday"]
    assert [one.says for one in loops.held("shop") if one.kind == "asked"] == ["due"] * 3


def test_an_act_is_begun_once_and_ends_once_with_its_event(database):
    loops, journal = Loops(database), Journal(database)
    decision = loops.fire(due("monday"), EVENT, {})
    run = loops.begin(decision, "run", {"run": "r1"}, 5.0)
    assert loops.begin(decision, "run", {"run": "r2"}, 6.0) == run
    assert loops.change(run, "r1 was lost", {"run": "r3"})
    ended = LoopEvent(7.0, "run", "shop", "it succeeded", '{"run":"r3"}')
    assert loops.end(run, "done", ended, {"run": "r3"})
    assert not loops.end(run, "failed", LoopEvent(8.0, "run", "shop", "it failed"))
    assert not loops.change(run, "again", {})
    [kept] = loops.actions(decision.id).values()
    assert (kept.state, kept.says, kept.about, kept.ended) == ("done", "it succeeded", {"run": "r3"}, 7.0)
    assert [one.kind for one in journal.between(6.0, 8.0)] == ["run"]
    assert [event for _, event in journal.after(1)] == [ended]
    assert (journal.newest(), journal.counts()) == (2, {("shop", "run"): 1, ("shop", "trigger"): 1})
    assert journal.add(ended, "1/run") is False


def test_one_process_watches_and_another_takes_over_when_it_is_dead_or_silent(database):
    living = {1, 2}
    watches = Watches(database, lambda owner: owner.pid in living)
    first, second = (Owner("host", "boot", pid, 1) for pid in (1, 2))
    held = watches.take("home", first, 60.0)
    assert watches.take("home", second, 60.0) == first
    assert watches.holder("home") == first
    living.discard(1)
    taken = watches.take("home", second, 60.0)
    assert (taken.owner, taken.generation) == (second, 2)
    assert not watches.beat(held, 60.0)
    with pytest.raises(LeaseLostError, match="another one took over"):
        watches.renew(held, 60.0)
    watches.renew(taken, -1.0)
    assert watches.holder("home") is None
    living.add(1)
    again = watches.take("home", first, 60.0)
    watches.release(taken)
    assert watches.holder("home") == first
    watches.release(again)
    assert watches.take("home", this_process(), 60.0).generation == 4
