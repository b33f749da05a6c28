"""The prediction log of a home in both its forms: files of frames, which services write, and Parquet made of them."""

from pathlib import Path

from mainspring.config.homes import find_home, home_and_settings
from mainspring.errors import ServingError
from mainspring.serving.predlog import PREDICTIONS, Answer, Erased, erase, find, prune
from mainspring.workspace.rolled import erase_rolled, find_rolled, prune_rolled, tables

__all__ = ["erase_key", "find_answers", "log_of", "prune_older"]


def log_of(home: Path | None = None) -> Path:
    """Return the folder of the prediction log of a home, by default that of the project around the working directory.

    Raises:
        NotFoundError: There is no home.
    """
    folder = home_and_settings(home)[0]
    if home is None and not folder.is_dir():
        find_home()  # says what to do
    return folder / PREDICTIONS


def find_answers(folder: Path, identity: str) -> list[Answer]:
    """Return what a log has under an identity: the answer first, then those of shadows.

    Raises:
        ServingError: It is no identity, or nothing is logged under it.
    """
    found = find(folder, identity)
    if not any(not one.row.shadow for one in found):
        found += find_rolled(folder, identity)
    if not found:
        raise ServingError(
            f"Nothing is logged under '{identity}'", str(folder), "Name the home of the service; it may be pruned."
        )
    return sorted(found, key=lambda one: one.row.shadow)


def prune_older(folder: Path, before: float) -> list[Path]:
    """Remove the files of a log all of whose answers are older than a time (seconds since 1970); returns which."""
    return [*prune(folder, before), *prune_rolled(folder, before)]


def erase_key(folder: Path, column: str, value: str) -> Erased:
    """Erase what was asked and answered where a column has a value, in both forms; that it was answered stays.

    Args:
        folder: The log.
        column: The key, such as `customer`.
        value: Its value as text: numbers as `12`, dates as `2026-01-31`.

    Raises:
        ServingError: No answer in the log has such a column.
    """
    # In this order: what is rolled in between was erased before.
    frames = erase(folder, column, value)
    rolled = erase_rolled(folder, column, value) if tables(folder) else Erased(0, 0, False, ())
    if not frames.known and not rolled.known:
        raise ServingError(
            f"No answer in the log has a column '{column}'", str(folder), "Name a column that is logged."
        )
    return Erased(frames.rows + rolled.rows, frames.files + rolled.files, True, frames.open)
