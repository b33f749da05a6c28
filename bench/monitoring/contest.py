"""Simulates, runs each tool on the same rows, and writes what came of it."""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from environments import Environment, InstallError, of_requirements, of_source, variables
from measure import Job, execute

HERE = Path(__file__).resolve().parent
TITLES = {"mainspring": "Mainspring", "evidently": "Evidently", "nannyml": "NannyML", "scipy": "SciPy, KS p < 0.05"}
KINDS = ("stationary", "season", "jitter")
BUDGETS = {
    "1M x 20 rows against a stored reference, s": 2,
    "a window from its profile, ms": 5,
    "upkeep, a prediction in batches of 10,000, µs": 10,
    "1M labels joined, s": 5,
}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    places = _environments(options.environments)
    report = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": _machine(),
        "tools": {name: place.version for name, place in places.items() if isinstance(place, Environment)},
        "errors": {name: place for name, place in places.items() if isinstance(place, str)},
        "rates": json.loads(options.rates.read_text()) if options.rates else _rates(places, options.references),
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
    text = render(report)
    if not options.quick:
        (HERE / "results.json").write_text(json.dumps(report, indent=1) + "\n")
        (HERE / "RESULTS.md").write_text(text)
    print(text)
    return 0


def render(report: dict) -> str:
    """The page, from raw figures alone."""
    machine = report["machine"]
    tools = ", ".join(f"{TITLES[name].split(',')[0]} {version}" for name, version in report["tools"].items())
    lines = [
        "# Checks of windows",
        "",
        f"Measured {report['date']} by `python bench/monitoring/run.py` on {machine['cores']} cores of "
        f"{machine['cpu']}, {machine['system']}, Python {machine['python']}: {tools}.",
        "",
        "Hourly windows of 20 columns, 28 days of reference. *Season*: means move by 0.2 sd over a day and 0.1 sd over "
        "a week; *jitter*: besides, by 0.02 sd from window to window, of which 0.7 is left after an hour. Nulls are up "
        "to 5% and move as well. KS and PSI compare a window with the whole reference, on the same bins.",
        "",
        *_false_alarms(report["rates"]),
        *_power(report["rates"]),
        *_peers(report),
        *_speeds(report["speeds"]),
    ]
    return "\n".join(lines) + "\n"


def _false_alarms(rates: list) -> list[str]:
    lines = [
        "## When nothing changes",
        "",
        "Share of feature-windows that one check flags on its own, the mean over references with its one-sided 95% "
        "bound (asked for: at most 1.5%); and alerts a month over all checks, after false-discovery control and "
        "persistence, with the exact bound of a Poisson rate (asked for: at most 1).",
        "",
        "| traffic | rows | drift | nulls | KS p < 0.05 | PSI > 0.1 | alerts a month | months | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for one in rates:
        raw, alerts = one["raw"], one["alerts"]
        cells = [f"{raw[name]['mean']:.2%} (≤ {raw[name]['upper']:.2%})" for name in ("drift", "nulls")]
        cells += [f"{raw[name]['mean']:.1%}" for name in ("KS p < 0.05", "PSI > 0.1")]
        met = max(raw["drift"]["upper"], raw["nulls"]["upper"]) <= 0.015 and alerts["upper"] <= 1
        cells += [
            f"{alerts['mean']:.2f} (≤ {alerts['upper']:.2f})",
            str(alerts["months"]),
            "met" if met else "**not met**",
        ]
        lines.append(f"| {one['kind']} | {one['rows']:,} | {' | '.join(cells)} |")
    return [*lines, ""]


def _power(rates: list) -> list[str]:
    lines = [
        "## When something does",
        "",
        "Found within six windows, of so many episodes of one column, as an alert; the median delay in windows; and "
        "the share of windows that are flagged on their own.",
        "",
        "| traffic | rows | change | episodes found | median delay | by window | KS p < 0.05 | PSI > 0.1 |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    names = {"shift": "0.15 sd shift", "nulls": "5 points more nulls", "new category": "new category at 1%"}
    for one in rates:
        for fault, found in one["power"].items():
            usual = [f"{one['usual'][name]:.1%}" if fault == "shift" else "" for name in ("KS p < 0.05", "PSI > 0.1")]
            delay = "none found" if found["median delay"] is None else f"{found['median delay']:g}"
            cells = (
                names[fault],
                f"{found['within']} of {found['episodes']}",
                delay,
                f"{found['by window']:.1%}",
                *usual,
            )
            lines.append(f"| {one['kind']} | {one['rows']:,} | {' | '.join(cells)} |")
    return [*lines, ""]


def _peers(report: dict) -> list[str]:
    lines = [
        "## The same rows through each tool",
        "",
        "Feature-windows flagged, of windows drawn as rows from the same traffic: without a change, and with a shift "
        "of 0.15 sd. Each tool with its defaults; the reference of the others is rows of all its hours.",
        "",
        "| tool | rows | stationary | season | jitter | shift found: stationary | season | jitter |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for tool in report["tools"]:
        for rows in (500, 10_000):
            mine = {one["kind"]: one for one in report["rows"] if (one["tool"], one["rows"]) == (tool, rows)}
            cells = [mine[kind][what] for what in ("clean", "shifted") for kind in KINDS]
            lines.append(f"| {TITLES[tool]} | {rows:,} | {' | '.join(_said(cell) for cell in cells)} |")
    lines += [f"- {TITLES[name]} could not be installed: {said}" for name, said in report["errors"].items()]
    lines += [
        "",
        f"One window of {report['large rows']:,} rows and 20 columns, against as many rows of reference (for "
        "Mainspring the profiles of 672 windows); CPU of the check, and the peak of the process.",
        "",
        "| tool | CPU s | peak, MiB |",
        "| --- | ---: | ---: |",
    ]
    lines += [
        f"| {TITLES[one['tool']]} | {one['error'] or format(one['cpu'], '.2f')} | {one['peak'] / 2**20:,.0f} |"
        for one in report["large"]
    ]
    return [*lines, ""]


def _said(share) -> str:
    return share if isinstance(share, str) else f"{share:.1%}"


def _speeds(speeds: dict) -> list[str]:
    lines = ["## What a check costs", "", "CPU, one process.", "", "| what | | asked for |", "| --- | ---: | --- |"]
    for name, value in speeds.items():
        most = BUDGETS.get(name)
        asked = "" if most is None else f"at most {most}: {'met' if value <= most else '**not met**'}"
        lines.append(f"| {name} | {value:.4g} | {asked} |")
    return lines


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--references", type=int, metavar="N", help="independent references (50; 1 with --quick)")
    parser.add_argument("--windows", type=int, metavar="N", help="windows of rows for each tool (8; 2 with --quick)")
    parser.add_argument(
        "--large", type=int, metavar="N", help="rows of the large window (200,000; 20,000 with --quick)"
    )
    parser.add_argument(
        "--rates", type=Path, metavar="FILE", help="what simulate.py has written, instead of simulating"
    )
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
    paths = {**variables(place, place.folder), "PYTHONPATH": str(HERE), "OPENBLAS_NUM_THREADS": "1"}
    done = execute(Job([str(place.programs / "python"), *command], HERE, paths), timeout=3600)
    if done.error:
        _say(f"{name}: {done.error}")
        return {"error": done.error, "peak": done.peak, "told": {}}
    return {"error": "", "peak": done.peak, "told": json.loads(done.stdout.splitlines()[-1])}


def _rates(places, references: int) -> list:
    with tempfile.TemporaryDirectory(prefix="bench-monitoring-") as scratch:
        file = Path(scratch) / "rates.json"
        place = places["mainspring"]
        paths = {**variables(place, place.folder), "PYTHONPATH": str(HERE), "OPENBLAS_NUM_THREADS": "1"}
        command = [str(place.programs / "python"), "simulate.py", str(references), str(file)]
        done = execute(Job(command, HERE, paths), timeout=14_400)
        if done.error:
            raise SystemExit(done.error)
        return json.loads(file.read_text())


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
