"""Where the table comes from: a file, or a member of a wheel on the package index that pip is set up to use."""

import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

WHEEL = re.compile(r"wheel:(?P<name>[\w.-]+)==(?P<version>[\w.]+)!(?P<member>.+)")


class SourceError(ValueError):
    """A source is not there, or is not what it should be."""


def download(source: str, into: Path, *, tries: int = 3, pause: float = 2.0) -> Path:
    """The file of a source such as `wheel:NAME==VERSION!path/in/the/wheel.csv`, under `into`.

    Raises:
        SourceError: The source cannot be reached, after `tries` attempts; or it has no such member.
    """
    parts = WHEEL.fullmatch(source)
    if parts is None:
        raise SourceError(f"{source!r} is no source. Write wheel:NAME==VERSION!MEMBER, or give a file as `sales`.")
    wheel = _wheel(f"{parts['name']}=={parts['version']}", into, tries, pause)
    with zipfile.ZipFile(wheel) as archive:
        if parts["member"] not in archive.namelist():
            raise SourceError(f"{wheel.name} has no {parts['member']!r}. Its data files: {_data_files(archive)}.")
        target = into / Path(parts["member"]).name
        target.write_bytes(archive.read(parts["member"]))
    return target


def _wheel(requirement: str, into: Path, tries: int, pause: float) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(into), requirement]
    said = ""
    for attempt in range(tries):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found = sorted(into.glob("*.whl"))
        if done.returncode == 0 and found:
            return found[0]
        said = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        if attempt + 1 < tries:
            time.sleep(pause * 2**attempt)
    raise SourceError(
        f"{requirement} could not be downloaded in {tries} attempts: {said}. Check the network and pip's index, or "
        "give a file that you have: --set sales=PATH."
    )


def _data_files(archive: zipfile.ZipFile) -> str:
    names = [name for name in archive.namelist() if not name.endswith((".py", ".txt", "METADATA", "RECORD", "WHEEL"))]
    return ", ".join(names[:8]) or "none"
