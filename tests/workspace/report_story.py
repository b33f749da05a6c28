"""Runs, told to facts as the engine tells them."""

import json
import time
from pathlib import Path

from mainspring.charts.vl_convert import bundle_file
from mainspring.digest import Artifact, tagged
from mainspring.store import LocalStore, save
from mainspring.tracking import LoggedRow, MetricRow, ResultRow, RunRow, StepRow, open_facts, this_process
from mainspring.workspace.report import render_report
from page_reader import Reader

ENVIRONMENT = {
    "format": 1,
    "python": "3.11.7 (main) [GCC]",
    "platform": "Linux 6.1 x86_64",
    "libc": "glibc 2.36",
    "host": "box",
    "cpu": {"model": "A processor", "flags": ""},
    "cpus": 4,
    "threads": {"OMP_NUM_THREADS": "1"},
    "distributions": {"numpy": {"version": "2.4.6", "content": ""}},
}
CONFIG = {"values": {"learning_rate": 0.1, "labels": [0, 1]}, "origins": {"learning_rate": "config.toml:2"}}


class Story:
    """A home in which runs are told as the engine would record them."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.facts = open_facts(home)
        self.blobs = LocalStore(home)
        cache = home / "cache"
        cache.mkdir()
        # Stands for the script that draws charts: making it takes seconds, and no browser looks at these pages.
        bundle_file(cache).write_text("QUFB")

    def begin(self, name="run-1", environment=None, **record) -> str:
        text = json.dumps(environment or ENVIRONMENT)
        kept = save("environment", text, self.blobs, pickle=False)
        document = {
            "format": 1,
            "config": CONFIG,
            "profile": None,
            "environment": kept.digest,
            "argv": ["x/mainspring", "run"],
        }
        now = time.time()
        self.facts.runs.start(
            RunRow(
                name,
                "digits",
                "running",
                now,
                None,
                now,
                this_process(),
                record=json.dumps(document | record),
                artifacts=(kept, *record.pop("artifacts", ())),
            )
        )
        return name

    def step(self, run, name, value=1, *, status="ran", key=None, params=None, **row) -> StepRow:
        made = StepRow(
            run,
            name,
            row.pop("position", len(self.facts.steps.of(run))),
            status,
            row.pop("reason", "first run"),
            tagged("key", key or f"{run} {name}") if status in ("ran", "hit", "failed") else "",
            started=time.time(),
            seconds=row.pop("seconds", 1.5),
            cpu_seconds=1.25,
            peak_rss=300 << 20,
            attempts=1,
            inputs=json.dumps({"params": params or {}, "versions": {}}, separators=(",", ":")),
            **row,
        )
        if status != "ran":
            self.facts.steps.record([made])
            return made
        lease = self.facts.leases.acquire(made.key, run, this_process(), ttl=30)
        artifact = save("result", value, self.blobs, pickle=False)
        self.facts.results.commit(lease, ResultRow(made.key, run, name, 0.0, made.seconds, (artifact,)), made)
        return made

    def metrics(self, run, step, name, *values):
        rows = [
            MetricRow(run, step, name, value, at if len(values) > 1 else None, time.time())
            for at, value in enumerate(values)
        ]
        self.facts.measures.metrics(rows)

    def log(self, run, step, name, value, kind="figure"):
        artifact = value if isinstance(value, Artifact) else save(name, value, self.blobs, pickle=False)
        self.facts.measures.logged([LoggedRow(run, step, name, kind, artifact, time.time())])

    def end(self, run, status="succeeded", error=None) -> str:
        self.facts.runs.finish(run, status, error)
        return self.page(run)

    def page(self, run) -> str:
        return render_report(self.facts, self.blobs, run, self.home)


def section(page: str, place: str) -> str:
    """Return the text of one section, with single spaces."""
    part = page.split(f' id="{place}">', 1)[1]
    return " ".join(Reader("<h2>" + part.split("<h2 ", 1)[0]).text.split())
