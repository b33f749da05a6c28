"""Streams of figures: concept drift, jumps, slow leaks, and estimates before labels come."""

import numpy as np
import pytest

from mainspring.errors import MonitoringError
from mainspring.monitoring import Quality, Window, fit_errors, fit_estimate, fit_stream

HOUR = 3600
START = 19_000 * 24 * HOUR


def windows(count, first=0):
    return [Window(START + HOUR * (first + place), HOUR) for place in range(count)]


def qualities(rng, count, first=0, level=1.0):
    hours = np.arange(first, first + count)
    losses = level + 0.2 * np.sin(2 * np.pi * hours / 24) + rng.normal(0, 0.05, count)
    return [Quality(one, 500, 400, float(loss), 1.0) for one, loss in zip(windows(count, first), losses, strict=True)]


def test_a_change_of_the_concept_is_found_on_the_errors_and_dated():
    rng = np.random.default_rng(0)
    stream = fit_errors(qualities(rng, 672))
    assert not stream.follow(qualities(rng, 300, 672)).crossed.size
    moved = stream.follow([*qualities(rng, 100, 672), *qualities(rng, 60, 772, level=1.06)])
    assert 100 <= moved.crossed[0] <= 130
    assert 90 <= moved.since <= 112
    with pytest.raises(MonitoringError, match="20 windows have labels, too few"):
        fit_errors(qualities(rng, 20))


def wrong(rng, count, first=0, share=0.0):
    """Windows of a thousand labels, a share of which is wrong."""
    shares = rng.binomial(1000, share, count) / 1000
    return [Quality(one, 1000, 1000, float(loss), 0.0) for one, loss in zip(windows(count, first), shares, strict=True)]


def test_one_label_is_no_change_of_the_concept_neither_before_nor_after():
    rng = np.random.default_rng(4)
    never = fit_errors(wrong(rng, 672))
    single = wrong(rng, 100, 672)
    single[3] = Quality(single[3].window, 1000, 1000, 0.001, 0.03)
    assert not never.follow(single).crossed.size
    assert never.follow(wrong(rng, 100, 672, share=0.002)).crossed[0] < 10
    usual, live = qualities(rng, 672), qualities(rng, 300, 672)
    live[30] = Quality(live[30].window, 500, 400, 2_500.0, 5e4)
    assert not fit_errors(usual).follow(live).crossed.size
    usual[30] = Quality(usual[30].window, 500, 400, 2_500.0, 5e4)
    moved = fit_errors(usual).follow(qualities(rng, 60, 672, level=1.06))
    assert moved.crossed.size
    assert moved.crossed[0] <= 50


def test_windows_without_labels_are_no_evidence():
    rng = np.random.default_rng(1)
    stream = fit_errors(qualities(rng, 672))
    none = [Quality(one, 500, 0, None, None) for one in windows(100, 672)]
    assert not stream.follow(none).crossed.size


def figures(rng, count, first=0):
    hours = np.arange(first, first + count)
    return 3 + 0.3 * np.sin(2 * np.pi * hours / 24) + rng.normal(0, 0.05, count)


def test_a_jump_and_a_slow_leak_are_found_and_told_apart():
    rng = np.random.default_rng(2)
    stream = fit_stream(windows(672), figures(rng, 672), floor=0.1)
    live = windows(14 * 24, 672)
    quiet = stream.follow(live, figures(rng, 336, 672))
    assert (quiet.jump, quiet.leak) == (False, False)
    jumped = figures(rng, 336, 672)
    jumped[-5:] += 0.4
    found = stream.follow(live, jumped)
    assert (found.jump, found.leak) == (True, False)
    assert not found.band[0] <= found.value <= found.band[1]
    leaking = stream.follow(live, figures(rng, 336, 672) + np.linspace(0, 0.15, 336))
    assert leaking.leak
    assert leaking.trend.slope == pytest.approx(0.15 / 14, rel=0.3)


def test_streams_say_when_there_is_too_little():
    rng = np.random.default_rng(3)
    with pytest.raises(MonitoringError, match="50 windows are too few"):
        fit_stream(windows(50), figures(rng, 50))
    with pytest.raises(MonitoringError, match="2 values say nothing"):
        fit_stream(windows(672), figures(rng, 672)).follow(windows(2), [1.0, 2.0])


def test_an_estimate_before_labels_has_a_band_that_holds():
    rng = np.random.default_rng(4)
    cost = np.array([1.0, 2.0, 4.0])

    def draw(share):
        counts = rng.multinomial(400, share)
        return counts, counts * cost + rng.normal(0, 8, 3), counts

    parts = [
        np.array(one, dtype=float) for one in zip(*(draw(rng.dirichlet([8, 8, 8])) for _ in range(200)), strict=True)
    ]
    estimate = fit_estimate(*parts)
    inside = []
    for _ in range(300):
        counts, losses, rows = draw(rng.dirichlet([8, 8, 8]))
        value, low, high = estimate.of(counts)
        inside.append(low <= losses.sum() / rows.sum() <= high)
        assert low <= value <= high
    assert 0.9 <= np.mean(inside) <= 0.99
    with pytest.raises(MonitoringError, match="10 windows have labels"):
        fit_estimate(parts[0][:10], parts[1][:10], parts[2][:10])
