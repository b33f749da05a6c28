"""Every method on the same folds and scored days of each data set."""

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

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
    **{name: name for name in baselines.NAMES},
}
TARGETS = {"Rossmann": 0.55, "M5 sample": 0.91}
"""What the loss of the example over that of rolling quantiles is to be at most."""
MOST_RATIO = 1.02


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
        if options.only and options.only != name:
            continue
        small = (
            ["plan.outer=1", "plan.inner=1", "plan.train=200", "model.rounds=5", "months=[]"] if options.quick else []
        )
        config = load_config(Retail, EXAMPLE / "config.toml", profile=profile, sets=[*changes, *small]).value
        report["sets"][name] = _measured(name, config, options)
    report["sets"] = {name: report["sets"][name] for name in TARGETS if name in report["sets"]}
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
    parser.add_argument("--only", choices=list(TARGETS), help="one table; what was measured of the other one stays")
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
    seconds = dict.fromkeys(("mlforecast", "plain"), 0.0)
    simple = load_artifact(f"{prefix}baselines", home=options.home)
    parts = []
    for fold in folds:
        _say(f"{name}: {fold.name}")
        with tempfile.TemporaryDirectory(prefix="bench-retail-") as scratch:
            values, cpu = library.forecast(environment, panel, fold, config.plan, config.quantiles, Path(scratch))
        seconds["mlforecast"] += cpu
        begun = time.process_time()
        found = {"mlforecast": values, "plain": plain.forecast(panel, fold.origin, config.plan, config.quantiles)}
        seconds["plain"] += time.process_time() - begun
        open_ = panel.open[:, fold.start : fold.end]
        others = {method: whole(values, open_) for method, values in {**found, **simple[fold.origin]}.items()}
        parts.append(
            {DEFAULT: chosen[fold.origin], **{method: others[method] for method in TITLES if method in others}}
        )
    scored = evaluation.collect(panel, folds, parts, config.quantiles)
    measured = {
        "config": {
            "folds": len(folds),
            "horizon": config.plan.horizon,
            "delay": config.plan.delay,
            "unit": config.unit,
        },
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "rows": int(scored.open.sum()),
        "levels": config.quantiles,
        "seconds": {**seconds, DEFAULT: sum(step.cpu_seconds for step in done.steps)},
        "versions": {"mlforecast": environment.version},
        "board": evaluation.scoreboard(scored, panel, folds[0].origin),
        "levels of loss": evaluation.by_level(scored),
        "differences": evaluation.differences(scored, panel),
        "ratios": evaluation.ratios(scored, panel, among=baselines.NAMES),
        "ratios of all": evaluation.ratios(scored, panel),
        "coverage": {method: evaluation.coverage(scored, of=method) for method in scored.methods},
        "titles": TITLES,
    }
    strict = _levels(measured["ratios of all"])
    return measured | {"aims": _aims(measured, TARGETS[name]), "beyond": strict}


def _aims(found: dict[str, Any], target: float) -> list[dict[str, object]]:
    """What the example is to reach, what it reached, and whether that is enough."""
    against = {row["against"]: row for row in found["differences"]}
    ratio = against["rolling quantiles"]["ratio"]
    rows = [
        {"aim": f"loss ÷ that of rolling quantiles at most {target}", "reached": f"{ratio:.3f}", "met": ratio <= target}
    ]
    for method in ("rolling quantiles", "plain"):
        high = against[method]["difference, high"]
        aim = f"better than {TITLES[method]}: interval of the difference below 0"
        rows.append({"aim": aim, "reached": f"at most {high:.4g}", "met": high < 0})
    rows += _levels(found["ratios"])
    for row in found["coverage"][DEFAULT]:
        aim = f"quantile {row['level']:g}: calibrated within {row['tolerance']:g}"
        reached = f"{row['P(y < q)']:.4f} to {row['P(y <= q)']:.4f}"
        rows.append({"aim": aim, "reached": reached, "met": bool(row["calibrated"])})
    return rows


def _levels(ratios: list[dict[str, Any]]) -> list[dict[str, object]]:
    """Whether the loss at each quantile is at most a little above that of the best other method."""
    rows = []
    for row in ratios:
        high = row["ratio, high"]
        best = TITLES[row["best baseline"]]
        aim = f"quantile {row['level']:g}: loss ÷ that of {best} at most {MOST_RATIO}, by its interval"
        rows.append({"aim": aim, "reached": f"{high:.3f}", "met": high <= MOST_RATIO})
    return rows


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
