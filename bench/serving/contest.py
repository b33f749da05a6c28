"""Runs each server on the same graph, in turns, and writes what that cost."""

import argparse
import contextlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from environments import Environment, InstallError, of_requirements, of_source, variables
from load import ask
from page import render
from processes import cpu, megabytes
from servers import HERE, SERVERS, Server

ROOT = HERE.parents[1]
CONCURRENCY, PAIR, MANY = 32, 2, 1000
PATIENCE = 180
# A request costs some a hundred times what it costs others: their share of requests, so that each takes seconds.
SHARES = {"mlflow": 0.05, "sklearn": 0.15, "bentoml": 0.25, "mlserver": 0.5, "litserve": 0.5}
Figures = dict[str, float]


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    server_core, client_core = min(cores := os.sched_getaffinity(0)), max(cores)
    os.sched_setaffinity(0, {client_core})
    with tempfile.TemporaryDirectory(prefix="bench-serving-") as scratch:
        folder = Path(scratch)
        subprocess.run([sys.executable, str(HERE / "subject.py"), str(folder)], check=True)
        places, absent = _places(options, folder)
        figures: dict[str, list[Figures]] = {name: [] for name in places}
        for turn in range(options.runs):
            for name, place in places.items():
                _say(f"{SERVERS[name].title}, {turn + 1} of {options.runs}")
                figures[name].append(_measure(SERVERS[name], place, folder, server_core, options.requests))
        inside = _inside(places["mainspring"], folder, server_core, options.repeats) if "mainspring" in places else {}
    report = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": _machine(),
        "versions": {name: place.version for name, place in places.items()},
        "absent": absent,
        "runs": options.runs,
        "requests": options.requests,
        "figures": figures,
        "inside": inside,
    }
    text = render(report)
    if not options.quick and not options.only:
        (HERE / "results.json").write_text(json.dumps(report, indent=1) + "\n")
        (HERE / "RESULTS.md").write_text(text)
    print(text)
    return int(bool(absent))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run.py", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", action="append", choices=SERVERS, help="a server; may be repeated; writes nothing")
    parser.add_argument("--quick", action="store_true", help="fewer requests, one run; writes nothing")
    parser.add_argument("--runs", type=int, metavar="N", help="measurements of each server (3; 1 with --quick)")
    parser.add_argument("--requests", type=int, metavar="N", help="requests of one row (20,000; 1,600 with --quick)")
    kept = Path(tempfile.gettempdir()) / "bench-serving-environments"
    parser.add_argument("--environments", type=Path, default=kept, metavar="DIR", help="where they are kept")
    options = parser.parse_args(arguments)
    options.runs = options.runs or (1 if options.quick else 3)
    options.requests = options.requests or (1_600 if options.quick else 20_000)
    options.repeats = 5 if options.quick else 31
    return options


def _places(options: argparse.Namespace, folder: Path) -> tuple[dict[str, Environment], dict[str, str]]:
    """The environments, and what could not be installed or prepared."""
    places, absent = {}, {}
    for name in options.only or SERVERS:
        _say(f"environment of {SERVERS[name].title}")
        try:
            places[name] = place = _environment(name, options.environments)
            if SERVERS[name].prepare is not None:
                call = SERVERS[name].prepare(place, folder, 0)
                subprocess.run(call, check=True, env=variables(place, folder), capture_output=True, cwd=folder)
        except (InstallError, subprocess.CalledProcessError) as error:
            places.pop(name, None)
            absent[name] = str(getattr(error, "stderr", b"") or error)[-300:]
            _say(f"{SERVERS[name].title}: {absent[name]}")
    return places, absent


def _environment(name: str, base: Path) -> Environment:
    if name.startswith("mainspring"):
        return of_source("mainspring", ROOT, base, extra="serve")
    return of_requirements(SERVERS[name].distribution, HERE / "peers" / name / "requirements.txt", base / name)


def _measure(server: Server, place: Environment, folder: Path, core: int, requests: int) -> Figures:
    """What one server costs, from its start to its last answer."""
    port = _free()
    home = folder / f"{port}"
    home.mkdir()
    rows = json.loads((folder / "rows.json").read_text())
    requests = max(CONCURRENCY * 4, round(requests * SHARES.get(_name(server), 1.0)))
    with (home / "out").open("wb") as out:
        begun = time.perf_counter()
        process = subprocess.Popen(
            ["taskset", "-c", str(core), *server.command(place, folder, port)],
            stdout=out,
            stderr=out,
            env=variables(place, home) | _settings(folder, port),
            cwd=home,
            start_new_session=True,
        )
    try:
        one, many = server.encode(rows[:1]), server.encode((rows * (MANY // len(rows)))[:MANY])
        answer = _wait(server, port, one, process, home / "out")
        seconds, ready, small = time.perf_counter() - begun, cpu(process.pid), megabytes(process.pid)
        if _name(server) != "constant":
            _check(server, answer, _answer(server, port, server.encode(rows)), folder)
        ask(port, server.path, one, CONCURRENCY, max(CONCURRENCY * 4, requests // 10))
        before = cpu(process.pid)
        took = ask(port, server.path, one, CONCURRENCY, requests)
        sent = requests // CONCURRENCY * CONCURRENCY
        each = (cpu(process.pid) - before) / sent * 1e3
        times = max(10, requests // 100)
        ask(port, server.path, many, PAIR, 4)
        before = cpu(process.pid)
        ask(port, server.path, many, PAIR, times)
        row = (cpu(process.pid) - before) / (times // PAIR * PAIR) / MANY * 1e6
        return {
            "one": each,
            "rate": sent / took,
            "row": row,
            "seconds": seconds,
            "ready": ready,
            "small": small,
            "after": megabytes(process.pid),
        }
    finally:
        _end(process)
        shutil.rmtree(folder / f"home-{port}", ignore_errors=True)


def _name(server: Server) -> str:
    return next(name for name, one in SERVERS.items() if one is server)


def _settings(folder: Path, port: int) -> dict[str, str]:
    """What servers are told by variables."""
    return {
        "GRAPH": str(folder / "package.onnx"),
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": str(_free()),
        "MLSERVER_METRICS_PORT": str(_free()),
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_PARALLEL_WORKERS": "0",
        "BENTOML_DO_NOT_TRACK": "True",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def _wait(server: Server, port: int, body: bytes, process: subprocess.Popen[bytes], out: Path) -> bytes:
    """The first answer."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            return _answer(server, port, body)
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise SystemExit(f"{server.title} did not answer:\n{out.read_text()[-3000:]}")


def _answer(server: Server, port: int, body: bytes) -> bytes:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{server.path}", body, headers)
    answer: bytes = urllib.request.urlopen(request, timeout=30).read()
    return answer


def _check(server: Server, first: bytes, answer: bytes, folder: Path) -> None:
    """Every server has to give the same predictions."""
    wanted = json.loads((folder / "expected.json").read_text())
    found = _numbers(json.loads(answer))
    alike = len(found) == len(wanted) and all(abs(a - b) < 1e-3 for a, b in zip(found, wanted, strict=True))
    if not alike or len(_numbers(json.loads(first))) != 1:
        raise SystemExit(f"{server.title} predicts {found}, and not {wanted}")


def _numbers(answer: dict) -> list[float]:
    """The predictions in an answer of any form."""
    found: list[float] = []
    todo = [answer["outputs"][0]["data"] if "outputs" in answer else answer["predictions"]]
    while todo:
        one = todo.pop(0)
        if isinstance(one, (int, float)):
            found.append(float(one))
        else:
            todo = [*(one.values() if isinstance(one, dict) else one), *todo]
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server and what it has begun."""
    process.terminate()
    try:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def _inside(place: Environment, folder: Path, core: int, repeats: int) -> dict:
    _say("in process")
    call = ["taskset", "-c", str(core), str(place.programs / "python"), str(HERE / "inprocess.py")]
    home = ROOT / "examples" / "retail" / ".mainspring"
    demo = [str(home)] if home.exists() else []
    done = subprocess.run(
        [*call, str(folder), str(repeats), *demo],
        check=True,
        capture_output=True,
        text=True,
        env=variables(place, folder),
    )
    made: dict = json.loads(done.stdout)
    return made


def _machine() -> dict[str, object]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())
    return {
        "cores": os.cpu_count(),
        "cpu": model,
        "system": f"Linux {platform.release()}",
        "python": platform.python_version(),
    }


def _say(what: str) -> None:
    sys.stderr.write(f"{what}\n")
