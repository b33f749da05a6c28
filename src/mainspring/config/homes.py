"""Where the home of a project is, and the settings that belong to it, without its pipeline being loaded."""

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from mainspring.config.load import config_of
from mainspring.config.settings import Settings
from mainspring.digest.plain import Plain
from mainspring.errors import NotFoundError

__all__ = ["config_file", "find_home", "home_and_settings", "reserved_tables"]

_CONFIG: Final = "config.toml"
_PIPELINE: Final = "pipeline.py"
_HOME: Final = ".mainspring"


class _NoKeys(Plain):
    """A configuration of which only the reserved tables are read."""


def find_home(start: Path | None = None) -> Path:
    """Return the nearest `.mainspring` in a folder or those above it, as commands without a pipeline need it.

    Raises:
        NotFoundError: There is none.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / _HOME).is_dir():
            return folder / _HOME
    raise NotFoundError(
        f"There is no {_HOME} in '{here}' or above", None, "Go to a project that has been run, or name it with --home."
    )


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


def config_file(home: Path | None = None) -> Path:
    """Return where the configuration of the project around the working directory is, or else of the one of a home."""
    folder = _project_folder(Path.cwd())
    if folder is None:
        folder = Path.cwd() if home is None else home.absolute().parent
    return folder / _CONFIG


def reserved_tables(home: Path | None = None) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the configuration file that `home_and_settings` reads, and its reserved tables; none without a file.

    Raises:
        ConfigError: The file cannot be read.
    """
    file = config_file(home)
    return str(file), config_of(_NoKeys(), file).reserved if file.is_file() else {}


def _project_folder(start: Path) -> Path | None:
    """Return the nearest folder that is a project: one with a configuration, and with a pipeline or a home."""
    for folder in (start, *start.parents):
        marks = (folder / _PIPELINE, folder / _HOME)
        if (folder / _CONFIG).is_file() and any(mark.exists() for mark in marks):
            return folder
    return None


def _settings(folder: Path | None) -> Settings:
    path = None if folder is None else folder / _CONFIG
    return Settings() if path is None or not path.is_file() else _settings_of(path, path.read_bytes())


@lru_cache(maxsize=4)
def _settings_of(path: Path, _content: bytes) -> Settings:
    """Return the settings that a file of this content has: who opens several things of a home asks as often."""
    return config_of(_NoKeys(), path).settings
