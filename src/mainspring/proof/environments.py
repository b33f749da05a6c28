"""The environment of a run: what differs from it here, and building it afresh."""

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from mainspring.digest.texts import from_json
from mainspring.engine.distributions import normal, read_installed
from mainspring.engine.installed import Distribution, Installed
from mainspring.errors import ProofError

__all__ = ["Difference", "Recorded", "build", "differences", "machine_differences"]

_SOURCE = Path(__file__).resolve().parents[2]
_OURSELVES = "mainspring"
_SHOWN = 8
_TAKEN = ("Collecting ", "Processing ")  # what pip says of each, from an index or from a file


class Difference(Struct, frozen=True):
    """Something about the environment that is not what it was; None where there is nothing."""

    name: str
    before: str | None
    after: str | None

    def __str__(self) -> str:
        if self.before == self.after:
            return f"{self.name} {self.before} with other files"
        return f"{self.name} {self.before or 'not there'} → {self.after or 'not installed'}"


class Recorded(Struct, frozen=True):
    """What a run recorded of its environment.

    Attributes:
        said: All of it, as JSON has it.
    """

    said: dict[str, Any]

    @classmethod
    def of(cls, text: str) -> "Recorded":
        """Return what a text of the record says."""
        return cls(from_json(text))

    @property
    def python(self) -> str:
        """Version of Python: `3.11.9`."""
        return str(self.said["python"]).split()[0]

    @property
    def distributions(self) -> dict[str, Mapping[str, str]]:
        """Version and content of every distribution, by its name."""
        return dict(self.said["distributions"])


def differences(recorded: Recorded, installed: Installed, python: str) -> tuple[Difference, ...]:
    """Return which of the recorded distributions are here in another version, with other files, or not at all.

    What is installed beside them is no difference.
    """
    found = [Difference("Python", recorded.python, python)] if python != recorded.python else []
    for name, row in recorded.distributions.items():
        one = installed.distributions.get(normal(name))
        if one is None or not _is_same(row, one):
            found.append(Difference(name, row["version"], None if one is None else one.version))
    return tuple(found)


def _is_same(row: Mapping[str, str], one: Distribution) -> bool:
    return row["version"] == one.version and (not row["content"] or row["content"] == one.content)


def machine_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return what differs in the machine: none of it can be built afresh, all of it can move numbers."""
    found = [Difference(name, _text(before.get(name)), _text(after.get(name))) for name in ("platform", "libc", "cpus")]
    models = [said.get("cpu", {}) for said in (before, after)]
    found.append(Difference("CPU", _text(models[0].get("model")), _text(models[1].get("model"))))
    flags = [set(str(one.get("flags", "")).split()) for one in models]
    if flags[0] != flags[1]:
        gone, new = (" ".join(sorted(one)[:_SHOWN]) for one in (flags[0] - flags[1], flags[1] - flags[0]))
        found.append(Difference("CPU flags", gone or "fewer", new or "fewer"))
    return tuple(one for one in found if one.before != one.after)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def build(recorded: Recorded, folder: Path, tell: Callable[[str], None]) -> Path:
    """Return the Python of a new environment with exactly what a run recorded.

    pip installs the recorded versions, from whatever index it is set up for, without looking at what they require.
    What it installed is then compared file by file with the record.

    Args:
        recorded: The record.
        folder: Where the environment is to be; it must not exist.
        tell: Hears how far it is.

    Raises:
        ProofError: It cannot be built: another Python is needed, or a distribution cannot be had as it was.
    """
    python = _python(recorded.python)
    own_pip = importlib.util.find_spec("pip") is not None
    tell(f"a new environment with Python {recorded.python}")
    _call([python, "-m", "venv", *(["--without-pip"] if own_pip else []), str(folder)])
    made = folder / "bin" / "python"
    wanted = {name: row["version"] for name, row in recorded.distributions.items()}
    lines = "".join(f"{name}=={version}\n" for name, version in sorted(wanted.items()))
    (folder / "requirements.txt").write_text(lines)
    pip = [sys.executable, "-m", "pip", "--python", str(made)] if own_pip else [str(made), "-m", "pip"]
    _install([*pip, "install", "--no-deps", "--no-compile", "--no-input", "--disable-pip-version-check"], folder, tell)
    [packages] = folder.glob("lib/python*/site-packages")
    if normal(_OURSELVES) not in map(normal, wanted):
        (packages / "mainspring-source.pth").write_text(f"{_SOURCE}\n")
    different = differences(recorded, read_installed([str(packages)]), recorded.python)
    if different:
        raise _unlike("What pip installed is not what the run recorded", different)
    return made


def _python(version: str) -> str:
    if version == sys.version.split()[0]:
        return sys.executable
    found = shutil.which(f"python{version.rpartition('.')[0]}")
    said = "" if found is None else _call([found, "-c", "import sys; print(sys.version.split()[0])"]).strip()
    if found is None or said != version:
        raise ProofError(
            f"The run was made with Python {version}, which is not here",
            None,
            f"Install Python {version} on the path, or use --environment here to re-run with Python "
            f"{sys.version.split()[0]} and see what differs.",
        )
    return found


def _install(command: list[str], folder: Path, tell: Callable[[str], None]) -> None:
    requirements = folder / "requirements.txt"
    total = len(requirements.read_text(encoding="utf-8").splitlines())
    process = subprocess.Popen(
        [*command, "-r", str(requirements)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    lines = []
    with process:
        for line in process.stdout or ():
            lines.append(line.rstrip())
            if line.startswith(_TAKEN):
                count = sum(one.startswith(_TAKEN) for one in lines)
                tell(f"{min(count, total)} of {total} distributions, {line.split()[1]}")
            elif line.startswith("Installing collected"):
                tell(f"installing {total} distributions")
    if process.returncode:
        faults = [line for line in lines if line.startswith("ERROR")] or lines[-3:]
        raise ProofError(
            f"The environment of the run cannot be built: {' '.join(faults)[:400]}",
            None,
            "Give pip an index that has these versions, or use --environment here to re-run with what is installed.",
        )


def _unlike(what: str, different: tuple[Difference, ...]) -> ProofError:
    shown = "; ".join(map(str, different[:_SHOWN]))
    more = f"; and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    return ProofError(
        f"{what}: {shown}{more}",
        None,
        "Give pip the index that the run's versions came from, or use --environment here to re-run with what is here.",
    )


def _call(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    if done.returncode:
        raise ProofError(
            f"'{' '.join(command[:4])} …' failed: {(done.stderr or done.stdout).strip()[-300:]}",
            None,
            "Use --environment here to re-run with what is installed.",
        )
    return done.stdout
