"""Tracks say of thousands of windows what checks say of them one by one; bands hold what the reference held."""

import numpy as np
import pytest

from mainspring.monitoring import (
    Rules,
    Window,
    check_windows,
    count_rows,
    episodes,
    fit_bands,
    fit_reference,
    follow,
    layout_of_rows,
)
from mainspring.monitoring import tracks as module
from mainspring.monitoring.bands import ROWS
from mainspring.monitoring.windows import blank

HOUR = 3600
START = 1_760_313_600
REFERENCE, LIVE = 120, 40
MOVED, GONE, EMPTY = 15, 20, (30, 31, 32)


def rows(hour, rng):
    usual = 0.5 * np.sin(2 * np.pi * hour / 24)
    live = hour - REFERENCE
    many = int(rng.integers(100, 140))
    price = rng.normal(usual + (0.6 if MOVED <= live < 36 else 0.0), 1, many)
    price[rng.random(many) < (0.2 if live >= GONE else 0.01)] = np.nan
    return {"price": price, "weight": rng.normal(5, 2, many), "store": rng.choice(["a", "b"], many, p=[0.7, 0.3])}


@pytest.fixture(scope="module")
def world():
    """Windows of a reference and after it; a price that moves, that goes missing, and two hours without a row."""
    rng = np.random.default_rng(5)
    hours = [rows(hour, rng) for hour in range(REFERENCE + LIVE)]
    layout = layout_of_rows({name: np.concatenate([one[name] for one in hours[:48]]) for name in hours[0]})
    windows = [Window(START + hour * HOUR, HOUR, "shop", "v") for hour in range(len(hours))]
    profiles = [
        blank(window, layout) if place - REFERENCE in EMPTY else count_rows(layout, window, one)
        for place, (window, one) in enumerate(zip(windows, hours, strict=True))
    ]
    reference = profiles[:REFERENCE]
    return layout, profiles, fit_reference(reference, layout), fit_bands(reference, layout)


def followed(world, since=START + REFERENCE * HOUR, first=0):
    _, profiles, reference, bands = world
    return follow(iter(profiles[first:]), reference, bands, since=since)


@pytest.mark.parametrize("at_once", [256, 7])
def test_tracks_find_what_checks_find(world, monkeypatch, at_once):
    monkeypatch.setattr(module, "_AT_ONCE", at_once)
    _, profiles, reference, _ = world
    checks = check_windows(profiles[REFERENCE:], reference)
    expected = {(one.window, found.check, found.column) for one in checks for found in one.findings}
    made = followed(world)
    assert made.judged == tuple(one.window for one in checks)
    assert {
        (made.judged[place], one.check, one.column)
        for one in made.tracks
        for place in np.flatnonzero(one.found).tolist()
    } == expected
    assert {"drift", "nulls", "volume"} <= {check for _, check, _ in expected}
    by_name = made.by_name()
    for place, check in enumerate(checks):
        for measure in check.measures:
            track = by_name[measure.check, measure.column]
            for name in ("size", "value", "expected", "threshold", "p"):
                assert getattr(track, name)[place] == pytest.approx(getattr(measure, name), rel=1e-5, abs=1e-30)
            assert track.distance(place) == measure.by
        for finding in check.findings:
            track = by_name[finding.check, finding.column]
            assert track.adjusted[place] == pytest.approx(finding.adjusted, rel=1e-5, abs=1e-30)


def test_a_window_without_rows_says_nothing_but_its_volume(world):
    by_name = followed(world).by_name()
    assert by_name["drift", "price"].state(EMPTY[0], 0.01) == "unknown"
    assert np.isnan(by_name["nulls", "price"].value[EMPTY[0]])
    assert by_name["volume", ""].state(EMPTY[0], 0.01) in ("found", "remarkable")


def test_windows_of_the_reference_have_levels_and_are_not_judged(world):
    made = followed(world, first=REFERENCE - 24)
    assert (made.begun, len(made.windows), len(made.judged)) == (24, 24 + LIVE, LIVE)
    assert all(one.size.size == LIVE for one in made.tracks)
    assert all(one.value.size == 24 + LIVE for one in made.levels)
    assert made.rows.tolist() == [one.rows for one in world[1][REFERENCE - 24 :]]


def test_a_band_holds_the_reference_and_not_what_moved(world):
    made = followed(world)
    levels = {one.name: one for one in made.levels}
    assert (levels["store"].label, levels["price"].label) == ("a", None)
    for name in ("price", "weight", "store", ROWS):
        one = levels[name]
        inside = (one.value >= one.low) & (one.value <= one.high)
        assert inside[:REFERENCE].mean() >= 0.97, name
    price = levels["price"]
    moved = slice(REFERENCE + MOVED, REFERENCE + EMPTY[0])
    assert (price.value[moved] > price.high[moved]).mean() > 0.6
    assert np.ptp(price.high[:24] - price.low[:24]) == pytest.approx(0)
    assert np.ptp(price.high[:24]) > 0.5  # it follows the hour
    assert np.isnan(price.value[REFERENCE + EMPTY[0]])
    assert np.isnan(levels["latency p50"].value).all()  # nothing was timed


def test_findings_near_each_other_are_one_episode_with_its_peak_and_its_end(world):
    made = followed(world)
    found = {(one.check, one.column): one for one in episodes(made)}
    drift, nulls = found["drift", "price"], found["nulls", "price"]
    assert MOVED <= made.judged.index(drift.windows[0]) <= MOVED + 5
    assert not drift.lasts
    assert nulls.lasts
    assert nulls.windows[-1] == made.judged[-1]
    sizes = made.by_name()["drift", "price"]
    places = [made.judged.index(one) for one in drift.windows]
    assert drift.size == max(float(sizes.size[place]) for place in places)
    assert f"has moved by {drift.size:.3f}" in drift.says
    assert drift.latest != drift.says
    assert len(episodes(made, Rules(least=1, of=1))) >= len(found)


def test_no_windows_are_no_tracks(world):
    _, _, reference, bands = world
    made = follow([], reference, bands, since=0)
    assert (made.windows, made.tracks, made.levels, episodes(made)) == ((), (), (), [])
