"""Ask a service for the next four weeks of one series, as another program would: HTTP and JSON.

Without --at a service of the registered packages is started on a free port of this machine, asked and stopped.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
from folds import locked_fold
from panel import Panel
from pipeline import Retail
from windows import raw_rows

from mainspring import load_artifact
from mainspring.config import load_config

HERE = Path(__file__).resolve().parent
CHAIN = ["retail@champion", "--fallback", "retail-usual@champion", "--fallback", "retail-last-week@champion"]
PATIENCE = 60


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--at", metavar="HOST:PORT", help="a service that runs: make serve")
    parser.add_argument("--series", metavar="NAME", help="which series; by default the first one")
    parser.add_argument("--without", action="append", default=[], metavar="COLUMN", help="leave a column out")
    parser.add_argument("--profile", help="of config.toml, as the run had it")
    options = parser.parse_args()
    panel = load_artifact("preprocess.panel", home=HERE / ".mainspring")
    if options.series not in (None, *panel.series):
        parser.error(f"there is no series '{options.series}'; there are {', '.join(panel.series[:10])} …")
    place = panel.series.index(options.series) if options.series else 0
    body, sold = question(panel, place, options)
    with nullcontext(options.at) if options.at else service() as address:
        connection = HTTPConnection(address, timeout=PATIENCE)
        connection.request("POST", "/predict", json.dumps(body), {"content-type": "application/json"})
        reply = connection.getresponse()
        answer = json.load(reply)
    if reply.status != 200:
        raise SystemExit(json.dumps(answer, indent=2))
    show(answer, panel.series[place], sold)
    return 0


def question(panel: Panel, place: int, options: argparse.Namespace) -> tuple[dict[str, Any], list[float]]:
    """The body for the days that no choice has used, and what was sold on them."""
    plan = load_config(Retail, HERE / "config.toml", profile=options.profile).value.plan
    fold = locked_fold(panel.periods, plan, panel.season)
    rows = slice(place * plan.horizon, (place + 1) * plan.horizon)
    raw = {name: values[rows] for name, values in raw_rows(panel, fold.origin, plan).items()}
    shared = {name: plain(values[0]) for name, values in raw.items() if name not in options.without}
    body = {"shared": shared, "rows": [{"ahead": int(ahead)} for ahead in raw["ahead"]]}
    return body, panel.units[place, fold.start : fold.end].tolist()


def plain(value: Any) -> Any:
    """A raw value in JSON, in which what is unknown is null."""
    if isinstance(value, np.ndarray):
        return [None if np.isnan(one) else one for one in value.tolist()]
    return str(value) if isinstance(value, np.datetime64) else getattr(value, "tolist", lambda: value)()


@contextmanager
def service() -> Iterator[str]:
    """The address of a service that lives as long as this."""
    command = [str(Path(sys.executable).with_name("mainspring")), "serve", *CHAIN, "--port", "0", "--no-access-log"]
    with subprocess.Popen(command, cwd=HERE, stderr=subprocess.PIPE, text=True) as started:
        try:
            said = []
            for line in started.stderr or ():
                said.append(line)
                if line.startswith("serving "):
                    yield line.split()[-1].removeprefix("http://")
                    return
            raise SystemExit("".join(["The service did not start:\n", *said]))
        finally:
            started.terminate()


def show(answer: dict[str, Any], series: str, sold: list[float]) -> None:
    """The forecasts by date and quantile."""
    levels = [name for name in answer["predictions"][0] if name != "date"]
    model = answer["model"]
    lines = [f"{series}: {model['name']} version {model['version']}, answer {answer['id']}"]
    lines += [f"fallback: {answer['fallback']['reason']}"] if "fallback" in answer else []
    lines.append(f"{'date':<12}{''.join(f'{name:>9}' for name in levels)}{'sold':>9}")
    for row, units in zip(answer["predictions"], sold, strict=True):
        lines.append(f"{row['date']:<12}{''.join(f'{row[name]:>9,.0f}' for name in levels)}{units:>9,.0f}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
