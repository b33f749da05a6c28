"""Strips, lanes and their axis: what is drawn however much there is, and what is said of it."""

import math
import re
import time

import pytest

from mainspring.charts import Axis, Bar, Dot, Lane, Series, Span, Strip, draw_lanes, draw_strip, draw_times
from mainspring.charts.times import clock_of, time_ticks
from page_reader import Reader

HOUR = 3600.0
DAY = 24 * HOUR
BEGUN = 1_760_313_600.0
EVIL = "<script>alert('x')</script>"


@pytest.fixture
def zone(monkeypatch):
    def use(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield use
    monkeypatch.undo()
    time.tzset()


def path(drawn, kind):
    found = [said["d"] for tag, said in Reader(drawn).elements if tag == "path" and said.get("class") == kind]
    return found[0] if found else ""


def points(text):
    return [tuple(map(float, pair)) for pair in re.findall(r"(-?[\d.]+) (-?[\d.]+)", text)]


def strip(values, **more):
    at = [BEGUN + place * HOUR for place in range(len(values))]
    return Strip("level", Axis("level", "°C"), [Series("", at, values)], step=HOUR, **more)


def test_of_many_points_the_least_and_the_greatest_of_each_stretch_are_drawn():
    values = [math.sin(place / 50) for place in range(8760)]
    values[4000], values[5000] = 9.0, -9.0
    drawn = points(path(draw_strip(strip(values), Span(BEGUN, BEGUN + 8760 * HOUR)), "line"))
    assert 100 < len(drawn) <= 302
    heights = [y for _, y in drawn]
    assert max(heights) - min(heights) > 80
    assert min(range(len(drawn)), key=heights.__getitem__) < max(range(len(drawn)), key=heights.__getitem__)
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)


def test_a_line_is_broken_where_windows_or_values_are_missing():
    span = Span(BEGUN, BEGUN + 10 * HOUR)
    assert path(draw_strip(strip([1.0, 2.0, math.nan, 3.0, 2.0]), span), "line").count("M") == 2
    gap = Series("", [BEGUN, BEGUN + HOUR, BEGUN + 5 * HOUR, BEGUN + 6 * HOUR], [1, 2, 3, 4])
    assert path(draw_strip(Strip("", Axis("y"), [gap], step=HOUR), span), "line").count("M") == 2
    assert path(draw_strip(Strip("", Axis("y"), [gap]), span), "line").count("M") == 1


def test_one_value_between_gaps_is_a_point_and_none_is_no_line():
    span = Span(BEGUN, BEGUN + 10 * HOUR)
    assert path(draw_strip(strip([math.nan, 2.0, math.nan]), span), "line").endswith("h0")
    assert path(draw_strip(strip([math.nan, math.nan]), span), "line") == ""


def test_what_is_outside_of_the_span_is_not_drawn():
    drawn = points(path(draw_strip(strip([1.0] * 48), Span(BEGUN + 10 * HOUR, BEGUN + 20 * HOUR)), "line"))
    assert len(drawn) == 11
    assert (drawn[0][0], drawn[-1][0]) == (0.0, 1000.0)


def test_a_band_goes_there_and_back():
    at = [BEGUN, BEGUN + HOUR, BEGUN + 2 * HOUR]
    one = Series("", at, [2.0, 2.0, 2.0], [1.0, 1.5, 1.0], [3.0, 3.5, 3.0])
    drawn = path(draw_strip(Strip("", Axis("y"), [one], step=HOUR), Span(at[0], at[-1])), "band")
    corners = points(drawn)
    assert len(corners) == 6
    assert drawn.endswith("Z")
    assert [x for x, _ in corners] == [0, 500, 1000, 1000, 500, 0]
    assert corners[1][1] < corners[4][1]


def test_the_axis_has_round_numbers_inside_of_the_drawing():
    for values in ([0.031, 0.074], [1234.0, 9876.0], [5.0, 5.0], [0.0, 0.0], [-3.0, 4.0], [1e-9, 2e-9]):
        drawn = Reader(draw_strip(strip(values), Span(BEGUN, BEGUN + HOUR)))
        tops = [float(said["style"][4:-1]) for tag, said in drawn.elements if tag == "i"]
        assert 1 <= len(tops) <= 4
        assert all(0 <= top <= 100 for top in tops), values


def test_dots_and_lines_say_what_they_are_and_nothing_becomes_markup():
    at = BEGUN + HOUR
    made = strip([1.0, 2.0, 3.0], dots=[Dot(at, EVIL, "failed", 2.0)], lines=[Dot(at, "promoted", "ran")])
    drawn = draw_strip(made, Span(BEGUN, BEGUN + 2 * HOUR))
    assert EVIL not in drawn
    assert EVIL in Reader(drawn).text
    assert "promoted" in Reader(drawn).text
    assert 'class="dot failed"' in drawn
    assert 'class="mark ran"' in drawn


def test_those_who_do_not_see_it_are_told():
    drawn = draw_strip(strip([1.0, 4.0, 2.5]), Span(BEGUN, BEGUN + 2 * HOUR))
    [said] = [said["aria-label"] for tag, said in Reader(drawn).elements if tag == "svg"]
    assert said.startswith("level. level: between 1 and 4 °C, 2.5 °C at 2025-10-13")


def test_a_lane_puts_signs_together_that_would_cover_each_other():
    dots = [Dot(BEGUN, "one", "hit"), Dot(BEGUN + 60, "two", "failed"), Dot(BEGUN + DAY, "far", "ran")]
    drawn = Reader(draw_lanes([Lane("Runs", dots)], Span(BEGUN, BEGUN + 2 * DAY)))
    signs = [said for tag, said in drawn.elements if tag == "span" and "status" in said.get("class", "")]
    assert [one["class"] for one in signs] == ["status failed", "status ran"]
    assert signs[0]["title"] == "2 events\none\ntwo"
    assert signs[1]["aria-label"] == "far"


def test_a_bar_that_lasts_goes_to_the_end_and_one_before_is_left_out():
    span = Span(BEGUN, BEGUN + 4 * DAY)
    bars = [
        Bar(BEGUN - 2 * DAY, BEGUN - DAY, "gone"),
        Bar(BEGUN - DAY, BEGUN + DAY, "was"),
        Bar(BEGUN + 3 * DAY, None, "is"),
    ]
    drawn = Reader(draw_lanes([Lane("Alerts", bars=bars)], span))
    styles = {said["title"]: said["style"] for _, said in drawn.elements if said.get("class", "").startswith("bar ")}
    assert styles == {"was": "left:0%;width:25%", "is": "left:75%;width:25%"}


def test_bars_that_overlap_are_one_that_tells_of_each_unless_their_state_differs():
    bars = [Bar(BEGUN + place * 600, BEGUN + place * 600 + 300, f"number {place}") for place in range(5000)]
    drawn = Reader(draw_lanes([Lane("Findings", bars=bars)], Span(BEGUN, BEGUN + 40 * DAY)))
    [bar] = [said for _, said in drawn.elements if said.get("class", "").startswith("bar ")]
    assert bar["title"].startswith("5,000 together\nnumber 0\nnumber 1\n")
    assert len(bar["title"]) < 500


def test_no_bar_is_hidden_by_one_that_matters_less():
    states = ("failed", "hit", "running", "skipped", "ran")
    bars = [Bar(BEGUN, None, f"it {state}", state) for state in states]
    drawn = Reader(draw_lanes([Lane("Alerts", bars=bars)], Span(BEGUN, BEGUN + 2 * DAY)))
    shown = [said["title"] for _, said in drawn.elements if said.get("class", "").startswith("bar ")]
    assert shown == ["it skipped", "it hit", "it ran", "it running", "it failed"]


def test_ticks_are_at_local_midnights_also_where_a_day_has_25_hours(zone):
    zone("Europe/Berlin")
    begun = time.mktime((2025, 10, 24, 12, 0, 0, 0, 0, -1))
    ticks = time_ticks(begun, begun + 4 * DAY)
    assert [said for _, said in ticks] == ["Oct 25", "Oct 26", "Oct 27", "Oct 28"]
    assert {clock_of(at)[-5:] for at, _ in ticks} == {"00:00"}


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (5 * HOUR, ["Oct 13", "01:00", "02:00", "03:00", "04:00", "05:00"]),
        (2 * DAY, ["Oct 13", "12:00", "Oct 14", "12:00", "Oct 15"]),
        (100 * DAY, ["Nov", "Dec", "2026"]),
        (365 * DAY, ["2026", "Apr", "Jul", "Oct"]),
        (4 * 365 * DAY, ["2026", "2027", "2028", "2029"]),
    ],
)
def test_ticks_fit_the_length(zone, length, expected):
    zone("UTC")
    assert [said for _, said in time_ticks(BEGUN, BEGUN + length)] == expected


def test_an_axis_of_no_time_has_no_ticks():
    assert time_ticks(BEGUN, BEGUN) == []
    assert 'class="times"' in draw_times(Span(BEGUN, BEGUN))
