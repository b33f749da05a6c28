"""The whole closed loop on real days: served, watched, trained again, promoted, refused, rolled back. `make loop`.

It happens in a copy of this project, `.mainspring-loop`, whose clock is driven: twelve weeks of Rossmann pass in some
minutes. Each morning the table has grown by a day, labels have come for what was forecast before, and each store is
asked about. A service answers, and a watch does all the rest by itself; two bad commits and one change of the world are
planted, and marked as such in all that is printed. Exit code 0 only if the watch dealt with each of them, and no
request failed.
"""

import getpass
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from folds import Plan
from panel import Columns
from rehearsed import Rehearsed, keep, shown
from replay import Change, Opening, Waiting, World, days, morning
from sabotage import UNTRAINED, late
from told import Planted, Seen, Story, judge, timeline
from traffic import SECRET, URL, Asker, Place, Watching, copied, receiver

from mainspring.clock import drive
from mainspring.monitoring import Labels, LabelShelf
from mainspring.registry import open_registry, resolve
from mainspring.tracking.loops import Loops
from mainspring.workspace.opening import open_existing

HERE = Path(__file__).resolve().parent
HOME = HERE / ".mainspring"
FOLDER = HERE / ".mainspring-loop"
MODEL = "retail-loop"
SERIES, AHEAD, RESERVE = 30, 4, 6
PAUSE = 1.0
TABLE = Columns("Date", "Store", "Sales", open="Open", promotion="Promo", known=["Promo", "SchoolHoliday"])


@dataclass(frozen=True)
class Calendar:
    """When what happens. The first 28 days are those that later ones are compared with; then a week is quiet."""

    first: date = date(2015, 4, 20)
    changed: date = date(2015, 5, 25)
    untrained: date = date(2015, 6, 29)
    wrong: date = date(2015, 7, 1)
    last: date = date(2015, 7, 11)
    factor: float = 1.5
    wrong_factor: float = 1.6

    @property
    def days(self) -> list[date]:
        return days(self.first, (self.last - self.first).days + 1)


def main() -> int:
    start = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended
    calendar = Calendar()
    place = Place(FOLDER, FOLDER / "clock", {})
    copied(
        HERE, FOLDER, [*(one for one in HERE.glob("*.py") if not one.name.startswith("test_")), HERE / "config.toml"]
    )
    change = Change("every store sells half as much again", calendar.changed, calendar.factor)
    opening = Opening("ten more stores are asked about", calendar.changed, SERIES - 10)
    plan = Plan(horizon=14, delay=1)
    world = World.of(table(), columns(), plan, series=SERIES, changes=[change], opening=opening)
    told: list[dict[str, Any]] = []
    with receiver(told) as address:
        place.environment.update({URL: address, SECRET: "rehearsal"})
        say(f"{len(calendar.days)} days of {SERIES} stores in {FOLDER.relative_to(HERE)}; the first model is trained")
        begin(world, place, calendar)
        with place.service(f"{MODEL}@champion") as served, place.watch(MODEL) as watch:
            rehearsal = Rehearsal(world, place, calendar, Asker(served), watch)
            for day in calendar.days:
                rehearsal.live(day)
            rehearsal.asker.close()
    seen = Seen.of(place.home, MODEL, rehearsal.asker, told, rehearsal.held)
    story = Story(change, opening, rehearsal.planted)
    for line in timeline(story, seen):
        say(line)
    verdicts = judge(story, seen)
    for one in verdicts:
        say(f"{'✓' if one.passed else '✗'} {one.says}")
    findings = shown(Rehearsed(place.folder, MODEL, calendar.changed, calendar.last, seen, rehearsal.asker.seconds))
    say(f"evidence: {', '.join(one.test for one in findings)}, kept with run {keep(findings, HOME)} of the demo")
    say(f"report: {report(place)}")
    say(f"{time.monotonic() - start:.0f} s")
    return 0 if all(one.passed for one in verdicts) else 1


def table() -> pl.DataFrame:
    """The table of the demo, as it came."""
    from mainspring import load_artifact

    return pl.read_csv(Path(load_artifact("fetch", home=HOME)), try_parse_dates=True)


def columns() -> Columns:
    return Columns(**{**vars(TABLE), "static": ["StoreType", "Assortment", "Promo2", "State"]})


def begin(world: World, place: Place, calendar: Calendar) -> None:
    """Train the first model on all that is known on the first day, and make it champion."""
    drive(place.clock, morning(calendar.first))
    world.write_before(calendar.first, place.folder / "sales.parquet")
    place.call("run", "--profile", "loop")
    target = resolve("run:latest/package", place.home)
    with open_registry(place.home) as registry:
        version = registry.register(target.path, MODEL, run=target.run, trust=target.trust)
    place.call("promote", MODEL, str(version.number), "--why", "the first model", "--by", getpass.getuser())


@dataclass
class Rehearsal:
    """Lives one day after the other.

    Attributes:
        planted: What was planted so far, the earliest first.
        held: What triggers would have started a run for, and why not, when that was first so.
    """

    world: World
    place: Place
    calendar: Calendar
    asker: Asker
    watch: Watching
    planted: list[Planted] = field(default_factory=list)
    held: dict[str, Planted] = field(default_factory=dict)
    _waiting: Waiting = field(default_factory=Waiting)

    def live(self, day: date) -> None:
        """A day: the table grows, labels come; stores are asked about while the watch does its work."""
        now = morning(day)
        self.world.write_before(day, self.place.folder / "sales.parquet")
        labels = self._waiting.known(self.world, day)
        with self._commit(day):
            if labels:
                shelf = LabelShelf(self.place.home / "labels")
                values = ([one.id for one in labels], [one.value for one in labels], now, [one.row for one in labels])
                shelf.add(Labels.of(*values))
            drive(self.place.clock, now)
            self._ask(day, now)
        self._hold(day)

    def _ask(self, day: date, now: float) -> None:
        """Ask about each store; the last few questions wait until the watch has done what is to be done."""
        questions = list(self.world.questions(day, AHEAD))
        for left, question in zip(range(len(questions), 0, -1), questions, strict=True):
            if left <= RESERVE:
                self._wait(now, PAUSE if left > 1 else float("inf"))
            answer = self.asker.ask(question)
            if answer is not None:
                self._waiting.add(question, answer["id"])

    def _hold(self, day: date) -> None:
        """Note what triggers would do and may not."""
        with open_existing(self.place.home) as opened:
            for one in Loops(opened.facts.database).held(MODEL):
                self.held.setdefault(one.kind, Planted(day, one.says))

    def _wait(self, now: float, most: float) -> None:
        until = time.monotonic() + most
        while not self.watch.done(now) and time.monotonic() < until:
            time.sleep(0.05)

    @contextmanager
    def _commit(self, day: date) -> Iterator[None]:
        """On two days a bad commit is there, and somebody asks for a run of it."""
        faults = {
            self.calendar.untrained: UNTRAINED,
            self.calendar.wrong: late(day + timedelta(days=1), self.calendar.wrong_factor),
        }
        fault = faults.get(day)
        if fault is None:
            yield
            return
        fault.plant(self.place.folder)
        self.planted.append(Planted(day, f"a bad commit: {fault.says}"))
        self.place.call("triggers", "fire", MODEL, "--why", "a new commit", "--by", "a developer")
        yield
        fault.mend(self.place.folder)


def report(place: Place) -> Path:
    """The page about all that was served."""
    out = place.folder / "loop.html"
    place.call("monitor", "report", MODEL, "--out", str(out))
    return out


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
