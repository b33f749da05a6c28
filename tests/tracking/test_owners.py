"""Who a process is, and whether it lives."""

import os
import subprocess
import sys

import pytest
from msgspec.structs import replace

from mainspring.tracking import Owner, alive, this_process
from mainspring.tracking.macos import started_in_ps
from mainspring.tracking.owners import started, started_in_stat


@pytest.fixture
def child():
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def test_this_process_lives():
    me = this_process()
    assert (me.pid, me.host) == (os.getpid(), os.uname().nodename)
    assert alive(me) is True
    assert this_process() == me


def test_a_process_lives_until_it_ends_and_is_dead_as_a_zombie(child):
    owner = replace(this_process(), pid=child.pid, started=started(child.pid))
    assert alive(owner) is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert alive(owner) is False
    child.wait()
    assert alive(owner) is False


def test_another_process_with_the_same_id_is_not_it(child):
    assert alive(replace(this_process(), pid=child.pid, started=started(child.pid) - 1)) is False


def test_a_start_that_is_unknown_is_no_proof_of_death(child):
    assert alive(replace(this_process(), pid=child.pid, started=0)) is True


@pytest.mark.parametrize("change", [{"host": "elsewhere"}, {"boot": "earlier"}, {"boot": ""}])
def test_nothing_is_known_about_another_host_boot_or_namespace(change):
    assert alive(replace(this_process(), **change)) is None


def test_an_owner_comes_back_from_its_text():
    owner = Owner('höst "x"', "boot/pid:[1]", 7, 2**40)
    assert Owner.from_text(owner.as_text()) == owner


def test_the_start_is_read_behind_a_name_with_parentheses():
    fields = " ".join(str(number) for number in range(4, 53))
    assert started_in_stat(f"12 (a) b ( c) S {fields}") == 22
    assert started_in_stat(f"12 (x) Z {fields}") is None


def test_the_start_is_read_from_ps():
    table = "1 Ss  Mon Nov  3 08:00:00 2025\n 512 Z   Mon Nov  3 08:00:00 2025\n 5120 R+  Tue Nov  4 09:30:01 2025\n"
    assert started_in_ps(5120, table) == 1762248601
    assert started_in_ps(512, table) is None
    assert started_in_ps(51, table) is None
