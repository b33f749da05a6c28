"""What other processes do in the tests: `python actors.py ROLE TARGET ...`; each line that they print is a fact.

A target that begins with `postgresql://` is a URL, any other a directory.
"""

import os
import sys
import time
from pathlib import Path

from mainspring.digest import Artifact
from mainspring.errors import LeaseLostError, MainspringError
from mainspring.tracking import Facts, Lease, MetricRow, ResultRow, RunRow, StepRow, open_facts, this_process


def opened(target: str) -> Facts:
    return open_facts(target if target.startswith("postgresql://") else Path(target))


def say(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def start(facts: Facts, run_id: str) -> None:
    facts.runs.start(RunRow(run_id, "p", "running", 0.0, None, 0.0, this_process()))


def opener(target: str, run_id: str, begin: str) -> None:
    """Wait for a common moment, open the store, start a run."""
    time.sleep(max(0.0, float(begin) - time.time()))
    with opened(target) as facts:
        start(facts, run_id)
        say("started", run_id)


def logger(target: str, run_id: str, count: str, batch: str) -> None:
    with opened(target) as facts:
        start(facts, run_id)
        for first in range(0, int(count), int(batch)):
            numbers = range(first, first + int(batch))
            facts.measures.metrics([MetricRow(run_id, "s", "loss", float(n), n, facts.now()) for n in numbers])
        say("logged", count)


def committer(target: str, run_id: str) -> None:
    """Commit step after step, saying so after each, until killed."""
    with opened(target) as facts:
        start(facts, run_id)
        for number in range(1_000_000):
            key = f"{run_id}-{number}"
            lease = facts.leases.acquire(key, run_id, this_process(), ttl=60)
            assert isinstance(lease, Lease)
            artifacts = tuple(Artifact(f"a{n}", f"{key}-{n}", f"{key}-{n}", "json/1", 1) for n in range(3))
            step = StepRow(run_id, key, number, "ran", key=key, consumed=("x", "y"))
            facts.results.commit(lease, ResultRow(key, run_id, key, 0.0, 0.0, artifacts), step)
            say(number)


def sleeper(target: str, run_id: str, ttl: str) -> None:
    """Lease a key and stop; when woken, try to commit."""
    with opened(target) as facts:
        start(facts, run_id)
        lease = facts.leases.acquire("k", run_id, this_process(), ttl=float(ttl))
        assert isinstance(lease, Lease)
        say("leased")
        sys.stdin.readline()
        try:
            facts.results.commit(
                lease, ResultRow("k", run_id, "s", 0.0, 0.0, ()), StepRow(run_id, "s", 0, "ran", key="k")
            )
            say("committed")
        except LeaseLostError as error:
            say("refused", error)


def halfway(target: str, run_id: str) -> None:
    """Stay in the middle of a transaction until killed."""
    with opened(target) as facts:
        start(facts, run_id)
        with facts.database.transaction():
            facts.database.write("INSERT INTO memo (name, value) VALUES ('half', '1')", [{}])
            facts.database.write("UPDATE leases SET generation = generation + 100", [{}])
            say("inside")
            sys.stdin.readline()


def reader(target: str, user: str) -> None:
    """Give up root if need be, open the store, and say how that went."""
    if os.geteuid() == 0:
        os.setgid(int(user))
        os.setuid(int(user))
    try:
        with opened(target) as facts:
            start(facts, "r")
            say("started")
    except MainspringError as error:
        say(type(error).__name__, error)


if __name__ == "__main__":
    roles = {role.__name__: role for role in (opener, logger, committer, sleeper, halfway, reader)}
    roles[sys.argv[1]](*sys.argv[2:])
