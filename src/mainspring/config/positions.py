"""Where each key of a TOML text stands: `tomllib` reads values and tells no lines; a scanner finds the lines alone."""

from importlib import import_module

__all__ = ["Path", "line_of", "positions"]

Path = tuple[str | int, ...]


def positions(text: str) -> dict[Path, int]:
    r"""Return the line, counted from 1, of each key, table and array element of a TOML text that `tomllib` accepts.

    A key that is only implied, as `a` by `[a.b]`, has the line that implies it first. Elements of arrays are numbers.

    >>> positions('[model]\nlayers = [\n  8,\n]')
    {('model',): 1, ('model', 'layers'): 2, ('model', 'layers', 0): 3}
    """
    found: dict[Path, int] = import_module("mainspring.config.scanner").Scanner(text).scan()
    return found


def line_of(found: dict[Path, int], path: Path) -> int | None:
    """Return the line of a key, or of the nearest thing around it that has one."""
    return next((found[path[:end]] for end in range(len(path), 0, -1) if path[:end] in found), None)
