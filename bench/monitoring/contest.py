"""Simulates, runs each tool on the same rows, and writes what came of it."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

from environments import Environment, InstallError, of_requirements, of_source, variables
from measure import Job, execute, execute_together
from pages import KINDS, TITLES, render

from mainspring.data import fetch

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "examples" / "retail" / "config.toml"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    places = _environments(options.environments)
    rates, real = _long(places, options)
    report = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": _machine(),
        "tools": {name: place.version for name, place in places.items() if isinstance(place, Environment)},
        "errors": {name: place for name, place in places.items() if isinstance(place, str)},
        "rates": rates,
        "real": real,
        "year": _year(places),
        "speeds": _json(places, ["speeds.py"])["told"],
        "rows": [
            {"tool": name, "kind": kind, "rows": rows, **_flags(places, name, kind, (rows, options.windows))}
            for name in places
            if isinstance(places[name], Environment)
            for rows in (500, 10_000)
            for kind in KINDS
        ],
        "large": [
            {"tool": name, **_large(places, name, options.large)}
            for name in places
            if isinstance(places[name], Environment)
        ],
        "references": options.references,
        "large rows": options.large,
    }
    if not options.quick:
        (HERE / "results.json").write_text(json.dumps(report, indent=1) + "\n")
    text = render(report)
    if not options.quick:
        (HERE / "RESULTS.md").write_text(text)
    print(text)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--references", type=int, metavar="N", help="independent references (50; 1 with --quick)")
    parser.add_argument("--windows", type=int, metavar="N", help="windows of rows for each tool (8; 2 with --quick)")
    parser.add_argument(
        "--large", type=int, metavar="N", help="rows of the large window (200,000; 20,000 with --quick)"
    )
    parser.add_argument("--m5", type=Path, metavar="PATH", help="the M5 sample, a Parquet file; left out without it")
    parser.add_argument("--quick", action="store_true", help="a short look at everything; writes nothing")
    parser.add_argument(
        "--environments", type=Path, default=HERE / ".environments", metavar="DIR", help="where they are kept"
    )
    options = parser.parse_args(arguments)
    options.environments = options.environments.resolve()
    options.references = options.references or (1 if options.quick else 50)
    options.windows = options.windows or (2 if options.quick else 8)
    options.large = options.large or (20_000 if options.quick else 200_000)
    return options


def _environments(base: Path) -> dict[str, Environment | str]:
    found: dict[str, Environment | str] = {}
    for name in TITLES:
        _say(f"environment of {TITLES[name]}")
        try:
            found[name] = (
                of_source(name, HERE.parent.parent, base, extra="data")
                if name == "mainspring"
                else of_requirements(name, HERE / "peers" / f"{name}.txt", base)
            )
        except InstallError as error:
            found[name] = str(error)
    return found


def _json(places, command: Sequence[str], name: str = "mainspring") -> dict:
    place = places[name]
    done = execute(Job([str(place.programs / "python"), *command], HERE, _paths(place)), timeout=3600)
    if done.error:
        _say(f"{name}: {done.error}")
        return {"error": done.error, "peak": done.peak, "told": {}}
    return {"error": "", "peak": done.peak, "told": json.loads(done.stdout.splitlines()[-1])}


def _long(places, options: argparse.Namespace) -> tuple[list, list]:
    """The rates of each kind of traffic, and the real tables: beside each other, since none of them measures time."""
    _say("rates and real tables")
    table = fetch(tomllib.loads(EXAMPLE.read_text())["sales"], options.environments / "files")
    sample = str(options.m5.resolve()) if options.m5 else "-"
    quick = ["quick"] if options.quick else []
    place = places["mainspring"]
    python = str(place.programs / "python")
    with tempfile.TemporaryDirectory(prefix="bench-monitoring-") as scratch:
        files = [Path(scratch) / f"{name}.json" for name in (*KINDS, "real")]
        commands = [["simulate.py", str(options.references), str(files[slot]), kind] for slot, kind in enumerate(KINDS)]
        commands.append(["real.py", str(table), sample, str(files[-1]), *quick])
        jobs = [Job([python, *command], HERE, _paths(place)) for command in commands]
        for command, done in zip(commands, execute_together(jobs, timeout=14_400), strict=True):
            if done.error:
                raise SystemExit(f"{command[0]}: {done.error}")
        *rates, real = [json.loads(file.read_text()) for file in files]
    return [one for part in rates for one in part], real


def _year(places) -> dict:
    with tempfile.TemporaryDirectory(prefix="bench-monitoring-") as scratch:
        return _json(places, ["year.py", scratch])["told"]


def _paths(place: Environment) -> dict[str, str]:
    return {
        **variables(place, place.folder),
        "PYTHONPATH": str(HERE),
        "OPENBLAS_NUM_THREADS": "1",
        "POLARS_MAX_THREADS": "1",
    }


def _flags(places, name: str, kind: str, size: tuple[int, int]) -> dict:
    _say(f"{TITLES[name]}: {kind}, {size[0]:,} rows")
    rows, windows = map(str, size)
    told = [_json(places, ["subject.py", name, kind, rows, windows, shift], name) for shift in ("0", "0.15")]
    flags = [one["error"] or one["told"]["flagged"] for one in told]
    return {"clean": flags[0], "shifted": flags[1]}


def _large(places, name: str, rows: int) -> dict:
    _say(f"{TITLES[name]}: {rows:,} rows")
    told = _json(places, ["subject.py", name, "season", str(rows), "1", "0"], name)
    return {"cpu": told["told"].get("cpu", 0.0), "peak": told["peak"], "error": told["error"]}


def _machine() -> dict[str, object]:
    told = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.partition(":")[2].strip() for line in told if line.startswith("model name")), "")
    return {
        "cpu": model or platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
