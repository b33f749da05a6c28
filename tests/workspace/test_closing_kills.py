"""`kill -9` of a process that closes windows, at random moments."""

import random
import signal
import subprocess
import sys
import time

import pytest
from shop_log import HOUR, MODEL, START, answers, log_of_shop

from mainspring.config.monitor import Monitor
from mainspring.monitoring import WINDOWS, Shelf, Window, encode_window
from mainspring.workspace.closing import close_windows

SETTINGS = Monitor(reference_days=1, segments=("store",))
CLOSE = """
import sys
from pathlib import Path
from mainspring.config.monitor import Monitor
from mainspring.workspace.closing import close_windows
print("begun", flush=True)
close_windows(Path(sys.argv[1]), Monitor(reference_days=1, segments=("store",)), float(sys.argv[2]))
"""


def kept(home):
    found = {}
    for segment in ("", "store=a", "store=b"):
        like = Window(0, HOUR, "shop", MODEL.package, segment)
        found |= {one.window: encode_window(one) for one in Shelf(home / WINDOWS).between(like, 0, 1e12)}
    return found


@pytest.mark.prove
@pytest.mark.timeout(600)
def test_killed_at_thirty_random_moments_it_makes_the_windows_that_it_would_have_made(tmp_path):
    homes = [tmp_path / "whole" / ".mainspring", tmp_path / "killed" / ".mainspring"]
    rng = random.Random(0)
    hours = 0
    for turn in range(30):
        for home in homes:
            log_of_shop(home, answers(range(hours, hours + 8), first=turn * 100))
            log_of_shop(home, answers([max(0, hours - 5)], first=turn * 100 + 50))
        hours += 8
        close_windows(homes[0], SETTINGS, START + hours * HOUR)
        asked = [sys.executable, "-c", CLOSE, str(homes[1]), str(START + hours * HOUR)]
        process = subprocess.Popen(asked, stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(rng.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        close_windows(homes[1], SETTINGS, START + hours * HOUR)
        assert kept(homes[1]) == kept(homes[0]), turn
    assert len(kept(homes[0])) == 3 * hours
