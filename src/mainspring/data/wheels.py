"""A file inside a wheel, by the pip of this Python and the index that its own configuration names."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, Final
from zipfile import BadZipFile, ZipFile

from mainspring.data.sources import Source, WheelMember
from mainspring.data.unreachable import UnreachableError
from mainspring.errors import InputError, nearest

__all__ = ["copy"]

_LONGEST_SECONDS: Final = 3600.0
_NO_VERSION: Final = re.compile(r"\(from versions: (?!none)([^)]*)\)")
_UNKNOWN: Final = ("Could not find a version", "No matching distribution")


def copy(wanted: WheelMember, file: BinaryIO, source: Source) -> None:
    """Write a member of a wheel to a file.

    Raises:
        InputError: The index has no such version, or the wheel no such member; or there is no pip.
        UnreachableError: The index does not answer, or knows nothing of the name: pip does not tell these apart.
    """
    where = f"source '{source.uri}'"
    with TemporaryDirectory() as folder:
        _download(wanted, Path(folder), source)
        found = sorted(Path(folder).glob("*.whl"))
        if not found:
            raise InputError(f"The index has no wheel of '{wanted.name}'", where, "Name a project that has wheels.")
        try:
            with ZipFile(found[0]) as wheel, wheel.open(wanted.member) as member:
                shutil.copyfileobj(member, file)
        except KeyError as error:
            with ZipFile(found[0]) as wheel:
                near = nearest(wanted.member, wheel.namelist())
            fix = f"Did you mean '{near}'?" if near else "List what it holds: python -m zipfile -l."
            raise InputError(f"'{found[0].name}' has no member '{wanted.member}'", where, fix) from error
        except BadZipFile as error:
            raise UnreachableError(f"'{found[0].name}' is damaged: {error}") from error


def _download(wanted: WheelMember, folder: Path, source: Source) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--no-input"]
    patience = ["--retries", "0", "--timeout", f"{source.timeout:g}"]
    command = [sys.executable, "-m", "pip", "download", *options, *patience, "--dest", str(folder)]
    try:
        done = subprocess.run(
            [*command, f"{wanted.name}=={wanted.version}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",  # what pip prints need not fit the locale
            errors="replace",
            timeout=_LONGEST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreachableError(f"pip did not end within {_LONGEST_SECONDS:g} s") from error
    if done.returncode:
        raise _refusal(wanted, done.stdout + done.stderr, f"source '{source.uri}'")


def _refusal(wanted: WheelMember, said: str, where: str) -> InputError | UnreachableError:
    if "No module named pip" in said:
        return InputError("This Python has no pip", where, "Make it: python -m ensurepip.")
    versions = _NO_VERSION.search(said)
    if versions:
        known = [one.strip() for one in versions[1].split(",")]
        near = nearest(wanted.version, known) or known[-1]
        what = f"The index has no wheel of '{wanted.name}' in version {wanted.version}"
        return InputError(what, where, f"Did you mean {near}?")
    if any(words in said for words in _UNKNOWN):
        return UnreachableError(f"pip's index does not answer, or has no '{wanted.name}'")
    lines = [line for line in said.splitlines() if line.startswith("ERROR")] or said.splitlines() or ["it said nothing"]
    return UnreachableError(f"pip failed: {re.sub(r'://[^/@ ]*@', '://', lines[-1])[:300]}")
