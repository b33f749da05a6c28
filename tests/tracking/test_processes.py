"""Several processes on one store: what they may do together, and what is left when one is killed or stopped."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
from msgspec.structs import replace

from mainspring.errors import LeaseLostError
from mainspring.tracking import Lease, ResultRow, RunRow, StepRow, alive, open_facts, this_process

ACTORS = Path(__file__).with_name("actors.py")


@contextmanager
def actor(*words: object):
    """A process that plays a role; it is killed at the end, whatever happened."""
    process = subprocess.Popen(
        [sys.executable, ACTORS, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def actors(all_words):
    with actor(*all_words[0]) as first:
        if len(all_words) == 1:
            yield [first]
            return
        with actors(all_words[1:]) as rest:
            yield [first, *rest]


def start(facts, run_id: str) -> None:
    facts.runs.start(RunRow(run_id, "p", "running", 0.0, None, 0.0, this_process()))


def test_ten_processes_at_once_open_an_empty_store(target):
    begin = time.time() + 1.0
    with actors([("opener", target, f"r{number}", begin) for number in range(10)]) as processes:
        assert [process.stdout.readline() for process in processes] == [f"started r{number}\n" for number in range(10)]
        assert [process.wait() for process in processes] == [0] * 10
    with open_facts(target) as facts:
        assert {row.id for row in facts.runs.list()} == {f"r{number}" for number in range(10)}


def test_no_metric_of_four_processes_is_lost(target):
    with actors([("logger", target, f"r{number}", 5000, 125) for number in range(4)]) as processes:
        assert [process.stdout.readline() for process in processes] == ["logged 5000\n"] * 4
    with open_facts(target) as facts:
        for number in range(4):
            values = [row.value for row in facts.measures.of_run(f"r{number}")[0]]
            assert values == [float(value) for value in range(5000)]


@pytest.mark.parametrize("moment", [0.02, 0.1, 0.33])
def test_a_kill_loses_nothing_that_was_committed_and_leaves_nothing_half_done(target, moment):
    kill_and_look(target, moment)


@pytest.mark.prove
@pytest.mark.parametrize("seed", range(50))
def test_no_kill_ever_does(target, seed):
    kill_and_look(target, Random(seed).uniform(0.0, 0.5))


def kill_and_look(target, moment):
    with actor("committer", target, "r1") as process:
        assert process.stdout.readline() == "0\n"
        time.sleep(moment)
        process.kill()
        said = last_line(process)
    with open_facts(target) as facts:
        steps = facts.steps.of("r1")
        results = facts.results.of_run("r1")
        assert len(steps) >= said + 1
        assert [row.name for row in steps] == [f"r1-{number}" for number in range(len(steps))]
        assert set(results) == {row.name for row in steps}
        keys = [f"r1-{number}" for number in range(len(steps) + 2)]
        assert list(facts.results.find(keys)) == keys[: len(steps)]
        assert {len(result.artifacts) for result in results.values()} == {3}
        assert len(facts.steps.consumers("x")) == len(facts.steps.consumers("y")) == len(steps)
        assert facts.runs.mark_lost(lambda owner, silent: alive(owner) is False) == ["r1"]
        start(facts, "r2")
        following = facts.leases.acquire(f"r1-{len(steps)}", "r2", this_process(), ttl=60)
        assert isinstance(following, Lease)


def test_a_transaction_whose_process_is_killed_never_was(target):
    with actor("halfway", target, "r1") as process, open_facts(target) as facts:
        assert process.stdout.readline() == "inside\n"
        process.kill()
        start(facts, "r2")
        lease = facts.leases.acquire("k", "r2", this_process(), ttl=60)
        assert lease.generation == 1
        assert facts.memo.get("half") is None


def last_line(process) -> int:
    lines = process.stdout.read().splitlines()
    return int(lines[-1]) if lines else 0


def test_the_lease_of_a_killed_owner_is_free_at_once(target):
    with actor("sleeper", target, "r1", 3600) as process, open_facts(target) as facts:
        assert process.stdout.readline() == "leased\n"
        start(facts, "r2")
        holder = facts.leases.acquire("k", "r2", this_process(), ttl=60)
        assert holder.pid == process.pid
        os.kill(process.pid, signal.SIGKILL)
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # dead, and still a zombie
        assert isinstance(facts.leases.acquire("k", "r2", this_process(), ttl=60), Lease)


def test_an_owner_that_wakes_up_after_its_lease_was_taken_cannot_commit(target):
    with actor("sleeper", target, "r1", 0.5) as process, open_facts(target) as facts:
        assert process.stdout.readline() == "leased\n"
        os.kill(process.pid, signal.SIGSTOP)
        start(facts, "r2")
        while not isinstance(lease := facts.leases.acquire("k", "r2", this_process(), ttl=60), Lease):
            assert lease.pid == process.pid
            time.sleep(0.05)
        os.kill(process.pid, signal.SIGCONT)
        process.stdin.write("go on\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith("refused Step 's' of run 'r1' lost its lease")
        assert facts.results.find(["k"]) == {}
        result = ResultRow("k", "r2", "s", 0.0, 0.0, ())
        facts.results.commit(lease, result, StepRow("r2", "s", 0, "ran", key="k"))
        assert facts.results.find(["k"])["k"].run == "r2"


def test_an_owner_that_was_only_slow_commits(target):
    with actor("sleeper", target, "r1", 0.01) as process, open_facts(target) as facts:
        assert process.stdout.readline() == "leased\n"
        time.sleep(0.05)
        process.stdin.write("go on\n")
        process.stdin.flush()
        assert process.stdout.readline() == "committed\n"
        assert facts.results.find(["k"])["k"].run == "r1"


def test_a_process_with_the_id_of_a_dead_owner_is_not_taken_for_it(target):
    with actor("sleeper", target, "r0", 60) as process, open_facts(target) as facts:
        assert process.stdout.readline() == "leased\n"
        reused = replace(this_process(), pid=process.pid)  # the id lives, but started at another time
        assert alive(reused) is False
        facts.runs.start(RunRow("r1", "p", "running", 0.0, None, 0.0, reused))
        stale = facts.leases.acquire("k1", "r1", reused, ttl=3600)
        start(facts, "r2")
        fresh = facts.leases.acquire("k1", "r2", this_process(), ttl=60)
        assert isinstance(fresh, Lease)
        step = StepRow("r1", "s", 0, "ran", key="k1")
        with pytest.raises(LeaseLostError, match="lost its lease"):
            facts.results.commit(stale, ResultRow("k1", "r1", "s", 0.0, 0.0, ()), step)
