"""What a rehearsal of the loop shows for itself: checks of monitoring, each also run on what it saw with a fault.

They are evidence for `mainspring testscore`, kept in the home of the demo, with its newest run.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from msgspec.structs import replace as changed
from replay import morning
from told import Seen
from traffic import receiver

from mainspring.config.monitor import read_monitor
from mainspring.config.triggers import read_triggers
from mainspring.events import Finding, examine
from mainspring.monitoring import Shelf, Window, check_windows, count_rows, deliver, fit_reference, raised_by_check
from mainspring.proof.records import row_of
from mainspring.registry import open_registry
from mainspring.tracking import Origin, open_facts
from mainspring.triggers import Facts, Lost, decide
from mainspring.workspace.loop_rows import served
from mainspring.workspace.monitors import rules_of
from mainspring.workspace.opening import open_existing
from mainspring.workspace.rolled import INPUT
from mainspring.workspace.traffic import answered, columns_to_count, requests_of

PLACE = "rehearsal loop"
PIPELINE = "retail"
OLDEST = 60
SLOWER = 3.0
QUIET = 6
Losses = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Rehearsed:
    """What was rehearsed, where.

    Attributes:
        folder: The copy of the project.
        model: The model.
        changed: The first day that was changed.
        last: The last day.
        seen: What happened.
        seconds: How long answers took, by version.
    """

    folder: Path
    model: str
    changed: date
    last: date
    seen: Seen
    seconds: Mapping[str, Sequence[float]]

    @property
    def home(self) -> Path:
        return self.folder / ".mainspring"

    @property
    def config(self) -> Path:
        return self.folder / "config.toml"


def shown(rehearsed: Rehearsed) -> list[Finding]:
    """What it shows, by the tests of the score."""
    return [of_quality(rehearsed), of_age(rehearsed), of_speed(rehearsed), of_upstream(rehearsed)]


def keep(findings: Sequence[Finding], home: Path) -> str:
    """Keep evidence in a home, with its newest run, which is returned."""
    with open_existing(home) as opened:
        run = opened.facts.runs.list(1, pipeline=PIPELINE)[0].id
        rows = [row_of(changed(one, by="rehearsal"), run, PLACE, time.time()) for one in findings]
        opened.facts.evidence.add(rows)
    return run


def of_quality(rehearsed: Rehearsed) -> Finding:
    """The trigger of quality, on what was served and turned out before anything was planted."""
    policy, monitor = (read(rehearsed.config, rehearsed.model) for read in (read_triggers, read_monitor))
    parts = served(rehearsed.home, (rehearsed.model, package(rehearsed, 1)), monitor.output, 0.0)
    times, said, sold = (
        np.concatenate(column) for column in zip(*((one.times, one.made, one.actual) for one in parts), strict=True)
    )
    # The days ahead of what was asked are quiet, too.
    mine = np.isfinite(sold) & (times < morning(rehearsed.changed - timedelta(days=QUIET)))

    def is_bearable(given: Losses) -> str:
        moments, forecasts, actual = given
        days = (moments // monitor.window * monitor.window).astype(np.int64)
        lost = [
            Lost(
                day,
                day + monitor.window,
                float(np.abs(forecasts - actual)[days == day].mean()),
                int(np.sum(days == day)),
            )
            for day in np.unique(days).tolist()
        ]
        facts = Facts(model=rehearsed.model, now=morning(rehearsed.last), since=0.0, losses=tuple(lost))
        found = [one for one in decide(policy, facts) if one.kind == "quality" and one.answer != "quiet"]
        return found[0].says if found else ""

    return examine(
        "monitoring.quality",
        "what was served is compared with what was sold",
        is_bearable,
        (times[mine], said[mine], sold[mine]),
        faults={
            "forecasts that are 1.6 times as large": lambda given: (given[0], given[1] * 1.6, given[2]),
            "forecasts of another store": lambda given: (given[0], np.roll(given[1], len(given[1]) // 2), given[2]),
            "forecasts of nothing": lambda given: (given[0], given[1] * 0, given[2]),
        },
        says=f"{int(mine.sum()):,} labelled forecasts of a running service",
    )


def of_age(rehearsed: Rehearsed) -> Finding:
    """How old what serves is on the last day."""

    def is_young(number: int) -> str:
        with open_registry(rehearsed.home) as registry:
            training = registry.version(rehearsed.model, number).training
        age = (rehearsed.last - date.fromisoformat(training.until)).days
        return f"version {number} knows nothing of the last {age} days" if age > OLDEST else ""

    return examine(
        "monitoring.staleness",
        f"what serves knows all but the last {OLDEST} days at most",
        is_young,
        int(rehearsed.seen.newest),
        faults={"the first version, which would have been served on": lambda _: 1},
        says=f"version {rehearsed.seen.newest}, on {rehearsed.last}",
    )


def of_speed(rehearsed: Rehearsed) -> Finding:
    """How fast what serves answers, beside the version before it."""
    before = np.asarray(rehearsed.seconds["1"])

    def is_as_fast(seconds: np.ndarray) -> str:
        ratio = float(np.median(seconds) / np.median(before))
        return f"it takes {ratio:.1f} times as long as the version before" if ratio > SLOWER else ""

    mine = np.asarray(rehearsed.seconds[rehearsed.seen.newest])
    return examine(
        "monitoring.performance",
        "answers take as long as those of the version before",
        is_as_fast,
        mine,
        faults={"a version that takes a quarter of a second more": lambda seconds: seconds + 0.25},
        says=f"{1000 * np.median(mine):.0f} ms a request, and {1000 * np.median(before):.0f} ms before",
    )


def of_upstream(rehearsed: Rehearsed) -> Finding:
    """Whether people are told when what comes in is another: from logged rows to what a receiver of alerts gets."""
    version, monitor = package(rehearsed, 1), read_monitor(rehearsed.config, rehearsed.model)
    shelf, start = Shelf(rehearsed.home / "windows"), morning(rehearsed.changed) // monitor.window * monitor.window
    like = Window(int(start), monitor.window, rehearsed.model, version)
    first = next(shelf.between(like, -np.inf, np.inf)).window.start
    known = list(shelf.between(like, first, first + monitor.reference_days * 86_400))
    layout = shelf.layout(rehearsed.model, version)
    reference = fit_reference(known, layout, rules_of(monitor))
    times = pl.col("time").cast(pl.Int64)
    parts = [frame.filter(times < start * 1000) for row, frame in answered(rehearsed.home / "predictions")]
    rows = pl.concat([one for one in parts if one.height])
    days = sorted(rows.select((times // (monitor.window * 1000)).alias("day"))["day"].unique())[-3:]

    def nobody_is_told(given: pl.DataFrame) -> str:
        windows = []
        for day in days:
            here = given.filter(times // (monitor.window * 1000) == day)
            window = replace(like, start=int(day * monitor.window))
            windows.append(count_rows(layout, window, columns_to_count(here), requests_of(here)))
        return "; ".join(told_of(check_windows(windows, reference)[-1], rehearsed))

    return examine(
        "monitoring.dependencies",
        "whoever is to know is told when what comes in has changed",
        nobody_is_told,
        rows,
        faults={
            "a state that nobody has heard of": lambda rows: rows.with_columns(pl.lit("XX").alias(f"{INPUT}State")),
            "assortments that are not said any more": lambda rows: rows.with_columns(
                pl.lit(None, pl.String).alias(f"{INPUT}Assortment")
            ),
            "sales in thousands": lambda rows: rows.with_columns(
                (pl.col(f"{INPUT}units") / 1000).cast(rows.schema[f"{INPUT}units"])
            ),
        },
        says=f"three quiet days, {rows.height:,} rows in the log; posted to a receiver over HTTP",
    )


def told_of(check: Any, rehearsed: Rehearsed) -> list[str]:
    """What a receiver of alerts is told of a window, over HTTP."""
    told: list[dict[str, Any]] = []
    now = morning(rehearsed.last)
    with TemporaryDirectory() as folder, open_facts(Path(folder) / "alerts.db") as facts, receiver(told) as address:
        window = check.window
        facts.alerts.observe(
            window.model, window.version, window.start, raised_by_check(check), now=now, source=Origin("windows", 6)
        )
        deliver(facts.alerts, address, "rehearsal", now)
    return [str(one["alert"]["says"]) for one in told]


def package(rehearsed: Rehearsed, number: int) -> str:
    with open_registry(rehearsed.home) as registry:
        return registry.version(rehearsed.model, number).digest
