"""Files that a step opens although they are no declared input, as far as Python sees it."""

import contextlib
import os
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["OpenWatch"]

_MOST = 20
_QUIET = ("/proc/", "/dev/", "/sys/", "/etc/", "/usr/", "/lib/", "/run/", "/var/cache/")


class OpenWatch:
    """An audit hook that notes regular files opened for reading while a step runs.

    Native readers raise no audit event, so what it reports is a hint and never changes a hit.
    """

    def __init__(self, home: str, project: str) -> None:
        folders = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values(), str(Path.home() / ".cache")}
        self._quiet = (*(f"{folder}/" for folder in (*folders, tempfile.gettempdir())), *_QUIET)
        self._home = f"{home}/"
        self._project = f"{project}/"
        self._opened: list[str] | None = None
        self._declared: tuple[str, ...] = ()
        sys.addaudithook(self._note)

    @contextlib.contextmanager
    def during(self, declared: Sequence[str]) -> Iterator[list[str]]:
        """Collect the paths that are opened in the body, at most 20, each once."""
        self._declared = tuple(declared)
        opened: list[str] = []
        self._opened = opened
        try:
            yield opened
        finally:
            self._opened = None

    def _note(self, event: str, args: tuple[object, ...]) -> None:
        if event != "open" or self._opened is None:
            return
        path, mode, flags = args[0], args[1], args[2]
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes or not isinstance(path, str) or (isinstance(mode, str) and "r" not in mode):
            return
        full = os.path.abspath(path)  # noqa: PTH100 - no symlinks resolved, and fast
        if len(self._opened) < _MOST and full not in self._opened and self._counts(full):
            self._opened.append(full)

    def _counts(self, path: str) -> bool:
        quiet = path.startswith(self._quiet) and not path.startswith(self._project)
        if quiet or path.startswith(self._home) or path.endswith((".py", ".pyc", ".so", ".pth")):
            return False
        if any(path == known or path.startswith(f"{known.rstrip('/')}/") for known in self._declared):
            return False
        return os.path.isfile(path)  # noqa: PTH113 - inside an audit hook
