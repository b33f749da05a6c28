"""A world for the loop: folders in the place of runs, models and labels, so that several processes may share it.

What is done is written to `acts.txt`, a line each, in the order in which it was done.
"""

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from mainspring.config.triggers import Triggers
from mainspring.errors import MonitoringError
from mainspring.loop import Candidate, Compared, Data, Looked, Ports, Promoted, RunState
from mainspring.stats import Clusters, relative_change
from mainspring.tracking import open_database
from mainspring.tracking.loops import Journal, Loops
from mainspring.triggers import New, Shown

MODEL = "shop"
POLICY = Triggers(data="sales", drift=("*",), cooldown="1h", probation_labels=100)
DOWN = MonitoringError("The gates could not run")


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "runs").mkdir(exist_ok=True)

    def say(self, text: str) -> None:
        with (self.folder / "acts.txt").open("a") as file:
            file.write(f"{text}\n")

    def acts(self, kind: str = "") -> list[str]:
        path = self.folder / "acts.txt"
        return [line for line in path.read_text().splitlines() if line.startswith(kind)] if path.exists() else []

    def read(self, name: str, default: str = "") -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else default

    def write(self, name: str, text: object) -> None:
        fresh = self.folder / f".{name.replace('/', '-')}-{os.getpid()}"
        fresh.write_text(str(text))
        fresh.replace(self.folder / name)

    @contextmanager
    def lock(self):
        with (self.folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


class Sources(World):
    def close(self, now):
        pass

    def look(self, model, policy, since, now):
        until = self.read("drift")
        shown = (Shown("drift", ("price",), float(until), "it has moved"),) if until else ()
        return Looked(shown, tuple(self.read("stopped").split("\n")) if self.read("stopped") else ())

    def see(self, model, policy, since, now):
        return self.look(model, policy, since, now)

    def data(self, policy, known):
        state = self.read("sales", "0")
        return Data(New(state, () if known in (None, state) else ("sales",)), state)

    def tell(self, event, key):
        with self.lock():
            if f"alert {key}" not in self.acts("alert"):
                self.say(f"alert {key}")

    def settle(self, model, now, key=None):
        told = [line.removeprefix("alert ") for line in self.acts("alert")]
        over = set(self.read("settled").split("\n")) | {one for one in told if key in (None, one)}
        self.write("settled", "\n".join(sorted(over)))

    def deliver(self, now):
        pass


class Runs(World):
    """A run succeeds when it was asked for three times; `fate` says otherwise. How it ended, it stays."""

    def new(self):
        return f"run-{os.urandom(4).hex()}"

    def start(self, run, policy):
        try:
            with (self.folder / "runs" / run).open("x") as file:
                file.write("0")
            self.say(f"start {run}")
            self.write(f"sets-{run}", " ".join(policy.sets))
        except FileExistsError:
            pass  # the second of two processes with one id ends

    def state(self, run, policy):
        path = self.folder / "runs" / run
        if not path.exists():
            return RunState("unknown")
        asked = int(path.read_text()) + 1
        self.write(f"runs/{run}", asked)
        if asked < 3:
            return RunState("running")
        if not self.read(f"fate-{run}"):
            self.write(f"fate-{run}", self.read("fate", "succeeded"))
        fate = self.read(f"fate-{run}")
        if fate == "fails first":
            fate = "failed" if self.acts("start")[0] == f"start {run}" else "succeeded"
        if fate == "lost":
            if len(self.acts("start")) < 3:
                return RunState("lost", "exit code -9", died=True)
            fate = "succeeded"
        if fate == "dies":
            return RunState("lost", "exit code -9", died=True)
        invalid = fate == "invalid"
        return RunState("failed" if invalid else fate, "it says so", invalid, seconds=7.0)


class Models(World):
    def champion(self, model):
        return int(self.read("champion", "1")) or None

    def register(self, model, run, policy):
        extra = 10 if self.read(f"sets-{run}") else 0  # a refit is another package
        return Candidate(int(self.read("makes", "2")) + extra, "d" * 64)

    def judge(self, model, number):
        if self.read("gates down"):
            raise DOWN
        self.say(f"judge {number}")
        return Promoted(not self.read("sabotaged"), "passed all 5 gates")

    def promote(self, model, number, why, evaluated=None):
        with self.lock():
            if self.champion(model) == number:
                return Promoted(True, "it is the champion already")
            if self.read("gates down"):
                raise DOWN
            if self.read("sabotaged"):
                return Promoted(False, "1 of 5 gates did not pass")
            self.write("previous", self.champion(model))
            self.say(f"promote {number}")
            self.write("champion", number)
            return Promoted(True, "passed all 5 gates")

    def roll_back(self, model, number, why):
        with self.lock():
            if self.champion(model) != number:
                return int(self.read("champion")) if f"rollback {number}" in self.acts() else None
            self.say(f"rollback {number}")
            self.write("champion", self.read("previous"))
            return int(self.read("champion"))


class Trials(World):
    def count(self, model, number, since, now):
        return 1000, int(self.read("labels", "0"))

    def compare(self, model, versions, since, policy):
        if self.read("blind"):
            return Compared(1000, 0, reason=self.read("blind"), broken=not self.read("blind").startswith("only"))
        labels, worse = int(self.read("labels", "0")), float(self.read("worse", "0"))
        rng = np.random.default_rng(labels)
        before = rng.gamma(4, 1, labels)
        mine = before * (1 + worse + rng.normal(0, float(self.read("noise", "0.02")), labels))
        blocks = np.arange(labels) * 10 // labels
        clusters = Clusters("crossed", (np.zeros(labels, np.int64), blocks), (1, 10))
        return Compared(1000, labels, relative_change(np.abs(mine), before, clusters))


def ports(folder: Path) -> Ports:
    return Ports(Sources(folder), Runs(folder), Models(folder), Trials(folder))


def book(folder: Path) -> tuple[Loops, Journal]:
    database = open_database(folder / "home")
    return Loops(database), Journal(database)
