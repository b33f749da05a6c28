"""Fifty times `kill -9`: a real watch of a real project, and sometimes its run too, at random moments."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from shop_project import CONFIG, DAY, HOUR, START, serve

from mainspring.clock import drive
from mainspring.registry import open_registry
from mainspring.tracking import open_facts
from mainspring.tracking.loops import Journal, Loops

COMMAND = str(Path(sys.executable).with_name("mainspring"))
ROUNDS = 5
KILLS = 10


@pytest.fixture
def receiver():
    """A webhook that keeps what it is sent, and is slow enough to be killed in the middle."""
    taken: list[dict] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            taken.append({"id": self.headers["Mainspring-Id"], "body": body})
            time.sleep(0.05)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield taken, f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


def children(folder: Path) -> list[int]:
    """Processes that have a run of this project."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            said = (place / "cmdline").read_bytes()
        except OSError:
            continue
        if b"loop_running" in said and str(folder).encode() in said:
            found.append(int(place.name))
    return found


def end(process: subprocess.Popen, folder: Path, *, runs: bool) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()
    for pid in children(folder) if runs else []:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.prove
def test_fifty_kills_lose_nothing_and_double_nothing(shop, receiver):
    taken, url = receiver
    (shop / "config.toml").write_text(CONFIG.replace("[monitor]", f'[monitor]\nwebhook = "{url}"'))
    home, rng, now = shop / ".mainspring", np.random.default_rng(11), START
    seen, worse = 2.0, 0
    begun = time.monotonic()
    subprocess.run([COMMAND, "watch", "--once"], cwd=shop, check=True)
    usual = time.monotonic() - begun  # how long it takes to begin, which is most of what a short life is
    kills, where = 0, Counter()
    for number in range(ROUNDS):
        now += 2 * HOUR
        drive(shop / "clock", now)
        with (shop / "sales.txt").open("a") as file:
            file.write(f"{seen + 0.3 * (number + 1)}\n")
        for kill in range(KILLS):
            if kill == KILLS // 2:
                settled(shop)
                truth = seen if number % 2 else seen + 0.3 * (number + 1)
                serve(home, now, 48, truth=truth)
                now += 3 * DAY
                drive(shop / "clock", now)
            process = subprocess.Popen(
                [COMMAND, "watch", "--every", "0.1", "--json"], cwd=shop, stdout=subprocess.DEVNULL
            )
            time.sleep(rng.uniform(0.1, 3.0) * usual)
            end(process, shop, runs=bool(rng.random() < 0.3))
            where[last(home)] += 1
            kills += 1
        settled(shop)
        worse += number % 2
    assert kills == ROUNDS * KILLS
    with open_facts(home) as facts, open_registry(home) as registry:
        loops, journal = Loops(facts.database), Journal(facts.database).between()
        rounds = loops.fired("shop")
        assert len(rounds) == ROUNDS
        assert all(one.closed is not None for one in rounds)
        kinds = [one.kind for one in journal if one.kind != "alert"]
        assert kinds.count("promoted") == ROUNDS
        assert kinds.count("rolled back") == worse
        assert kinds.count("kept") == ROUNDS - worse
        moves = [one.kind for one in registry.decisions("shop")]
        assert moves.count("promotion") == ROUNDS + 1  # the first was there before
        assert moves.count("rollback") == worse
        runs = [one for one in facts.runs.list(1000) if one.status == "succeeded"]
        assert len(runs) == ROUNDS
        assert not [one for one in facts.runs.list(1000) if one.status == "running"]
        changes = [change for alert in facts.alerts.list() for change in facts.alerts.changes(alert.id)]
        assert {one.kind for one in changes} >= {"firing"}
        assert len({one.id for one in changes}) == len(changes)
        assert all(one.delivered for one in changes)
    received = [one["id"] for one in taken]
    assert {one.id for one in changes} == set(received)
    first = list(dict.fromkeys(received))
    assert len(received) - len(first) <= kills
    bodies = {one["id"]: one["body"] for one in taken}
    assert all(one["body"] == bodies[one["id"]] for one in taken)
    print(f"{kills} kills: {len(received) - len(first)} of {len(first)} changes were sent again, with their ids")
    print(f"killed while: {dict(where)}")


def last(home: Path) -> str:
    """What was begun last, and how it stood."""
    with open_facts(home) as facts:
        loops = Loops(facts.database)
        decision = loops.open("shop")
        if decision is None:
            return "nothing"
        actions = list(loops.actions(decision.id).values())
        return f"{actions[-1].kind} {actions[-1].state}" if actions else "decided"


def settled(shop: Path) -> None:
    done = subprocess.run([COMMAND, "watch", "--once"], cwd=shop, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
