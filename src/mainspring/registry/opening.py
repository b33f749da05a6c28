"""Opening the registry of a home."""

from pathlib import Path

from mainspring.config.homes import find_home, home_and_settings
from mainspring.errors import NotFoundError
from mainspring.registry.versions import Registry
from mainspring.tracking import open_database

__all__ = ["open_registry"]


def open_registry(home: Path | None = None) -> Registry:
    """Return the registry of the project around the working directory, or of the home that is named.

    Raises:
        NotFoundError: There is no home.
        ConfigError: The `[workspace]` table does not fit.
        TrackingError: Its database cannot be used; its subclasses say why.
    """
    path, settings = home_and_settings(home)
    if not path.is_dir():
        if home is None:
            find_home()  # says what to do
        raise NotFoundError(
            f"There is no home '{path}'", None, "Run the pipeline first, or name the folder with --home."
        )
    return Registry(open_database(settings.database_at(path)), path / "packages")
