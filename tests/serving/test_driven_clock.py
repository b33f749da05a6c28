"""The clock of a rehearsal: what a service logs has the time that it is driven to."""

import time

import pytest

from mainspring.clock import CLOCK, drive, now
from mainspring.errors import InputError
from mainspring.serving.ids import Ids, moment_of

JUNE = 1_433_116_800.0  # 2015-06-01


@pytest.fixture
def clock(tmp_path, monkeypatch):
    file = tmp_path / "now"
    monkeypatch.setenv(CLOCK, str(file))
    return file


def test_without_a_file_it_is_the_clock_of_the_machine(monkeypatch):
    monkeypatch.delenv(CLOCK, raising=False)
    assert abs(now() - time.time()) < 1


def test_predictions_have_the_time_that_the_clock_is_driven_to(clock):
    ids = Ids(worker=7)
    drive(clock, JUNE)
    first = ids.make()
    drive(clock, JUNE + 86_400)
    assert (moment_of(first), moment_of(ids.make())) == (JUNE, JUNE + 86_400)


@pytest.mark.parametrize("text", [None, "", "tomorrow"])
def test_a_clock_that_cannot_be_read_is_named(clock, text):
    if text is not None:
        clock.write_text(text)
    with pytest.raises(InputError, match="clock cannot be read") as caught:
        now()
    assert str(clock) in str(caught.value)
    assert CLOCK in str(caught.value)
