"""A service and a watch under a driven clock, who asks the one, and who is told by the other."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socket import socket
from typing import Any

from replay import Question

from mainspring.clock import CLOCK

MAINSPRING = str(Path(sys.executable).with_name("mainspring"))
SERVING = "serving "
PATIENCE = 30
LONGEST = 180
POLL = 0.05
URL, SECRET = "LOOP_WEBHOOK", "LOOP_SECRET"


@dataclass(frozen=True)
class Place:
    """Where a rehearsal happens.

    Attributes:
        folder: The copy of the project; processes run there.
        clock: The file of the driven clock.
        environment: What processes are told beside it.
    """

    folder: Path
    clock: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        return self.folder / ".mainspring"

    def surroundings(self) -> dict[str, str]:
        """The environment of processes that go by the driven clock, a thread each."""
        one = {"OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
        return {**os.environ, CLOCK: str(self.clock), **one, **self.environment}

    def call(self, *command: str) -> str:
        """What a command of Mainspring prints; one that fails ends this program, with what it said."""
        done = subprocess.run(
            [MAINSPRING, *command],
            cwd=self.folder,
            env=self.surroundings(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = f"{done.stdout}{done.stderr}"
            raise SystemExit(f"mainspring {' '.join(command)}\nended with {done.returncode}:\n{said}")
        return done.stdout

    @contextmanager
    def process(self, name: str, *command: str) -> Iterator["subprocess.Popen[str]"]:
        """A command that goes on as long as this; what it says is kept in a file, and it has to end well."""
        with (self.folder / f"{name}.log").open("w") as log:
            started = subprocess.Popen(
                [MAINSPRING, *command],
                cwd=self.folder,
                env=self.surroundings(),
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )
            try:
                yield started
            finally:
                started.terminate()
                started.wait(PATIENCE)

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    @contextmanager
    def service(self, target: str) -> Iterator[str]:
        """The address of a service that follows its alias at once."""
        often = ("--port", "0", "--poll", "0.1", "--roll-every", "0", "--no-access-log")
        with self.process("service", "serve", target, *often) as started:
            until = time.monotonic() + LONGEST
            while time.monotonic() < until and started.poll() is None:
                line = next((one for one in self.said("service").splitlines() if one.startswith(SERVING)), None)
                if line is not None:
                    yield line.split()[-1].removeprefix("http://")
                    return
                time.sleep(POLL)
            raise SystemExit(f"The service did not start:\n{self.said('service')}")

    @contextmanager
    def watch(self, model: str) -> Iterator["Watching"]:
        """A watch of a model that looks again and again."""
        with socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        with self.process("watch", "watch", model, "--every", "0.5", "--json", "--port", str(port)) as started:
            yield Watching(f"127.0.0.1:{port}", started, self)


@dataclass(frozen=True)
class Watching:
    """A watch, and what it says of itself."""

    address: str
    process: "subprocess.Popen[str]"
    place: Place

    def done(self, now: float) -> bool:
        """Whether it has looked at what there is at a time, and waits for no run."""
        if self.process.poll() is not None:
            raise SystemExit(f"The watch has ended:\n{self.place.said('watch')}")
        connection = HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request("GET", "/healthz")
            said = json.load(connection.getresponse())
        except OSError:
            return False  # it begins
        finally:
            connection.close()
        if said["problems"]:
            raise SystemExit(f"The watch met a problem: {said['problems']}")
        return bool(said["watching"] and not said["waiting"] and said.get("now", 0.0) >= now)


@dataclass
class Asker:
    """Asks a service, over one connection.

    Attributes:
        address: Its HOST:PORT.
        asked: How many requests were sent.
        failed: What went wrong with those that were not answered.
        versions: How many answers each version gave.
        newest: The version that answered last.
        seconds: How long each answer took, by version.
    """

    address: str
    asked: int = 0
    failed: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    newest: str = ""
    seconds: dict[str, list[float]] = field(default_factory=dict)
    _connection: HTTPConnection | None = None

    def ask(self, question: Question) -> dict[str, Any] | None:
        """The answer; None when there was none."""
        self.asked += 1
        start = time.perf_counter()
        connection = self._connection = self._connection or HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request("POST", "/predict", question.body, {"content-type": "application/json"})
            reply = connection.getresponse()
            body = reply.read()
        except (OSError, HTTPException) as error:
            self._connection = None
            self.failed.append(f"{type(error).__name__}: {error}")
            return None
        if reply.status != 200:
            self.failed.append(f"{reply.status}: {body[:200].decode('utf-8', 'replace')}")
            return None
        answer: dict[str, Any] = json.loads(body)
        self.newest = str(answer["model"]["version"])
        self.versions[self.newest] = self.versions.get(self.newest, 0) + 1
        self.seconds.setdefault(self.newest, []).append(time.perf_counter() - start)
        return answer

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


@contextmanager
def receiver(told: list[dict[str, Any]]) -> Iterator[str]:
    """The address of whom alerts are posted to; what comes is kept, with its identity."""

    class Receiving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            told.append({"id": self.headers["Mainspring-Id"], **body})
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing of requests."""

    server = HTTPServer(("127.0.0.1", 0), Receiving)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/alerts"
    finally:
        server.shutdown()
        server.server_close()


def copied(project: Path, folder: Path, files: Sequence[Path]) -> None:
    """Make a copy of a project, without anything that an earlier one has left."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in files:
        (folder / file.relative_to(project)).write_bytes(file.read_bytes())
