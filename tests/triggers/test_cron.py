"""Cron schedules: when they are due, also where the clock is put forward or back."""

from datetime import UTC, datetime, timedelta

import pytest

from mainspring.errors import DefinitionError
from mainspring.triggers import read_cron


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def said(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("text", "now", "last", "following"),
    [
        ("0 3 * * 1", "2026-11-21 12:00", "2026-11-16 03:00", "2026-11-23 03:00"),
        ("0 3 * * mon", "2026-11-23 03:00", "2026-11-23 03:00", "2026-11-30 03:00"),
        ("*/15 * * * *", "2026-11-21 12:07", "2026-11-21 12:00", "2026-11-21 12:15"),
        ("5/20 8-10 * * *", "2026-11-21 12:07", "2026-11-21 10:45", "2026-11-22 08:05"),
        ("0 0 1,15 * *", "2026-11-21 12:07", "2026-11-15 00:00", "2026-12-01 00:00"),
        ("0 0 13 * fri", "2026-11-21 12:07", "2026-11-20 00:00", "2026-11-27 00:00"),
        ("0 0 29 feb *", "2026-11-21 12:07", "2024-02-29 00:00", "2028-02-29 00:00"),
        ("0 12 * * 7", "2026-11-22 13:00", "2026-11-22 12:00", "2026-11-29 12:00"),
        ("@daily", "2026-11-21 00:00", "2026-11-21 00:00", "2026-11-22 00:00"),
        ("0 0 31 2 *", "2026-11-21 00:00", None, None),
    ],
)
def test_when_it_is_due(text, now, last, following):
    cron = read_cron(text)
    assert said(cron.last(at(now), at("2020-01-01"))) == last
    assert said(cron.next(at(now))) == following


def test_what_was_due_before_one_began_is_not():
    assert read_cron("0 3 * * *").last(at("2026-11-21 12:00"), at("2026-11-21 03:00")) is None


def test_every_minute_is_due_once_whatever_the_clock_does():
    """Against an oracle that looks at each minute, over both changes of the clock."""
    cron = read_cron("30 2 * * *", "Europe/Berlin")
    for day, utc in (("2026-03-28", "01:30"), ("2026-03-29", "01:30"), ("2026-03-30", "00:30")):
        assert said(cron.last(at(f"{day} 23:00"), at(f"{day} 00:00"))) == f"{day} {utc}"
    for day, utc in (("2026-10-24", "00:30"), ("2026-10-25", "00:30"), ("2026-10-26", "01:30")):
        assert said(cron.last(at(f"{day} 23:00"), at(f"{day} 00:00"))) == f"{day} {utc}"


def test_it_agrees_with_looking_at_each_minute():
    cron = read_cron("7-50/9 1,4 */3 * 2-4")
    start = datetime(2026, 2, 25, tzinfo=UTC)
    fits = []
    for minute in range(60 * 24 * 12):
        one = start + timedelta(minutes=minute)
        days = one.day in range(1, 32, 3), one.isoweekday() in (2, 3, 4)
        if one.minute in range(7, 51, 9) and one.hour in (1, 4) and all(days):
            fits.append(one.timestamp())
    assert fits
    found, now = [], start.timestamp() - 1
    while (now := cron.next(now) or 0) < (start + timedelta(days=12)).timestamp():
        found.append(now)
    assert found == fits


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0 3 * *", "has 4 fields, not 5"),
        ("60 3 * * *", "'60' is no minute"),
        ("0 3 * * monday", "'monday' is no weekday"),
        ("0 5-3 * * *", "'5-3' is no hour"),
        ("*/0 * * * *", "'\\*/0' is no minute"),
        ("0 3 * 13 *", "'13' is no month"),
    ],
)
def test_what_is_no_schedule_is_refused(text, message):
    with pytest.raises(DefinitionError, match=message):
        read_cron(text)


def test_a_zone_that_is_none_is_refused():
    with pytest.raises(DefinitionError, match="There is no time zone 'Mars'"):
        read_cron("0 3 * * *", "Mars")
