"""Batch against bare onnxruntime over the same Parquet: `python bench/batch/run.py [ROWS] [--repeats N]`.

Every measurement is a process of its own on two processors; kinds take turns. Writes RESULTS.md and results.json.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import polars as pl

HERE = Path(__file__).resolve().parent
KINDS = {
    "mainspring": (("ours.py",), "Mainspring: validated, in parts, resumable"),
    "inside": (("bare.py", "inside"), "bare: two threads in one call of onnxruntime"),
    "beside": (("bare.py", "beside"), "bare: two calls of onnxruntime side by side, one thread each"),
}
SMALL = 50_000
BUDGET_RATIO, BUDGET_MIB = 0.9, 2048


def called(script: str, *words: object) -> str:
    processors = ",".join(map(str, sorted(os.sched_getaffinity(0))[:2]))
    call = ["taskset", "-c", processors, sys.executable, str(HERE / script), *map(str, words)]
    done = subprocess.run(call, capture_output=True, text=True, check=False, cwd=HERE)
    if done.returncode:
        raise SystemExit(f"{script}: {done.stderr}")
    return done.stdout


def measured(kind: str, table: Path, package: Path, out: Path) -> dict:
    script, *words = KINDS[kind][0]
    figures = json.loads(called(script, *words, table, package, out))
    print(kind, json.dumps(figures), flush=True)
    return figures


def difference(folder: Path, package: Path) -> float:
    """The greatest difference of ours and bare predictions, row by row."""
    table = folder / "small.parquet"
    called("subject.py", "table", table, SMALL)
    for kind in ("mainspring", "inside"):
        measured(kind, table, package, folder / f"small-{kind}")
    ours, theirs = (pl.read_parquet(folder / f"small-{kind}") for kind in ("mainspring", "inside"))
    if ours["row"].to_list() != list(range(SMALL)):
        raise SystemExit("rows are missing, or not in their order")
    return float((ours["y"] - theirs["y"].cast(pl.Float64)).abs().max())


def ratio(runs: dict[str, list[dict]]) -> float:
    """Median over the turns: rows a second of ours, by those of the faster bare one in that turn."""
    turns = zip(runs["mainspring"], runs["inside"], runs["beside"], strict=True)
    return statistics.median(min(a["seconds"], b["seconds"]) / ours["seconds"] for ours, a, b in turns)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    chosen = parser.parse_args()
    runs: dict[str, list[dict]] = {kind: [] for kind in KINDS}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table, package = folder / "table.parquet", folder / "package"
        called("subject.py", "table", table, chosen.rows)
        called("subject.py", "package", package)
        size, worst = table.stat().st_size, difference(folder, package)
        for turn in range(chosen.repeats):
            for kind, figures in runs.items():
                out = folder / f"out-{kind}-{turn}"
                figures.append(measured(kind, table, package, out))
                shutil.rmtree(out, ignore_errors=True)
    results = {
        "rows": chosen.rows,
        "bytes": size,
        "difference": worst,
        "ratio": ratio(runs),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("onnxruntime", "polars", "numpy")},
        "runs": runs,
    }
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    (HERE / "RESULTS.md").write_text(report(results))
    print(report(results))


def report(results: dict) -> str:
    runs = results["runs"]
    versions = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    peak = max(run["mib"] for run in runs["mainspring"])
    lines = [
        "# Batch against bare onnxruntime",
        "",
        f"`python bench/batch/run.py {results['rows']}`: {results['rows']:,} rows of 20 float64 columns in one Parquet",
        f"file of {results['bytes'] / 1e6:,.0f} MB, 100 LightGBM trees in one ONNX graph, two processors. Each",
        f"measurement is a process of its own, and the kinds take turns: medians of {len(runs['mainspring'])}.",
        "Seconds are from the opening of package and file to the whole output; CPU is of the whole process.",
        f"Python {results['python']}, {versions}.",
        "",
        "| | rows/s | seconds | CPU µs a row | peak MiB |",
        "|---|---:|---:|---:|---:|",
    ]
    for kind, (_, said) in KINDS.items():
        middle = {
            name: statistics.median(run[name] for run in runs[kind]) for name in ("rows", "seconds", "cpu", "mib")
        }
        rate, micros = middle["rows"] / middle["seconds"], middle["cpu"] * 1e6 / middle["rows"]
        lines.append(f"| {said} | {rate:,.0f} | {middle['seconds']:.2f} | {micros:.2f} | {middle['mib']:,.0f} |")
    lines += [
        "",
        f"- Rows a second against the faster bare one: **{results['ratio']:.2f}**; at least {BUDGET_RATIO} is wanted:"
        f" {'kept' if results['ratio'] >= BUDGET_RATIO else '**missed**'}.",
        f"- Peak memory {peak:,.0f} MiB; at most {BUDGET_MIB:,} is asked for, for 10,000,000 rows:"
        f" {'kept' if peak < BUDGET_MIB else '**missed**'}.",
        f"- On {SMALL:,} rows both predict the same, row by row; the greatest difference is {results['difference']:g}.",
        "",
        "Bare does not validate, number rows, keep refused ones apart, flush parts to the disk, or go on after a kill;",
        "its predictions wait in memory until the end.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
