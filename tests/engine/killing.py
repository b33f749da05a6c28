"""A run of twenty steps to be killed, and the promises that hold whenever it dies."""

import os
import random
import shutil
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
        note(f"begin-link-{place}")
        for at in range(3):
            log(f"at{at}", at, at=at)
            time.sleep(0.01)
        note(f"end-link-{place}")
        return x * 3 + place

    @step
    def bulk(x: int, *, place: int) -> list[int]:
        note(f"begin-bulk-{place}")
        time.sleep(0.02)
        note(f"end-bulk-{place}")
        return list(range(x % 97 * 1000))

    @step
    def total(parts: list[list[int]], last: int) -> int:
        note("begin-total-0")
        note("end-total-0")
        return sum(len(part) for part in parts) + last

    @pipeline
    def twenty():
        x, parts = 1, []
        for place in range(14):
            x = link(x, place=place)
            if place % 3 == 0:
                parts.append(bulk(x, place=len(parts)))
        return total(parts, x)
"""
STEPS = 20


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


def kill(processes: list[subprocess.Popen], *, group: bool, order: random.Random, project) -> None:
    """Kill coordinators; with `group`, their workers too, whichever dies first."""
    victims = [process.pid for process in processes]
    if group:
        victims += [pid for pid in workers_of(project) if parent_of(pid) in victims]
        order.shuffle(victims)
    for pid in victims:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for process in processes:
        process.wait(timeout=10)


def parent_of(pid: int) -> int | None:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def assert_no_orphans(project) -> None:
    deadline = time.monotonic() + 3.0
    while (left := workers_of(project)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


def finished_steps(project) -> set[str]:
    """Return the steps whose results are committed."""
    if not (project.home / "mainspring.db").exists():
        return set()
    with open_facts(project.home) as facts:
        runs = facts.runs.list(limit=1000)
        return {row.step for run in runs for row in facts.results.of_run(run.id).values()}


def statuses(project) -> set[str]:
    """Return what is on record of runs and steps; nobody who died just now has been declared lost by this."""
    if not (project.home / "mainspring.db").exists():
        return set()
    with open_facts(project.home) as facts:
        runs = facts.runs.list(limit=1000)
        return {row.status for run in runs for row in (run, *facts.steps.of(run.id))}


def assert_blobs_are_whole(project) -> None:
    for blob in (project.home / "objects").glob("*/*"):
        if len(blob.parent.name + blob.name) == 64:
            assert blake3(blob.read_bytes()).hexdigest() == blob.parent.name + blob.name


def assert_database_is_sound(project) -> None:
    with sqlite3.connect(project.home / "mainspring.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def ended(project) -> set[str]:
    """Return the steps that came to their end in this project's journal."""
    words = [word.split("-") for word in project.journal]
    return {name if place == "0" else f"{name}[{int(place) + 1}]" for what, name, place in words if what == "end"}


def check_restart(project, before: set[str]) -> None:
    """Run again after the end of a run, and hold the promises against what was finished before."""
    project.forget()
    said = project.run()
    assert said["status"] == "succeeded"
    assert said["result"] == expected()
    assert len(said["steps"]) == STEPS
    assert {said["by_step"][step] for step in before} <= {"hit"}
    assert ended(project) == set(said["by_step"]) - before, "a finished step ran again"
    assert "running" not in statuses(project)
    assert_blobs_are_whole(project)
    assert_database_is_sound(project)
    assert_no_orphans(project)
    again = project.run()
    assert {step["status"] for step in again["steps"]} == {"hit"}


def start(project) -> subprocess.Popen:
    return project.start("run", "--workers", "2", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure(project) -> float:
    """Return the seconds that the run takes when nobody disturbs it."""
    project.write(PIPELINE)
    begin = time.monotonic()
    assert start(project).wait(timeout=60) == 0
    return time.monotonic() - begin


def one_kill(project, seed: int, seconds: float, *, group: bool, runs: int) -> None:
    """Kill at a random moment within `seconds`, and look at what is left and at what the next run makes of it.

    Of two runs, both are killed when the seed is even; otherwise one of them goes on and has to end well.
    """
    chance = random.Random(seed)
    project.write(PIPELINE)
    doomed = 1 if seed % 2 else runs
    while True:
        processes = [start(project) for _ in range(runs)]
        time.sleep(chance.uniform(0.0, seconds))
        alive = [process for process in processes[:doomed] if process.poll() is None]
        kill(alive, group=group, order=chance, project=project)
        journal = project.journal
        assert [process.wait(timeout=60) for process in processes[doomed:]] == [0] * (runs - doomed)
        if alive:
            break
        seconds *= 0.8  # too late: they had ended
        shutil.rmtree(project.home)
        project.forget()
    assert_no_orphans(project)
    if doomed == runs:
        assert project.journal == journal, "an orphan computed on"
    # What the two workers of a killed run had just ended was not committed: another run makes it again.
    ends = [word for word in project.journal if word.startswith("end-")]
    assert len(ends) - len(set(ends)) <= 2 * (runs - 1), "two runs computed the same"
    check_restart(project, finished_steps(project))
