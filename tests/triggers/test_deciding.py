"""Decisions: from facts to whether a run starts, and why not."""

import msgspec
import pytest

from mainspring.config.triggers import Triggers
from mainspring.triggers import Asked, Facts, Lost, New, Shown, Started, decide

DAY = 86_400.0
NOW = 1_760_000_000.0
FACTS = Facts(model="shop", now=NOW, since=NOW - 30 * DAY)


def facts(**more) -> Facts:
    return msgspec.structs.replace(FACTS, **more)


def said(policy: Triggers, given: Facts) -> dict[str, str]:
    return {one.kind: one.answer for one in decide(policy, given)}


def only(policy: Triggers, given: Facts):
    [one] = decide(policy, given)
    return one


def test_nothing_that_is_not_set_decides():
    losses = (Lost(0, 1, 9.0, 9),)
    shown = (Shown("drift", ("price",), NOW, "it moved"),)
    assert decide(Triggers(), facts(losses=losses, shown=shown, new=New("s", ("a",)))) == ()


def test_a_schedule_fires_once_for_a_due_time_and_not_for_those_it_missed():
    policy = Triggers(schedule="0 3 * * *")
    first = only(policy, FACTS)
    assert (first.answer, first.evidence) == ("fires", "2025-10-09T03:00Z")
    again = only(policy, facts(since=first.links["due"]))
    assert (again.answer, again.says) == ("quiet", "due next at 2025-10-10T03:00Z")


@pytest.mark.parametrize(
    ("new", "answer"),
    [
        (New("s", ()), "quiet"),
        (New("s", ("a",), 200), "quiet"),
        (New("s", ("a", "b"), 99), "quiet"),
        (New("s", ("a", "b"), 100), "fires"),
        (None, None),
    ],
)
def test_new_data_fire_when_there_are_files_and_rows_enough(new, answer):
    policy = Triggers(data="*.csv", files=2, rows=100)
    assert said(policy, facts(new=new)) == ({} if answer is None else {"data": answer})


def test_quality_below_the_line_is_told_over_windows_by_their_labels():
    policy = Triggers(quality=5.0, windows=2)
    windows = (Lost(0, 10, 99.0, 1000), Lost(10, 20, 4.0, 300), Lost(20, 30, 8.0, 100))
    assert only(policy, facts(losses=windows)).answer == "quiet"
    assert only(policy, facts(losses=windows[:1])).says == "1 windows of the champion have labels, of 2"
    fired = only(policy, facts(losses=(*windows, Lost(30, 40, 9.0, 500))))
    assert (fired.answer, fired.evidence, fired.links["windows"]) == ("fires", "1970-01-01T00:00Z", [20, 30])
    seen = facts(losses=(*windows, Lost(30, 40, 9.0, 500)), started=(Started(NOW - 20 * DAY),))
    assert only(policy, seen).answer == "quiet"


def test_drift_fires_for_columns_that_are_named_and_windows_that_are_new():
    policy = Triggers(drift=("price", "errors"))
    moved = Shown("drift", ("price", "stock"), NOW - DAY, "it moved", "a1", (5, 6))
    fired = only(policy, facts(shown=(moved, Shown("nulls", ("price",), NOW, "nulls"))))
    assert (fired.answer, fired.links) == ("fires", {"alerts": ["a1"], "columns": ["price"], "windows": [5, 6]})
    assert only(policy, facts(shown=(Shown("drift", ("stock",), NOW, "it moved"),))).answer == "quiet"
    assert only(policy, facts(shown=(Shown("errors", ("errors",), NOW, "they rise"),))).answer == "fires"
    after = facts(shown=(moved,), started=(Started(NOW - DAY),))
    assert (only(policy, after).answer, only(policy, after).says) == ("quiet", "of price, errors: it was acted on")
    assert said(Triggers(drift=("*",)), facts(shown=(moved,))) == {"drift": "fires"}


def test_what_was_acted_on_is_quiet_and_holds_nothing_and_data_that_come_back_are_other_evidence():
    policy = Triggers(data="*", drift=("price",))
    moved = (Shown("drift", ("price",), NOW - DAY, "it moved"),)
    acted = frozenset({("drift", "price@2025-10-08T08:53Z"), ("data", "s")})
    data, drift = decide(policy, facts(new=New("s", ("a",)), shown=moved, acted=acted))
    assert (data.answer, data.evidence) == ("fires", "s@2")
    assert (drift.answer, drift.says) == ("quiet", "drift of price: it moved: it was acted on")
    assert said(policy, facts(new=New("s", ()), shown=moved)) == {"data": "quiet", "drift": "fires"}


def test_a_pattern_that_matches_nothing_is_said():
    policy = Triggers(data="slaes/*.csv")
    assert only(policy, facts(new=New("s", ()))).says == "nothing is new in slaes/*.csv"
    assert only(policy, facts(new=New("s", (), None, there=False))).says == "there is no file or folder slaes/*.csv"


NEW = {"new": New("s", ("a",))}


@pytest.mark.parametrize(
    ("policy", "more", "held"),
    [
        ({}, {"busy": "run of 'data' is going on"}, "run of 'data' is going on"),
        ({}, {"stopped": ("skew: 'stock'",)}, "it would learn a fault: skew: 'stock'"),
        ({}, {"trial": "7 labels of 500"}, "the champion is on probation: 7 labels of 500"),
        ({}, {"started": (Started(NOW - DAY / 2),)}, "cools down until 2025-10-09T20:53Z"),
        ({"labels": 100}, {"labels": 99}, "99 labels have come since the last run, of 100"),
        ({"budget_runs": 1}, {"started": (Started(NOW - 29 * DAY),)}, "1 runs in 30 days"),
        ({"budget_time": "1h"}, {"started": (Started(NOW - 2 * DAY, 3600.0),)}, "runs of 3,600 s in 30 days"),
    ],
)
def test_what_holds_a_trigger_is_said(policy, more, held):
    one = only(Triggers(data="*", **policy), facts(**NEW, **more))
    assert one.answer == "held"
    assert held in one.held


def test_who_asks_waits_for_what_is_going_on_alone():
    asked = (Asked("1", "ada", "stores"), Asked("2", "bob", "why not"))
    barred = facts(asked=asked, stopped=("skew",), trial="no labels", started=(Started(NOW),), **NEW)
    assert [one.answer for one in decide(Triggers(data="*"), barred)] == ["fires", "held", "held"]
    busy = facts(asked=asked[:1], busy="a run is going on")
    assert only(Triggers(), busy).held == "a run is going on"


def test_one_fires_at_a_time_and_a_budget_of_last_month_is_over():
    policy = Triggers(data="*", drift=("*",), budget_runs=1)
    shown = (Shown("drift", ("price",), NOW, "it moved"),)
    given = facts(shown=shown, started=(Started(NOW - 31 * DAY),), **NEW)
    assert said(policy, given) == {"data": "fires", "drift": "held"}


def test_what_is_to_be_tried_again_is_shown_and_holds_all_but_who_asks():
    given = facts(again="run of 'data' has failed: it is down", new=New("s", ("a",)), asked=(Asked("1", "ada", "now"),))
    asked, data, again = decide(Triggers(data="*.csv"), given)
    assert (asked.answer, data.answer, data.held) == ("fires", "held", given.again)
    assert (again.kind, again.answer, again.says) == ("retry", "quiet", given.again)
