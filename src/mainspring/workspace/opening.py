"""Opening the home of the project around the working directory, for commands that need no pipeline."""

from pathlib import Path

from mainspring.config.homes import find_home, home_and_settings
from mainspring.workspace.homes import Home, open_home

__all__ = ["open_existing"]


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
