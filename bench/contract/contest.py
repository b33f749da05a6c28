"""Runs each tool on the same table, in turns, and writes what that cost."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from environments import Environment, of_requirements, of_source, variables
from measure import Job, execute
from rules import RULES

HERE = Path(__file__).resolve().parent
TITLES = {
    "polars": "bare Polars",
    "mainspring": "Mainspring",
    "dataframely": "dataframely",
    "pandera": "pandera",
    "pointblank": "pointblank",
}
MOST = 1.3
# What a tool is known not to do, said beside its figure.
REMARKS = {"pointblank": "rows with a key that occurs twice stay among those that pass"}
Figures = dict[str, dict[str, object]]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    places = {name: _environment(name, options.environments) for name in TITLES}
    with tempfile.TemporaryDirectory(prefix="bench-contract-") as scratch:
        table = Path(scratch) / "sales.parquet"
        wanted = _make(places["mainspring"], options.rows, table)
        figures: Figures = {name: {"cpu": [], "wall": [], "process": [], "peak": []} for name in TITLES}
        for turn in range(options.runs):
            for name, place in places.items():
                _say(f"{TITLES[name]}, {turn + 1} of {options.runs}")
                _measure(figures[name], name, place, table, options.repeats)
    for name, one in figures.items():
        one["errors"] = _errors(name, one, wanted, options.rows)
    report = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": _machine(),
        "tools": {name: place.version for name, place in places.items()},
        "polars": _polars(places["mainspring"]),
        "rows": options.rows,
        "runs": options.runs,
        "repeats": options.repeats,
        "broken": wanted,
        "figures": figures,
    }
    text = render(report)
    if not options.quick:
        (HERE / "results.json").write_text(json.dumps(report, indent=1) + "\n")
        (HERE / "RESULTS.md").write_text(text)
    print(text)
    return int(any(one["errors"] for one in figures.values()))


def render(report: dict) -> str:
    """The page, from raw figures alone."""
    figures, base = report["figures"], median(report["figures"]["polars"]["cpu"])
    machine = report["machine"]
    tools = ", ".join(f"{TITLES[name]} {version}" for name, version in report["tools"].items() if name != "polars")
    ours = median(figures["mainspring"]["cpu"])
    others = {name: median(one["cpu"]) for name, one in figures.items() if name not in ("polars", "mainspring")}
    ahead = all(ours < one for one in others.values())
    lines = [
        "# A data contract beside other tools",
        "",
        f"Measured {report['date']} by `python bench/contract/run.py` on {machine['cores']} cores of {machine['cpu']}, "
        f"{machine['system']}, Python {machine['python']}: {tools}; all on Polars {report['polars']}.",
        "",
        f"{report['rows']:,} rows, {len(report['broken'])} rules, {sum(report['broken'].values()):,} faults. Each tool "
        "says how many rows break each rule, shows the first five of each whole, and gives the rows that break none. "
        f"Medians of {report['runs']} processes with {report['repeats']} checks each, after one check that does not "
        "count; the tools take turns. *CPU s*, user and system, and *wall s* are those of one check; *process* is a "
        "whole process with its start, imports, reading and all its checks.",
        "",
        "| Tool | CPU s | over bare Polars | wall s | process, CPU s | peak, MiB | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for name, one in figures.items():
        cpu, wall, process, peak = (median(one[what]) for what in ("cpu", "wall", "process", "peak"))
        said = "; ".join([*one["errors"], *([REMARKS[name]] if name in REMARKS else [])])
        cells = (f"{cpu:.3f}", f"{cpu / base:.2f}", f"{wall:.3f}", f"{process:.2f}", f"{peak / 2**20:,.0f}", said)
        lines.append(f"| {TITLES[name]} | {' | '.join(cells)} |")
    met = "met" if ours <= MOST * base else "**not met**"
    lines += [
        "",
        f"- At most {MOST} times bare Polars: {ours / base:.2f}, {met}.",
        f"- Faster than pandera, dataframely and pointblank: {'met' if ahead else '**not met**'}.",
        "",
        "What each tool was told is one small file in `bench/contract/peers`. The table is made by `sales.py`, with "
        "faults whose number is known; a tool that counts otherwise has that in its last column.",
    ]
    return "\n".join(lines) + "\n"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, metavar="N", help="processes of each tool (7; 1 with --quick)")
    parser.add_argument("--rows", type=int, metavar="N", help="rows of the table (1,000,000; 100,000 with --quick)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="checks in each process (3)")
    parser.add_argument("--quick", action="store_true", help="a small check that everything works; writes nothing")
    parser.add_argument(
        "--environments", type=Path, default=HERE / ".environments", metavar="DIR", help="where they are kept"
    )
    options = parser.parse_args(arguments)
    options.environments = options.environments.resolve()
    options.runs = options.runs or (1 if options.quick else 7)
    options.rows = options.rows or (100_000 if options.quick else 1_000_000)
    return options


def _environment(name: str, base: Path) -> Environment:
    _say(f"environment of {TITLES[name]}")
    if name == "mainspring":
        return of_source(name, HERE.parent.parent, base, extra="data")
    return of_requirements(name, HERE / "peers" / f"{name}.txt", base)


def _job(place: Environment, command: Sequence[str]) -> Job:
    python = str(place.programs / "python")
    return Job([python, *command], HERE, {**variables(place, place.folder), "PYTHONPATH": str(HERE)})


def _make(place: Environment, rows: int, table: Path) -> dict[str, int]:
    statement = f"import json, pathlib, sales; print(json.dumps(sales.make({rows}, pathlib.Path({str(table)!r}))))"
    done = execute(_job(place, ["-c", statement]))
    if done.code:
        raise SystemExit(done.stderr)
    made: dict[str, int] = json.loads(done.stdout)
    return {name: made[name] for name in RULES}


def _polars(place: Environment) -> str:
    return execute(_job(place, ["-c", "import polars; print(polars.__version__)"])).stdout.strip()


def _measure(figures: dict, name: str, place: Environment, table: Path, repeats: int) -> None:
    done = execute(_job(place, ["subject.py", f"peers/{name}.py", str(table), str(repeats)]))
    if done.code:
        raise SystemExit(f"{TITLES[name]}: {done.stderr}")
    said = json.loads(done.stdout.splitlines()[-1])
    figures["cpu"].append(median(said["cpu"]))
    figures["wall"].append(median(said["wall"]))
    figures["process"].append(done.cpu)
    figures["peak"].append(done.peak)
    figures["found"] = {what: said[what] for what in ("counts", "shown", "good")}


def _errors(name: str, figures: dict, wanted: dict[str, int], rows: int) -> list[str]:
    """What a tool found otherwise than the table was made."""
    found = figures["found"]
    counts = {rule: found["counts"].get(rule, 0) for rule in wanted}
    said = [f"{rule}: {counts[rule]} and not {count}" for rule, count in wanted.items() if counts[rule] != count]
    said += [f"{rule}: {found['shown'].get(rule, 0)} rows shown" for rule in wanted if found["shown"].get(rule) != 5]
    # An unknown product breaks two rules with one row.
    good = rows - sum(wanted.values()) + wanted["product"]
    if found["good"] != good and name not in REMARKS:
        said.append(f"{found['good']:,} rows pass and not {good:,}")
    return said


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
