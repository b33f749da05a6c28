"""The Git state of a project, for the record of a run."""

import shutil
import subprocess
from pathlib import Path

from msgspec import Struct

__all__ = ["GitQuestion"]

_SECONDS = 5.0


class GitQuestion(Struct, eq=False):
    """Asks Git in the background, so that the run need not wait for a large repository.

    Attributes:
        folder: A folder in the work tree.
    """

    folder: Path
    _asked: subprocess.Popen[str] | None = None

    def ask(self) -> "GitQuestion":
        """Start asking, unless the folder is in no repository or Git is not installed."""
        inside = any((parent / ".git").exists() for parent in (self.folder, *self.folder.parents))
        git = shutil.which("git") if inside else None
        if git is not None:
            self._asked = subprocess.Popen(
                [git, "-C", str(self.folder), "status", "--porcelain=v2", "--branch", "--untracked-files=no"],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
                encoding="utf-8",
                errors="replace",
            )
        return self

    def answer(self) -> dict[str, object] | None:
        """Return commit, branch and whether tracked files are changed; None when there is nothing to tell."""
        if self._asked is None:
            return None
        try:
            text, _ = self._asked.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            self._asked.kill()
            self._asked.communicate()
            return None
        if self._asked.returncode != 0:
            return None
        lines = text.splitlines()
        head = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# "))
        changed = sum(1 for line in lines if not line.startswith("#"))
        return {"commit": head.get("branch.oid"), "branch": head.get("branch.head"), "changed_files": changed}
