"""Every method on the same folds and scored days of each data set."""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import baselines
import evaluation
import library
import numpy as np
import plain
from calibration import whole
from environments import of_requirements
from evaluation import DEFAULT
from folds import outer_folds
from pipeline import Retail, retail
from results import render

from mainspring import load_artifact, run
from mainspring.config import load_config

HERE = Path(__file__).resolve().parent
EXAMPLE = HERE.parent.parent / "examples" / "retail"
TITLES = {
    DEFAULT: "Mainspring's example",
    "mlforecast": "mlforecast",
    "plain": "plain LightGBM script",
    "rolling quantiles": "rolling quantiles",
    "week ago": "week ago",
}

MAKERS = {"plain": plain.forecast, "rolling quantiles": baselines.rolling, "week ago": baselines.week_ago}


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    report = {"machine": _machine(), "date": time.strftime("%Y-%m-%d", time.gmtime()), "sets": {}}
    earlier = HERE / "results.json"
    if earlier.exists() and not options.quick:
        report["sets"] = json.loads(earlier.read_text())["sets"]
    sets = {"Rossmann": (None, [])}
    if options.m5:
        sets["M5 sample"] = ("m5", [f"sales={options.m5.resolve()}"])
    for name, (profile, changes) in sets.items():
        small = (
            ["plan.outer=1", "plan.inner=1", "plan.train=200", "model.rounds=5", "months=[]"] if options.quick else []
        )
        config = load_config(Retail, EXAMPLE / "config.toml", profile=profile, sets=[*changes, *small]).value
        report["sets"][name] = _measured(name, config, options)
    text = render(report)
    if options.quick:
        sys.stdout.write(text)
        return 0
    (HERE / "results.json").write_text(json.dumps(report, indent=1) + "\n")
    (HERE / "RESULTS.md").write_text(text)
    _say(f"written: {HERE / 'RESULTS.md'}")
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--m5", type=Path, metavar="PATH", help="the M5 sample, a Parquet file")
    parser.add_argument("--quick", action="store_true", help="a small check; its figures mean nothing")
    parser.add_argument("--environments", type=Path, default=HERE / ".environments", metavar="DIR")
    parser.add_argument("--home", type=Path, default=HERE / ".mainspring", metavar="DIR", help="where runs are kept")
    options = parser.parse_args(arguments)
    options.environments = options.environments.resolve()
    return options


def _measured(name: str, config: Retail, options: argparse.Namespace) -> dict[str, object]:
    _say(f"{name}: the example")
    done = run(retail, config, home=options.home)
    prefix = f"{done.id}/"
    panel = load_artifact(f"{prefix}preprocess.panel", home=options.home)
    chosen = {one.fold.origin: one.forecast for one in load_artifact(f"{prefix}calibrate", home=options.home)}
    folds = outer_folds(panel.periods, config.plan, panel.season)
    environment = of_requirements("mlforecast", library.REQUIREMENTS, options.environments)
    seconds = dict.fromkeys(("mlforecast", *MAKERS), 0.0)
    parts = []
    for fold in folds:
        _say(f"{name}: {fold.name}")
        open_ = panel.open[:, fold.start : fold.end]
        with tempfile.TemporaryDirectory(prefix="bench-retail-") as scratch:
            values, cpu = library.forecast(environment, panel, fold, config.plan, config.quantiles, Path(scratch))
        seconds["mlforecast"] += cpu
        found = {DEFAULT: chosen[fold.origin], "mlforecast": whole(values, open_)}
        for method, make in MAKERS.items():
            begun = time.process_time()
            found[method] = whole(make(panel, fold.origin, config.plan, config.quantiles), open_)
            seconds[method] += time.process_time() - begun
        parts.append({method: found[method] for method in TITLES})
    scored = evaluation.collect(panel, folds, parts, config.quantiles)
    return {
        "config": {
            "folds": len(folds),
            "horizon": config.plan.horizon,
            "delay": config.plan.delay,
            "unit": config.unit,
        },
        "rows": int(scored.open.sum()),
        "levels": config.quantiles,
        "seconds": {**seconds, DEFAULT: sum(step.seconds or 0.0 for step in done.steps)},
        "versions": {"mlforecast": environment.version},
        "board": evaluation.scoreboard(scored, panel, folds[0].origin),
        "levels of loss": evaluation.by_level(scored),
        "differences": evaluation.differences(scored, panel),
        "ratios": evaluation.ratios(scored, panel),
        "coverage": {method: evaluation.coverage(scored, of=method) for method in scored.methods},
        "titles": TITLES,
    }


def _machine() -> dict[str, object]:
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    return {"cpu": cpu, "python": platform.python_version(), "numpy": np.__version__}


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
