"""Replayed traffic: as recorded, whatever the steps; what is planted is marked, and found by the check meant for it."""

import numpy as np
import polars as pl
import pytest
from shop_traffic import DAY, HOUR, START, predict, shop_traffic

from mainspring.clock import drive
from mainspring.errors import DefinitionError, MonitoringError
from mainspring.monitoring import (
    PLANTS,
    Asked,
    Joined,
    Plant,
    Traffic,
    Window,
    check_windows,
    day_times,
    fit_errors,
    fit_reference,
    layout_of_rows,
    plant,
    play,
    quality_of,
    replay,
    skew,
    windows_of_traffic,
)

DAYS = 9
SINCE = START + 8 * DAY + 4 * HOUR
COLUMN = {"scale": "price", "nulls": "age", "new_category": "store", "correlation": "units", "skew": "store"}
SIZE = {
    "drift": 0.6,
    "scale": 100.0,
    "nulls": 0.1,
    "new_category": 0.03,
    "correlation": 1.0,
    "duplicates": 0.2,
    "volume": 3.0,
    "outage": 0.9,
    "latency": 2.0,
    "fallback": 0.05,
    "contract": 0.05,
    "concept": 1.0,
    "skew": 0.001,
    "late_labels": 3.0 * DAY,
    "missing_labels": 0.5,
}


@pytest.fixture(scope="module")
def traffic():
    return shop_traffic(DAYS)


@pytest.fixture(scope="module")
def shop(traffic):
    first = traffic.between(START, START + 8 * DAY)
    layout = layout_of_rows(dict(first.columns))
    return layout, fit_reference(list(windows_of_traffic(first, layout)), layout)


def small(count=300, labels=True):
    rng = np.random.default_rng(count)
    times = START + rng.uniform(0, 6 * HOUR, count)
    known = rng.normal(size=count) if labels else None
    return Traffic.of({"x": rng.normal(size=count), "kind": rng.choice(["a", "b"], count)}, times, labels=known)


def test_every_row_is_asked_for_once_in_order_and_every_label_comes_once_after_its_time():
    rows = small()
    late = plant(rows, [Plant("late_labels", 5 * HOUR)])
    for every in (600.0, 3600.0, 7.5 * 3600):
        batches = list(replay(late, every=every))
        assert np.concatenate([one.places for one in batches]).tolist() == list(range(300))
        assert sorted(np.concatenate([one.due for one in batches]).tolist()) == list(range(300))
        for one in batches:
            assert ((one.rows.times >= one.start) & (one.rows.times < one.end)).all()
            assert ((one.arrived >= one.start) & (one.arrived < one.end)).all()
            assert one.labels.tolist() == rows.labels[one.due].tolist()
    assert np.diff(rows.times).min() >= 0


def test_play_drives_the_clock_and_tells_labels_by_the_identities_that_were_given(tmp_path):
    clock, seen, told = tmp_path / "now", [], []
    drive(clock, 0)

    def ask(batch):
        seen.append((float(clock.read_text()), batch.start))
        ids = ["" if place == 7 else f"id-{place}" for place in batch.places.tolist()]
        return Asked(ids, [0] * len(ids), failed=ids.count(""))

    rows = plant(small(), [Plant("late_labels", 2 * HOUR)])
    said = play(rows, ask, clock=clock, tell=lambda labels, now: told.append((labels, now, float(clock.read_text()))))
    assert (said.rows, said.failed, said.labels, said.steps) == (300, 1, 299, 8)
    assert all(read == start for read, start in seen)
    assert all(now == read for _, now, read in told)
    values = {
        identity: value for labels, _, _ in told for identity, value in zip(labels.ids, labels.values, strict=True)
    }
    assert values == {f"id-{place}".encode(): rows.labels[place] for place in range(300) if place != 7}
    assert [one.plant.kind for one in said.planted] == ["late_labels"]


def test_what_is_planted_is_marked_row_by_row_and_nothing_else_has_changed():
    rows = small()
    made = plant(rows, [Plant("nulls", 0.3, "x", since=START + 2 * HOUR, until=START + 4 * HOUR, where={"kind": "a"})])
    changed = np.isnan(made.columns["x"])
    assert made.touched[:, 0].tolist() == changed.tolist()
    inside = (rows.times >= START + 2 * HOUR) & (rows.times < START + 4 * HOUR) & (rows.columns["kind"] == "a")
    assert not (changed & ~inside).any()
    assert 0.15 < changed[inside].mean() < 0.45
    assert made.columns["x"][~changed].tolist() == rows.columns["x"][~changed].tolist()
    (said,) = made.planted
    assert (said.rows, said.name) == (changed.sum(), "planted: nulls of x by 0.3, sudden, where kind is a")
    assert said.first >= START + 2 * HOUR
    assert not np.isnan(rows.columns["x"]).any()
    assert [bool(one.planted) for one in replay(made)] == [False, False, True, True, False, False]
    quiet = plant(rows, [])
    assert quiet.planted == ()
    assert quiet.columns["x"].tolist() == rows.columns["x"].tolist()


def test_rows_that_do_not_come_are_marked_by_their_hours():
    made = plant(small(), [Plant("outage", since=START + HOUR, until=START + 3 * HOUR)])
    batches = list(replay(made))
    assert [len(one.rows) == 0 for one in batches] == [False, True, True, False, False, False]
    assert [bool(one.planted) for one in batches] == [False, True, True, False, False, False]
    assert made.planted[0].rows == 300 - len(made)


@pytest.mark.parametrize(
    ("course", "expected"),
    [
        ("sudden", [0, 1, 1, 1, 1, 0]),
        ("gradual", [0, 0, 0.5, 1, 1, 0]),
        ("seasonal", [0, 0, 0.5, 1, 0, 0]),
        ("recurring", [0, 1, 1, 0, 1, 0]),
    ],
)
def test_a_change_comes_on_its_course(course, expected):
    one = Plant("drift", 1.0, "x", since=100, until=160, course=course, over=20, period=40)
    assert one.strength([99, 100, 110, 120, 140, 160]).round(6).tolist() == expected


def test_sizes_are_what_they_say():
    rows = shop_traffic(4, seed=1)
    made = plant(
        rows, [Plant("drift", 0.5, "price"), Plant("drift", 0.2, "age"), Plant("drift", 0.3, "store", value="c")]
    )
    price, age = (made.columns[name] - rows.columns[name] for name in ("price", "age"))
    assert price.mean() == pytest.approx(0.5 * rows.columns["price"].std())
    assert made.columns["age"].dtype == rows.columns["age"].dtype
    assert age.mean() == pytest.approx(0.2 * rows.columns["age"].std(), rel=0.02)
    share = (rows.columns["store"] == "c").mean()
    assert (made.columns["store"] == "c").mean() == pytest.approx(share + 0.3 * (1 - share), abs=0.02)
    assert len(plant(rows, [Plant("volume", 2.5)])) == pytest.approx(2.5 * len(rows), rel=0.02)
    assert len(plant(rows, [Plant("volume", 0.25)])) == pytest.approx(0.25 * len(rows), rel=0.05)
    assert plant(rows, [Plant("latency", 3.0)]).slow.tolist() == [3.0] * len(rows)
    classes = Traffic.of({"x": np.zeros(1000)}, np.arange(1000.0), labels=np.arange(1000) % 2)
    assert (plant(classes, [Plant("concept", 0.2)]).labels != classes.labels).mean() == pytest.approx(0.2, abs=0.04)


WINDOWED = [kind for kind, check in PLANTS.items() if check not in ("errors", "skew", "coverage")]


@pytest.mark.parametrize("kind", WINDOWED)
def test_each_plant_is_found_by_the_check_that_is_meant_for_it(traffic, shop, kind):
    layout, reference = shop
    column = COLUMN.get(kind, "price" if kind == "drift" else "")
    live = traffic.between(START + 8 * DAY, SINCE + 6 * HOUR)
    made = plant(live, [Plant(kind, SIZE[kind], column, since=SINCE)])
    checks = check_windows(list(windows_of_traffic(made, layout)), reference)
    assert not any(check.findings for check in checks[:4])
    found = {one.check for check in checks[4:] for one in check.findings}
    assert PLANTS[kind] in found


def test_without_a_plant_the_day_is_quiet(traffic, shop):
    layout, reference = shop
    live = traffic.between(START + 8 * DAY, START + 9 * DAY)
    assert not any(check.findings for check in check_windows(list(windows_of_traffic(live, layout)), reference))


def qualities_of(traffic, known_by=np.inf):
    found = []
    for batch in replay(traffic):
        rows = batch.rows
        if len(rows):
            values = np.where(rows.arrived <= known_by, rows.labels, np.nan)
            window = Window(int(batch.start), HOUR)
            found.append(quality_of(window, predict(batch)["sales"], Joined(values, rows.arrived, 0, 0)))
    return found


def test_another_concept_is_found_in_the_errors_and_not_in_the_inputs(traffic):
    usual = fit_errors(qualities_of(traffic.between(START, START + 8 * DAY)))
    live = traffic.between(START + 8 * DAY, START + 9 * DAY)
    made = plant(live, [Plant("concept", 1.0, since=SINCE)])
    assert usual.follow(qualities_of(live)).crossed.size == 0
    crossed = usual.follow(qualities_of(made)).crossed
    assert 4 <= crossed[0] <= 10
    assert made.columns["price"].tolist() == live.columns["price"].tolist()


def test_skew_is_found_row_by_row_and_only_where_it_was_planted(traffic):
    made = plant(traffic, [Plant("skew", 0.001, "store"), Plant("drift", 1.0, "price")])
    ids = np.arange(len(made))
    served = {"id": ids, **made.columns}
    found = skew(served, {"id": ids, **made.columns, **made.expected})
    assert found.differing == {"store": int(made.touched[:, 1].sum())}
    assert [one.plant.kind for one in made.planted] == ["drift", "skew"]
    assert not skew(served, served)


def test_labels_that_are_late_or_missing_are_seen_by_their_coverage(traffic):
    live = traffic.between(START, START + DAY)
    by = START + 3 * DAY
    late = qualities_of(plant(live, [Plant("late_labels", 3.0 * DAY)]), by)
    missing = qualities_of(plant(live, [Plant("missing_labels", 0.5)]), by)
    assert {one.coverage for one in qualities_of(live, by)} == {1.0}
    assert {one.coverage for one in late} == {0.0}
    assert 0.3 < np.mean([one.coverage for one in missing]) < 0.7


def test_frames_are_traffic_and_days_become_moments():
    days = np.array(["2015-06-01", "2015-06-02"], "datetime64[D]")
    frame = pl.DataFrame({"store": [1, 2], "state": ["a", None]})
    made = Traffic.of(frame, day_times(days, hours=(9, 10)), labels=[3.0, np.nan], arrived=days + 1)
    assert made.columns["state"].tolist() == ["a", None]
    assert ((made.times % DAY >= 9 * HOUR) & (made.times % DAY <= 10 * HOUR)).all()
    assert made.arrived[1] == np.inf
    later = made.moved(made.times[0] + 364 * DAY)
    assert (later.times - made.times).tolist() == [364 * DAY] * 2


def test_what_cannot_be_planted_is_said():
    with pytest.raises(DefinitionError, match=r"'drfit' cannot be planted.*Did you mean 'drift'"):
        Plant("drfit")
    with pytest.raises(DefinitionError, match=r"needs a column; .*at most 1, not 3"):
        Plant("nulls", 3.0)
    with pytest.raises(DefinitionError, match="no course 'slow'"):
        Plant("outage", course="slow")
    with pytest.raises(MonitoringError, match=r"no column 'xx'.*Did you mean 'x'"):
        plant(small(), [Plant("drift", 1.0, "xx")])
    with pytest.raises(MonitoringError, match="no labels to plant 'concept'"):
        plant(small(labels=False), [Plant("concept")])
    with pytest.raises(MonitoringError, match="'scale' cannot be planted in 'kind'"):
        plant(small(), [Plant("scale", 2.0, "kind")])
    with pytest.raises(MonitoringError, match="3 moments, and rows or labels"):
        Traffic.of({"x": [1.0, 2.0]}, [0.0, 1.0, 2.0])
