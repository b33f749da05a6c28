"""Processes that promote, roll back and die: what the parent reads is what they were told had happened.

    python promotion_actors.py TARGET PACKAGES JOURNAL ACTORS OPERATIONS SEED DEATHS

Each actor is forked, does operations at random, and in a share DEATHS of them is killed by a real SIGKILL at a random
statement, before or after it. It is replaced until all have begun that many operations together. A line goes to one
journal before each operation, and to another when one came back with a decision.
"""

import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mainspring.errors import PromotionRefusedError, RegistryError
from mainspring.registry import Registry
from mainspring.testing.registry import report_of
from mainspring.tracking import open_database

NAME = "model"
GOOD = (1, 2, 3, 4)
BAD = 5  # never passes


class Mortal:
    """A database whose process dies at a statement: `after` says how many more it lives through."""

    def __init__(self, database) -> None:
        self.database = database
        self.after: int | None = None

    def _step(self) -> None:
        if self.after is not None:
            self.after -= 1
            if self.after < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def read(self, sql, **named):
        return self.database.read(sql, **named)

    def write(self, sql, rows):
        self._step()
        done = self.database.write(sql, rows)
        self._step()
        return done

    @contextmanager
    def transaction(self, *, full: bool = False) -> Iterator[None]:
        with self.database.transaction(full=full):
            yield
            self._step()
        self._step()

    def now(self) -> float:
        return self.database.now()

    def close(self) -> None:
        self.database.close()


def act(target: str, packages: str, journal: int, seed: int, operations: int, deaths: float) -> None:
    """Operate until all actors together have begun enough."""
    chance = random.Random(seed)
    mortal = Mortal(open_database(target if "://" in target else Path(target)))
    with Registry(mortal, Path(packages)) as registry:
        while os.fstat(journal).st_size < operations * LINE:
            say(journal, "begin")
            mortal.after = chance.randrange(18) if chance.random() < deaths else None
            said = operate(registry, chance)
            mortal.after = None
            if said:
                os.write(journal + 1, f"{said}\n".encode())


LINE = 8


def say(journal: int, word: str) -> None:
    os.write(journal, f"{word:<{LINE - 1}}\n".encode())


def operate(registry: Registry, chance: random.Random) -> str:
    """Do one thing; return what is known to be decided then."""
    kind = chance.choices(["promote", "rollback", "gates", "set"], [6, 3, 1, 1])[0]
    try:
        if kind == "rollback":
            made = registry.rollback(NAME, who="actor", why="back")
        elif kind == "promote":
            number = chance.choice([*GOOD, BAD])
            answer = "fail" if number == BAD else chance.choice(["pass", "pass", "pass", "inconclusive", "fail"])
            made = registry.promote(
                NAME, number, gates=report_of(registry, NAME, number, answer), who="actor", why="forward"
            )
        elif kind == "gates":
            registry.record_gates(report_of(registry, NAME, BAD, "fail"))
            return ""
        else:
            registry.set_alias(NAME, "champion", BAD, who="actor", why="past the gates")
            return "set"
    except PromotionRefusedError:
        return ""
    except RegistryError:
        if kind == "set":
            return ""
        raise
    return f"{made.generation} {made.kind} {made.source} {made.target} {made.report}"


def main() -> int:
    target, packages, place, actors, operations, seed, share = sys.argv[1:]
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    journal, decided = os.open(f"{place}.begun", flags, 0o600), os.open(f"{place}.decided", flags, 0o600)
    if decided != journal + 1:
        raise SystemExit("the journals are not where actors look for them")
    alive, deaths, number = set(), 0, int(seed)
    while True:
        while len(alive) < int(actors) and os.fstat(journal).st_size < int(operations) * LINE:
            number += 1
            child = os.fork()
            if not child:
                try:
                    act(target, packages, journal, number, int(operations), float(share))
                except BaseException as error:
                    sys.stderr.write(f"{error!r}\n")
                    os._exit(1)
                os._exit(0)
            alive.add(child)
        if not alive:
            break
        gone, status = os.wait()
        alive.discard(gone)
        if os.WIFSIGNALED(status):
            deaths += 1
        elif os.WEXITSTATUS(status):
            return 1
    print(os.fstat(journal).st_size // LINE, deaths)
    return 0


if __name__ == "__main__":
    sys.exit(main())
