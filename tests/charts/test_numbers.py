import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.charts.numbers import change, count, duration, moment, number, short, size


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 ms"),
        (0.0009, "<1 ms"),
        (0.0426, "43 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (9.994, "9.99 s"),
        (9.996, "10.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (3599.6, "1 h 0 min"),
        (86_399.7, "1 d 0 h"),
    ],
)
def test_durations_never_round_up_into_a_unit_that_they_do_not_show(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("number_of_bytes", "said"),
    [(1023, "1023 B"), (1024, "1.0 KiB"), (10_240, "10 KiB"), (1024**2 - 1, "1.0 MiB"), (5 * 1024**4, "5.0 TiB")],
)
def test_sizes_have_binary_units(number_of_bytes, said):
    assert size(number_of_bytes) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (-0.0, "0"),
        (True, "True"),
        (1.0, "1"),
        (0.99999, "1"),
        (-3.14159, "\N{MINUS SIGN}3.142"),
        (0.00012346, "0.0001235"),
        (1e-9, "1e-09"),
        (1_234_567.8, "1.23e+06"),
        (123_456_789, "123,456,789"),
        (math.inf, "∞"),
        (-math.inf, "\N{MINUS SIGN}∞"),
    ],
)
def test_numbers_have_about_four_digits(value, said):
    assert number(value) == said


@given(st.floats(-1e300, 1e300))
def test_a_shown_number_is_close_to_the_real_one(value):
    shown = float(number(value).replace(",", "").replace("\N{MINUS SIGN}", "-"))
    assert math.isclose(shown, value, rel_tol=6e-3, abs_tol=1e-300)


def test_changes_show_their_sign():
    assert change(0.95, 0.94) == "+0.01"
    assert change(1, 3) == "\N{MINUS SIGN}2"
    assert change(math.nan, math.nan) == "±0"
    assert change(math.nan, 1.0) == "NaN"
    assert change(math.inf, 1.0) == "+∞"


def test_moments_say_their_offset(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert moment(0) == "1970-01-01 05:30:00 +05:30"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_counts_agree_with_their_noun():
    assert [count(n, "entry", "entries") for n in (0, 1, 2000)] == ["0 entries", "1 entry", "2,000 entries"]


def test_digests_are_shortened():
    assert short("ab" * 32) == "abababababab"
