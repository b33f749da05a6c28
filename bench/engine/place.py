"""A folder in which one tool runs one project, put back as it was as often as needed."""

import os
import re
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from environments import Environment, variables
from measure import Job, Spent, execute, execute_together
from peer import Files, Peer

__all__ = ["Entrant", "Place", "RunError", "answer_in"]

# Sources look an hour old, so that an edit made now is never taken for the version that was compiled a moment ago.
_AGE_SECONDS = 3600
_ANSWERS = re.compile(r'(?:^RESULT |"result":\s*|^)(-?\d+)\s*(?=$|[,}])', re.MULTILINE)


class RunError(Exception):
    """A command that had to succeed did not. The message is its telling line."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """A tool with the environment that it is installed in, or the reason why it is not."""

    peer: Peer
    environment: Environment | None
    error: str = ""


def answer_in(text: str) -> int | None:
    """The last result that a run printed: `RESULT n`, a JSON object with `result`, or a bare number on its line."""
    found = _ANSWERS.findall(text)
    return int(found[-1]) if found else None


class Place:
    """A project folder, its frozen copy, and the witness file that its steps write to."""

    def __init__(self, root: Path, entrant: Entrant) -> None:
        if entrant.environment is None:
            raise RunError(entrant.error)
        self.peer = entrant.peer
        self.folder = root / "project"
        self._frozen = root / "frozen"
        self._used = count()
        self._witness = root / "witness.txt"
        home = root / "home"
        home.mkdir(parents=True, exist_ok=True)
        self._variables = variables(entrant.environment, home) | {"BENCH_WITNESS": str(self._witness)}
        for name, value in entrant.peer.variables.items():
            self._variables[name] = value.format(project=self.folder)

    def lay(self, files: Files) -> None:
        """Nothing but these files in the project."""
        shutil.rmtree(self.folder, ignore_errors=True)
        then = time.time() - _AGE_SECONDS
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.lstrip("\n"))
            os.utime(path, (then, then))

    def job(self, command: Sequence[str]) -> Job:
        return Job(command, self.folder, self._variables)

    def run(self, command: Sequence[str]) -> Spent:
        """What the command cost.

        Raises:
            RunError: When it fails.
        """
        spent = execute(self.job(command))
        if spent.code != 0:
            raise RunError(f"`{' '.join(command[:3])}`: {spent.error}")
        return spent

    def run_twice_at_once(self, command: Sequence[str]) -> list[Spent]:
        return execute_together([self.job(command), self.job(command)])

    def empty_store(self) -> None:
        for name in self.peer.store:
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def freeze(self) -> None:
        """Remember the project, store and compiled files included."""
        shutil.rmtree(self._frozen, ignore_errors=True)
        shutil.copytree(self.folder, self._frozen, symlinks=True)

    def restore(self) -> None:
        """The project as it was when it was frozen, at the same path.

        The one that was used is moved away, not deleted: ext4 looks at every inode that was freed in the last minutes
        before it takes a new one, which can double what the next run spends in the kernel.
        """
        self.folder.rename(self.folder.with_name(f"used-{next(self._used)}"))
        shutil.copytree(self._frozen, self.folder, symlinks=True)

    def forget_witness(self) -> None:
        self._witness.unlink(missing_ok=True)

    def witnessed(self) -> list[str]:
        """Names of the steps that ran since the witness was last forgotten, in order."""
        return self._witness.read_text().split() if self._witness.exists() else []
