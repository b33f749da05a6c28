"""A service under a driven clock, and who asks it: every request is counted, and one that fails is kept."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from replay import Question

from mainspring.clock import CLOCK

MAINSPRING = str(Path(sys.executable).with_name("mainspring"))
PATIENCE = 30


def environment(clock: Path) -> dict[str, str]:
    """Of processes that go by the driven clock, one thread each."""
    return {**os.environ, CLOCK: str(clock), "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


@contextmanager
def service(target: str, home: Path, clock: Path, folder: Path) -> Iterator[str]:
    """The address of a service that lives as long as this; it follows its alias at once."""
    command = [MAINSPRING, "serve", target, "--home", str(home), "--port", "0", "--poll", "0.1"]
    command += ["--no-access-log", "--roll-every", "0"]
    said = home / "service.log"
    with said.open("w") as log:
        started = subprocess.Popen(
            command, cwd=folder, env=environment(clock), stdout=log, stderr=subprocess.PIPE, text=True
        )
        try:
            for line in started.stderr or ():
                log.write(line)
                if line.startswith("serving "):
                    yield line.split()[-1].removeprefix("http://")
                    return
            raise SystemExit(f"The service did not start: see {said}")
        finally:
            started.terminate()
            _, rest = started.communicate(timeout=PATIENCE)
            log.write(rest)


@dataclass
class Asker:
    """Asks a service, over one connection.

    Attributes:
        address: Its HOST:PORT.
        asked: How many requests were sent.
        failed: What went wrong with those that were not answered.
        versions: How many answers each version gave.
    """

    address: str
    asked: int = 0
    failed: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    _connection: HTTPConnection | None = None

    def ask(self, question: Question) -> dict[str, Any] | None:
        """The answer; None when there was none."""
        self.asked += 1
        connection = self._connection = self._connection or HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request("POST", "/predict", question.body, {"content-type": "application/json"})
            reply = connection.getresponse()
            body = reply.read()
        except (OSError, HTTPException) as error:
            self._connection = None
            return self._fails(f"{type(error).__name__}: {error}")
        if reply.status != 200:
            return self._fails(f"{reply.status}: {body[:200].decode('utf-8', 'replace')}")
        answer: dict[str, Any] = json.loads(body)
        version = str(answer["model"]["version"])
        self.versions[version] = self.versions.get(version, 0) + 1
        return answer

    def _fails(self, why: str) -> None:
        self.failed.append(why)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def call(*command: str, folder: Path, clock: Path | None = None) -> str:
    """What a command of Mainspring prints; one that fails ends the program with what it said."""
    return called([MAINSPRING, *command], folder, clock).stdout


def called(command: Sequence[str], folder: Path, clock: Path | None = None) -> "subprocess.CompletedProcess[str]":
    env = dict(os.environ) if clock is None else environment(clock)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done
