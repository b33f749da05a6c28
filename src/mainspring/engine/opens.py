"""Files that a step opens although they are no declared input, as far as Python sees it."""

import contextlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from mainspring.errors import shortened

__all__ = ["OpenWatch"]

_MOST = 20
_QUIET = ("/proc/", "/dev/", "/sys/", "/etc/", "/usr/", "/lib/", "/run/", "/var/cache/")


class OpenWatch:
    """An audit hook that notes regular files opened for reading while a step runs.

    Native readers raise no audit event, so what it reports is a hint and never changes a hit.

    Attributes:
        opened: What the last step opened so far, at most 20 paths, each once.
    """

    def __init__(self, home: str, project: str) -> None:
        folders = {sys.prefix, sys.base_prefix, str(Path(os.__file__).parent), str(Path.home() / ".cache")}
        self._quiet = (*(f"{folder}/" for folder in (*folders, _temporary())), *_QUIET)
        self._home = f"{home}/"
        self._project = f"{project}/"
        self.opened: list[str] = []
        self._on = False
        self._declared: tuple[str, ...] = ()
        sys.addaudithook(self._note)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What there is to say about it; files of the project are named as they are typed there."""
        return tuple(f"opened {shortened(path, self._project)}, which is no declared input" for path in self.opened)

    def next(self, declared: Sequence[str]) -> AbstractContextManager[None]:
        """Forget what the last step opened; return what to call the next one in, whose inputs are declared."""
        self._declared = tuple(declared)
        self.opened = []
        return self._noting()

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        self._on = True
        try:
            yield
        finally:
            self._on = False

    def _note(self, event: str, args: tuple[object, ...]) -> None:
        if event != "open" or not self._on:
            return
        path, mode, flags = args[0], args[1], args[2]
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if writes or not isinstance(path, str) or (isinstance(mode, str) and "r" not in mode):
            return
        full = os.path.abspath(path)  # noqa: PTH100 - no symlinks resolved, and fast
        if len(self.opened) < _MOST and full not in self.opened and self._counts(full):
            self.opened.append(full)

    def _counts(self, path: str) -> bool:
        quiet = path.startswith(self._quiet) and not path.startswith(self._project)
        if quiet or path.startswith(self._home) or path.endswith((".py", ".pyc", ".so", ".pth")):
            return False
        if any(path == known or path.startswith(f"{known.rstrip('/')}/") for known in self._declared):
            return False
        return os.path.isfile(path)  # noqa: PTH113 - inside an audit hook


def _temporary() -> str:
    """Return the folder that `tempfile` would choose, which takes long to load."""
    places = (*(os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")), "/tmp", "/var/tmp")  # noqa: S108
    return next((place for place in places if os.access(place, os.W_OK | os.X_OK)), "/tmp")  # noqa: S108
