"""Days of a table as they are lived, faults that are planted, and what a rehearsal of the loop is judged by."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from folds import Plan
from replay import Change, Opening, Waiting, World, morning
from sabotage import UNTRAINED, late
from sales_sample import DAILY as COLUMNS
from sales_sample import daily
from told import Planted, Seen, Story, judge, timeline

import loop
from mainspring.tracking.loops import LoopEvent

HERE = Path(__file__).resolve().parent
PLAN = Plan(horizon=14, delay=1)


@pytest.fixture(scope="module")
def table():
    return daily()


def first_of(table, after):
    return table[COLUMNS.date].min() + loop.timedelta(days=after)


def test_a_change_is_in_the_days_from_its_first_one_on(table):
    since = first_of(table, 400)
    plain = World.of(table, COLUMNS, PLAN)
    changed = World.of(table, COLUMNS, PLAN, changes=[Change("twice as much", since, 2.0)])
    ratio = changed.table[COLUMNS.target] / plain.table[COLUMNS.target]
    late_ = plain.table[COLUMNS.date] >= since
    assert ratio.filter(~late_).drop_nans().unique().to_list() == [1.0]
    assert ratio.filter(late_).drop_nans().unique().to_list() == [2.0]


def test_what_is_known_in_the_morning_ends_the_day_before(table, tmp_path):
    world, day = World.of(table, COLUMNS, PLAN, series=2), first_of(table, 380)
    rows = world.write_before(day, tmp_path / "sales.parquet")
    known = pl.read_parquet(tmp_path / "sales.parquet")
    assert known.height == rows
    assert known[COLUMNS.date].max() == day - loop.timedelta(days=1)
    assert known.select(COLUMNS.keys).n_unique() == 2
    assert [one.name for one in tmp_path.iterdir()] == ["sales.parquet"]


def test_a_question_knows_nothing_of_what_is_sold_from_its_day_on(table):
    day = first_of(table, 380)
    worlds = [World.of(table, COLUMNS, PLAN, changes=[Change("", day, factor)]) for factor in (1.0, 3.0)]
    asked = [[one.body for one in world.questions(day, 4)] for world in worlds]
    assert asked[0] == asked[1]
    later = [[one.body for one in world.questions(day + loop.timedelta(days=1), 4)] for world in worlds]
    assert later[0] != later[1]
    question = next(worlds[0].questions(day, 4))
    assert [row["ahead"] for row in json.loads(question.body)["rows"]] == [2, 3, 4, 5]
    assert question.days == tuple(day + loop.timedelta(days=place) for place in (1, 2, 3, 4))


def test_labels_come_once_when_their_day_is_over(table):
    world, day = World.of(table, COLUMNS, PLAN), first_of(table, 380)
    question = next(world.questions(day, 4))
    waiting = Waiting()
    waiting.add(question, "an answer")
    found = {}
    for place in range(8):
        morning_of = day + loop.timedelta(days=place)
        for label in waiting.known(world, morning_of):
            assert label.row not in found
            found[label.row] = label.value
            assert question.days[label.row] == morning_of - loop.timedelta(days=1)
    sold = {row: world.sold(question.series, one) for row, one in enumerate(question.days)}
    assert found == {row: value for row, value in sold.items() if value is not None}
    assert found


def test_from_a_day_on_more_series_are_asked_about(table):
    day = first_of(table, 380)
    world = replace(World.of(table, COLUMNS, PLAN), opening=Opening("", day, 4))
    assert [len(world.asked(day + loop.timedelta(days=days))) for days in (-1, 0)] == [4, 6]
    assert len(list(world.questions(day - loop.timedelta(days=1), 1))) == 4


@pytest.mark.parametrize("fault", [UNTRAINED, late(date(2015, 7, 2), 1.6)], ids=lambda fault: fault.file)
def test_a_fault_is_in_a_copy_until_it_is_mended(fault, tmp_path):
    right = (HERE / fault.file).read_text()
    (tmp_path / fault.file).write_text(right)
    fault.plant(tmp_path)
    wrong = (tmp_path / fault.file).read_text()
    assert "PLANTED" in wrong
    assert "PLANTED" not in right
    with pytest.raises(ValueError, match="has 0 times"):
        replace(fault, right="not in it").plant(tmp_path)
    fault.mend(tmp_path)
    assert (tmp_path / fault.file).read_text() == right


CHANGED = date(2015, 5, 25)
STORY = Story(
    Change("more is sold", CHANGED, 1.5),
    Opening("more are asked about", CHANGED, 20),
    [Planted(date(2015, 6, 29), "one tree"), Planted(date(2015, 7, 1), "wrong later")],
)


def event(day, kind, says=""):
    return LoopEvent(morning(date.fromisoformat(day)), kind, "m", says)


WELL = Seen(
    events=(
        event("2015-05-28", "alert", "new_category firing: 30% of Store"),
        event("2015-06-18", "trigger", "quality: a mean loss of 4000"),
        event("2015-06-18", "promoted", "version 2"),
        event("2015-06-26", "kept", "version 2"),
        event("2015-06-29", "refused", "version 3"),
        event("2015-07-01", "promoted", "version 4"),
        event("2015-07-09", "rolled back", "version 2 is champion again"),
    ),
    asked=100,
    failed=(),
    versions={"1": 60, "2": 30, "4": 10},
    newest="2",
    told=({"id": "a"}, {"id": "b"}),
    held={"quality": Planted(date(2015, 5, 28), "labels are missing")},
)


def without(kind, *, day=None):
    left = [one for one in WELL.events if one.kind != kind or (day and event(day, kind).at != one.at)]
    return replace(WELL, events=tuple(left))


WRONG = {
    "a request failed": replace(WELL, failed=("503",)),
    "nothing was asked": replace(WELL, asked=0),
    "the new ones were not found": without("alert"),
    "it was told before there was any": replace(
        WELL, events=(event("2015-05-20", "alert", "new_category firing: 1% of Store"), *WELL.events)
    ),
    "the loss was not found": replace(WELL, held={}),
    "nothing was trained": without("trigger"),
    "the new one was not kept": without("kept"),
    "the new one did not answer": replace(WELL, versions={"1": 90, "4": 10}),
    "the untrained one was not refused": without("refused"),
    "the untrained one was promoted": replace(
        WELL, events=tuple(sorted((*WELL.events, event("2015-06-29", "promoted")), key=lambda one: one.at))
    ),
    "the wrong one was not promoted": without("promoted", day="2015-07-01"),
    "the wrong one was not rolled back": without("rolled back"),
    "the wrong one still answers": replace(WELL, newest="4"),
    "an alert was told twice": replace(WELL, told=({"id": "a"}, {"id": "a"})),
    "nobody was told": replace(WELL, told=()),
}


def test_all_that_was_planted_is_dealt_with():
    assert [one.says for one in judge(STORY, WELL) if not one.passed] == []


@pytest.mark.parametrize("wrong", WRONG)
def test_what_was_not_dealt_with_is_told(wrong):
    assert [one.says for one in judge(STORY, WRONG[wrong]) if not one.passed]


def test_what_was_planted_is_marked_on_the_time_line():
    lines = list(timeline(STORY, WELL))
    assert lines == sorted(lines, key=lambda line: line[:10])
    assert [line.split()[0] for line in lines if "PLANTED" in line] == [str(CHANGED)] * 2 + ["2015-06-29", "2015-07-01"]
    assert lines[0].split()[1] == "PLANTED"
