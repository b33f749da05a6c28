"""Checks of windows: each finds its planted fault, and what has none is quiet, at rates that are measured."""

from dataclasses import replace

import numpy as np
import pytest
from worlds import HOUR, KINDS, REFERENCE, World, layout, part, stack, world

from mainspring.errors import DefinitionError, MonitoringError
from mainspring.monitoring import (
    Rules,
    Served,
    Window,
    adjusted,
    check_window,
    check_windows,
    count_rows,
    fit_reference,
    fit_stack,
    layout_of_rows,
    stale,
)

START = 19_000 * 24 * HOUR


def rows_of(rng, rows, shift=0.0):
    base = rng.normal(size=(rows, 3))
    shop = rng.choice(["a", "b", "c"], rows).astype(object)
    return {"price": base[:, 0] + shift, "units": base[:, 0] * 0.8 + base[:, 1] * 0.6, "age": base[:, 2], "shop": shop}


def served(rng, rows):
    return Served(rng.lognormal(7, 0.3, rows).astype(np.int64))


@pytest.fixture(scope="module")
def shop():
    rng = np.random.default_rng(0)
    axes = layout_of_rows(rows_of(rng, 60_000))
    windows = [
        count_rows(axes, Window(START + HOUR * hour, HOUR), rows_of(rng, 1_000), served(rng, 1_000))
        for hour in range(14 * 24)
    ]
    return axes, fit_reference(windows, axes), rng


def plant(rng, fault):
    rows = rows_of(rng, 1_000, shift=0.4 if fault == "drift" else 0.0)
    requests = served(rng, 1_000)
    if fault == "nulls":
        rows["age"][:50] = np.nan
    if fault == "new_category":
        rows["shop"][:10] = "z"
    if fault == "range":
        rows["age"][:10] = 99.0
    if fault == "correlation":
        rows["units"] = rng.permutation(rows["units"])
    if fault == "volume":
        rows = {name: values[:300] for name, values in rows.items()}
    if fault == "duplicates":
        rows = {name: np.concatenate([values[:900], values[:100]]) for name, values in rows.items()}
    if fault == "latency":
        requests = replace(requests, micros=requests.micros * 2)
    if fault == "fallback":
        requests = replace(requests, fallbacks=40)
    if fault == "contract":
        requests = replace(requests, marks={"age: range": 40})
    return rows, requests


FAULTS = {
    "drift": "price",
    "nulls": "age",
    "new_category": "shop",
    "range": "age",
    "correlation": "units",
    "volume": "",
    "duplicates": "",
    "latency": "p50",
    "fallback": "",
    "contract": "",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_check_finds_its_planted_fault_and_says_so(shop, fault):
    axes, reference, rng = shop
    windows = [
        count_rows(axes, Window(START + HOUR * (14 * 24 + hour), HOUR), *plant(rng, fault if hour >= 6 else None))
        for hour in range(12)
    ]
    checks = check_windows(windows, reference)
    assert not any(check.findings for check in checks[:6])
    found = {(one.check, one.column): one for one in checks[-1].findings}
    assert (fault, FAULTS[fault]) in found
    finding = found[fault, FAULTS[fault]]
    assert len(finding.windows) >= reference.rules.least
    assert finding.windows[-1] == checks[-1].window
    assert finding.adjusted <= reference.rules.discovery
    assert finding.says.endswith(("usual", "season", "time", "z)"))
    assert fault != "new_category" or finding.values == ("z",)


def test_windows_without_a_fault_are_quiet(shop):
    axes, reference, rng = shop
    windows = [count_rows(axes, Window(START + HOUR * (14 * 24 + hour), HOUR), *plant(rng, None)) for hour in range(48)]
    assert not any(check.findings for check in check_windows(windows, reference))


def test_a_window_without_rows_is_found_by_its_volume(shop):
    axes, reference, _ = shop
    windows = [
        count_rows(axes, Window(START + HOUR * (14 * 24 + hour), HOUR), {"price": np.empty(0)}) for hour in range(6)
    ]
    last = check_windows(windows, reference)[-1]
    assert [finding.check for finding in last.findings] == ["volume"]
    assert last.remarks[-1].startswith("no rows")


def test_traffic_that_stops_is_stale_at_once(shop):
    axes, _, rng = shop
    last = count_rows(axes, Window(START, HOUR), rows_of(rng, 10), Served(np.array([50]), last=START + 100.0))
    assert stale(last, START + 3_000, 3_600) is None
    found = stale(last, START + 10_000, 3_600)
    assert found.says == "No row has come for 9,900 seconds, where 3,600 are allowed"


def test_a_cold_start_says_so_and_finds_only_what_is_gross():
    rng = np.random.default_rng(1)
    axes = layout_of_rows(rows_of(rng, 5_000))
    reference = fit_reference(
        [count_rows(axes, Window(START + HOUR * hour, HOUR), rows_of(rng, 1_000)) for hour in range(24)], axes
    )
    small, gross = (
        [count_rows(axes, Window(START + HOUR * (24 + hour), HOUR), rows_of(rng, 1_000, shift)) for hour in range(6)]
        for shift in (0.1, 1.0)
    )
    quiet, loud = check_windows(small, reference)[-1], check_windows(gross, reference)[-1]
    assert quiet.cold
    assert quiet.remarks[0].startswith("cold start: 24 of 100")
    assert not quiet.findings
    assert ("drift", "price") in {(one.check, one.column) for one in loud.findings}


def test_a_reference_needs_windows_of_one_length_and_layout(shop):
    axes, reference, rng = shop
    one = count_rows(axes, Window(START, HOUR), rows_of(rng, 50))
    with pytest.raises(MonitoringError, match="no window with rows"):
        fit_reference([], axes)
    with pytest.raises(MonitoringError, match=r"last \[3600, 7200\] seconds"):
        fit_reference([one, replace(one, window=Window(START, 2 * HOUR))], axes)
    with pytest.raises(MonitoringError, match="another layout"):
        check_window(replace(one, layout="other"), reference)


def test_rules_that_cannot_be_are_refused():
    with pytest.raises(DefinitionError, match=r"7 of 6 windows cannot be"):
        Rules(least=7)
    with pytest.raises(DefinitionError, match=r"no check 'drfit'"):
        Rules(floors={"drfit": 1.0})


@pytest.mark.parametrize("kind", KINDS)
def test_false_alarms_and_power_of_a_sample(kind):
    """A short sample of what bench/monitoring measures whole."""
    rng = np.random.default_rng([6, KINDS.index(kind)])
    made = world(kind, REFERENCE + 7 * 24, rng)
    axes, rows = layout(), 10_000
    whole = stack(made, rows, rng)
    reference = fit_stack(part(whole, slice(REFERENCE)), axes, Rules())
    judged = reference.judge(part(whole, slice(REFERENCE, None)))
    assert (judged[0].p <= 0.01).mean() < 0.03
    assert not any((p <= 0.05).any() for p in adjusted(judged, reference.rules).values())
    moved = stack(World(made.means[-12:] + 0.15, made.nulls[-12:]), rows, rng, REFERENCE + 7 * 24 - 12)
    assert (adjusted(reference.judge(moved), reference.rules)["drift"][5] <= 0.05).all()


def test_histograms_are_those_of_rows():
    """One case from rows: the simulated histograms have the shares that rows have."""
    rng = np.random.default_rng(7)
    axes = layout(2)
    rows = rng.normal(0.15, 1, (50_000, 2))
    counted = count_rows(axes, Window(START, HOUR), {"x00": rows[:, 0], "x01": rows[:, 1]})
    drawn = stack(World(np.full((200, 2), 0.15), np.zeros((200, 2))), 50_000, rng)
    z = (counted.counts - drawn.counts.mean(0)) / drawn.counts.std(0)
    assert np.abs(z).max() < 4.5
