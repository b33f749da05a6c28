"""Days that are known ahead, some of them once a year, and times without traffic: none alarms, none hides a change."""

import numpy as np
import pytest

from mainspring.monitoring import Served, Window, check_windows, count_rows, fit_reference, layout_of_rows
from mainspring.monitoring.seasons import closed
from mainspring.stats import distances

HOUR, DAY = 3600, 86_400
MONDAY = 18_995 * DAY
YEAR = 364


def kind(day):
    """Two weeks with a promotion from Monday to Friday, two without; a feast once in a year, three days of it."""
    if day % YEAR in (357, 358, 359):
        return f"feast {day % YEAR}"
    return f"day {day % 7}" + (", promotion" if day // 14 % 2 and day % 7 < 5 else "")


def sales(rng, season, factor=1.0):
    level = {"f": 0.5}.get(season[0], 1.5 if "promotion" in season else 1.0) * rng.lognormal(0, 0.03)
    return {"sales": level * factor * rng.lognormal(5, 0.4, 400), "kind": rng.choice(["a", "b"], 400)}


def days(rng, axes, first, count, *, factor=1.0, named=kind):
    return [
        count_rows(axes, Window(MONDAY + day * DAY, DAY, season=named(day)), sales(rng, kind(day), factor))
        for day in range(first, first + count)
    ]


@pytest.fixture(scope="module")
def year():
    rng = np.random.default_rng(2)
    axes = layout_of_rows({"sales": np.concatenate([sales(rng, kind(day))["sales"] for day in range(YEAR)])})
    return rng, axes, fit_reference(days(rng, axes, 0, YEAR), axes)


def found(checks):
    return {(finding.check, finding.column) for check in checks for finding in check.findings}


def test_a_declared_season_is_used_though_some_of_its_cells_come_once(year):
    rng, axes, reference = year
    assert reference.seasons["sales"] == "declared"
    assert not found(check_windows(days(rng, axes, YEAR, 28), reference))
    assert ("drift", "sales") in found(check_windows(days(rng, axes, YEAR, 12, factor=1.2), reference))


def test_what_is_declared_may_say_nothing_of_weekdays(year):
    rng, axes, _ = year

    def said(day):
        return "promotion" if "promotion" in kind(day) else ""

    def weeks(first, count, factor=1.0):
        return [
            count_rows(
                axes,
                Window(MONDAY + day * DAY, DAY, season=said(day)),
                sales(rng, kind(day), factor * (1 + day % 7 / 5)),
            )
            for day in range(first, first + count)
        ]

    reference = fit_reference(weeks(0, 336), axes)
    assert reference.seasons["sales"] == "declared, weekday"
    assert not found(check_windows(weeks(364, 28), reference))
    assert ("drift", "sales") in found(check_windows(weeks(364, 12, 1.2), reference))


def test_by_weekday_alone_the_same_change_is_not_found():
    rng = np.random.default_rng(3)
    axes = layout_of_rows({"sales": np.concatenate([sales(rng, kind(day))["sales"] for day in range(YEAR)])})
    plain = days(rng, axes, 0, YEAR, named=lambda _: "")
    later = days(rng, axes, YEAR, 12, factor=1.2, named=lambda _: "")
    assert not found(check_windows(later, fit_reference(plain, axes)))


def test_a_feast_that_the_reference_has_once_is_judged_by_all_of_it(year):
    rng, axes, reference = year
    feast = days(rng, axes, YEAR + 350, 14)
    assert not found(check_windows(feast, reference))
    broken = [
        count_rows(
            axes, Window(MONDAY + (YEAR + day) * DAY, DAY, season="never seen"), {"sales": np.full(400, 9_000.0)}
        )
        for day in range(6)
    ]
    assert ("drift", "sales") in found(check_windows(broken, reference))


def test_nights_without_traffic_are_not_found_and_a_day_without_is():
    rng = np.random.default_rng(4)
    rows = {"price": rng.normal(size=100_000)}
    axes = layout_of_rows(rows)

    def shop(hour, *, dark=False):
        place = hour * 37 % 90_000
        shut = not 7 <= hour % 24 < 21 or hour // 24 % 7 == 6
        part = {"price": rows["price"][place : place + (0 if dark or shut else int(rng.poisson(500)))]}
        return count_rows(axes, Window(MONDAY + hour * HOUR, HOUR), part, Served(np.zeros(0, np.int64)))

    whole = [shop(hour) for hour in range(28 * 24)]
    later = [shop(hour) for hour in range(28 * 24, 35 * 24)]
    dark = [shop(hour, dark=True) for hour in range(28 * 24, 29 * 24)]
    for reference in (fit_reference(whole, axes), fit_reference([one for one in whole if one.rows], axes)):
        assert not found(check_windows(later, reference))
        assert ("volume", "") in found(check_windows(dark, reference))


def test_an_outage_of_the_past_is_no_closed_time():
    open_ = [Window(MONDAY + hour * HOUR, HOUR) for hour in range(28 * 24) if hour not in (40, 41, 42, 43)]
    assert not closed(open_, [], 0.0)
    assert not closed([], [], 0.0)
    nights = [one for one in open_ if one.start // HOUR % 24 >= 6]
    assert len(closed(nights, [], 0.0)) == 28 * 6 - 6  # the first night is before the first window


def test_two_sides_without_rows_are_at_no_distance():
    nothing = distances(np.zeros((1, 3)), np.zeros((1, 3)), np.ones(2))
    assert nothing.roots().tolist() == [[0.0] * 5]
