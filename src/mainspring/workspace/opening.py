"""Finding and opening the home of the project around the working directory, for commands that need no pipeline."""

from pathlib import Path

from mainspring.config import Settings, config_of
from mainspring.digest.plain import Plain
from mainspring.errors import NotFoundError
from mainspring.workspace.homes import Home, find_home, open_home

__all__ = ["home_and_settings", "open_existing"]

_CONFIG = "config.toml"
_PIPELINE = "pipeline.py"
_HOME = ".mainspring"


class _NoKeys(Plain):
    """A configuration of which only the reserved tables are read."""


def open_existing(home: Path | None = None) -> Home:
    """Return the open home of the project around the working directory, or the one that is named.

    Its settings are those of the project's `config.toml`; without a project, those of the file beside the home.

    Raises:
        NotFoundError: There is none: nothing has been run.
        ConfigError: The `[workspace]` table does not fit.
        TrackingError: Its database cannot be used; its subclasses say why.
    """
    path, settings = home_and_settings(home)
    if home is None and not path.is_dir():
        find_home()  # says what to do
    return open_home(path, settings, create=False)


def home_and_settings(home: Path | None = None) -> tuple[Path, Settings]:
    """Return where the home of the project around the working directory is or will be, and its `[workspace]` table.

    Raises:
        ConfigError: The `[workspace]` table does not fit.
    """
    folder = _project_folder(Path.cwd())
    settings = _settings(folder if folder is not None or home is None else home.absolute().parent)
    if home is not None:
        return home.absolute(), settings
    if folder is not None and settings.home is not None:
        return folder / settings.home, settings
    try:
        return find_home(), settings
    except NotFoundError:
        return (folder or Path.cwd()) / _HOME, settings


def _project_folder(start: Path) -> Path | None:
    """Return the nearest folder that is a project: one with a configuration, and with a pipeline or a home."""
    for folder in (start, *start.parents):
        marks = (folder / _PIPELINE, folder / _HOME)
        if (folder / _CONFIG).is_file() and any(mark.exists() for mark in marks):
            return folder
    return None


def _settings(folder: Path | None) -> Settings:
    path = None if folder is None else folder / _CONFIG
    return Settings() if path is None or not path.is_file() else config_of(_NoKeys(), path).settings
