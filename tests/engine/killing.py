"""A run of twenty steps to be killed, and the promises that hold whenever it dies."""

import os
import random
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from blake3 import blake3

from mainspring.tracking import open_facts

PIPELINE = """
    import os, time
    from mainspring import log, pipeline, step

    def note(word):
        with open(os.environ["JOURNAL"], "a") as file:
            file.write(word + "\\n")

    @step
    def link(x: int, *, place: int) -> int:
        note(f"begin-{place}")
        for at in range(3):
            log("at", at, at=at)
            time.sleep(0.01)
        note(f"end-{place}")
        return x * 3 + place

    @step
    def bulk(x: int) -> list[int]:
        note(f"begin-bulk{x % 97}")
        time.sleep(0.02)
        note(f"end-bulk{x % 97}")
        return list(range(x % 97 * 1000))

    @step
    def total(parts: list[list[int]], last: int) -> int:
        note("begin-total")
        note("end-total")
        return sum(len(part) for part in parts) + last

    @pipeline
    def twenty():
        x, parts = 1, []
        for place in range(14):
            x = link(x, place=place)
            if place % 3 == 0:
                parts.append(bulk(x))
        return total(parts, x)
"""
STEPS = 20
LENGTH = 3.0  # seconds, generous: a kill after the end is a case too


def expected() -> int:
    x, parts = 1, 0
    for place in range(14):
        x = x * 3 + place
        if place % 3 == 0:
            parts += x % 97 * 1000
    return parts + x


def workers_of(project) -> list[int]:
    """Return the living processes that carry this project's journal in their environment, zombies aside."""
    mark = f"JOURNAL={project.folder.parent / 'journal.txt'}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                alive = " Z " not in (entry / "stat").read_text() and mark in (entry / "environ").read_bytes()
            except OSError:
                continue
            if alive:
                found.append(int(entry.name))
    return found


def kill(process: subprocess.Popen, *, group: bool, project) -> None:
    victims = workers_of(project) if group else [process.pid]
    for pid in sorted(victims, key=lambda pid: pid != process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait(timeout=10)


def assert_no_orphans(project) -> None:
    deadline = time.monotonic() + 3.0
    while (left := workers_of(project)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


def finished_keys(project) -> dict[str, str]:
    """Return the step of each result that is committed."""
    if not (project.home / "mainspring.db").exists():
        return {}
    with open_facts(project.home) as facts:
        runs = facts.runs.list(limit=1000)
        return {key: row.step for run in runs for key, row in facts.results.of_run(run.id).items()}


def assert_blobs_are_whole(project) -> None:
    for blob in (project.home / "objects").glob("*/*"):
        if len(blob.parent.name + blob.name) == 64:
            assert blake3(blob.read_bytes()).hexdigest() == blob.parent.name + blob.name


def assert_database_is_sound(project) -> None:
    with sqlite3.connect(project.home / "mainspring.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def ends(project) -> list[str]:
    return [word.removeprefix("end-") for word in project.journal if word.startswith("end-")]


def place_of(step: str) -> str:
    """Return what a step writes into the journal, as far as its name tells."""
    name, _, number = step.partition("[")
    index = int(number[:-1]) - 1 if number else 0
    return str(index) if name == "link" else name


def check_restart(project, before: dict[str, str]) -> None:
    """Run again after a kill, and hold the promises against what happened."""
    done_before = [place_of(step) for step in before.values() if step.startswith(("link", "total"))]
    project.forget()
    said = project.run()
    assert said["status"] == "succeeded"
    assert said["result"] == expected()
    assert len(said["steps"]) == STEPS
    assert not set(done_before) & set(ends(project)), "a finished step ran again"
    statuses = [run["status"] for run in project.json("runs", "list")["runs"]]
    assert "running" not in statuses
    assert_blobs_are_whole(project)
    assert_database_is_sound(project)
    assert_no_orphans(project)
    again = project.run()
    assert {step["status"] for step in again["steps"]} == {"hit"}


def one_kill(project, seed: int, *, group: bool, runs: int) -> None:
    moment = random.Random(seed)
    project.write(PIPELINE)
    processes = [
        project.start("run", "--workers", "2", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(runs)
    ]
    time.sleep(moment.uniform(0.0, LENGTH))
    for process in processes:
        kill(process, group=group, project=project)
    assert_no_orphans(project)
    check_restart(project, finished_keys(project))
