"""`init`: a first pipeline in a new folder."""

from pathlib import Path

from mainspring.errors import DefinitionError, ReadOnlyError, StorageFullError

__all__ = ["TEMPLATE", "WORKFLOWS", "start"]

TEMPLATE = Path(__file__).with_name("template")
WORKFLOWS = Path(".github/workflows")
_FULL = (28, 122)


def start(folder: Path) -> list[Path]:
    """Write the quickstart into a folder, which is made when it is not there, and return the files that were written.

    Raises:
        DefinitionError: A file is in the way; nothing was written.
        ReadOnlyError: The folder cannot be written to.
        StorageFullError: The disk is full.
    """
    sources = sorted(path for path in TEMPLATE.iterdir() if path.is_file() and not path.name.startswith("."))
    places = {folder / source.name: source for source in sources}
    places |= {folder / WORKFLOWS / source.name: source for source in sorted((TEMPLATE / "github").iterdir())}
    _refuse(folder, list(places))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for target, source in places.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:  # one that appeared meanwhile is not overwritten either
                file.write(source.read_bytes())
    except OSError as error:
        kind = StorageFullError if error.errno in _FULL else ReadOnlyError
        raise kind(
            f"The folder '{folder}' cannot be written to: {error.strerror}", None, "Choose another folder."
        ) from error
    return list(places)


def _refuse(folder: Path, targets: list[Path]) -> None:
    if folder.exists() and not folder.is_dir():
        raise DefinitionError(f"'{folder}' is a file", None, "Name a folder that is new or empty.")
    taken = [str(target.relative_to(folder)) for target in targets if target.exists() or target.is_symlink()]
    if taken:
        raise DefinitionError(
            f"'{folder}' has {', '.join(taken)} already; nothing was written",
            None,
            "Name a folder that is new, or move these away.",
        )
