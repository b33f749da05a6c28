"""Ask a service for the next four weeks of one series, as another program would: HTTP and JSON, without Mainspring.

Without --at a service of the released packages is started on a free port of this machine, asked and stopped.
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

HERE = Path(__file__).resolve().parent
QUESTIONS = HERE / "questions.jsonl"
CHAIN = ["retail@champion", "--fallback", "retail-usual@champion", "--fallback", "retail-last-week@champion"]
PATIENCE = 60


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--at", metavar="HOST:PORT", help="a service that runs: make serve")
    parser.add_argument("--series", metavar="NAME", help="which series; by default the first one")
    parser.add_argument("--without", action="append", default=[], metavar="COLUMN", help="leave a column out")
    options = parser.parse_args()
    question = question_of(options.series)
    body = question["body"]
    body["shared"] = {name: value for name, value in body["shared"].items() if name not in options.without}
    with nullcontext(options.at) if options.at else service() as address:
        connection = HTTPConnection(address, timeout=PATIENCE)
        connection.request("POST", "/predict", json.dumps(body), {"content-type": "application/json"})
        reply = connection.getresponse()
        answer = json.load(reply)
    if reply.status != 200:
        raise SystemExit(json.dumps(answer, indent=2))
    show(answer, question["series"], question["sold"])
    return 0


def question_of(series: str | None) -> dict[str, Any]:
    """What the service is asked of a series, as `release.py` wrote it; None is the first one."""
    try:
        lines = QUESTIONS.read_text().splitlines()
    except FileNotFoundError:
        raise SystemExit(f"There is no {QUESTIONS.name}: release the packages first, with release.py.") from None
    start = "" if series is None else f'{{"series": {json.dumps(series)},'
    found = next((line for line in lines if line.startswith(start)), None)
    if found is None:
        names = ", ".join(json.loads(line)["series"] for line in lines[:10])
        raise SystemExit(f"There is no series '{series}'; there are {names} …")
    question: dict[str, Any] = json.loads(found)
    return question


@contextmanager
def service() -> Iterator[str]:
    """The address of a service that lives as long as this."""
    mainspring = str(Path(sys.executable).with_name("mainspring"))
    command = [mainspring, "serve", *CHAIN, "--port", "0", "--no-access-log"]
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


def show(answer: dict[str, Any], series: str, sold: list[float | None]) -> None:
    """The forecasts by date and quantile, beside what was sold."""
    levels = [name for name in answer["predictions"][0] if name != "date"]
    model = answer["model"]
    lines = [f"{series}: {model['name']} version {model['version']}, answer {answer['id']}"]
    lines += [f"fallback: {answer['fallback']['reason']}"] if "fallback" in answer else []
    lines.append(f"{'date':<12}{''.join(f'{name:>9}' for name in levels)}{'sold':>9}")
    for row, units in zip(answer["predictions"], sold, strict=True):
        forecast = "".join(f"{row[name]:>9,.0f}" for name in levels)
        lines.append(f"{row['date']:<12}{forecast}{'' if units is None else f'{units:,.0f}':>9}")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
