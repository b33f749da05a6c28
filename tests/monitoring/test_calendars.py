"""Calendars: windows take what is declared of their middle."""

import pytest

from mainspring.errors import MonitoringError
from mainspring.monitoring import Calendar, Window

HOUR, DAY = 3600, 86_400


def test_a_window_takes_what_is_declared_of_its_middle():
    calendar = Calendar.of([(3 * DAY, 4 * DAY, "sale"), (0.0, 1.5 * HOUR, "feast")])
    hours = [calendar.on(Window(hour * HOUR, HOUR)).season for hour in (0, 1, 2, 71, 72, 95, 96)]
    assert hours == ["feast", "", "", "", "sale", "sale", ""]
    assert calendar.on(Window(0, HOUR, season="before")).season == "feast"
    assert calendar.on(Window(9 * DAY, DAY, season="before")).season == ""
    assert Calendar.of([]).on(Window(0, DAY)).season == ""


def test_times_that_are_wrong_are_refused():
    with pytest.raises(MonitoringError, match="'sale' ends before it has begun"):
        Calendar.of([(5.0, 5.0, "sale")])
    with pytest.raises(MonitoringError, match="'feast' and 'sale' are at the same time"):
        Calendar.of([(4.0, 9.0, "sale"), (0.0, 5.0, "feast")])
