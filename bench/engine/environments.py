"""One virtual environment for each tool, made once and used again while its requirements stay the same."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Environment", "InstallError", "bare", "of_requirements", "of_source", "variables"]

# Telemetry off, for every tool that has any; no cloud look-ups; plain output.
_QUIET = {
    "AUTO_OPEN_DASHBOARD": "false",
    "AWS_EC2_METADATA_DISABLED": "true",
    "DO_NOT_TRACK": "1",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "USER": "bench",
}


class InstallError(Exception):
    """An environment could not be made. The message is the installer's last line."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a tool is installed, and which version it is."""

    folder: Path
    version: str

    @property
    def programs(self) -> Path:
        return self.folder / "bin"


def of_requirements(name: str, requirements: Path, base: Path) -> Environment:
    """The environment with exactly these requirements.

    Raises:
        InstallError: When the installer fails.
    """
    text = requirements.read_bytes()
    return _ready(base / name, hashlib.sha256(text).hexdigest(), ["--requirement", str(requirements)], name)


def of_source(name: str, repository: Path, base: Path, *, extra: str = "") -> Environment:
    """The environment with this repository installed from its source, not editable, with one of its extras.

    Raises:
        InstallError: When the installer fails.
    """
    digest = hashlib.sha256(extra.encode())
    for path in _sources(repository):
        digest.update(f"{path.relative_to(repository)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    wanted = f"{repository}[{extra}]" if extra else str(repository)
    return _ready(base / name, digest.hexdigest(), [wanted], name)


def bare(base: Path) -> Environment:
    """The environment with nothing installed: plain Python."""
    return _ready(base / "python", "bare", [], "")


def variables(environment: Environment, home: Path) -> dict[str, str]:
    """The whole environment of a measured command: nothing is inherited."""
    path = os.pathsep.join([str(environment.programs), "/usr/local/bin", "/usr/bin", "/bin"])
    return {**_QUIET, "HOME": str(home), "PATH": path, "VIRTUAL_ENV": str(environment.folder)}


def _sources(repository: Path) -> Iterable[Path]:
    yield repository / "pyproject.toml"
    yield from sorted(
        path for path in (repository / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )


def _ready(folder: Path, digest: str, arguments: Sequence[str], name: str) -> Environment:
    mark = folder / ".requirements"
    wanted = f"{digest} {sys.version.split()[0]}"
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _call([sys.executable, "-m", "venv", str(folder)])
        if arguments:
            _call([str(folder / "bin" / "pip"), "install", "--quiet", *arguments])
        _call([str(folder / "bin" / "python"), "-m", "compileall", "-q", "-j", "1", str(folder / "lib")], strict=False)
        mark.write_text(wanted)
    return Environment(folder, _version(folder, name))


def _version(folder: Path, name: str) -> str:
    if not name:
        return sys.version.split()[0]
    statement = f"from importlib.metadata import version; print(version({name!r}))"
    return _call([str(folder / "bin" / "python"), "-c", statement]).strip()


def _call(command: Sequence[str], *, strict: bool = True) -> str:
    unwanted = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONHOME")
    inherited = {key: value for key, value in os.environ.items() if key not in unwanted}
    done = subprocess.run(["nice", "-n", "10", *command], env=inherited, capture_output=True, text=True, check=False)
    if strict and done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise InstallError((lines or ["the installer said nothing"])[-1][:200])
    return done.stdout
