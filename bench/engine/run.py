"""The engine beside plain Python, Hamilton, Kedro, redun, ZenML and Metaflow: one command, one table.

python bench/engine/run.py                        everything; writes RESULTS.md and results.json beside this file
python bench/engine/run.py --section startup      one section; the others keep their figures
python bench/engine/run.py --quick --only redun   a look at one tool; prints, writes nothing
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import chains
import edits
import pairs
import scale
import startup
from environments import Environment, InstallError, bare, of_requirements, of_source
from peer import Peer
from peers import PEERS
from place import Entrant
from table import render

HERE = Path(__file__).resolve().parent
SECTIONS = ("startup", "chains", "scale", "edits", "pairs")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    entrants = [_entrant(peer, options.environments) for peer in PEERS if _wanted(peer, options.only)]
    report = _earlier(options)
    report["machine"] = _machine()
    report.setdefault("tools", {}).update(
        {one.peer.name: one.environment.version for one in entrants if one.environment}
    )
    with tempfile.TemporaryDirectory(prefix="bench-engine-") as scratch:
        for name, measure in _measures(entrants, Path(scratch), options).items():
            _say(f"measuring {name}")
            begun = time.perf_counter()
            report["sections"][name] = {**measure(), "date": time.strftime("%Y-%m-%d", time.gmtime())}
            _say(f"measured {name} in {time.perf_counter() - begun:.0f} s")
    _deliver(report, options)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    names = [peer.name for peer in PEERS]
    parser.add_argument(
        "--only", action="append", choices=names, metavar="NAME", help=f"a tool, of {', '.join(names)}; may be repeated"
    )
    parser.add_argument("--section", action="append", choices=SECTIONS, help="a part of the benchmark; may be repeated")
    parser.add_argument("--runs", type=int, metavar="N", help="measurements of each figure (5; 1 with --quick)")
    parser.add_argument("--steps", type=int, metavar="N", help="length of the chain (100; 10 with --quick)")
    parser.add_argument(
        "--slow-steps", type=int, metavar="N", help="its length for ZenML and Metaflow (20; 4 with --quick)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a small check that everything works; its figures mean nothing"
    )
    parser.add_argument("--json", action="store_true", help="print raw figures, not the table")
    parser.add_argument(
        "--environments", type=Path, default=HERE / ".environments", metavar="DIR", help="where they are kept"
    )
    options = parser.parse_args(arguments)
    options.environments = options.environments.resolve()
    options.runs = options.runs or (1 if options.quick else 5)
    options.steps = options.steps or (10 if options.quick else 100)
    options.slow_steps = options.slow_steps or (4 if options.quick else 20)
    options.partial = options.quick or bool(options.only)
    return options


def _wanted(peer: Peer, only: Sequence[str] | None) -> bool:
    """Plain Python is always there: it is the measure and the oracle."""
    return not only or peer.name in only or peer.name == "python"


def _entrant(peer: Peer, base: Path) -> Entrant:
    _say(f"environment of {peer.title}")
    try:
        return Entrant(peer, _environment(peer, base))
    except InstallError as error:
        return Entrant(peer, None, f"not installed: {error}")


def _environment(peer: Peer, base: Path) -> Environment:
    if not peer.distribution:
        return bare(base)
    if peer.name == "mainspring":
        return of_source(peer.distribution, HERE.parent.parent, base)
    return of_requirements(peer.distribution, HERE / "peers" / peer.name / "requirements.txt", base)


def _measures(
    entrants: list[Entrant], scratch: Path, options: argparse.Namespace
) -> dict[str, Callable[[], dict[str, object]]]:
    runs = options.runs
    sizes = scale.Sizes(quick=options.quick)
    measures: dict[str, Callable[[], dict[str, object]]] = {
        "startup": lambda: startup.measure(entrants, scratch, runs=max(runs, 3)),
        "chains": lambda: chains.measure(
            entrants, scratch, runs=runs, steps=options.steps, slow_steps=options.slow_steps
        ),
        "scale": lambda: scale.measure(entrants, scratch, runs=max(1, runs // 2), sizes=sizes),
        "edits": lambda: edits.measure(entrants, scratch),
        "pairs": lambda: pairs.measure(entrants, scratch, runs=min(runs, 3)),
    }
    if not any(entrant.peer.name == "mainspring" for entrant in entrants):
        del measures["scale"]
    return {name: measure for name, measure in measures.items() if not options.section or name in options.section}


def _earlier(options: argparse.Namespace) -> dict[str, dict[str, object]]:
    """The report to go on with: sections that are not measured now keep their figures."""
    kept = HERE / "results.json"
    if options.section and not options.partial and kept.exists():
        report: dict[str, dict[str, object]] = json.loads(kept.read_text())
        return report
    return {"sections": {}}


def _machine() -> dict[str, object]:
    model = next(
        (line.partition(":")[2].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.machine(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _deliver(report: dict[str, dict[str, object]], options: argparse.Namespace) -> None:
    raw = json.dumps(report, indent=1)
    text = render(report, PEERS)
    if not options.partial:
        (HERE / "results.json").write_text(raw + "\n")
        (HERE / "RESULTS.md").write_text(text)
        _say("wrote RESULTS.md and results.json")
    print(raw if options.json else text)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
