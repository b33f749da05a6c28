"""`doctor`: what about this machine, this installation and the home could get in the way."""

import importlib
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import mainspring
from mainspring.charts.numbers import size
from mainspring.config import Secret, Settings
from mainspring.engine.environment import THREADS
from mainspring.errors import MainspringError
from mainspring.tracking import open_facts
from mainspring.tracking.filesystems import kind_of, mount_table, network_kind
from mainspring.tracking.schema import HEAD

__all__ = ["Check", "examine"]

_OLDEST_PYTHON = (3, 11)
_LOW = 5 * 2**30
_TOO_LOW = 200 * 2**20
_LIBRARIES = (
    "numpy", "pandas", "polars", "pyarrow", "scikit-learn", "lightgbm", "xgboost", "xgboost-cpu", "torch", "matplotlib",
    "altair", "dataframely", "pandera", "sqlalchemy", "alembic", "psycopg",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """What one look found.

    Attributes:
        name: What was looked at.
        status: `ok`, `warn` or `fail`.
        found: What was found.
        advice: What to do about it; empty when there is nothing to do.
    """

    name: str
    status: str
    found: str
    advice: str = ""


def examine(home: Path, settings: Settings) -> list[Check]:
    """Return every check, for a home that need not exist yet."""
    return [
        _python(),
        _platform(),
        _installation(),
        _home(home),
        _file_system(home),
        _database(home, settings),
        _disk(home),
        _git(),
        _threads(),
        _charts(),
        *_libraries(),
    ]


def _python() -> Check:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return Check("Python", "fail", version, "Install Python 3.11 or newer.")
    return Check("Python", "ok", f"{version}, {sys.executable}")


def _platform() -> Check:
    machine = os.uname()
    found = f"{machine.sysname} {machine.release} {machine.machine}"
    if machine.sysname == "Linux":
        return Check("Platform", "ok", found)
    return Check("Platform", "warn", found, "Mainspring is tested on Linux; report what does not work here.")


def _installation() -> Check:
    return Check("Mainspring", "ok", f"{mainspring.__version__}, {Path(mainspring.__file__).parent}")


def _home(home: Path) -> Check:
    place = _nearest(home)
    if not os.access(place, os.W_OK | os.X_OK):
        return Check("Home", "fail", f"{home} cannot be written to", "Give write access to it, or choose another home.")
    return Check("Home", "ok", str(home) if home.is_dir() else f"{home}, made by the first run")


def _file_system(home: Path) -> Check:
    place, table = _nearest(home), mount_table()
    kind = network_kind(place, table)
    if kind is not None:
        advice = "Choose a home on a local disk, or set a postgresql:// URL in the [workspace] table."
        return Check("File system", "fail", f"{kind}, a network file system", advice)
    found = kind_of(place, table)
    if found is None:
        return Check("File system", "warn", "unknown", "Make sure that the home is on a local disk.")
    return Check("File system", "ok", found)


def _database(home: Path, settings: Settings) -> Check:
    library = f"SQLite {sqlite3.sqlite_version}"
    if settings.database is None and not (home / "mainspring.db").exists():
        return Check("Database", "ok", f"none yet; {library}, schema {HEAD}")
    try:
        database = settings.database.reveal() if isinstance(settings.database, Secret) else settings.database
        with open_facts(home if database is None else database) as facts:
            runs = len(facts.runs.list(1000))
    except MainspringError as error:
        return Check("Database", "fail", error.what, error.fix or "")
    kind = library if settings.database is None else "Postgres"
    return Check("Database", "ok", f"{kind}, schema {HEAD}, {runs if runs < 1000 else 'more than 1,000'} runs")


def _disk(home: Path) -> Check:
    free = shutil.disk_usage(_nearest(home)).free
    found = f"{size(free)} free"
    if free < _TOO_LOW:
        return Check("Disk", "fail", found, "Free some space: `mainspring gc` removes what nothing needs.")
    if free < _LOW:
        return Check("Disk", "warn", found, "`mainspring gc` removes what nothing needs.")
    return Check("Disk", "ok", found)


def _git() -> Check:
    git = shutil.which("git")
    if git is None:
        return Check("Git", "warn", "not installed", "Install it, so that runs record the commit.")
    said = subprocess.run([git, "--version"], check=False, capture_output=True, text=True)
    return Check("Git", "ok", said.stdout.strip().removeprefix("git version "))


def _threads() -> Check:
    values = {name: os.environ[name] for name in THREADS if name in os.environ}
    if not values:
        return Check("Threads", "ok", f"no limits set; {os.cpu_count()} CPUs")
    shown = ", ".join(f"{name}={value}" for name, value in values.items())
    advice = "Steps get as many threads as their cpus, whatever these say; unset them if they surprise you."
    return Check("Threads", "warn", shown, advice)


def _charts() -> Check:
    version = _version("vl-convert-python")
    if version is None:
        advice = "Run: pip install vl-convert-python"
        return Check("vl-convert", "warn", "not installed: reports show charts as tables", advice)
    return Check("vl-convert", "ok", version)


def _libraries() -> Iterator[Check]:
    for name in _LIBRARIES:
        version = _version(name)
        if version is not None:
            yield Check(name, "ok", version)


def _version(distribution: str) -> str | None:
    metadata = importlib.import_module("importlib.metadata")
    version: Callable[[str], str] = metadata.version
    try:
        return version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _nearest(path: Path) -> Path:
    """Return the path, or the deepest folder above it that is there."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
