"""Settings tried on windows: quiet as promised where nothing is planted, and what is planted is found."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from shop_traffic import DAY, HOUR, START, shop_traffic
from typer.testing import CliRunner
from worlds import KINDS, REFERENCE, layout, stack, world

from mainspring.cli.app import app
from mainspring.errors import DefinitionError, MonitoringError
from mainspring.monitoring import (
    WINDOWS,
    Change,
    Plant,
    Quality,
    Rules,
    Shelf,
    Simulation,
    Window,
    delay_charts,
    delay_table,
    layout_of_rows,
    plant,
    simulate,
    simulate_errors,
    stacked,
    windows_of_traffic,
)
from mainspring.monitoring.shifting import able, shifted
from mainspring.monitoring.windows import blank
from mainspring.testing import check_found, check_quiet

DAYS = 8
FEW = (Change("drift", 0.4), Change("drift", 1.5), Change("nulls", 0.15), Change("new_category", 0.05))


@pytest.fixture(scope="module")
def shop():
    traffic = shop_traffic(DAYS, rows=60, seed=3)
    axes = layout_of_rows(dict(traffic.columns))
    return traffic, axes, list(windows_of_traffic(traffic, axes, model="shop", version="d" * 64))


@pytest.fixture(scope="module")
def tried(shop):
    _, axes, windows = shop
    told = []
    found = simulate(windows, axes, None, Simulation(FEW, episodes=40), watch=lambda *done: told.append(done))
    assert told == [(place, 5) for place in range(1, 6)]
    return found


def test_where_nothing_is_planted_settings_alarm_as_rarely_as_promised(tried):
    alerts = tried.alerts
    assert (tried.windows, tried.seconds, tried.columns, alerts.days) == (DAYS * 24, HOUR, 4, DAYS)
    assert alerts.found <= 1
    assert alerts.low <= alerts.month <= alerts.high
    assert alerts.high >= 3.68 * 30 / DAYS  # what so few days can promise, though none has an alert
    assert max(alerts.flagged.values()) < 0.03
    assert alerts.by_check == {} if not alerts.found else alerts.found == sum(alerts.by_check.values())


def test_larger_changes_are_found_more_often_and_sooner(tried):
    small, large, nulls, new = tried.delays
    assert small.found <= large.found == large.episodes
    assert 3 * HOUR <= large.median <= (math.inf if small.median is None else small.median)
    assert large.most <= 5 * HOUR
    assert large.low <= large.median <= large.high
    assert set(large.by_column) == {"price", "units", "age"}
    assert set(new.by_column) == {"store"}
    assert (nulls.columns, nulls.found) == (4, 40)
    assert new.found == 40


def test_a_change_in_the_reference_itself_is_counted_as_an_alert(shop):
    traffic, axes, _ = shop
    since = START + 6 * DAY
    spoilt = plant(traffic, [Plant("drift", 2.0, "price", since=since, until=since + 12 * HOUR)])
    found = simulate(list(windows_of_traffic(spoilt, axes)), axes, None, Simulation(FEW[:1], episodes=1))
    assert found.alerts.by_check["drift"] == 1
    assert found.alerts.month == found.alerts.found * 30 / DAYS
    assert 0 < found.alerts.quiet < 1


def test_a_gradual_change_is_found_later_than_a_sudden_one(shop, tried):
    _, axes, windows = shop
    slow = simulate(windows, axes, None, Simulation(FEW[1:2], course="gradual", over=2.0 * DAY, episodes=40))
    assert slow.delays[0].median > tried.delays[1].median + 3 * HOUR


PLANTED = {
    "drift": Plant("drift", 0.5, "price"),
    "mix": Plant("drift", 0.2, "store"),
    "nulls": Plant("nulls", 0.1, "age"),
    "new_category": Plant("new_category", 0.05, "store"),
    "volume": Plant("volume", 0.5),
    "latency": Plant("latency", 1.5),
    "fallback": Plant("fallback", 0.1),
    "contract": Plant("contract", 0.1),
    "duplicates": Plant("duplicates", 0.1),
}


def test_another_concept_is_found_in_errors_that_alarm_as_rarely_as_promised():
    rng = np.random.default_rng(5)
    windows = []
    for hour in range(10 * 24):
        loss = 2 + 0.4 * math.sin(2 * math.pi * hour / 24) + rng.normal(0, 0.1)
        windows.append(Quality(Window(int(START) + hour * HOUR, HOUR), 80, 80, loss, 1.0))
    changes = (Change("concept", 1.01), Change("concept", 1.2))
    alerts, (small, large) = simulate_errors(windows, Simulation(changes, episodes=30, look=2.0 * DAY))
    assert alerts.found <= 1
    assert alerts.low <= alerts.month <= alerts.high
    assert small.found < large.found == 30
    assert large.median <= 4 * HOUR
    spoilt = [replace(one, loss=3 * one.loss) if 100 <= place < 104 else one for place, one in enumerate(windows)]
    assert simulate_errors(spoilt, Simulation(changes, episodes=1))[0].by_check["errors"] >= 1
    with pytest.raises(MonitoringError, match="24 windows have labels, too few to simulate"):
        simulate_errors(windows[:24])


@pytest.mark.parametrize("kind", PLANTED)
def test_what_is_planted_in_windows_is_what_planting_in_their_rows_gives(shop, kind):
    traffic, axes, windows = shop
    rows = PLANTED[kind]
    before, rng = stacked(windows[:48], axes), np.random.default_rng(0)
    first = traffic.between(START, START + 2 * DAY)
    truth = stacked(list(windows_of_traffic(plant(first, [rows], seed=2), axes)), axes)
    made = shifted(Change(kind, rows.size), before, axes, rng)
    place = axes.names.index(rows.column) if rows.column else 0
    for name in ("missing", "fresh"):
        sums = [getattr(one, name)[:, place].sum() for one in (made, truth)]
        assert sums[0] == pytest.approx(sums[1], rel=0.35, abs=3)
    assert (made.volume - before.volume).mean() == pytest.approx(
        (truth.volume - before.volume).mean() if kind == "volume" else 0, abs=0.05
    )
    assert made.latency.mean(0) == pytest.approx(truth.latency.mean(0), abs=0.05)
    if kind in ("fallback", "contract", "duplicates"):
        assert made.shares.sum(0) == pytest.approx(truth.shares.sum(0), rel=0.15, abs=10)
    if kind in ("drift", "mix"):
        shares = [one.counts[:, place].sum(0) / one.counts[:, place].sum() for one in (made, truth, before)]
        moved = np.abs(shares[1] - shares[2]).sum()
        assert np.abs(shares[0] - shares[1]).sum() < 0.2 * moved
    assert able(Change(kind, rows.size), before, axes)


def test_a_finding_comes_as_late_in_replayed_rows_as_was_simulated():
    traffic = shop_traffic(6, rows=60, seed=4)
    assert check_quiet(traffic, reference_days=5)
    late = check_found(traffic, Plant("drift", 1.5, "price", since=START + 5.5 * DAY), reference_days=5)
    assert 3 <= late <= 5
    with pytest.raises(AssertionError, match=r"'drift' by 0\.05 was to be found within 6 windows: not at all"):
        check_found(traffic, Plant("drift", 0.05, "price"), reference_days=5)
    with pytest.raises(DefinitionError, match="'skew' is not seen in windows"):
        check_found(traffic, Plant("skew", 0.1, "price"), reference_days=5)
    loud = plant(traffic, [Plant("drift", 2.0, "price", since=START + 5 * DAY)])
    with pytest.raises(AssertionError, match=r"of 24 windows have findings, 0 may; .*'price' has moved"):
        check_quiet(loud, reference_days=5)


def test_what_cannot_be_simulated_is_said(shop):
    _, axes, windows = shop
    with pytest.raises(MonitoringError, match="7 days are too few"):
        simulate(windows[: 7 * 24], axes)
    with pytest.raises(MonitoringError, match=r"last \[3600, 7200\] seconds"):
        simulate([replace(windows[0], window=Window(0, 7200)), *windows], axes)
    with pytest.raises(DefinitionError, match=r"no change 'drif'.*Did you mean 'drift'"):
        Change("drif", 1.0)
    with pytest.raises(DefinitionError, match=r"A share of 5"):
        Change("nulls", 5.0)
    with pytest.raises(DefinitionError, match="Nothing is simulated"):
        Simulation(episodes=0)


def test_tables_and_charts_say_what_was_found(tried):
    table = delay_table(tried)
    assert [row[:3] for row in table.rows][:2] == [("drift", "0.4 sd", "drift"), ("drift", "1.5 sd", "drift")]
    charts = delay_charts(tried)
    assert list(charts) in ([], ["drift"])
    if charts:
        assert charts["drift"].series[0].x == (0.4, 1.5)


def test_the_command_tells_the_same_as_json_and_as_a_page(shop, tmp_path, monkeypatch):
    monkeypatch.setattr("mainspring.cli.simulate.vega_bundle", lambda _: None)
    _, axes, windows = shop
    home = tmp_path / ".mainspring"
    shelf = Shelf(home / WINDOWS)
    shelf.put_layout("shop", "d" * 64, axes)
    for one in windows:
        shelf.put(one)
    call = [
        "monitor",
        "simulate",
        "--home",
        str(home),
        "--change",
        "drift=1.5",
        "--episodes",
        "20",
        "--floor",
        "nulls=0.02",
    ]
    told = CliRunner().invoke(app, [*call, "--json", "--page", str(tmp_path / "page.html")])
    assert told.exit_code == 0, told.output
    said = json.loads(told.stdout)
    assert said["alerts"]["days"] == DAYS
    assert said["rules"]["floors"] == {"nulls": 0.02}
    (one,) = said["planted"]
    assert (one["change"], one["check"], one["episodes"]) == ({"kind": "drift", "size": 1.5}, "drift", 20)
    page = (tmp_path / "page.html").read_text()
    assert "Every change is planted, sudden" in page
    text = CliRunner().invoke(app, call).stdout
    assert "false alerts  0 a month, 95% interval 0.00 to 13.83: 0 in 8 days" in text
    assert "drift   1.5 sd" in text
    wrong = CliRunner().invoke(app, [*call, "--change", "drift"])
    assert wrong.exit_code != 0
    assert "'drift' is no name and number" in wrong.output


def profiles_of(kind, rows, rng):
    """Windows of a simulated world, as profiles."""
    axes = layout()
    made = stack(world(kind, REFERENCE, rng), rows, rng)
    windows = []
    for place, window in enumerate(made.windows):
        counts = made.counts[place].astype(np.int64)
        nulls = made.missing[place].astype(np.int64)
        windows.append(
            replace(blank(window, axes), rows=round(math.exp(made.volume[place])), nulls=nulls, counts=counts)
        )
    return windows, axes


@pytest.mark.prove
@pytest.mark.parametrize("kind", KINDS)
def test_simulated_rates_are_those_that_are_measured_from_new_traffic(kind):
    """bench/monitoring: at most 0.5 alerts a month, and a shift of 0.15 sd within six windows from 10,000 rows on."""
    alerts, days = 0, 0
    for seed in range(12):
        windows, axes = profiles_of(kind, 10_000, np.random.default_rng([9, KINDS.index(kind), seed]))
        found = simulate(
            windows, axes, Rules(), Simulation((Change("drift", 0.15), Change("nulls", 0.05)), episodes=40)
        )
        alerts, days = alerts + found.alerts.found, days + found.alerts.days
        assert found.alerts.low <= 0.5 <= found.alerts.high
        assert [one.most <= 6 * HOUR for one in found.delays] == [True, True]
    assert alerts * 30 / days <= 1.0
