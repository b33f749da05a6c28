"""What is done beside a service: the log becomes Parquet by itself, one process at a time, at the lowest priority."""

import os
import signal
import sys
import time
import urllib.request

import pytest
from serving_samples import post, running

from mainspring.serving.upkeep import Upkeep
from mainspring.workspace.rolled import tables


class Clock:
    """A time that tests set."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def sleeping(path, then: str = "time.sleep(60)"):
    """A command that says its process and its priority, and goes on."""
    text = f"import os, time; open({str(path)!r}, 'a').write(f'{{os.getpid()}}\\n'); {then}"
    return (sys.executable, "-c", text)


def begun(path, count: int = 1) -> list[int]:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        found = path.read_text().split() if path.exists() else []
        if len(found) >= count:
            return [int(one) for one in found]
        time.sleep(0.02)
    raise AssertionError("the command was not begun")


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_one_process_at_a_time_at_the_lowest_priority(tmp_path):
    clock, path = Clock(), tmp_path / "begun"
    upkeep = Upkeep(sleeping(path), 30, clock)
    upkeep.look()
    clock.now = 29.9
    upkeep.look()
    assert not path.exists()
    clock.now = 30
    upkeep.look()
    [pid] = begun(path)
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    clock.now = 3000
    upkeep.look()
    upkeep.stop()
    assert gone(pid)
    assert begun(path) == [pid]


def test_what_takes_too_long_is_ended_and_begun_again_later(tmp_path, caplog):
    clock, path = Clock(), tmp_path / "begun"
    upkeep = Upkeep(sleeping(path), 30, clock)
    clock.now = 30
    upkeep.look()
    [pid] = begun(path)
    clock.now = 3630
    upkeep.look()
    assert gone(pid)
    assert f"ended with {-signal.SIGTERM}" in caplog.text
    upkeep.look()
    clock.now = 3660
    upkeep.look()
    assert len(begun(path, 2)) == 2
    upkeep.stop()


def test_what_does_not_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("mainspring.serving.upkeep._GRACE", 0.2)
    path = tmp_path / "begun"
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    command = (sys.executable, "-c", f"{deaf}; {sleeping(path)[2]}")
    upkeep = Upkeep(command, 0)
    upkeep.look()
    [pid] = begun(path)
    upkeep.stop()
    assert gone(pid)


def test_a_failure_is_told_and_the_next_time_it_is_tried_again(tmp_path, caplog):
    clock, path = Clock(), tmp_path / "begun"
    upkeep = Upkeep(sleeping(path, "raise SystemExit(3)"), 30, clock)
    for turn in (1, 2):
        clock.now += 30
        upkeep.look()
        begun(path, turn)
        end = time.monotonic() + 20
        while caplog.text.count("ended with 3") < turn and time.monotonic() < end:
            upkeep.look()
            time.sleep(0.02)
    assert caplog.text.count("ended with 3") == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_the_log_of_a_service_becomes_parquet_by_itself(tmp_path, plain, workers):
    target, folder = str(plain.package.path), tmp_path / "home/predictions"
    with running(target, "--roll-every", "0", folder=tmp_path) as (_, url):
        post(url, [{"price": 1, "units": 2}])
    assert len(list(folder.glob("*.log"))) == 1
    with running(target, "--roll-every", "0.5", "--workers", str(workers), folder=tmp_path) as (_, url):
        end = time.monotonic() + 30
        while not tables(folder) and time.monotonic() < end:
            time.sleep(0.1)
        assert len(tables(folder)) == 1
        assert urllib.request.urlopen(f"{url}/v2/health/ready", timeout=5).status == 200


def test_without_what_it_needs_it_is_said_once_and_the_service_goes_on(tmp_path, plain):
    # A service in an environment without Polars.
    hidden = tmp_path / "mainspring"
    hidden.write_text(
        f"#!{sys.executable}\n"
        "import importlib.util, sys\n"
        "found = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'polars' else found(name, *more)\n"
        "from mainspring.cli import main\n"
        "main()\n"
    )
    hidden.chmod(0o755)
    call = (str(hidden),)
    with running(str(plain.package.path), "--roll-every", "0.1", folder=tmp_path, command=call) as (_, url):
        post(url, [{"price": 1, "units": 2}])
        time.sleep(1.5)
        post(url, [{"price": 1, "units": 2}])
    assert (tmp_path / "serve.err").read_text().count("The prediction log is not made Parquet here") == 1
    assert tables(tmp_path / "home/predictions") == []
