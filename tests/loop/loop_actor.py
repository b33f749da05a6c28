"""A process that watches the world of folders until it is killed."""

import sys
import time
from pathlib import Path

from loop_world import MODEL, POLICY, book, ports

from mainspring.loop import Watch

folder = Path(sys.argv[1])
loops, journal = book(folder)
while True:
    Watch(loops, journal, ports(folder), lambda _: POLICY).tick([MODEL], 1_760_000_000.0)
    time.sleep(0.005)
