"""The service beside others that serve the same graph: one command, one table.

python bench/serving/run.py                     every server; writes RESULTS.md and results.json beside this file
python bench/serving/run.py --quick --only asgi  a look at one; prints, writes nothing

The server runs on one core and the client on the other. CPU is that of the server's process, as the kernel counts it.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "engine"))

from environments import Environment, of_requirements, of_source, variables  # noqa: E402 - beside the other benchmark
from load import ask, body_of  # noqa: E402

SERVERS = ("mainspring", "asgi", "fastapi")
TICKS = os.sysconf("SC_CLK_TCK")
HEADS = ("server", "CPU ms a request", "requests/s", "CPU µs a row of 1,000", "CPU s to ready", "MB", "MB after")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", choices=SERVERS, help="a server; may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer requests; nothing is written")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="measurements of each server (3)")
    parser.add_argument(
        "--environments", type=Path, default=Path(tempfile.gettempdir()) / "bench-serving", metavar="DIR"
    )
    options = parser.parse_args()
    runs, requests = (1, 3_200) if options.quick else (options.runs, 16_000)
    found: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-serving-") as scratch:
        folder = Path(scratch)
        subprocess.run([sys.executable, str(HERE / "subject.py"), str(folder)], check=True)
        entrants = {name: _environment(name, options.environments) for name in options.only or SERVERS}
        for number in range(runs):
            for name, environment in entrants.items():
                found.setdefault(name, []).append(_measure(name, environment, folder / f"{name}-{number}", requests))
    table = _table({name: _median(rows) for name, rows in found.items()})
    sys.stdout.write(table)
    if not options.quick and not options.only:
        (HERE / "results.json").write_text(json.dumps(found, indent=1) + "\n")
        (HERE / "RESULTS.md").write_text(f"# The service beside others\n\nThe median of {runs} runs.\n\n{table}")
    return 0


def _environment(name: str, base: Path) -> Environment:
    if name == "mainspring":
        return of_source("mainspring", ROOT, base, extra="serve")
    requirements = HERE / "peers" / name / "requirements.txt"
    return of_requirements({"asgi": "uvicorn"}.get(name, name), requirements, base / name)


def _measure(name: str, environment: Environment, home: Path, requests: int) -> dict[str, float]:
    """What one server costs: validation, prediction log and access log are on where there are any."""
    home.mkdir()
    port = _free()
    scratch = home.parent
    command = [
        str(environment.programs / "python"),
        str(HERE / "peers" / name / "server.py"),
        str(scratch / "graph.onnx"),
        str(port),
    ]
    if name == "mainspring":
        command = [str(environment.programs / "mainspring"), "serve", str(scratch / "package"), "--port", str(port)]
        command += ["--home", str(home / "home")]
    with (home / "out").open("wb") as out:
        server = subprocess.Popen(
            ["taskset", "-c", "0", *command], stdout=out, stderr=out, env=variables(environment, home), cwd=home
        )
    try:
        os.sched_setaffinity(0, {os.cpu_count() - 1} if (os.cpu_count() or 1) > 1 else {0})
        _wait(port, server)
        ready, small = _cpu(server.pid), _megabytes(server.pid)
        ask(port, body_of(1), 32, 1_600)
        before = _cpu(server.pid)
        seconds = ask(port, body_of(1), 32, requests)
        one = (_cpu(server.pid) - before) / requests * 1e3
        many = requests // 160
        ask(port, body_of(1000), 2, 10)
        before = _cpu(server.pid)
        ask(port, body_of(1000), 2, many)
        row = (_cpu(server.pid) - before) / (many // 2 * 2) / 1000 * 1e6
        return {
            "one": one,
            "rate": requests / seconds,
            "row": row,
            "ready": ready,
            "small": small,
            "after": _megabytes(server.pid),
        }
    finally:
        server.terminate()
        server.wait(timeout=20)


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until a prediction is answered."""
    end = time.monotonic() + 120
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/predict", body_of(1), {"content-type": "application/json"}
    )
    while time.monotonic() < end and server.poll() is None:
        try:
            urllib.request.urlopen(request, timeout=5).read()
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("the server did not answer")


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _median(rows: list[dict[str, float]]) -> dict[str, float]:
    return {key: sorted(row[key] for row in rows)[len(rows) // 2] for key in rows[0]}


def _table(figures: dict[str, dict[str, float]]) -> str:
    lines = [HEADS, tuple("---" for _ in HEADS)]
    lines += [
        (
            name,
            f"{one['one']:.3f}",
            f"{one['rate']:,.0f}",
            f"{one['row']:.1f}",
            f"{one['ready']:.2f}",
            f"{one['small']:.0f}",
            f"{one['after']:.0f}",
        )
        for name, one in figures.items()
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
