"""Opening a home: the facts, the store and the settings that belong together."""

import os
import sys
from pathlib import Path
from types import TracebackType

from msgspec import Struct

from mainspring.config import Settings
from mainspring.config.homes import find_home
from mainspring.errors import DefinitionError, NotFoundError, ReadOnlyError, StorageFullError
from mainspring.store import BlobStore, LocalStore
from mainspring.tracking import Facts, alive, open_facts

__all__ = ["Home", "find_home", "open_home"]

_IGNORE = "# Runs, results and reports of Mainspring: made, never written by hand.\n*\n"


class Home(Struct, frozen=True):
    """An open home. Used from the thread that opened it; closing it closes the database.

    Attributes:
        path: The folder.
        facts: Runs, results, leases, metrics.
        blobs: Stored values.
        settings: The `[workspace]` table.
    """

    path: Path
    facts: Facts
    blobs: BlobStore
    settings: Settings

    def __enter__(self) -> "Home":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.facts.close()


def open_home(path: Path, settings: Settings, *, create: bool = True) -> Home:
    """Return the home at `path`, made when it is not there; runs whose process died are marked as lost.

    Raises:
        NotFoundError: It is not there, and `create` is false.
        ReadOnlyError: It cannot be written to.
        TrackingError: Its database cannot be used; its subclasses say why.
    """
    if sys.platform == "win32":
        raise DefinitionError("Mainspring does not run on Windows", None, "Use Linux, macOS, or WSL.")
    if not path.is_dir():
        if not create:
            raise NotFoundError(
                f"There is no home '{path}'", None, "Run the pipeline first, or name the folder with --home."
            )
        _make(path)
    facts = open_facts(settings.database_at(path))
    facts.runs.mark_lost(lambda owner, silent: alive(owner) is False or (alive(owner) is None and silent > 60.0))
    return Home(path, facts, LocalStore(path), settings)


def _make(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        ignore = path / ".gitignore"
        if not ignore.exists():
            ignore.write_text(_IGNORE)
    except OSError as error:
        kind = StorageFullError if error.errno == 28 else ReadOnlyError
        raise kind(
            f"The home '{path}' cannot be made: {os.strerror(error.errno or 0)}",
            None,
            "Make its folder writable, or set home in [workspace] of config.toml.",
        ) from error
